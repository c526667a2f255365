"""Small pictures with one bright rectangle each: enough for a detector to prove that it learns."""

import torch
from torch import Tensor

from models.spec import Targets

EMPTY = Targets(boxes=torch.zeros(0, 4), labels=torch.zeros(0, dtype=torch.long))


def make_pictures(count: int, *, size: int, seed: int = 0) -> tuple[Tensor, list[Targets]]:
    generator = torch.Generator().manual_seed(seed)
    pictures = torch.rand(count, 3, size, size, generator=generator) * 0.2
    targets = []
    for picture in pictures:
        x, y = torch.randint(4, size // 2, (2,), generator=generator).tolist()
        w, h = torch.randint(size // 5, size // 2 - 4, (2,), generator=generator).tolist()
        picture[:, y : y + h, x : x + w] = 0.9
        box = torch.tensor([[x, y, x + w, y + h]], dtype=torch.float32)
        targets.append(Targets(boxes=box, labels=torch.tensor([0])))
    return pictures, targets
