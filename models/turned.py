"""A network that looks at each part several times, turned by a quarter from look to look."""

import torch
from torch import Tensor

from models.spec import Classifier


class Turned(Classifier):
    """The looks' last maps are turned back and averaged before the head. Where the head pools and is linear, its answer is
    the mean of the looks' logits; whatever it is, a heat map of it is as exact as of one look.

    Only for pictures that may lie in any pose: a look shows what a turned part would.
    """

    def __init__(self, network: Classifier, turns: int) -> None:
        super().__init__()
        self.network = network
        self.turns = turns

    def features(self, x: Tensor) -> Tensor:
        looks = torch.cat([x.rot90(quarter, (2, 3)) for quarter in range(self.turns)])
        maps = self.network.features(looks).chunk(self.turns)
        back = [each.rot90(-quarter, (2, 3)) for quarter, each in enumerate(maps)]
        return torch.stack(back).mean(dim=0)

    def head(self, features: Tensor) -> Tensor:
        return self.network.head(features)
