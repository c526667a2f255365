"""Whether 90 % sure is right nine times in ten, and the temperature that makes it so."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from inspection.classify import soften
from inspection.learning.intervals import Interval, find_wilson_interval

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
MIN_TEMPERATURE, MAX_TEMPERATURE = 0.05, 20.0


@dataclass(frozen=True, slots=True)
class ChanceError:
    """The calibration error that a model which is right exactly as often as it is sure would show on so few pictures."""

    mean: float
    p95: float


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """The pictures whose confidence lies in low < c ≤ high."""

    low: float
    high: float
    count: int
    confidence: float | None  # mean; None without a picture
    accuracy: float | None
    accuracy_interval: Interval | None


def measure_nll(logits: ArrayLike, labels: ArrayLike, *, temperature: float = 1.0) -> float:
    """Mean negative log likelihood of the true classes, in nats."""
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    scaled = scaled - scaled.max(axis=1, keepdims=True)
    chosen = scaled[np.arange(len(scaled)), np.asarray(labels)]
    return float(np.mean(np.log(np.exp(scaled).sum(axis=1)) - chosen))


def measure_brier(probabilities: ArrayLike, labels: ArrayLike) -> float:
    """Mean squared distance to the truth, summed over the classes: 0 is perfect, 2 is surely wrong (Brier 1950)."""
    p = np.asarray(probabilities, dtype=np.float64)
    truth = np.eye(p.shape[1])[np.asarray(labels)]
    return float(np.mean(((p - truth) ** 2).sum(axis=1)))


def fit_temperature(logits: ArrayLike, labels: ArrayLike, *, doubt_0_1: float = 0.0) -> float:
    """The temperature of least NLL (Guo et al. 2017), between 0.05 and 20.

    NLL is convex in β = 1/T with slope mean(Σ p z − z_true), so its one zero is bisected. Where every picture is
    right the slope never turns and the sharpest temperature allowed comes out: fit on pictures that err, or allow each
    label that much doubt. 1 / (n + 2) is the chance that the next picture errs after n right ones (Laplace's rule).
    """
    z = np.asarray(logits, dtype=np.float64)
    if len(z) == 0:
        raise ValueError("expected at least one row of logits, got none")
    told = z[np.arange(len(z)), np.asarray(labels)]
    true = (1 - doubt_0_1) * told + doubt_0_1 * z.mean(axis=1)

    def slope(beta: float) -> float:
        return float(np.mean((soften(z * beta) * z).sum(axis=1) - true))

    low, high = 1.0 / MAX_TEMPERATURE, 1.0 / MIN_TEMPERATURE
    if slope(low) >= 0:
        return MAX_TEMPERATURE
    if slope(high) <= 0:
        return MIN_TEMPERATURE
    for _ in range(60):
        middle = math.sqrt(low * high)
        low, high = (low, middle) if slope(middle) > 0 else (middle, high)
    return 1.0 / math.sqrt(low * high)


def trace_reliability(
    probabilities: ArrayLike, labels: ArrayLike, *, bins: int = 15, equal_mass: bool = False
) -> tuple[ReliabilityBin, ...]:
    """Confidence of the best class against how often it is right, in bins of equal width or of equal counts."""
    confidence, right = rate_confidence(probabilities, labels)
    edges = np.linspace(0.0, 1.0, bins + 1)
    if equal_mass and len(confidence):
        inner = np.quantile(confidence, edges[1:-1])
        edges = np.unique(np.concatenate([[0.0], inner, [1.0]]))
    place = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, len(edges) - 2)
    return tuple(
        describe_bin(
            float(edges[number]),
            float(edges[number + 1]),
            confidence[place == number],
            right[place == number],
        )
        for number in range(len(edges) - 1)
    )


def describe_bin(low: float, high: float, confidence: F64, right: NDArray[np.bool_]) -> ReliabilityBin:
    count, successes = len(confidence), int(right.sum())
    if count == 0:
        return ReliabilityBin(low, high, 0, None, None, None)
    interval = find_wilson_interval(successes, count)
    return ReliabilityBin(low, high, count, float(confidence.mean()), successes / count, interval)


def measure_calibration_error(
    probabilities: ArrayLike, labels: ArrayLike, *, bins: int = 15, equal_mass: bool = False
) -> float | None:
    """ECE: the mean gap between confidence and accuracy, weighted by counts. None without a picture."""
    curve = trace_reliability(probabilities, labels, bins=bins, equal_mass=equal_mass)
    gaps = [
        (each.count, abs(each.confidence - each.accuracy))
        for each in curve
        if each.confidence is not None and each.accuracy is not None
    ]
    total = sum(count for count, _ in gaps)
    return sum(count * gap for count, gap in gaps) / total if total else None


def measure_chance_error(
    probabilities: ArrayLike, *, bins: int = 15, draws: int = 400, seed: int = 0
) -> ChanceError | None:
    """Labels drawn from the probabilities themselves: what is left of the error is chance (Bröcker and Smith 2007)."""
    confidence = np.asarray(probabilities, dtype=np.float64).max(axis=1, initial=0.0)
    if not len(confidence):
        return None
    place = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    rng = np.random.default_rng(seed)
    errors = [
        np.abs(np.bincount(place, (rng.random(len(place)) < confidence) - confidence, bins)).sum()
        / len(place)
        for _ in range(draws)
    ]
    return ChanceError(float(np.mean(errors)), float(np.quantile(errors, 0.95)))


def rate_confidence(probabilities: ArrayLike, labels: ArrayLike) -> tuple[F64, NDArray[np.bool_]]:
    """Per picture: the probability of the best class, and whether that class is the true one."""
    p = np.asarray(probabilities, dtype=np.float64)
    y = np.asarray(labels, dtype=np.int64)
    if p.ndim != 2 or y.shape != (len(p),):
        raise ValueError(f"expected (n, classes) and (n,), got {p.shape} and {y.shape}")
    return p.max(axis=1, initial=0.0), p.argmax(axis=1) == y if len(p) else np.zeros(0, dtype=bool)
