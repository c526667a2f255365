"""Synthesised parts, made ahead: rendering one takes longer than a part takes to come by.

One stock a process, whichever session watches: the parts are made by nobody and show nobody's product. They are kept as
files in the cache, so that a later start has them at once.
"""

import atexit
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from inspection.conveyor.parts import Part, make_part
from inspection.conveyor.world import encode_shot, keep_whole, open_world, read_kept, world_dir
from inspection.learning.synthesis.dataset import TRAINED_DESIGNS
from inspection.learning.synthesis.defects import CONDITIONS
from inspection.lines import Line

CAPACITY = 48
_FIRST_SEED = 970_000_000  # far from the seeds of training and test scenes


@dataclass(frozen=True, slots=True)
class PlannedPart:
    seed: int
    design: str
    condition: str

    @property
    def name(self) -> str:
        return f"{self.condition}-{self.design.replace('_', '-')}-{self.seed}.jpg"

    @property
    def severity_0_1(self) -> float:
        return float(np.random.default_rng([self.seed, 8]).uniform(0.35, 1.0))


def plan_parts(count: int) -> tuple[PlannedPart, ...]:
    """Every other one flawless, the defects in turn, through all designs."""
    good, *bad = CONDITIONS
    return tuple(
        PlannedPart(
            _FIRST_SEED + number,
            TRAINED_DESIGNS[(number + number // len(TRAINED_DESIGNS)) % len(TRAINED_DESIGNS)],
            good if number % 2 == 0 else bad[number // 2 % len(bad)],
        )
        for number in range(count)
    )


def can_synthesise(line: Line) -> bool:
    return set(line.classes) == set(CONDITIONS) and line.good == CONDITIONS[0]


class Stock:
    """Made by one thread while somebody wants parts; it ends when all are there or nobody does."""

    def __init__(self, folder: Path, plan: Sequence[PlannedPart]) -> None:
        self._folder, self._plan = folder, plan
        self._lock = threading.Lock()
        self._made: dict[str, list[tuple[PlannedPart, bytes]]] = {name: [] for name in CONDITIONS}
        self._count = 0
        self._users = 0
        self._maker: threading.Thread | None = None
        atexit.register(self._end)

    @property
    def count(self) -> int:
        return self._count

    @property
    def capacity(self) -> int:
        return len(self._plan)

    def open(self) -> None:
        with self._lock:
            self._users += 1
            if self._maker is None and self._count < len(self._plan):
                self._maker = threading.Thread(target=self._make_all, name="parts", daemon=True)
                self._maker.start()

    def close(self) -> None:
        with self._lock:
            self._users -= 1

    def _end(self) -> None:
        """The process ends: the part in hand is finished first, for a thread cut off there aborts the process."""
        maker = self._maker
        self._users = 0
        if maker is not None:
            maker.join()

    def take(self, condition: str, turn: int) -> Part | None:
        """The `turn`th of this condition, round and round; None while none is made."""
        with self._lock:
            made = self._made[condition]
            if not made:
                return None
            planned, shot = made[turn % len(made)]
        pixels = cv2.imdecode(np.frombuffer(shot, np.uint8), cv2.IMREAD_COLOR_RGB)
        return make_part(planned.name, shot, np.asarray(pixels, np.uint8), planned.condition)

    def list_made(self) -> tuple[str, ...]:
        """The conditions that there is a part of."""
        with self._lock:
            return tuple(name for name, made in self._made.items() if made)

    def _make_all(self) -> None:
        try:
            while (planned := self._next()) is not None:
                shot = self._read(planned) or self._render(planned)
                with self._lock:
                    self._made[planned.condition].append((planned, shot))
                    self._count += 1
        finally:
            with self._lock:
                self._maker = None

    def _next(self) -> PlannedPart | None:
        with self._lock:
            return self._plan[self._count] if self._users > 0 and self._count < len(self._plan) else None

    def _read(self, planned: PlannedPart) -> bytes | None:
        kept = read_kept(self._folder / planned.name)
        return None if kept is None else kept[0]

    def _render(self, planned: PlannedPart) -> bytes:
        pixels = open_world().draw_part(
            planned.seed,
            design=planned.design,
            condition=planned.condition,
            severity_0_1=0.0 if planned.condition == CONDITIONS[0] else planned.severity_0_1,
        )
        shot = encode_shot(pixels)
        keep_whole(self._folder / planned.name, shot)
        return shot


@lru_cache(maxsize=2)
def open_stock(folder: Path) -> Stock:
    return Stock(folder, plan_parts(CAPACITY))


class StockSource:
    """Parts from the stock in a drawn order, with the asked share of defects; they come by again and again."""

    def __init__(self, stock: Stock, *, defective_0_1: float, seed: int = 0) -> None:
        self._stock = stock
        self.defective_0_1 = defective_0_1  # may be turned while the line runs
        self._rng = np.random.default_rng(seed)
        self._turns = dict.fromkeys(CONDITIONS, 0)

    @property
    def stock(self) -> Stock:
        return self._stock

    def open(self) -> None:
        self._stock.open()

    def close(self) -> None:
        self._stock.close()

    def take(self) -> Part | None:
        good = CONDITIONS[0]
        bad = [name for name in self._stock.list_made() if name != good]
        wanted = bool(bad) and self._rng.random() < self.defective_0_1
        condition = str(self._rng.choice(bad)) if wanted else good
        part = self._stock.take(condition, self._turns[condition])
        if part is not None:
            self._turns[condition] += 1
        return part


def default_stock() -> Stock:
    return open_stock(world_dir())
