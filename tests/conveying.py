"""Live lines as their tests run them: parts of a list, a marker that remembers, a belt that costs no time."""

import time
from collections.abc import Iterator

import numpy as np
import pytest

from inspection.conveyor.conveyor import Conveyor
from inspection.conveyor.keeping import Keeper
from inspection.conveyor.pace import Pace
from inspection.conveyor.parts import SHOWN_HEIGHT, SHOWN_WIDTH, Part, Source
from inspection.types import U8, Inspection
from tests.ui.fakes import FakeInspector, make_png

Marked = Inspection | str


@pytest.fixture(autouse=True)
def plain_belt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rendering the real belt takes a second; what moves on it is the same."""
    belt = np.full((SHOWN_HEIGHT, SHOWN_WIDTH, 3), 60, np.uint8)
    for module in ("parts", "conveyor"):
        monkeypatch.setattr(f"inspection.conveyor.{module}.draw_empty", lambda: belt)


def make_part(name: str, code: int, truth: str | None = None) -> Part:
    shown = np.full((SHOWN_HEIGHT, SHOWN_WIDTH, 3), 150, np.uint8)
    return Part(name, make_png(code), shown, 1.5, (0.0, 0.0), truth)


class Listed:
    """Gives the parts of a list, then none."""

    def __init__(self, *parts: Part) -> None:
        self.waiting = list(parts)
        self.opened = self.closed = 0

    def open(self) -> None:
        self.opened += 1

    def take(self) -> Part | None:
        return self.waiting.pop(0) if self.waiting else None

    def close(self) -> None:
        self.closed += 1


class Marker:
    """Remembers what was marked how, and paints the part white."""

    def __init__(self) -> None:
        self.marked: list[tuple[str, str]] = []

    def __call__(self, part: Part, marked: Marked) -> U8:
        self.marked.append((part.name, marked if isinstance(marked, str) else marked.verdict.words))
        return np.full_like(part.shown, 255)


@pytest.fixture
def lines() -> Iterator[list[Conveyor]]:
    started: list[Conveyor] = []
    yield started
    for conveyor in started:
        conveyor.stop()
        assert not conveyor.alive


def keep_nothing(inspection: Inspection, shot: bytes) -> None: ...


def run_line(
    lines: list[Conveyor],
    source: Source,
    *,
    judge: object | None = None,
    marker: Marker | None = None,
    metres_per_s: float = 2.0,
    patience_s: float = 60.0,
    keeper: Keeper | None = None,
) -> Conveyor:
    conveyor = Conveyor(
        judge or FakeInspector(),  # type: ignore[arg-type]
        source,
        pace=Pace(metres_per_s),
        mark=marker or Marker(),
        owner="me",
        keeper=keeper or Keeper(keep_nothing),
        patience_s=patience_s,
    )
    lines.append(conveyor.start())
    return conveyor


def wait_until(happened: object, timeout_s: float = 20.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not happened():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.01)
