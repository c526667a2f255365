"""How long a training takes on this machine: from what earlier runs wrote down, or measured in a few steps."""

import json
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from inspection.learning.checkpoint import CONFIG, EPOCHS
from inspection.learning.config import TrainConfig
from inspection.wording import say_number

# Validation, the loading of pictures and the other process on the machine, over the bare steps.
ALLOWANCE = 1.35
REFERENCE_SIDE = 224
_ROWS = 12  # the last epochs: the machine may have been replaced since the first
# Training, ms a picture at 224 px on two cores, batches of 32 (bf16 where it is faster). For machines without a run of
# the model yet; cores differ by a factor of four, which `low` and `high` of the estimate say.
ROUGH_MS = {
    "resnet50": 51.0,
    "resnet50v2": 51.0,
    "efficientnet_b0": 57.0,
    "mobilenetv2": 33.0,
    "mobilenetv3_large": 25.0,
    "resnet18_cbam": 15.0,
}
_ROUGH_SPAN = (1.0, 4.0)
_MEASURED_SPAN = (0.8, 1.3)
_TURNS = 2  # of each precision; the quicker of them counts


@dataclass(frozen=True, slots=True)
class Estimate:
    low_s: float
    high_s: float
    source: str  # in words: what it rests on


def estimate_training(
    model: str, pictures: int, sizes: Sequence[tuple[int, int]], runs: Iterable[Path]
) -> Estimate | None:
    """runs: folders that trainings of this model left. None where nothing is known of the model."""
    work = count_work(pictures, sizes)
    paces = [pace for run in runs for pace in read_paces(run)][-_ROWS:]
    if paces:
        seconds = work * statistics.median(paces) * ALLOWANCE
        source = f"judged by {say_number(len(paces), 'epoch')} of this model on this machine"
        return Estimate(seconds * _MEASURED_SPAN[0], seconds * _MEASURED_SPAN[1], source)
    if model in ROUGH_MS:
        seconds = work * ROUGH_MS[model] / 1000 * ALLOWANCE
        source = "a rough guess: this model has not been trained on this machine yet"
        return Estimate(seconds * _ROUGH_SPAN[0], seconds * _ROUGH_SPAN[1], source)
    return None


def count_work(pictures: int, sizes: Sequence[tuple[int, int]]) -> float:
    """Pictures that are shown, in pictures of the reference's area."""
    return sum(epochs * pictures * (side / REFERENCE_SIDE) ** 2 for epochs, side in sizes)


def read_paces(run: Path) -> list[float]:
    """Seconds a picture of the reference's area, an entry an epoch."""
    path = run / EPOCHS
    if not path.is_file():
        return []
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [
        (REFERENCE_SIDE / row["size"]) ** 2 / row["pictures_per_s"]
        for row in rows
        if row["pictures_per_s"] > 0
    ]


def list_runs(model: str, folders: Iterable[Path]) -> list[Path]:
    """Below each folder, the oldest first; those in which everything learnt all along, as others take less time."""
    found = [path.parent for folder in folders for path in folder.glob(f"**/{EPOCHS}")]
    told = {run: read_settings(run) for run in found}
    own = [run for run in found if told[run].get("model") == model and not told[run].get("trainable")]
    return sorted(own, key=lambda run: (run / EPOCHS).stat().st_mtime)


def read_settings(run: Path) -> dict[str, Any]:
    """As they were written, perhaps by another version; nothing where there are none."""
    path = run / CONFIG
    told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return told


def measure_pace(config: TrainConfig, *, steps: int = 2) -> float:
    """Seconds a picture of the reference's area: whole training steps on noise, at the smallest and the largest side."""
    sides = sorted({side for _, side in config.sizes})
    return max(
        measure_side(config, side, steps) * (REFERENCE_SIDE / side) ** 2 for side in {sides[0], sides[-1]}
    )


def measure_side(
    config: TrainConfig, side: int, steps: int, *, clock: Callable[[], float] = time.perf_counter
) -> float:
    """Seconds a picture; the first step, which allocates, is not counted."""
    import torch
    from torch.nn import functional

    from inspection.learning.epochs import autocast, move_network
    from inspection.learning.optimizing import build_optimizer
    from models.registry import build_network, find_spec

    spec = find_spec(config.model)
    if config.threads:
        torch.set_num_threads(config.threads)
    network = build_network(config.model, len(config.class_names))
    move_network(network, config)
    optimizer = build_optimizer(network.train(), config)
    x = torch.randn(config.batch_size, spec.channels, side, side, device=config.device)
    targets = torch.zeros(config.batch_size, dtype=torch.long, device=config.device)
    began = 0.0
    for step in range(steps + 1):
        if step == 1:
            began = clock()
        with autocast(config):
            loss = functional.cross_entropy(network(x).float(), targets)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return (clock() - began) / steps / config.batch_size


def settle_precision(
    config: TrainConfig, run: Path, *, tell: Callable[[str], None] = lambda _: None
) -> TrainConfig:
    """bfloat16 where the network may learn in it and is faster in it here: an EfficientNet is, where a processor has
    tiles for it, and takes twice as long where it only has the vector instructions.

    A run that goes on keeps what it began with: the measurement might fall otherwise the next time.
    """
    from models.registry import find_spec

    exact = replace(config, bf16=False)
    told = read_settings(run)
    begun = TrainConfig.from_dict(told) if told else None
    # digests: with other threads or on another device it is the same run, and one begun in bfloat16 ends in it anywhere
    if begun is not None and begun.digest in (exact.digest, replace(config, bf16=True).digest):
        return replace(config, bf16=begun.bf16)
    if not config.bf16 or config.device != "cpu" or find_spec(config.model).task != "classify":
        return config
    side = min(side for _, side in config.sizes)
    # processor time: what else runs on the machine must not decide it
    paces = [
        [measure_side(each, side, 2, clock=time.process_time) for each in (config, exact)]
        for _ in range(_TURNS)
    ]
    rounded_s, exact_s = (min(turn) for turn in zip(*paces, strict=True))
    settled = config if rounded_s < exact_s else exact
    tell(
        f"trains in {'bfloat16' if settled.bf16 else 'float32'}: a picture of {side} px takes {1e3 * rounded_s:.1f} ms of "
        f"processor time in bfloat16 here, {1e3 * exact_s:.1f} ms in float32"
    )
    return settled
