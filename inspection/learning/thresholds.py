"""What a line gains and pays when it asks for more confidence before it decides without a person."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from inspection.learning.calibration import F64, I64, rate_confidence
from inspection.learning.intervals import Interval, find_upper_bound, find_wilson_interval
from inspection.learning.metrics import divide

B1 = NDArray[np.bool_]
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Routing:
    """The pictures of one evaluation at one threshold: below it a person looks, from it on the model decides."""

    threshold_0_1: float
    n: int
    reviewed: int
    right: int  # of the decided
    good: int
    defective: int
    good_reviewed: int
    defective_reviewed: int
    escapes: int | None  # defective, decided as good; None where the line has no good class
    false_rejects: int | None  # good, decided as defective

    @property
    def decided(self) -> int:
        return self.n - self.reviewed

    @property
    def review_share(self) -> float | None:
        return divide(self.reviewed, self.n)

    @property
    def accuracy(self) -> float | None:
        """Of the decided; None where a person looks at all of them."""
        return divide(self.right, self.decided)

    @property
    def accuracy_interval(self) -> Interval | None:
        return find_wilson_interval(self.right, self.decided)

    @property
    def escape_rate(self) -> float | None:
        """Of all defective parts, also those that a person looked at: what the customer gets."""
        return None if self.escapes is None else divide(self.escapes, self.defective)

    @property
    def escape_rate_below(self) -> float | None:
        """One-sided exact bound, 95 %."""
        return None if self.escapes is None else find_upper_bound(self.escapes, self.defective)

    @property
    def false_reject_rate(self) -> float | None:
        return None if self.false_rejects is None else divide(self.false_rejects, self.good)

    @property
    def false_reject_rate_below(self) -> float | None:
        return None if self.false_rejects is None else find_upper_bound(self.false_rejects, self.good)

    @property
    def good_review_rate(self) -> float | None:
        return divide(self.good_reviewed, self.good)

    @property
    def defective_review_rate(self) -> float | None:
        return divide(self.defective_reviewed, self.defective)


def find_decided(probabilities: ArrayLike, threshold_0_1: float) -> B1:
    """(n,): where the best class is believed. The verdict asks the same: score ≥ confidence."""
    p = np.asarray(probabilities, dtype=np.float64)
    decided: B1 = p.max(axis=1, initial=0.0) >= threshold_0_1
    return decided


def route(
    labels: ArrayLike, probabilities: ArrayLike, *, threshold_0_1: float, good: int | None = None
) -> Routing:
    """`good`: the place of the good class, None where every class is a defect."""
    return sweep(labels, probabilities, thresholds_0_1=(threshold_0_1,), good=good)[0]


def sweep(
    labels: ArrayLike,
    probabilities: ArrayLike,
    *,
    thresholds_0_1: Sequence[float],
    good: int | None = None,
) -> tuple[Routing, ...]:
    confidence, right = rate_confidence(probabilities, labels)
    y = np.asarray(labels, dtype=np.int64)
    called = np.asarray(probabilities).argmax(axis=1) if len(y) else y
    is_good = np.zeros(len(y), bool) if good is None else y == good
    escaped = None if good is None else ~is_good & (called == good)
    rejected = None if good is None else is_good & (called != good)
    return tuple(
        _count(threshold, confidence, right, is_good, escaped, rejected) for threshold in thresholds_0_1
    )


def _count(
    threshold_0_1: float, confidence: F64, right: B1, is_good: B1, escaped: B1 | None, rejected: B1 | None
) -> Routing:
    decided = confidence >= threshold_0_1
    good, n = int(is_good.sum()), len(right)
    reviewed_good = int((is_good & ~decided).sum())
    reviewed = int((~decided).sum())
    return Routing(
        threshold_0_1=threshold_0_1,
        n=n,
        reviewed=reviewed,
        right=int((right & decided).sum()),
        good=good,
        defective=n - good,
        good_reviewed=reviewed_good,
        defective_reviewed=reviewed - reviewed_good,
        escapes=None if escaped is None else int((escaped & decided).sum()),
        false_rejects=None if rejected is None else int((rejected & decided).sum()),
    )


def list_thresholds(probabilities: ArrayLike, *, most: int = 400) -> tuple[float, ...]:
    """0, where all is decided, and every confidence at which more goes to a person, thinned evenly.

    Confidences that differ by rounding alone are one: a threshold between them would sort by class, not by doubt.
    """
    p = np.asarray(probabilities, dtype=np.float64)
    values = np.unique(p.max(axis=1, initial=0.0))
    apart = np.append(np.diff(values) > ROUNDING, True)[: len(values)]
    steps = np.nextafter(values[apart], 2.0)
    if len(steps) > most:
        steps = steps[np.linspace(0, len(steps) - 1, most).round().astype(int)]
    return (0.0, *(float(step) for step in steps))


def count_confusion_with_review(labels: ArrayLike, probabilities: ArrayLike, threshold_0_1: float) -> I64:
    """(classes, classes + 1): rows true, columns called; the last column is what a person looks at."""
    p, y = np.asarray(probabilities, dtype=np.float64), np.asarray(labels, dtype=np.int64)
    classes = p.shape[1]
    called = np.where(find_decided(p, threshold_0_1), p.argmax(axis=1), classes)
    counts: I64 = np.bincount(y * (classes + 1) + called, minlength=classes * (classes + 1))
    return counts.reshape(classes, classes + 1)
