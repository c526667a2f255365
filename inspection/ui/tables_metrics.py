"""The tables of the Metrics page, a list of rows each: what the charts draw and what is taken away. No Streamlit here."""

from collections.abc import Mapping, Sequence
from typing import Any

from inspection.learning.calibration import ReliabilityBin
from inspection.learning.curves import Curve
from inspection.learning.intervals import find_wilson_interval
from inspection.learning.metrics import ClassFigures, Figures
from inspection.learning.thresholds import Routing

Rows = list[dict[str, Any]]
THIN = 30  # pictures: below it a class's interval is wider than most differences between models
REVIEW = "review"  # the last column of a confusion matrix: a person looks


def is_thin(each: ClassFigures) -> bool:
    return each.support < THIN


def rank_classes(figures: Figures) -> list[ClassFigures]:
    """The worst recall first; of equal ones the thinner; those that never occur at the end."""
    return sorted(
        figures.per_class, key=lambda each: (each.recall is None, each.recall or 0.0, each.support, each.name)
    )


def find_worst(figures: Figures) -> ClassFigures | None:
    occurring = [each for each in rank_classes(figures) if each.recall is not None]
    return occurring[0] if occurring else None


def tabulate_classes(figures: Figures) -> Rows:
    rows: Rows = []
    for each in rank_classes(figures):
        hit = sum_hit(figures, each.name)
        precise = find_wilson_interval(hit, each.predicted)
        rows.append(
            {
                "Class": each.name,
                "Pictures": each.support,
                "Recall": each.recall,
                "Recall low": each.recall_interval.low if each.recall_interval else None,
                "Recall high": each.recall_interval.high if each.recall_interval else None,
                "Precision": each.precision,
                "Precision low": precise.low if precise else None,
                "Precision high": precise.high if precise else None,
                "F1": each.f1,
                "Specificity": each.specificity,
                "AUC": each.auc,
                "Average precision": each.average_precision,
                "Thin": is_thin(each),
            }
        )
    return rows


def sum_hit(figures: Figures, name: str) -> int:
    place = figures.class_names.index(name)
    return figures.confusion[place][place]


def tabulate_confusion(confusion: Sequence[Sequence[int]], class_names: Sequence[str]) -> Rows:
    """A row a true class; the column of reviews only where there are any."""
    columns = name_columns(confusion, class_names)
    return [
        {"True class": name, **{column: row[place] for place, column in enumerate(columns)}}
        for name, row in zip(class_names, confusion, strict=True)
    ]


def name_columns(confusion: Sequence[Sequence[int]], class_names: Sequence[str]) -> tuple[str, ...]:
    reviewed = any(row[len(class_names)] for row in confusion)
    return (*class_names, REVIEW) if reviewed else tuple(class_names)


def tabulate_curves(curves: Mapping[str, Curve], *, x: str, y: str) -> Rows:
    return [
        {"Class": name, x: one, y: other, "Threshold": threshold}
        for name, curve in curves.items()
        for one, other, threshold in zip(curve.x, curve.y, curve.thresholds, strict=True)
    ]


def tabulate_reliability(bins: Sequence[ReliabilityBin]) -> Rows:
    return [
        {
            "Confidence from": each.low,
            "to": each.high,
            "Pictures": each.count,
            "Mean confidence": each.confidence,
            "Accuracy": each.accuracy,
            "Accuracy low": each.accuracy_interval.low if each.accuracy_interval else None,
            "Accuracy high": each.accuracy_interval.high if each.accuracy_interval else None,
        }
        for each in bins
    ]


def tabulate_routings(routings: Sequence[Routing]) -> Rows:
    return [
        {
            "Confidence asked": each.threshold_0_1,
            "Pictures": each.n,
            "To review": each.reviewed,
            "Review share": each.review_share,
            "Decided": each.decided,
            "Accuracy of the decided": each.accuracy,
            "Escapes": each.escapes,
            "Escape rate": each.escape_rate,
            "Escape rate below (95 %)": each.escape_rate_below,
            "False rejects": each.false_rejects,
            "False reject rate": each.false_reject_rate,
        }
        for each in routings
    ]


def tabulate_robustness(figures: Mapping[str, Any]) -> Rows:
    """The card's `robustness`: rows of condition, severity, accuracy and n. Empty where it has none."""
    rows = figures.get("robustness")
    if not isinstance(rows, list):
        return []
    asked = ("condition", "severity", "accuracy")
    return [dict(row) for row in rows if isinstance(row, Mapping) and all(name in row for name in asked)]
