"""How long a run still takes, from the epochs that it has behind it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from inspection.learning.config import TrainConfig

if TYPE_CHECKING:
    from inspection.learning.epochs import EpochRow

# A picture costs as its side to this power, not as its area: the weights are read and moved whatever the size. `train` says
# what one costs before it begins: ResNet50 in bfloat16 20 ms of a core at 64 px, 143 to 158 at 224 (LOG.md).
SIDE_POWER = 1.6
_RECENT = 3  # epochs of a size: what the machine does besides changes


def estimate_left(rows: Sequence["EpochRow"], config: TrainConfig) -> float | None:
    """Seconds; None before the first epoch. Until an epoch was validated, validations count nothing."""
    if not rows:
        return None
    coming = range(len(rows), config.epochs)
    training = sum(
        estimate_training_s(choose_alike(rows, config, epoch), config.size_of(epoch)) for epoch in coming
    )
    judged = [row.seconds - row.train_seconds for row in rows if row.metrics]
    return training + sum(map(config.is_validated, coming)) * (judged[-1] if judged else 0.0)


def choose_alike(rows: Sequence["EpochRow"], config: TrainConfig, epoch: int) -> Sequence["EpochRow"]:
    """Those in which as many layers learnt, where there are any: a step costs less where some are frozen."""
    layers = config.trainable_layers(epoch)
    return [row for place, row in enumerate(rows) if config.trainable_layers(place) == layers] or rows


def estimate_training_s(rows: Sequence["EpochRow"], size: int) -> float:
    """An epoch, without its validation: as those of its size, or as those of the nearest size, scaled."""
    nearest = min({row.size for row in rows}, key=lambda seen: abs(seen - size))
    seconds = [row.train_seconds for row in rows if row.size == nearest][-_RECENT:]
    scale: float = (size / nearest) ** SIDE_POWER
    return sum(seconds) / len(seconds) * scale
