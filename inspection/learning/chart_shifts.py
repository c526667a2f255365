"""What a control chart shows: did something change, when did it begin, and is it over?

Three rules only: a point beyond three sigmas (Shewhart), eight in a row on one side of the centre (Western Electric), and
the exponentially weighted mean beyond its limits (Roberts 1959; λ = 0.2, L = 2.86), which sees small shifts that last.
"""

import math
from dataclasses import dataclass
from typing import Literal

from inspection.learning.control_charts import Chart

RUN = 8
Rule = Literal["beyond the limits", "eight on one side", "weighted mean"]
Side = Literal["up", "down"]


@dataclass(frozen=True, slots=True)
class Shift:
    """Spans that belong together: something was different from `first` to `last`."""

    first: int
    last: int
    side: Side
    rules: tuple[Rule, ...]
    lasts: bool  # up to the newest span


def find_shifts(chart: Chart) -> tuple[Shift, ...]:
    """Signals after the reference, those of one side joined while no two spans without one lie between them."""
    shifts: list[Shift] = []
    sides: tuple[Side, Side] = ("up", "down")
    for side in sides:
        signals = list_signals(chart, side)
        places = [place for place in range(len(chart.values)) if chart.values[place] is not None]
        order = {place: number for number, place in enumerate(places)}
        joined: list[list[tuple[int, int, Rule]]] = []
        for signal in signals:
            if joined and order[signal[1]] - order[joined[-1][-1][1]] <= 2:
                joined[-1].append(signal)
            else:
                joined.append([signal])
        for group in joined:
            last = max(end for _, end, _ in group)
            first = max(chart.reference, min(start for start, _, _ in group))
            shifts.append(
                Shift(
                    first=date_shift(chart, first, last, side),
                    last=last,
                    side=side,
                    rules=tuple(dict.fromkeys(rule for _, _, rule in group)),
                    lasts=last == chart.last,
                )
            )
    return tuple(sorted(shifts, key=lambda shift: (-shift.last, shift.first)))


def date_shift(chart: Chart, first: int, last: int, side: Side) -> int:
    """The likeliest begin of a step between `first` and `last`: where Σz / √n up to the end is largest."""
    sign = 1.0 if side == "up" else -1.0
    total, n, best, begin = 0.0, 0, -math.inf, first
    for place in reversed(range(first, last + 1)):
        z = chart.z[place]
        if z is None:
            continue
        total, n = total + sign * z, n + 1
        if total / math.sqrt(n) > best:
            best, begin = total / math.sqrt(n), place
    return begin


def list_signals(chart: Chart, side: Side) -> list[tuple[int, int, Rule]]:
    """(where it began, where it was seen, by which rule), in the order in which they are seen."""
    sign = 1.0 if side == "up" else -1.0
    found: list[tuple[int, int, Rule]] = []
    run: list[int] = []
    since: int | None = None  # the weighted mean has been on this side from here on
    for place, value in enumerate(chart.values):
        low, high, z, mean, limit = (
            each[place] for each in (chart.low, chart.high, chart.z, chart.ewma, chart.ewma_limit)
        )
        if value is None or z is None or mean is None or limit is None or low is None or high is None:
            continue
        since = None if sign * mean <= 0 else place if since is None else since
        if chart.runs_count[place]:  # one that may not be part of a run does not end it either
            run = [*run, place] if sign * z > 0 else []
        if place < chart.reference:
            continue
        if (value > high) if side == "up" else (value < low):
            found.append((place, place, "beyond the limits"))
        if len(run) >= RUN:
            found.append((run[0], place, "eight on one side"))
        if since is not None and sign * mean > limit:
            found.append((since, place, "weighted mean"))
    return found
