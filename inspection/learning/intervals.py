"""How far a rate that was counted can be from the true one, and whether two models really differ."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True, slots=True)
class Interval:
    low: float
    high: float

    def as_list(self) -> list[float]:
        return [self.low, self.high]


def find_wilson_interval(successes: int, trials: int, *, confidence: float = 0.95) -> Interval | None:
    """Wilson's score interval (Wilson 1927): right on average, never outside 0…1. None without a trial."""
    check_counts(successes, trials)
    if trials == 0:
        return None
    z = find_z(confidence)
    rate, spread = successes / trials, z * z / trials
    middle = (rate + spread / 2) / (1 + spread)
    half = z * math.sqrt(rate * (1 - rate) / trials + spread / (4 * trials)) / (1 + spread)
    # at the ends the exact bound is the end itself; rounding must not move it
    low = 0.0 if successes == 0 else max(0.0, middle - half)
    return Interval(low, 1.0 if successes == trials else min(1.0, middle + half))


def find_exact_interval(successes: int, trials: int, *, confidence: float = 0.95) -> Interval | None:
    """Clopper and Pearson 1934: covers the true rate at least as often as it says."""
    check_counts(successes, trials)
    if trials == 0:
        return None
    tail = (1 - confidence) / 2
    return Interval(
        find_lower_bound(successes, trials, confidence=1 - tail) or 0.0,
        bound_rate_above(successes, trials, 1 - tail),
    )


def find_upper_bound(successes: int, trials: int, *, confidence: float = 0.95) -> float | None:
    """One-sided and exact: with no escape in 300, the rate is below 1 % with 95 % confidence (the rule of three)."""
    check_counts(successes, trials)
    return None if trials == 0 else bound_rate_above(successes, trials, confidence)


def find_lower_bound(successes: int, trials: int, *, confidence: float = 0.95) -> float | None:
    check_counts(successes, trials)
    return None if trials == 0 else 1.0 - bound_rate_above(trials - successes, trials, confidence)


def bound_rate_above(successes: int, trials: int, confidence: float) -> float:
    if successes == trials:
        return 1.0
    from scipy.stats import beta

    return float(beta.ppf(confidence, successes + 1, trials - successes))


def find_paired_difference(
    first_only: int, second_only: int, trials: int, *, confidence: float = 0.95
) -> Interval:
    """Tango's score interval (Tango 1998) for rate(first) − rate(second) on the same pictures.

    first_only: pictures that only the first model judged rightly. It is the set of differences that the score test
    does not refuse, so it holds up where the two hardly ever disagree.
    """
    if trials <= 0 or min(first_only, second_only) < 0 or first_only + second_only > trials:
        raise ValueError(f"expected 0 ≤ disagreements ≤ trials, got {first_only} + {second_only} of {trials}")
    z = find_z(confidence)
    middle = (first_only - second_only) / trials

    def excess(difference: float) -> float:
        return score_difference(first_only, second_only, trials, difference) ** 2 - z * z

    low = -1.0 if middle <= -1.0 else find_root(excess, middle, -1.0)
    high = 1.0 if middle >= 1.0 else find_root(excess, middle, 1.0)
    return Interval(low, high)


def score_difference(first_only: int, second_only: int, trials: int, difference: float) -> float:
    """The score statistic at a supposed difference, with the nuisance rate at its restricted maximum (eq. 5, 6)."""
    observed = first_only - second_only - trials * difference
    if observed == 0:
        return 0.0
    a = 2.0 * trials
    b = -first_only - second_only + (2.0 * trials - first_only + second_only) * difference
    c = -second_only * difference * (1.0 - difference)
    other = (math.sqrt(max(b * b - 4.0 * a * c, 0.0)) - b) / (2.0 * a)
    variance = trials * (2.0 * other + difference * (1.0 - difference))
    return math.copysign(math.inf, observed) if variance <= 0 else observed / math.sqrt(variance)


def find_root(excess: Callable[[float], float], inside: float, outside: float) -> float:
    """Bisection between a point where excess ≤ 0 and an end of the range; the end itself where it never rises."""
    if excess(outside) <= 0:
        return outside
    for _ in range(80):
        middle = (inside + outside) / 2
        if excess(middle) <= 0:
            inside = middle
        else:
            outside = middle
    return (inside + outside) / 2


def compare_mcnemar(first_only: int, second_only: int) -> float:
    """Two-sided exact p-value that two models err equally often, from the pictures where just one is right."""
    trials, fewer = first_only + second_only, min(first_only, second_only)
    if fewer < 0:
        raise ValueError(f"expected counts from 0, got {first_only} and {second_only}")
    tail = sum(math.comb(trials, count) for count in range(fewer + 1))  # whole numbers: no rounding
    return min(1.0, 2 * tail / (1 << trials))


@dataclass(frozen=True, slots=True)
class Agreement:
    """Cohen's kappa: 1 is full agreement, 0 what chance gives."""

    kappa: float
    interval: Interval


def measure_agreement(confusion: ArrayLike, *, confidence: float = 0.95) -> Agreement | None:
    """Kappa and its large-sample interval (Fleiss, Cohen and Everitt 1969). None where chance agreement is full."""
    counts = np.asarray(confusion, dtype=np.float64)
    total = counts.sum()
    if total == 0:
        return None
    p = counts / total
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    observed, expected = float(np.trace(p)), float(rows @ columns)
    if math.isclose(expected, 1.0):
        return None
    kappa = (observed - expected) / (1 - expected)
    weight = (
        rows[None, :] + columns[:, None]
    )  # (i, j): share of rows in class j + share of columns in class i
    diagonal = np.diag(p) @ (1 - (rows + columns) * (1 - kappa)) ** 2
    off = ((p - np.diag(np.diag(p))) * weight**2).sum() * (1 - kappa) ** 2
    variance = (diagonal + off - (kappa - expected * (1 - kappa)) ** 2) / (total * (1 - expected) ** 2)
    half = find_z(confidence) * math.sqrt(max(float(variance), 0.0))
    return Agreement(kappa, Interval(max(-1.0, kappa - half), min(1.0, kappa + half)))


def find_z(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise ValueError(f"expected a confidence between 0 and 1, got {confidence}")
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def check_counts(successes: int, trials: int) -> None:
    if not 0 <= successes <= trials:
        raise ValueError(f"expected 0 ≤ successes ≤ trials, got {successes} of {trials}")


def count_disagreements(first_right: Sequence[bool], second_right: Sequence[bool]) -> tuple[int, int]:
    """(only the first is right, only the second is right), picture by picture."""
    pairs = list(zip(first_right, second_right, strict=True))
    return sum(a and not b for a, b in pairs), sum(b and not a for a, b in pairs)
