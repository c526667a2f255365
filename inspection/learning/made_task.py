"""A classifier that learns from parts of the synthetic line while they are made."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil  # type: ignore[import-untyped]
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
from inspection.learning.train import ClassifierTask, prepare_run, teaching_size
from inspection.lines import Line

FIRST_PARTS = 2048  # before the first step: fewer would be shown too often
PLAIN_PARTS = 512  # kept as pictures too: batch norm is measured on some of them
USABLE = 0.9  # of the free memory; the network needs the rest


@dataclass(frozen=True, slots=True)
class DeviceBatch:
    levels: Tensor  # (n, 3, size, size), 0 to 255
    targets: Tensor  # (n, classes)
    masks: Tensor  # (n, size, size), 0 to 255, fractions too


class GrowingParts:
    """Room on the device for all parts; those that have come fill its front."""

    def __init__(self, room: int, *, size: int, device: str) -> None:
        check_room(room, size=size, free=read_free_bytes(device), device=device)
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
        """(count,): places in no order, none twice. What was seen seldom, as whatever has just come, is drawn more often."""
        weights = 1 / (1 + self.seen[: self.count])
        chosen = torch.multinomial(weights, count, generator=generator)
        self.seen[chosen] += 1
        # the heavier stand further to the front
        return chosen[torch.randperm(count, device=generator.device, generator=generator)]


class MadeTask:
    """Which parts a step shows hangs on how many have been made by then, so two runs are alike but not the same. A run that
    goes on renders its parts from the first on, and has forgotten how often each was seen.

    It waits for no part before it must: a run that is refused or finished needs none.
    """

    def __init__(self, config: TrainConfig, supply: Supply, validation: ArraySet) -> None:
        check_made(config)
        self.config, self.supply = config, supply
        self.augment = PRESETS[config.augment]
        self.inner = ClassifierTask(config, BLANK, validation)
        self.network: nn.Module = self.inner.network
        self.steps = count_steps(supply.parts, config)
        self.parts: GrowingParts | None = None

    def start_epoch(self, epoch: int) -> None:
        self.inner.start_epoch(epoch)

    def take_first(self) -> GrowingParts:
        """Room for all is taken before anybody waits for the first."""
        parts = GrowingParts(self.supply.parts, size=self.supply.size, device=self.config.device)
        first = self.supply.wait(min(max(FIRST_PARTS, self.config.batch_size), self.supply.parts))
        self.inner.train = to_set(first[:PLAIN_PARTS])
        parts.add(first)
        self.parts = parts
        return parts

    def batches(self, epoch: int) -> Iterator[DeviceBatch]:
        config = self.config
        generator = torch.Generator(config.device).manual_seed(config.seed * 1_000_003 + epoch)
        one_hot = torch.eye(len(config.class_names), device=config.device)
        parts = self.parts or self.take_first()
        for _ in range(self.steps):
            parts.add(self.supply.take())
            chosen = parts.draw(config.batch_size, generator)
            levels, masks = vary_batch(
                parts.pixels[chosen],
                parts.masks[chosen],
                self.augment,
                size=config.final_size,
                generator=generator,
            )
            yield DeviceBatch(levels, one_hot[parts.labels[chosen]], masks)

    def loss(self, batch: DeviceBatch) -> Tensor:
        return self.inner.compare(
            lambda spec: levels_to_input(batch.levels, spec), batch.targets, batch.masks
        )

    def weights(self, network: nn.Module) -> Mapping[str, Tensor]:
        return self.inner.weights(network)

    def plain_inputs(self) -> Iterable[Tensor]:
        return self.inner.plain_inputs()

    def validate(self, network: nn.Module) -> dict[str, float]:
        made = 0 if self.parts is None else self.parts.count
        return {**self.inner.validate(network), "parts_made": float(made)}


def to_set(parts: Sequence[MadePart]) -> ArraySet:
    return ArraySet(
        np.stack([part.pixels for part in parts]),
        np.array([part.label for part in parts], np.int64),
        tuple(f"made {number}" for number in range(len(parts))),
        np.stack([part.mask for part in parts]),
    )


# instead of the first parts while there are none: a network that learns where the defects are asks whether masks are there
BLANK = to_set([MadePart(np.zeros((8, 8, 3), np.uint8), np.zeros((8, 8), np.uint8), 0)])


def read_free_bytes(device: str) -> int:
    if torch.device(device).type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return int(psutil.virtual_memory().available)


def check_room(parts: int, *, size: int, free: int, device: str) -> None:
    """free: bytes. A part takes three bytes a pixel, and one more for its mask."""
    each, usable = size**2 * 4, int(free * USABLE)
    if parts * each > usable:
        raise DataInvalid(
            f"Expected {parts * each / 2**30:.2f} GiB for {parts} parts of {size} px, got {usable / 2**30:.2f} GiB that are free on "
            f"{device} beside the network. Lower --made to {usable // each} or fewer, or free some."
        )


def check_made(config: TrainConfig) -> None:
    """What can be told before anything is read."""
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
    if config.made < config.batch_size:
        raise DataInvalid(
            f"Expected at least a batch of {config.batch_size} parts, got {config.made}. Raise --made or lower --batch."
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
    check_made(config)
    prepare_run(config)
    side = plan_supply(config.made, config.made_seed, free_forms=config.free_forms, faint=config.faint)
    with (
        hold_run(out_dir),
        Supply(line, side, size=teaching_size(config), workers=workers) as supply,
    ):
        task = MadeTask(config, supply, validation)
        runner = EpochRunner(task, config, out_dir)  # looks first at what lies in its folder
        if len(runner.rows) < config.epochs:
            task.take_first()  # before an epoch's time is taken, from which the time left is told
        return runner.run(on_epoch=on_epoch)
