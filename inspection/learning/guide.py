"""Where the defect is, as a second thing to learn: each cell of the last map is asked what it shows.

One word for a whole picture says little where a defect is a thousandth of it: a network with random weights stayed at
chance on whole parts. The mask says it for each place. The extra head is thrown away after training; what serves is the
network alone.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from inspection.types import U8
from models.spec import Classifier, ModelSpec

IGNORED = -1
LEAST_SHARE = 0.004  # of a cell that a defect must cover to be asked for: four pixels of a cell of 32 × 32


class GuidedClassifier(Classifier):
    """A classifier and a 1×1 convolution that names what each cell shows: a class, or (last) nothing."""

    def __init__(self, network: Classifier, classes: int, spec: ModelSpec) -> None:
        super().__init__()
        self.network = network
        self.guide = nn.Conv2d(count_channels(network, spec), classes + 1, 1)

    def features(self, x: Tensor) -> Tensor:
        return self.network.features(x)

    def head(self, features: Tensor) -> Tensor:
        return self.network.head(features)


def count_channels(network: Classifier, spec: ModelSpec) -> int:
    was_training = network.training
    network.eval()  # batch statistics must not see the example
    with torch.no_grad():
        channels = network.features(torch.zeros(1, spec.channels, spec.input_size, spec.input_size)).shape[1]
    network.train(was_training)
    return int(channels)


def cell_targets(masks: U8, labels: Tensor, *, cells: tuple[int, int], classes: int) -> Tensor:
    """masks: (n, s, s), 0 or 255; labels: (n,) → (n, h, w): the class where the defect is, `classes` where nothing is.

    A cell that a defect only touches may be called either: it is not asked.
    """
    covered = functional.adaptive_avg_pool2d(torch.from_numpy(masks).to(labels.device).float() / 255, cells)
    found = torch.full(covered.shape, classes, dtype=torch.int64, device=labels.device)
    found[covered > 0] = IGNORED
    return torch.where(covered >= LEAST_SHARE, labels[:, None, None], found)


def guide_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Cells with a defect and cells without count half each: there are forty times more of the latter."""
    losses = functional.cross_entropy(logits.float(), targets, ignore_index=IGNORED, reduction="none")
    nothing = targets == logits.shape[1] - 1
    defect = (targets != IGNORED) & ~nothing
    parts = [losses[chosen].mean() for chosen in (defect, nothing) if chosen.any()]
    return torch.stack(parts).mean() if parts else logits.sum() * 0
