"""Weights that a run begins with, and the teacher it learns from."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from torch import nn

from inspection.errors import DataInvalid, WeightsMissing, WeightsRefused
from inspection.learning.config import TrainConfig
from models.registry import build_network, find_spec
from models.spec import ModelSpec

if TYPE_CHECKING:
    from torch import Tensor

LEAST_SHARED = 0.5  # of the parameters; fewer, and the file belongs to another architecture


@dataclass(frozen=True, slots=True)
class Teacher:
    network: nn.Module  # frozen, in evaluation mode
    spec: ModelSpec


def warm_start(network: nn.Module, config: TrainConfig) -> None:
    """Take over every tensor of the same name and shape; a head for other classes stays as it was drawn."""
    if config.warm_start is None:
        return
    found = read_weights(config.warm_start)
    own = network.state_dict()
    shared = {name: found[name] for name in own if name in found and found[name].shape == own[name].shape}
    part = sum(own[name].numel() for name in shared) / sum(tensor.numel() for tensor in own.values())
    if part < LEAST_SHARED:
        raise WeightsRefused(
            f"{config.warm_start} shares {part:.0%} of its values with {config.model}; expected at least "
            f"{LEAST_SHARED:.0%}. Name weights of the same architecture."
        )
    network.load_state_dict({**own, **shared})


def load_teacher(config: TrainConfig) -> Teacher | None:
    if config.teacher is None:
        return None
    if config.teacher_weights is None:
        raise DataInvalid(
            "A teacher needs teacher_weights: a safetensors file of the same classes. Name one."
        )
    network = build_network(config.teacher, len(config.class_names))
    network.load_state_dict(read_weights(config.teacher_weights))
    network.requires_grad_(False).eval().to(config.device)
    return Teacher(network, find_spec(config.teacher))


def read_weights(path: str) -> dict[str, "Tensor"]:
    from safetensors.torch import load_file

    if not Path(path).is_file():
        raise WeightsMissing(f"Expected weights at {path}, but there is no such file. Check the path.")
    weights: dict[str, Tensor] = load_file(path)
    return weights
