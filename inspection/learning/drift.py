"""Whether a distribution has moved: the population stability index, and the test of Kolmogorov and Smirnov."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

BINS = 10
PSI_MOVED = 0.2  # the customary mark: below 0.1 nothing, from 0.2 a shift to look into
SURE = 0.001  # and the difference must not be chance
FEWEST = 100  # values on each side


@dataclass(frozen=True, slots=True)
class Drift:
    psi: float
    distance: float  # the largest gap between the two cumulated shares
    p: float  # how often chance alone makes a gap as large
    reference_n: int
    n: int

    @property
    def moved(self) -> bool:
        return self.psi >= PSI_MOVED and self.p < SURE


def compare_samples(reference: ArrayLike, now: ArrayLike) -> Drift | None:
    """None where either side is too small to tell."""
    first, second = np.sort(np.asarray(reference, np.float64)), np.sort(np.asarray(now, np.float64))
    if min(len(first), len(second)) < FEWEST:
        return None
    distance = measure_gap(first, second)
    p = find_ks_p(distance, len(first) * len(second) / (len(first) + len(second)))
    return Drift(measure_psi(first, second), distance, p, len(first), len(second))


def date_drift(reference: ArrayLike, spans: Sequence[ArrayLike]) -> int:
    """The likeliest first of `spans` that differ up to the last: from where on gap · √n is largest.

    Spans are too small to be judged one by one. Values from before the drift make the gap smaller, values of it that
    are left out make n smaller. The test's own √(mn / (m + n)) is no measure here: all are held against one reference
    of m, and where m is small it hardly grows, so that the few newest spans of the widest gap would win.
    """
    first = np.sort(np.asarray(reference, np.float64))
    begin, largest, own = 0, -math.inf, np.empty(0)
    for place in reversed(range(len(spans))):
        own = np.sort(np.concatenate([own, np.asarray(spans[place], np.float64)]))
        if len(own) == 0:
            continue
        evidence = measure_gap(first, own) * math.sqrt(len(own))
        if evidence > largest:
            begin, largest = place, evidence
    return begin


def compare_uniform(values: ArrayLike, *, known: ArrayLike) -> Drift | None:
    """Conformal p-values of parts like the known ones are uniform over 0…1.

    known: for each value, how many parts it was held against: good parts and defects, and models before and after a
    training, have other numbers. They are samples too, so this is a comparison of two samples: a share w of the values
    that was held against K parts brings w²/K to the variance of the comparison.
    """
    p = np.sort(np.asarray(values, np.float64))
    if len(p) < FEWEST:
        return None
    numbers, counts = np.unique(np.broadcast_to(np.asarray(known, np.int64), p.shape), return_counts=True)
    effective = 1.0 / float(((counts / len(p)) ** 2 / numbers).sum())
    grid = make_uniform(known)
    distance = measure_gap(grid, p)
    chance = find_ks_p(distance, effective * len(p) / (effective + len(p)))
    return Drift(measure_psi(grid, p), distance, chance, round(effective), len(p))


def make_uniform(known: ArrayLike) -> NDArray[np.float64]:
    """Every value that p can take where parts are like the known ones, each as likely as another; sorted."""
    numbers = np.unique(np.asarray(known, np.int64))
    return np.sort(np.concatenate([(np.arange(number) + 1.0) / (number + 1) for number in numbers]))


def measure_gap(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Both sorted."""
    every = np.concatenate([first, second])
    shares = [np.searchsorted(each, every, side="right") / len(each) for each in (first, second)]
    return float(np.max(np.abs(shares[0] - shares[1])))


def find_ks_p(distance: float, effective_n: float) -> float:
    """Kolmogorov's series with Stephens's correction for small samples (1970)."""
    root = math.sqrt(effective_n)
    value = (root + 0.12 + 0.11 / root) * distance
    if value < 0.2:
        return 1.0
    total = sum((-1.0) ** (k - 1) * math.exp(-2.0 * (k * value) ** 2) for k in range(1, 101))
    return min(1.0, max(0.0, 2.0 * total))


def measure_psi(reference: NDArray[np.float64], now: NDArray[np.float64]) -> float:
    """Σ (q − p) ln(q / p) over tenths of the reference; half a count in each bin keeps an empty one finite."""
    edges = np.asarray(np.unique(np.quantile(reference, np.linspace(0, 1, BINS + 1)[1:-1])), np.float64)
    p, q = share_bins(reference, edges), share_bins(now, edges)
    return sum(float(b - a) * math.log(b / a) for a, b in zip(p, q, strict=True))


def share_bins(values: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    bins = len(edges) + 1
    counts = np.bincount(np.searchsorted(edges, values, side="left"), minlength=bins)
    return np.asarray((counts + 0.5) / (len(values) + 0.5 * bins), np.float64)
