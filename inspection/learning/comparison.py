"""Models against each other on the same pictures: who errs where, and whom no other beats."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from inspection.errors import DataInvalid
from inspection.learning.evaluate import Evaluation
from inspection.learning.intervals import Interval, compare_mcnemar, find_paired_difference
from inspection.learning.metrics import Figures

SIGNIFICANT = 0.05
_NONE_SHARED = (
    "Expected two models that judged the same pictures, got none in common. Evaluate both on one split."
)
FlipKind = Literal["first right", "second right", "both wrong"]


class PicturesDiffer(DataInvalid):
    """Two evaluations that share no picture cannot be compared in pairs."""


@dataclass(frozen=True, slots=True)
class Contender:
    """One model at one precision, measured on one split."""

    model: str  # a row of the registry
    title: str  # "ResNet50 · INT8"
    evaluation: Evaluation
    figures: Figures
    parameters: int
    weights_bytes: int
    device: str

    @property
    def p50_ms(self) -> float:
        return float(np.percentile(self.evaluation.classify_ms, 50))

    @property
    def p95_ms(self) -> float:
        return float(np.percentile(self.evaluation.classify_ms, 95))

    @property
    def escapes(self) -> int | None:
        return None if self.figures.decision is None else self.figures.decision.escapes


@dataclass(frozen=True, slots=True)
class Flip:
    """A picture on which two models disagree."""

    key: str
    label: int
    first_called: int
    second_called: int
    kind: FlipKind


@dataclass(frozen=True, slots=True)
class Pairing:
    n: int  # pictures that both have judged
    both_right: int
    first_only: int
    second_only: int
    both_wrong: int
    p_value: float  # McNemar, exact, two-sided
    difference: Interval | None  # accuracy(first) − accuracy(second), Tango, 95 %
    flips: tuple[Flip, ...]

    @property
    def differs(self) -> bool:
        return self.p_value < SIGNIFICANT


def compare_pair(first: Evaluation, second: Evaluation) -> Pairing:
    """On the pictures that both judged; the order of the rows does not count."""
    places = {key: row for row, key in enumerate(second.keys)}
    rows = [(row, places[key]) for row, key in enumerate(first.keys) if key in places]
    if not rows:
        raise PicturesDiffer(_NONE_SHARED)
    a, b = (np.array(side) for side in zip(*rows, strict=True))
    labels = first.labels[a]
    if (labels != second.labels[b]).any():
        raise PicturesDiffer(
            "Expected one label a picture, got different ones. Evaluate both models on the same labels again."
        )
    called_a, called_b = first.called[a], second.called[b]
    right_a, right_b = called_a == labels, called_b == labels
    first_only, second_only = int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum())
    flips = tuple(
        Flip(
            key=first.keys[a[row]],
            label=int(labels[row]),
            first_called=int(called_a[row]),
            second_called=int(called_b[row]),
            kind="first right" if right_a[row] else "second right" if right_b[row] else "both wrong",
        )
        for row in np.flatnonzero(called_a != called_b)
    )
    return Pairing(
        n=len(labels),
        both_right=int((right_a & right_b).sum()),
        first_only=first_only,
        second_only=second_only,
        both_wrong=int((~right_a & ~right_b).sum()),
        p_value=compare_mcnemar(first_only, second_only),
        difference=find_paired_difference(first_only, second_only, len(labels)),
        flips=flips,
    )


def compare_escapes(first: Contender, second: Contender) -> float | None:
    """McNemar's p of the defective parts that only one of the two calls good; None where no class is the good one."""
    if first.figures.decision is None or second.figures.decision is None:
        return None
    shared = set(first.evaluation.keys) & set(second.evaluation.keys)
    if not shared:
        raise PicturesDiffer(_NONE_SHARED)
    one, other = (_list_escaped(each) & shared for each in (first, second))
    return compare_mcnemar(len(one - other), len(other - one))


def _list_escaped(contender: Contender) -> set[str]:
    figures, rows = contender.figures, contender.evaluation
    if figures.decision is None:
        return set()
    good = figures.class_names.index(figures.decision.good_class)
    return {rows.keys[row] for row in np.flatnonzero((rows.called == good) & (rows.labels != good))}


def find_pareto(points: Sequence[tuple[float, float]]) -> tuple[int, ...]:
    """(cost, gain) pairs → the places of those that no other beats, cheapest first; of equal ones the first."""
    order = sorted(range(len(points)), key=lambda place: (points[place][0], -points[place][1], place))
    front: list[int] = []
    for place in order:
        if not front or points[place][1] > points[front[-1]][1]:
            front.append(place)
    return tuple(front)
