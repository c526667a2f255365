"""Entrants made ready: loaded anew, so that the cold start is theirs and not another session's cache."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from typing import TYPE_CHECKING

import numpy as np

from inspection.classify import prepare_batch
from inspection.errors import AssayError, DataInvalid
from inspection.images import decode
from inspection.racing.plan import Entrant, Plan
from inspection.types import U8, Box, EngineLabel, Picture, Precision

if TYPE_CHECKING:
    from inspection.pipeline import Inspector

MOST_PICTURES = 8
Load = Callable[[str, str, Precision], "Inspector"]


@dataclass(frozen=True, slots=True)
class Absent:
    """An entrant that could not be made ready, and why."""

    entrant: Entrant
    why: str


@dataclass(slots=True)
class Ready:
    entrant: Entrant
    engine: EngineLabel
    load_ms: float
    run: Callable[[int, int], None]  # (batch, number of the lap)
    first_ms: dict[int, float] = field(default_factory=dict)  # batch → what its first run cost
    weights_sha256: str = ""


def load_anew(line: str, model: str, precision: Precision) -> "Inspector":
    from inspection import loading  # torch and openvino load here

    return loading.load_inspector(line, model, precision)


class Course:
    """The same pictures for all: the first entrant that is ready says where the part is on each."""

    def __init__(self, plan: Plan, pictures: Sequence[bytes]) -> None:
        if not pictures:
            raise DataInvalid("Expected at least one picture to race on, got none. Inspect one first.")
        self._plan, self._files = plan, tuple(pictures[:MOST_PICTURES])
        self._pictures = [decode(data, name=f"picture {index + 1}") for index, data in enumerate(self._files)]
        self._boxes: list[Box] | None = None

    def enter(self, entrant: Entrant, load: Load) -> Ready | Absent:
        started = time.perf_counter()
        try:
            inspector = load(self._plan.line, entrant.model, entrant.precision)
        except AssayError as error:
            return Absent(entrant, str(error))
        load_ms = (time.perf_counter() - started) * 1e3
        run = (
            self._time_classifier(inspector)
            if self._plan.scope == "classifier"
            else self._time_all(inspector)
        )
        classifying = inspector.classifying
        return Ready(
            entrant, classifying.engine.label, load_ms, run, weights_sha256=classifying.weights_sha256
        )

    def _time_classifier(self, inspector: "Inspector") -> Callable[[int, int], None]:
        if self._boxes is None:
            self._boxes = [find_box(inspector, picture) for picture in self._pictures]
        crops = [
            inspector.cut(picture, box) for picture, box in zip(self._pictures, self._boxes, strict=True)
        ]
        engine, channels = inspector.classifying.engine, inspector.classifying.channels
        batches: dict[int, U8] = {}
        for batch in self._plan.batches:
            taken = list(islice(cycle(crops), max(batch, len(crops))))
            batches[batch] = prepare_batch(taken, channels)

        def run(batch: int, number: int) -> None:
            pictures = batches[batch]
            start = number % (len(pictures) - batch + 1)
            engine.run(np.ascontiguousarray(pictures[start : start + batch]))

        return run

    def _time_all(self, inspector: "Inspector") -> Callable[[int, int], None]:
        def run(batch: int, number: int) -> None:
            inspector.inspect(decode(self._files[number % len(self._files)], name="race"))

        return run


def find_box(inspector: "Inspector", picture: Picture) -> Box:
    """The part, or the whole picture where none is found: a time does not depend on what a crop shows."""
    found = inspector.inspect(picture).box
    return found or Box(0, 0, picture.width, picture.height)
