"""What was measured, beside what was aimed at; told as it comes, and as a table at the end."""

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

_MOST_REPEATS, _LEAST_REPEATS = 9, 3
_A_FIGURE_S = 6.0  # on a slow machine a figure has fewer repeats, and says so


@dataclass(frozen=True, slots=True)
class Figure:
    what: str
    measured: float
    unit: str
    most: float | None = None  # the aim: at most this
    spread: str = ""
    least: float | None = None

    @property
    def reached(self) -> bool | None:
        """None where nothing was aimed at."""
        if self.most is None and self.least is None:
            return None
        return (self.most is None or self.measured <= self.most) and (
            self.least is None or self.measured >= self.least
        )

    @property
    def aim(self) -> str:
        if self.most is not None:
            return f"≤ {self.most:g} {self.unit}"
        return "" if self.least is None else f"≥ {self.least:g} {self.unit}"


@dataclass(slots=True)
class Meter:
    """Gathers figures, and says each on stderr when it is there: a long measurement should not look like a hung one."""

    figures: list[Figure] = field(default_factory=list)
    started_s: float = field(default_factory=time.monotonic)

    def note(self, figure: Figure) -> None:
        self.figures.append(figure)
        took_s = time.monotonic() - self.started_s
        print(
            f"{took_s:6.1f} s  {figure.what}: {figure.measured:g} {figure.unit}", file=sys.stderr, flush=True
        )

    def time(self, what: str, call: Callable[[], float], *, most: float | None = None) -> None:
        """The median of some calls, each of which returns its milliseconds."""
        started_s, found = time.monotonic(), []
        while len(found) < _MOST_REPEATS and (
            len(found) < _LEAST_REPEATS or time.monotonic() - started_s < _A_FIGURE_S
        ):
            found.append(call())
        spread = f"{min(found):.0f} – {max(found):.0f}, {len(found)} times"
        self.note(Figure(what, round(statistics.median(found)), "ms", most, spread))


def show_table(figures: list[Figure]) -> str:
    rows = [
        (
            figure.what,
            f"{figure.measured:g} {figure.unit}",
            figure.aim,
            {None: "", True: "yes", False: "NO"}[figure.reached],
            figure.spread,
        )
        for figure in figures
    ]
    head = ("what", "median", "aim", "reached", "from – to")
    wide = [max(len(row[place]) for row in (head, *rows)) for place in range(len(head))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, wide, strict=True)) + " |"
        for row in (head, *rows)
    ]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in wide) + "|", *lines[1:]])
