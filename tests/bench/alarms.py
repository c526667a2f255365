"""How often Watch calls a line in control unusual, and how often it sees a change: `python -m tests.bench.alarms`.

Three days of hours tell what is usual, one is judged. Each figure is of 400 pages; a page has a lasting alarm where a shift
of either side is told as going on in the newest hour.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Protocol

import numpy as np

from inspection.learning.chart_shifts import find_shifts
from inspection.learning.control_charts import SIGMAS, Chart, chart_rates, chart_values
from inspection.records.alarms import LEAST_CHANGES

PAGES, HOURS, REFERENCE, CHANGED = 400, 96, 72, 80
Days = Callable[[int], int]  # the hour of the day → parts
RATE, RISEN = 0.05, 0.07
SCORE = 20 / 21  # the mean of beta(20, 1), which has one long tail as scores do
FALLEN = 0.012 * SCORE
DAYS: dict[str, Days] = {
    "200 every hour": lambda _: 200,
    "20 every hour": lambda _: 20,
    "nights of 3": lambda hour: 200 if 6 <= hour < 22 else 3,
    "one shift, else 3": lambda hour: 200 if 6 <= hour < 14 else 3,
}


class Draw(Protocol):
    def __call__(self, days: Days, rng: np.random.Generator, *, changed: bool) -> Chart | None: ...


def draw_rates(days: Days, rng: np.random.Generator, *, changed: bool) -> Chart | None:
    totals = [days(hour % 24) for hour in range(HOURS)]
    rates = [RISEN if changed and hour >= CHANGED else RATE for hour in range(HOURS)]
    counts = [int(rng.binomial(n, rate)) for n, rate in zip(totals, rates, strict=True)]
    return chart_rates(counts, totals, reference=REFERENCE)


def draw_scores(
    days: Days, rng: np.random.Generator, *, changed: bool, newest: int | None = None
) -> Chart | None:
    parts = [days(hour % 24) for hour in range(HOURS)]
    parts[-1] = newest or parts[-1]
    means = [
        float(rng.beta(20, 1, n).mean()) - (FALLEN if changed and hour >= CHANGED else 0.0)
        for hour, n in enumerate(parts)
    ]
    return chart_values(means, parts, reference=REFERENCE, least_share=LEAST_CHANGES["score"] / SIGMAS)


def share_lasting(draw: Draw, days: Days) -> tuple[float, float]:
    """(in control, after a change at eight in the morning)"""
    found = [0, 0]
    for page in range(PAGES):
        for changed in (False, True):
            chart = draw(days, np.random.default_rng(page), changed=changed)
            found[changed] += chart is not None and any(shift.lasts for shift in find_shifts(chart))
    return found[0] / PAGES, found[1] / PAGES


def list_rows() -> Iterator[tuple[str, str, float, float]]:
    """(what changes, the line's days, lasting in control, lasting after the change)"""
    for name, days in DAYS.items():
        yield ("rate, 5 to 7 %", name, *share_lasting(draw_rates, days))
        yield ("score, 1.2 % less", name, *share_lasting(draw_scores, days))
    for newest in (60, 20, 2, 1):
        draw = partial(draw_scores, newest=newest)
        yield (
            "score, 1.2 % less",
            f"200, newest hour {newest}",
            *share_lasting(draw, DAYS["200 every hour"]),
        )


if __name__ == "__main__":
    for what, days, calm, changed in list_rows():
        print(f"{what:18}{days:24}in control {calm:6.1%}   changed {changed:6.1%}")
