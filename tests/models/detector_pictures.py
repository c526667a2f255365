"""Small pictures with one bright rectangle each, enough for a detector to prove that it learns; and detectors that saw some."""

import torch
from torch import Tensor, nn

from models.spec import Detector, Targets

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


def settle(network: Detector, pictures: Tensor) -> Detector:
    """Batch norms as if they had long seen these pictures: their own momenta need hundreds of steps."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
            module.momentum = None  # the plain mean of what it sees
    with torch.no_grad():
        network.train()(pictures)
    return network.eval()


def wake(network: Detector, *, size: int) -> Detector:
    """Weights and batch norms as after some training: fresh ones say nearly the same everywhere."""
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.Conv2d) and module.bias is None:
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            elif isinstance(module, nn.Conv2d):  # a head
                nn.init.normal_(module.weight, std=0.02)
    return settle(network, make_pictures(2, size=size, seed=7)[0])
