"""What a threshold trades: ROC and precision-recall curves and the areas under them, ties counted rightly."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Curve:
    """One point a threshold, from the strictest on; a picture is called positive from score ≥ threshold."""

    x: tuple[float, ...]
    y: tuple[float, ...]
    thresholds: tuple[float, ...]


def trace_roc(scores: ArrayLike, positives: ArrayLike) -> Curve | None:
    """x: false positives / negatives · y: true positives / positives. None where one of the two kinds is missing."""
    thresholds, true, false = count_above(scores, positives)
    if true[-1] == 0 or false[-1] == 0:
        return None
    return make_curve(false / false[-1], true / true[-1], thresholds)


def trace_precision_recall(scores: ArrayLike, positives: ArrayLike) -> Curve | None:
    """x: recall · y: precision, from the strictest threshold that calls anything positive. None without a positive."""
    thresholds, true, false = count_above(scores, positives)
    if true[-1] == 0:
        return None
    true, false, thresholds = true[1:], false[1:], thresholds[1:]
    return make_curve(true / true[-1], true / (true + false), thresholds)


def measure_auc(scores: ArrayLike, positives: ArrayLike) -> float | None:
    """How often a positive outscores a negative, a tie counting half: Mann and Whitney's U over the pairs."""
    s, y = check_scores(scores, positives)
    number, rest = int(y.sum()), int((~y).sum())
    if number == 0 or rest == 0:
        return None
    _, place, counts = np.unique(s, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2.0  # the mean rank of each tie, from 1
    return float((ranks[place][y].sum() - number * (number + 1) / 2.0) / (number * rest))


def measure_average_precision(scores: ArrayLike, positives: ArrayLike) -> float | None:
    """Σ (recall step) · precision: no interpolation, which would flatter a curve of few points."""
    curve = trace_precision_recall(scores, positives)
    if curve is None:
        return None
    return float(np.sum(np.diff(curve.x, prepend=0.0) * np.asarray(curve.y)))


def count_above(scores: ArrayLike, positives: ArrayLike) -> tuple[F64, F64, F64]:
    """Thresholds from +∞ down over the distinct scores, and the true and false positives at each."""
    s, y = check_scores(scores, positives)
    order = np.argsort(-s, kind="stable")
    s, y = s[order], y[order]
    last = np.append(np.flatnonzero(np.diff(s)), len(s) - 1) if len(s) else np.zeros(0, dtype=np.int64)
    true = np.cumsum(y)[last].astype(np.float64)
    false = (last + 1) - true
    first = np.zeros(1)
    return (
        np.concatenate([[np.inf], s[last]]),
        np.concatenate([first, true]),
        np.concatenate([first, false]),
    )


def check_scores(scores: ArrayLike, positives: ArrayLike) -> tuple[F64, NDArray[np.bool_]]:
    s, y = np.asarray(scores, dtype=np.float64), np.asarray(positives, dtype=bool)
    if s.ndim != 1 or s.shape != y.shape or np.isnan(s).any():
        raise ValueError(f"expected one score without NaN a label, got {s.shape} and {y.shape}")
    return s, y


def make_curve(x: F64, y: F64, thresholds: F64) -> Curve:
    return Curve(tuple(x.tolist()), tuple(y.tolist()), tuple(thresholds.tolist()))
