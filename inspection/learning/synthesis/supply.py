"""Parts that other processes render while the first of them already teach.

Files would hold no more than a disk has room for, and a GPU would wait until the last is written; so each part is cut out
as it would be from its file, and handed on.
"""

import math
import multiprocessing
import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from types import TracebackType

import cv2
import numpy as np

from inspection.errors import AssayError
from inspection.learning.synthesis.dataset import TRAINED_DESIGNS, PlannedScene, encode_scene
from inspection.learning.synthesis.free_forms import FREE_FORMS
from inspection.learning.synthesis.making import Side, begin_work, plan_side
from inspection.letterbox import crop_box, crop_mask
from inspection.lines import Line
from inspection.types import U8

_CHUNK = 8  # parts a process takes at a time
_AHEAD = 8  # such chunks for each process: nobody takes any while the network is judged


class SupplyBroken(AssayError):
    """A process that made parts was killed."""


@dataclass(frozen=True, slots=True)
class MadePart:
    pixels: U8  # (size, size, 3)
    mask: U8  # (size, size), 0 or 255: where the defect is
    label: int


@dataclass(frozen=True, slots=True)
class Cut:
    """How a part becomes what the classifier sees."""

    classes: tuple[str, ...]
    margin: float
    size: int

    def make(self, planned: PlannedScene) -> MadePart:
        scene = planned.render()
        assert scene.box is not None and scene.condition is not None
        stored = cv2.imdecode(np.frombuffer(encode_scene(scene), np.uint8), cv2.IMREAD_COLOR_RGB)
        assert stored is not None
        return MadePart(
            crop_box(np.asarray(stored, np.uint8), scene.box, margin=self.margin, size=self.size),
            crop_mask(scene.mask, scene.box, margin=self.margin, size=self.size),
            self.classes.index(scene.condition),
        )


def plan_supply(parts: int, seed: int, *, free_forms: bool = False, faint: bool = False) -> Side:
    """Of the designs that teach, or as many of free forms as of these. None is of a design that judges."""
    if not free_forms:
        return Side("made", parts, seed, TRAINED_DESIGNS, negatives_share=0.0, faint=faint)
    free = tuple(FREE_FORMS)
    whole = math.lcm(len(TRAINED_DESIGNS), len(free))
    designs = TRAINED_DESIGNS * (whole // len(TRAINED_DESIGNS)) + free * (whole // len(free))
    return Side("made", parts, seed, designs, negatives_share=0.0, faint=faint)


class Supply:
    """Within a `with`; the parts come in the order of their plan, and none is made before some are asked for."""

    def __init__(self, line: Line, side: Side, *, size: int, workers: int) -> None:
        self.parts, self.size = side.count, size
        self._cut = Cut(line.classes, line.locate.margin, size)
        plan = plan_side(side)
        self._waiting = deque(plan[start : start + _CHUNK] for start in range(0, side.count, _CHUNK))
        self._workers = workers
        self._making: deque[Future[list[MadePart]]] = deque()

    def __enter__(self) -> "Supply":
        # fork would copy whatever threads the caller runs in the middle of their work
        spawn = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(
            self._workers, mp_context=spawn, initializer=begin_work, initargs=(os.getpid(),)
        )
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        # waited for: what follows a training is measured, and nobody may render beside it
        self._pool.shutdown(wait=True, cancel_futures=True)

    def take(self) -> list[MadePart]:
        """What was made since the last time; nothing where nothing was, or all has been taken."""
        taken: list[MadePart] = []
        with tell_broken(self._workers):
            while self._making and self._making[0].done():
                taken += self._making.popleft().result()
            self._order()
        return taken

    def wait(self, parts: int) -> list[MadePart]:
        """The next parts, at least so many unless fewer are left."""
        taken: list[MadePart] = []
        with tell_broken(self._workers):
            self._order()
            while self._making and len(taken) < parts:
                taken += self._making.popleft().result()
                self._order()
        return taken

    def _order(self) -> None:
        while self._waiting and len(self._making) < self._workers * _AHEAD:
            self._making.append(self._pool.submit(partial(make_all, self._cut), self._waiting.popleft()))


@contextmanager
def tell_broken(workers: int) -> Iterator[None]:
    try:
        yield
    except BrokenProcessPool as error:
        raise SupplyBroken(
            f"Expected {workers} processes to make parts until the end, got one that was killed, most likely because the "
            "machine ran out of memory. Start the training again to go on from the last finished epoch, on fewer cores "
            "(taskset) if it is killed again."
        ) from error


def make_all(cut: Cut, chunk: Sequence[PlannedScene]) -> list[MadePart]:
    return [cut.make(planned) for planned in chunk]
