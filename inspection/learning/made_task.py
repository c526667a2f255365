"""A classifier that learns from parts of the synthetic line while they are made."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from inspection.errors import DataInvalid
from inspection.learning.arrays import ArraySet
from inspection.learning.augment_presets import PRESETS
from inspection.learning.batches import count_steps, levels_to_input
from inspection.learning.config import TrainConfig
from inspection.learning.device_augment import check_known, vary_batch
from inspection.learning.epochs import EpochRow, EpochRunner, TrainReport
from inspection.learning.run_status import hold_run
from inspection.learning.synthesis.supply import MadePart, Supply, plan_supply
from inspection.learning.train import ROOM, ClassifierTask, prepare_run
from inspection.lines import Line
from models.registry import find_spec

FIRST_PARTS = 2048  # before the first step: fewer would be shown too often
PLAIN_PARTS = 512  # kept as pictures too: batch norm is measured on some of them


@dataclass(frozen=True, slots=True)
class DeviceBatch:
    levels: Tensor  # (n, 3, size, size), 0 to 255
    targets: Tensor  # (n, classes)
    masks: Tensor  # (n, size, size), 0 to 255


class GrowingParts:
    """Room on the device for all parts; those that have come fill its front."""

    def __init__(self, room: int, *, size: int, device: str) -> None:
        self.pixels = torch.empty((room, size, size, 3), dtype=torch.uint8, device=device)
        self.masks = torch.empty((room, size, size), dtype=torch.uint8, device=device)
        self.labels = torch.empty(room, dtype=torch.int64, device=device)
        self.seen = torch.zeros(room, device=device)  # how often each was drawn
        self.count = 0

    def add(self, parts: Sequence[MadePart]) -> None:
        if not parts:
            return
        place = slice(self.count, self.count + len(parts))
        self.pixels[place] = torch.from_numpy(np.stack([part.pixels for part in parts]))
        self.masks[place] = torch.from_numpy(np.stack([part.mask for part in parts]))
        self.labels[place] = torch.tensor([part.label for part in parts])
        self.count += len(parts)

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """(count,): places, none twice. What was seen seldom, as whatever has just come, is drawn more often."""
        weights = 1 / (1 + self.seen[: self.count])
        chosen = torch.multinomial(weights, count, generator=generator)
        self.seen[chosen] += 1
        return chosen


class MadeTask:
    """Which parts a step shows hangs on how many have been made by then, so two runs are alike but not the same."""

    def __init__(self, config: TrainConfig, supply: Supply, validation: ArraySet) -> None:
        check_made(config, supply.parts)
        self.config, self.supply = config, supply
        self.augment = PRESETS[config.augment]
        first = supply.wait(min(FIRST_PARTS, supply.parts))
        self.inner = ClassifierTask(config, to_set(first[:PLAIN_PARTS]), validation)
        self.network: nn.Module = self.inner.network
        self.steps = count_steps(supply.parts, config)
        self.parts = GrowingParts(supply.parts, size=first[0].pixels.shape[0], device=config.device)
        self.parts.add(first)

    def start_epoch(self, epoch: int) -> None:
        self.inner.start_epoch(epoch)

    def batches(self, epoch: int) -> Iterator[DeviceBatch]:
        config = self.config
        generator = torch.Generator(config.device).manual_seed(config.seed * 1_000_003 + epoch)
        one_hot = torch.eye(len(config.class_names), device=config.device)
        for _ in range(self.steps):
            self.parts.add(self.supply.take())
            chosen = self.parts.draw(config.batch_size, generator)
            levels, masks = vary_batch(
                self.parts.pixels[chosen],
                self.parts.masks[chosen],
                self.augment,
                size=config.final_size,
                generator=generator,
            )
            yield DeviceBatch(levels, one_hot[self.parts.labels[chosen]], masks)

    def loss(self, batch: DeviceBatch) -> Tensor:
        return self.inner.compare(
            lambda spec: levels_to_input(batch.levels, spec), batch.targets, batch.masks
        )

    def weights(self, network: nn.Module) -> Mapping[str, Tensor]:
        return self.inner.weights(network)

    def plain_inputs(self) -> Iterable[Tensor]:
        return self.inner.plain_inputs()

    def validate(self, network: nn.Module) -> dict[str, float]:
        return {**self.inner.validate(network), "parts_made": float(self.parts.count)}


def to_set(parts: Sequence[MadePart]) -> ArraySet:
    return ArraySet(
        np.stack([part.pixels for part in parts]),
        np.array([part.label for part in parts], np.int64),
        tuple(f"made {number}" for number in range(len(parts))),
        np.stack([part.mask for part in parts]),
    )


def check_made(config: TrainConfig, parts: int) -> None:
    check_known(PRESETS[config.augment])
    if {side for _, side in config.sizes} != {config.final_size}:
        raise DataInvalid(
            f"Expected one size of picture where parts are made while the network learns, got {config.sizes}. "
            f"Say --sizes {config.epochs}x{config.final_size}."
        )
    if config.class_balance != "none":
        raise DataInvalid(
            f"Expected no --balance where parts are made while the network learns, got {config.class_balance}: as many are made of "
            "each class. Leave it out."
        )
    if parts < config.batch_size:
        raise DataInvalid(
            f"Expected at least a batch of {config.batch_size} parts, got {parts}. Raise --made or lower --batch."
        )


def train_made(
    config: TrainConfig,
    line: Line,
    validation: ArraySet,
    out_dir: Path,
    *,
    workers: int,
    on_epoch: Callable[[EpochRow], None] | None = None,
) -> TrainReport:
    """As `train_classifier`, with `config.made` parts of the synthetic line instead of pictures that lie on the disk."""
    prepare_run(config)
    size = round(find_spec(config.model).input_size * ROOM)
    side = plan_supply(config.made, config.made_seed)
    with hold_run(out_dir), Supply(line, side, size=size, workers=workers) as supply:
        return EpochRunner(MadeTask(config, supply, validation), config, out_dir).run(on_epoch=on_epoch)
