"""What one training run is told: numbers and names only, so that it goes into a file and comes back the same."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from inspection.errors import DataInvalid

ClassBalance = Literal["none", "weights", "sampling"]
MOST_MADE = 1_000_000  # parts of the synthetic line: a seed has no more scenes of its own
MADE_SEED = 6  # train, validation and test have 1, 2 and 3, parts that judge or calibrate 4 and 5
MOST_SEED = 899  # the live belt shows parts of 970, races those of 980, and a trial belts of 990
_GUIDE_HEADS = "maps of three scales"  # a run that was begun with other heads cannot be gone on with


@dataclass(frozen=True, slots=True)
class TrainConfig:
    line: str
    model: str  # a row of the registry
    class_names: tuple[str, ...]
    sizes: tuple[tuple[int, int], ...]  # (epochs, pixels) in order: small pictures first, full size last
    seed: int = 0
    batch_size: int = 32
    share: float = 1.0  # of the training pictures an epoch shows, drawn anew each time
    optimizer: Literal["adamw", "adam", "sgd"] = "adamw"
    learning_rate: float = 2e-3  # the peak
    weight_decay: float = 0.05
    schedule: Literal["one-cycle", "cosine", "exponential", "constant"] = "one-cycle"
    warmup: float = 0.2  # the part of all steps in which the rate rises
    epoch_decay: float = 0.9  # of the exponential schedule
    restart: bool = False  # each stage of sizes runs through the schedule on its own
    ema_decay: float = 0.995  # 0: the plain weights are kept
    label_smoothing: float = 0.1
    class_balance: ClassBalance = "none"
    patience: int = 0  # epochs without a better validation score; 0: never stop early
    bf16: bool = False
    gradient_clip: float = 1.0  # largest norm; 0: none
    augment: str = "line-default"
    # (epochs, layers) in order: 0 trains the head alone, 50 the head and the last 50 layers, -1 everything
    trainable: tuple[tuple[int, int], ...] = ()
    warm_start: str | None = None  # a safetensors file, of another line perhaps
    teacher: str | None = None  # the registry's name of a larger network …
    teacher_weights: str | None = None  # … and its trained weights
    distill_share: float = 0.5  # of the loss
    distill_temperature: float = 4.0
    # A stage of small pictures shows pieces of the part at full scale, around the defect where there is a mask,
    # instead of the whole part shrunk.
    windows: bool = False
    guide: float = 0.0  # weight of what each cell of the maps is asked; needs masks of the defects
    made: int = 0  # parts of the synthetic line that are made while it learns, instead of stored pictures
    made_seed: int = MADE_SEED
    free_forms: bool = (
        False  # half of those parts have an outline of their own, not one of the line's designs
    )
    faint: bool = False  # and small defects are drawn more often than large ones
    device: str = "cpu"
    threads: int = 0  # 0: as torch finds it
    validate_every: int = 1  # epochs; those of the last stage are validated all

    def __post_init__(self) -> None:
        if not self.sizes or any(epochs < 1 or pixels < 8 for epochs, pixels in self.sizes):
            raise DataInvalid(
                f"sizes is ((epochs ≥ 1, pixels ≥ 8), …), got {self.sizes}. Name at least one stage."
            )
        if not 0 < self.share <= 1:
            raise DataInvalid(
                f"share is a part of the pictures, above 0 and at most 1, got {self.share:g}. Try 0.5."
            )
        if not self.learning_rate > 0:
            raise DataInvalid(f"The learning rate must be above 0, got {self.learning_rate:g}. Try 0.001.")
        if not MADE_SEED <= self.made_seed <= MOST_SEED:
            raise DataInvalid(
                f"Seeds below {MADE_SEED} make the pictures that choose, judge and calibrate, those above {MOST_SEED} what the live "
                f"belt shows; got made_seed {self.made_seed}. Say {MADE_SEED} to {MOST_SEED}."
            )
        if self.batch_size < 2:
            raise DataInvalid(f"batch_size must be at least 2 (batch normalisation), got {self.batch_size}.")

    @property
    def epochs(self) -> int:
        return sum(epochs for epochs, _ in self.sizes)

    @property
    def final_size(self) -> int:
        return self.sizes[-1][1]

    def size_of(self, epoch: int) -> int:
        return _stage(self.sizes, epoch)

    def stage_of(self, epoch: int) -> tuple[int, int]:
        """The first epoch and the length of its stage of sizes."""
        begun = 0
        for epochs, _ in self.sizes:
            if epoch < begun + epochs:
                return begun, epochs
            begun += epochs
        return begun - epochs, epochs

    def is_validated(self, epoch: int) -> bool:
        closing = epoch >= self.epochs - self.sizes[-1][0]
        return closing or (epoch + 1) % self.validate_every == 0

    def trainable_layers(self, epoch: int) -> int:
        return _stage(self.trainable, epoch) if self.trainable else -1

    @property
    def digest(self) -> str:
        """Two runs with the same digest do the same thing; how fast they do it does not count. Where parts are made meanwhile it
        does: which of them a step shows hangs on how many are there, so such runs are alike but not the same."""
        told = {key: value for key, value in self.to_dict().items() if key not in ("device", "threads")}
        if self.share == 1:
            del told["share"]  # runs that were begun before there was a share go on
        for later, unsaid in (
            ("restart", False),
            ("made", 0),
            ("made_seed", MADE_SEED),
            ("free_forms", False),
            ("faint", False),
        ):
            if told[later] == unsaid:
                del told[later]  # likewise
        if self.guide:
            told["guide_heads"] = _GUIDE_HEADS
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> "TrainConfig":
        known = {field.name for field in fields(cls)}
        unknown = sorted(set(told) - known)
        if unknown:
            raise DataInvalid(f"Unknown training settings {unknown}; known are {sorted(known)}.")
        return cls(**{key: _as_tuple(value) for key, value in told.items()})


def _stage(stages: tuple[tuple[int, int], ...], epoch: int) -> int:
    for epochs, value in stages:
        if epoch < epochs:
            return value
        epoch -= epochs
    return stages[-1][1]


def _as_tuple(value: Any) -> Any:
    return tuple(_as_tuple(item) for item in value) if isinstance(value, list | tuple) else value
