"""The tables of the Compare page, a list of rows each. No Streamlit here."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from inspection.learning.comparison import Contender, Flip, Pairing
from inspection.learning.costs import Cost, keeps_pace
from inspection.learning.metrics import weigh_f1
from inspection.published import PublishedRow, list_rows
from inspection.published_tables import MEAN_OF_F1, NOT_ALIKE
from inspection.ui.tables_metrics import Rows, find_worst

# Column → whether more is better; what is shaded as the best of its column.
BETTER = {
    "Accuracy": True,
    "Macro-F1": True,
    "Worst recall": True,
    "Escapes": False,
    "False rejects": False,
    "p50 ms": False,
    "p95 ms": False,
    "MB": False,
    "Parameters": False,
}


@dataclass(frozen=True, slots=True)
class CostRow:
    contender: Contender
    policy: Cost  # at the line's own threshold
    best: Cost  # at the threshold that was cheapest on the split that chose it
    chosen_on: str
    withheld: bool = False  # measured, but never served


def find_cheapest_row(rows: Sequence[CostRow]) -> CostRow | None:
    """Of those that may run the line; of equally cheap ones the fastest."""
    able = [row for row in rows if not row.withheld]
    return min(able, key=lambda row: (row.best.money, row.contender.p95_ms), default=None)


def tabulate_contenders(
    contenders: Sequence[Contender], *, winner: int | None, parts_a_minute: float
) -> Rows:
    return [
        describe_contender(each, recommended=place == winner, parts_a_minute=parts_a_minute)
        for place, each in enumerate(contenders)
    ]


def describe_contender(each: Contender, *, recommended: bool, parts_a_minute: float) -> dict[str, Any]:
    figures, decision, worst = each.figures, each.figures.decision, find_worst(each.figures)
    interval = figures.accuracy_interval
    return {
        "Take": "★" if recommended else "",
        "Model": each.title,
        "Accuracy": figures.accuracy,
        "Accuracy low": interval.low if interval else None,
        "Accuracy high": interval.high if interval else None,
        "95 %": f"{interval.low * 100:.1f} to {interval.high * 100:.1f}" if interval else None,
        "Escapes": decision.escapes if decision else None,
        "of defective": decision.defective if decision else None,
        "Escapes below": decision.escape_rate_below if decision else None,
        "False rejects": decision.false_rejects if decision else None,
        "of good": decision.good if decision else None,
        "p50 ms": each.p50_ms,
        "p95 ms": each.p95_ms,
        f"{parts_a_minute:,.0f} a minute": "yes" if keeps_pace(each.p95_ms, parts_a_minute) else "no",
        "Macro-F1": figures.macro_f1,
        "Worst class": worst.name if worst else None,
        "Worst recall": worst.recall if worst else None,
        "MB": each.weights_bytes / 1e6,
        "Parameters": each.parameters,
        "Precision": each.evaluation.precision,
        "Device": each.device,
    }


def find_best(rows: Rows) -> dict[str, Any]:
    """Column → its best value; a column where all are equal has none."""
    best: dict[str, Any] = {}
    for column, more in BETTER.items():
        values = [row[column] for row in rows if row[column] is not None]
        if len(set(values)) > 1:
            best[column] = max(values) if more else min(values)
    return best


def tabulate_class_comparison(contenders: Sequence[Contender], names: Sequence[str]) -> Rows:
    rows: Rows = []
    for name in names:
        row: dict[str, Any] = {"Class": name}
        for each in contenders:
            (found,) = (one for one in each.figures.per_class if one.name == name)
            row.setdefault("Pictures", found.support)
            row[f"{each.title}: recall"] = found.recall
            row[f"{each.title}: precision"] = found.precision
            row[f"{each.title}: F1"] = found.f1
        rows.append(row)
    return rows


def describe_flip(flip: Flip, names: Sequence[str], first: str, second: str) -> dict[str, object]:
    return {
        "picture": flip.key,
        "true class": names[flip.label],
        first: names[flip.first_called],
        second: names[flip.second_called],
        "who is right": {"first right": first, "second right": second}.get(flip.kind, "neither"),
    }


def tabulate_pairs(contenders: Sequence[Contender], pairings: Sequence[tuple[int, int, Pairing]]) -> Rows:
    rows: Rows = []
    for one, other, pairing in pairings:
        low_high = pairing.difference
        rows.append(
            {
                "A": contenders[one].title,
                "B": contenders[other].title,
                "Pictures": pairing.n,
                "Only A right": pairing.first_only,
                "Only B right": pairing.second_only,
                "Both wrong": pairing.both_wrong,
                "A − B": (pairing.first_only - pairing.second_only) / pairing.n,
                "Low": low_high.low if low_high else None,
                "High": low_high.high if low_high else None,
                "McNemar p": pairing.p_value,
                "Differ": "yes" if pairing.differs else "not shown",
            }
        )
    return rows


def tabulate_costs(rows: Sequence[CostRow]) -> Rows:
    cheapest = find_cheapest_row(rows)
    return [
        {
            "Cheapest": "★" if row is cheapest else "",
            "Model": row.contender.title,
            "Money per 1,000": row.best.money,
            "at most (95 % bounds)": row.best.money_at_most,
            "Confidence asked": row.best.routing.threshold_0_1,
            "Escapes a million": row.best.escapes_a_million,
            "False rejects per 1,000": row.best.false_rejects,
            "Reviews per 1,000": row.best.reviews,
            "Money at the line's policy": row.policy.money,
        }
        for row in sorted(rows, key=lambda row: row.best.money)
    ]


def tabulate_published(line: str, contenders: Sequence[Contender]) -> Rows:
    """Theirs as printed, ours of the same model beside it where there is one."""
    return [beside(row, contenders) for row in list_rows(line)]


def beside(row: PublishedRow, contenders: Sequence[Contender]) -> dict[str, Any]:
    named = None if (row.document, row.where) in NOT_ALIKE else row.model
    ours = next((each for each in contenders if named is not None and each.model == named), None)
    accuracy = None if ours is None or ours.figures.accuracy is None else 100 * ours.figures.accuracy
    mean = MEAN_OF_F1[row.document]
    own = None if ours is None else ours.figures.macro_f1 if mean == "macro" else weigh_f1(ours.figures)
    return {
        "Their model": row.title,
        "Where": f"{row.document}, {row.where}",
        "Ours": None if ours is None else ours.title,
        "Accuracy %": row.accuracy,
        "Ours, accuracy %": accuracy,
        "F1 %": row.f1,
        f"Ours, {mean}-F1 %": None if own is None else 100 * own,
        "ms": row.latency_ms,
        "Ours, p50 ms": None if ours is None else ours.p50_ms,
        "MB": row.size_mb,
        "Ours, MB": None if ours is None else ours.weights_bytes / 1e6,
        "Parameters": row.parameters,
        "Ours, parameters": None if ours is None else ours.parameters,
        "Precision %": row.precision,
        "Recall %": row.recall,
        "Note": row.note,
    }
