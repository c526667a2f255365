"""How long a line's classifiers take, one beside the other: in one process, in turn, picture by picture.

A release times its own network, on its day and under whatever else the machine did. Of two that were timed on different days
nobody can say which is the faster one.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from inspection.classify import prepare_batch
from inspection.config import Settings
from inspection.engines.machine import describe_machine
from inspection.engines.prepare import find_weights, prepare_model
from inspection.errors import DataInvalid
from inspection.learning.arrays import ArraySet
from inspection.learning.evaluate import MEASURED, keep_rows, read_released
from inspection.learning.known_split import find_known_split
from inspection.learning.line_data import load_line_data
from inspection.learning.measure_again import check_unreplaced
from inspection.learning.timed import TIMED, TIMED_SPLITS
from inspection.lines import Line
from inspection.placing import stage_release
from inspection.types import F32, Engine, Precision
from models.card import Card, read_card, write_card
from models.registry import find_spec

WARM = 3  # runs before any counts
Tick = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Runner:
    """One network at one precision, and the pictures as it takes them."""

    model: str
    precision: Precision
    engine: Engine
    channels: int
    pictures: Mapping[str, ArraySet]  # by split

    def take_ms(self, split: str, index: int) -> float:
        batch = prepare_batch([self.pictures[split].pixels[index]], self.channels)
        started = time.perf_counter()
        self.engine.run(batch)
        return (time.perf_counter() - started) * 1e3


def time_classifiers(
    line: Line, folder: Path, settings: Settings, *, tick: Tick | None = None
) -> dict[str, Card]:
    """All classifiers of the line that were evaluated, on the sides that their cards name. Their rows keep what was answered and
    get these times; the cards say with whom they were timed, when and on what."""
    cards = find_evaluated(line, settings)
    if not cards:
        raise DataInvalid(
            f"Expected classifiers of {line.name} with evaluations beside their cards, found none. Train one first."
        )
    runners = [
        runner
        for model, card in cards.items()
        for runner in open_runners(line, model, card, folder, settings)
    ]
    check_alike(runners)
    told = {
        "beside": sorted(cards),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "threads": settings.threads,
        "machine": describe_machine().as_dict(),
    }
    taken = time_in_turn(runners, tick=tick)
    return {model: keep_times(line, model, card, taken, told, settings) for model, card in cards.items()}


def find_evaluated(line: Line, settings: Settings) -> dict[str, Card]:
    found = {}
    for model in line.models:
        place = settings.weights_dir / line.name / f"{model}.parquet"
        if find_spec(model).task == "classify" and place.is_file():
            found[model] = find_weights(line.name, model, settings)[1]
    return found


def open_runners(line: Line, model: str, card: Card, folder: Path, settings: Settings) -> list[Runner]:
    from inspection.loading import load_engine

    ruled, _ = find_known_split(card, line, folder)
    sets = load_line_data(ruled, folder, size=card.input_size, cache_dir=settings.cache_dir / "arrays")
    pictures = {"validation": sets.validation, "test": sets.test}
    check_evaluated(card, settings.weights_dir / line.name / f"{model}.parquet", pictures)
    channels = find_spec(model).channels
    return [
        Runner(
            model,
            precision,
            load_engine(prepare_model(line.name, model, precision, settings), precision, settings),
            channels,
            pictures,
        )
        for precision in MEASURED
    ]


def check_evaluated(card: Card, table: Path, pictures: Mapping[str, ArraySet]) -> None:
    """Before minutes are spent: each row must get the time of its own picture."""
    for (split, _), rows in read_released(card, table).items():
        if split in pictures and rows.keys != pictures[split].keys:
            raise DataInvalid(
                f"Expected the {split} pictures that {card.model} was evaluated on ({len(rows)}), got others ({len(pictures[split])}). "
                "Name the folder that it was trained from, or train it again."
            )


def check_alike(runners: Sequence[Runner]) -> None:
    """One beside the other means on the same pictures."""
    first = runners[0]
    for runner in runners:
        if any(runner.pictures[split].keys != first.pictures[split].keys for split in TIMED_SPLITS):
            raise DataInvalid(
                f"Expected {runner.model} to be judged by the pictures that judge {first.model}, got others: their times cannot be "
                "taken in turn. Train one of them again."
            )


def time_in_turn(
    runners: Sequence[Runner], *, tick: Tick | None = None
) -> dict[tuple[str, Precision, str], F32]:
    """(model, precision, split) → ms a picture. Each picture is shown to all before the next, and another begins each time: what
    slows the machine down for a while slows all alike."""
    counts = {split: len(runners[0].pictures[split]) for split in TIMED_SPLITS}
    taken = {
        (runner.model, runner.precision, split): np.zeros(count, np.float32)
        for runner in runners
        for split, count in counts.items()
    }
    done, everything = 0, sum(counts.values())
    for runner in runners:
        for _ in range(WARM):
            runner.take_ms("test", 0)
    for split, count in counts.items():
        for index in range(count):
            first = index % len(runners)
            for runner in (*runners[first:], *runners[:first]):
                taken[runner.model, runner.precision, split][index] = runner.take_ms(split, index)
            done += 1
            if tick is not None:
                tick(done, everything)
    return taken


def keep_times(
    line: Line,
    model: str,
    card: Card,
    taken: Mapping[tuple[str, Precision, str], F32],
    told: Mapping[str, Any],
    settings: Settings,
) -> Card:
    weights, _ = find_weights(line.name, model, settings)
    with stage_release(weights.parent, model, whole=False) as scratch:
        today = read_card(weights.with_suffix(".json"))  # others may have written into it meanwhile
        check_unreplaced(today, card)
        table = weights.with_suffix(".parquet")
        rows = [
            # a split that is not timed here keeps what it had
            replace(each, classify_ms=taken.get((model, each.precision, each.split), each.classify_ms))
            for each in read_released(today, table).values()
        ]
        today = keep_rows(today, rows, scratch / table.name)
        precisions = {
            name: {**stated, TIMED: dict(told)} if name in MEASURED else stated
            for name, stated in today.precisions.items()
        }
        today = replace(today, precisions=precisions)
        write_card(today, scratch / f"{model}.json")
    return today
