"""Interleaved timing: every candidate runs once a round, so that a busy moment of the machine falls on all alike."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Name = TypeVar("Name", bound=str)


@dataclass(frozen=True, slots=True)
class Spread:
    p50_ms: float
    p95_ms: float
    n: int


def time_interleaved(
    candidates: Mapping[Name, Callable[[int], object]],
    *,
    rounds: int,
    warm_up: int = 2,
    tick: Callable[[int, int], None] | None = None,
) -> dict[Name, NDArray[np.float64]]:
    """name → milliseconds of each round; a candidate is called with the number of the round."""
    taken = {name: np.empty(rounds) for name in candidates}
    names = list(candidates)
    for number in range(-warm_up, rounds):
        # who starts changes each round: the first after a heavy one finds cold caches
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            run = candidates[name]
            started = time.perf_counter()
            run(max(number, 0))
            if number >= 0:
                taken[name][number] = (time.perf_counter() - started) * 1e3
        if tick is not None and number >= 0:
            tick(number + 1, rounds)
    return taken


def spread(milliseconds: NDArray[np.float64]) -> Spread:
    return Spread(float(np.median(milliseconds)), float(np.percentile(milliseconds, 95)), len(milliseconds))
