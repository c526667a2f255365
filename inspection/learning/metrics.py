"""Every figure of an evaluation, computed from its rows: labels and probabilities, one row a picture.

A rate without a denominator is None, never a made-up zero.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from inspection.learning.calibration import F64, I64, measure_brier, measure_calibration_error
from inspection.learning.curves import measure_auc, measure_average_precision
from inspection.learning.intervals import (
    Agreement,
    Interval,
    find_exact_interval,
    find_upper_bound,
    find_wilson_interval,
    measure_agreement,
)


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """One class against all others."""

    name: str
    support: int  # pictures of the class
    predicted: int  # pictures called the class
    precision: float | None
    recall: float | None
    recall_interval: Interval | None  # Wilson, 95 %
    specificity: float | None
    f1: float | None
    auc: float | None
    average_precision: float | None


@dataclass(frozen=True, slots=True)
class DecisionFigures:
    """The two errors that cost money, where the line has a good class."""

    good_class: str
    defective: int
    good: int
    escapes: int  # defective called good
    escape_rate: float | None
    escape_rate_interval: Interval | None  # Clopper and Pearson, 95 %
    escape_rate_below: float | None  # one-sided exact bound, 95 %
    false_rejects: int  # good called defective
    false_reject_rate: float | None
    false_reject_rate_interval: Interval | None


@dataclass(frozen=True, slots=True)
class Figures:
    n: int
    class_names: tuple[str, ...]
    accuracy: float | None
    accuracy_interval: Interval | None  # Wilson, 95 %
    macro_f1: float | None
    macro_auc: float | None
    agreement: Agreement | None  # with the labels, beyond chance
    calibration_error: float | None  # 15 bins of equal width
    calibration_error_equal_mass: float | None
    brier: float | None
    confusion: tuple[tuple[int, ...], ...]  # rows: true class · columns: called class
    per_class: tuple[ClassFigures, ...]
    decision: DecisionFigures | None

    def to_dict(self) -> dict[str, object]:
        """For JSON: plain numbers, lists and None."""
        return {
            **asdict(self),
            "class_names": list(self.class_names),
            "confusion": [list(row) for row in self.confusion],
            "per_class": {each.name: asdict(each) for each in self.per_class},
        }


def measure_figures(
    labels: ArrayLike,
    probabilities: ArrayLike,
    *,
    class_names: Sequence[str],
    good_class: str | None = None,
    called: ArrayLike | None = None,
) -> Figures:
    """labels: (n,) · probabilities: (n, classes) · called: (n,), the classes decided upon if not the likeliest."""
    y, p = check_rows(labels, probabilities, class_names)
    guess = p.argmax(axis=1) if called is None else np.asarray(called, dtype=np.int64)
    confusion = count_confusion(y, guess, len(class_names))
    right, n = int(np.trace(confusion)), len(y)
    per_class = tuple(
        measure_class(
            name,
            confusion,
            number,
            auc=measure_auc(p[:, number], y == number),
            average_precision=measure_average_precision(p[:, number], y == number),
        )
        for number, name in enumerate(class_names)
    )
    return Figures(
        n=n,
        class_names=tuple(class_names),
        accuracy=divide(right, n),
        accuracy_interval=find_wilson_interval(right, n),
        macro_f1=average([each.f1 for each in per_class]),
        macro_auc=average([each.auc for each in per_class]),
        agreement=measure_agreement(confusion),
        calibration_error=measure_calibration_error(p, y),
        calibration_error_equal_mass=measure_calibration_error(p, y, equal_mass=True),
        brier=measure_brier(p, y) if n else None,
        confusion=tuple(tuple(int(value) for value in row) for row in confusion),
        per_class=per_class,
        decision=None if good_class is None else measure_decision(confusion, class_names, good_class),
    )


def count_confusion(labels: ArrayLike, called: ArrayLike, classes: int) -> I64:
    """(classes, classes): rows are true classes, columns what they were called."""
    y, guess = np.asarray(labels, dtype=np.int64), np.asarray(called, dtype=np.int64)
    if y.shape != guess.shape or y.ndim != 1:
        raise ValueError(f"expected one call a label, got {guess.shape} for {y.shape}")
    for values in (y, guess):
        if len(values) and not 0 <= values.min() <= values.max() < classes:
            raise ValueError(f"expected classes 0…{classes - 1}, got {values.min()}…{values.max()}")
    counts: NDArray[np.int64] = np.bincount(y * classes + guess, minlength=classes * classes)
    return counts.reshape(classes, classes)


def measure_class(
    name: str, confusion: I64, number: int, *, auc: float | None, average_precision: float | None
) -> ClassFigures:
    hit = int(confusion[number, number])
    support, predicted = int(confusion[number].sum()), int(confusion[:, number].sum())
    others = int(confusion.sum()) - support
    return ClassFigures(
        name=name,
        support=support,
        predicted=predicted,
        precision=divide(hit, predicted),
        recall=divide(hit, support),
        recall_interval=find_wilson_interval(hit, support),
        specificity=divide(others - (predicted - hit), others),
        f1=divide(2 * hit, support + predicted),
        auc=auc,
        average_precision=average_precision,
    )


def measure_decision(confusion: I64, class_names: Sequence[str], good_class: str) -> DecisionFigures:
    if good_class not in class_names:
        raise ValueError(f"expected the good class among {', '.join(class_names)}, got {good_class}")
    place = list(class_names).index(good_class)
    good, called_good = int(confusion[place].sum()), int(confusion[:, place].sum())
    passed = int(confusion[place, place])
    defective, escapes, false_rejects = int(confusion.sum()) - good, called_good - passed, good - passed
    return DecisionFigures(
        good_class=good_class,
        defective=defective,
        good=good,
        escapes=escapes,
        escape_rate=divide(escapes, defective),
        escape_rate_interval=find_exact_interval(escapes, defective),
        escape_rate_below=find_upper_bound(escapes, defective),
        false_rejects=false_rejects,
        false_reject_rate=divide(false_rejects, good),
        false_reject_rate_interval=find_exact_interval(false_rejects, good),
    )


def check_rows(labels: ArrayLike, probabilities: ArrayLike, class_names: Sequence[str]) -> tuple[I64, F64]:
    y, p = np.asarray(labels, dtype=np.int64), np.asarray(probabilities, dtype=np.float64)
    if p.shape != (len(y), len(class_names)) or y.ndim != 1:
        raise ValueError(
            f"expected ({len(y)}, {len(class_names)}) probabilities for {y.shape} labels, got {p.shape}"
        )
    if not np.isfinite(p).all() or (len(p) and (p.min() < 0 or abs(p.sum(axis=1) - 1).max() > 1e-3)):
        raise ValueError(
            "expected probabilities from 0 that add up to 1 in each row; give logits through soften()"
        )
    return y, p


def divide(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def weigh_f1(figures: Figures) -> float | None:
    """The classes' F1, each counted as often as the class has pictures."""
    known = [(each.f1, each.support) for each in figures.per_class if each.f1 is not None]
    pictures = sum(support for _, support in known)
    return sum(f1 * support for f1, support in known) / pictures if pictures else None


def average(values: Sequence[float | None]) -> float | None:
    """The mean of those that are defined: a class that never occurs says nothing."""
    defined = [value for value in values if value is not None]
    return sum(defined) / len(defined) if defined else None
