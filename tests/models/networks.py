"""Networks that behave as if they had been trained: every weight off its initial value, batch norm statistics too."""

from functools import cache

import torch
from torch import Tensor, nn

from models.registry import build_network, find_spec
from models.spec import Classifier

# Small where the architecture allows: global pooling does not mind, tokens and flattening fix their grid.
SIZES = {"mlp_mixer": 224, "vit_small": 224, "plain_cnn": 224, "mobilevit_xxs": 128}
SMALL = 64


def make_input(name: str, count: int, *, seed: int = 0) -> Tensor:
    size = SIZES.get(name, SMALL)
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, find_spec(name).channels, size, size, generator=generator)


@cache  # fourteen networks, 0.4 GB: cheaper than building each again for every test
def make_classifier(name: str, num_classes: int) -> Classifier:
    torch.manual_seed(7)
    torch.set_num_threads(1)
    network = build_network(name, num_classes)
    assert isinstance(network, Classifier)
    network.requires_grad_(False)
    unsettle(network)
    network.train()
    for step in range(2):
        network(make_input(name, 2, seed=100 + step))
    return network.eval()


def unsettle(network: nn.Module) -> None:
    """Leave no weight at zero: some heads and scales start there, and would make any comparison true."""
    for parameter in network.parameters():
        parameter.add_(torch.empty_like(parameter).uniform_(-0.03, 0.03))
