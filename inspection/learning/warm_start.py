"""Weights that a run begins with, and the teacher it learns from."""

from dataclasses import dataclass
from pathlib import Path

from torch import nn

from inspection.errors import DataInvalid, WeightsRefused
from inspection.learning.config import TrainConfig
from models.loading import WeightsError, load_matching, read_stored, turn
from models.registry import build_network, find_spec
from models.spec import ModelSpec

LEAST_SHARED = 0.5  # of the parameters; fewer, and the file belongs to another architecture


@dataclass(frozen=True, slots=True)
class Teacher:
    network: nn.Module  # frozen, in evaluation mode; it looks as often as where it judges: its answers teach
    spec: ModelSpec
    side: int  # pixels of the whole parts that it judges, and teaches about


def warm_start(network: nn.Module, config: TrainConfig) -> None:
    """Take over every tensor of the same name and shape; a head for other classes stays as it was drawn."""
    if config.warm_start is None:
        return
    try:
        missing = load_matching(network, Path(config.warm_start))
    except WeightsError as error:
        raise WeightsRefused(str(error)) from error
    own = network.state_dict()
    part = 1 - sum(own[name].numel() for name in missing) / sum(tensor.numel() for tensor in own.values())
    if part < LEAST_SHARED:
        raise WeightsRefused(
            f"{config.warm_start} shares {part:.0%} of its values with {config.model}; expected at least "
            f"{LEAST_SHARED:.0%}. Name weights of the same architecture."
        )


def load_teacher(config: TrainConfig) -> Teacher | None:
    if config.teacher is None:
        return None
    if config.teacher_weights is None:
        raise DataInvalid(
            "A teacher needs teacher_weights: a safetensors file of the same classes. Name one."
        )
    network, weights = build_network(config.teacher, len(config.class_names)), Path(config.teacher_weights)
    try:
        missing = load_matching(network, weights)
        stored = read_stored(weights)
        looking = turn(network, stored.turns)
    except WeightsError as error:
        raise WeightsRefused(str(error)) from error
    if missing:
        raise WeightsRefused(
            f"{config.teacher_weights} lacks {len(missing)} tensors of {config.teacher}, for example {missing[0]}. "
            "A teacher must be complete and know the same classes."
        )
    looking.requires_grad_(False).eval().to(config.device)
    spec = find_spec(config.teacher)
    return Teacher(looking, spec, stored.side or spec.input_size)
