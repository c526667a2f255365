"""The tables and the chart of the Improve page. No Streamlit here."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from inspection.learning.comparison import Pairing
from inspection.learning.gate import Gate, Outcome, Rule
from inspection.learning.intervals import find_wilson_interval
from inspection.records.labels import Label, Labels
from inspection.records.promotion import Change
from inspection.wording import round_percent

if TYPE_CHECKING:
    import plotly.graph_objects as go

ICONS = {
    Outcome.PASSED: ":material/check_circle:",
    Outcome.UNPROVEN: ":material/help:",
    Outcome.FAILED: ":material/cancel:",
}
COLOURS = {Outcome.PASSED: "#2F7FBF", Outcome.UNPROVEN: "#8A96A1", Outcome.FAILED: "#C4501B"}
SYMBOLS = {Outcome.PASSED: "circle", Outcome.UNPROVEN: "diamond", Outcome.FAILED: "x"}


def tabulate_labels(labels: Labels, class_names: Sequence[str], *, since: int) -> list[dict[str, Any]]:
    new = Counter(label.class_name for label in labels.since(since))
    held: dict[str, list[Label]] = {name: [] for name in class_names}
    for label in labels.held:
        held[label.class_name].append(label)
    return [
        {
            "Class": name,
            "Answered parts": len(found),
            "New": new[name],
            "Model agreed": sum(label.agrees for label in found),
            "Agreement": sum(label.agrees for label in found) / len(found) if found else None,
        }
        for name, found in held.items()
    ]


def say_agreement(labels: Sequence[Label]) -> str:
    right, n = sum(label.agrees for label in labels), len(labels)
    interval = find_wilson_interval(right, n)
    if interval is None:
        return "–"
    return f"{round_percent(right / n, 0)}% ({interval.low:.0%} to {interval.high:.0%})"


def tabulate_rules(gate: Gate) -> list[dict[str, Any]]:
    return [
        {
            "Rule": rule.name,
            "Outcome": rule.outcome.value,
            "Pictures": rule.n,
            "Champion": say_value(rule, rule.champion),
            "Challenger": say_value(rule, rule.challenger),
            "Won": rule.challenger_only,
            "Lost": rule.champion_only,
            "Difference (interval)": say_difference(rule),
            "Why": rule.sentence,
        }
        for rule in gate.rules
    ]


def say_value(rule: Rule, value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.0f}" if rule.name == "Escapes" else f"{round_percent(value, 1)}%"


def say_difference(rule: Rule) -> str:
    if rule.difference is None or rule.champion is None or rule.challenger is None:
        return "–"
    points = [100 * (rule.challenger - rule.champion), 100 * rule.difference.low, 100 * rule.difference.high]
    middle, low, high = (f"{value:+.1f}".replace("-", "−") for value in points)
    return f"{middle} ({low} to {high})"


def count_flips(pairing: Pairing) -> dict[str, int]:
    kinds = Counter(flip.kind for flip in pairing.flips)
    return {
        "Only challenger right": kinds["first right"],
        "Only champion right": kinds["second right"],
        "Both wrong": kinds["both wrong"],
    }


def list_flips(pairing: Pairing, class_names: Sequence[str]) -> list[dict[str, str]]:
    words: Mapping[str, str] = {
        "first right": "challenger right",
        "second right": "champion right",
        "both wrong": "both wrong",
    }
    return [
        {
            "Picture": flip.key,
            "Truly": class_names[flip.label],
            "Champion": class_names[flip.second_called],
            "Challenger": class_names[flip.first_called],
            "Kind": words[flip.kind],
        }
        for flip in pairing.flips
    ]


def tabulate_history(history: Sequence[Change]) -> list[dict[str, Any]]:
    return [
        {
            "When (UTC)": f"{change.record.at:%Y-%m-%d %H:%M}",
            "What": say_change(change),
            "Champion": f"{change.to.model} {change.to.weights_sha256[:8]}",
            "Before": f"{change.before.model} {change.before.weights_sha256[:8]}",
            "Signed by": f"{change.details['signed']['name']} ({change.details['signed']['role']})",
            "Reason": change.details["signed"]["reason"],
            "Record": change.record.id,
        }
        for change in history
    ]


def say_change(change: Change) -> str:
    if change.is_return:
        return f"went back (undoes record {change.details['undoes']})"
    return "promoted, gate overridden" if change.overridden else "promoted"


def build_recall_differences(gate: Gate) -> "go.Figure":
    """Each class: challenger − champion with its interval, in points, against the margin."""
    import plotly.graph_objects as go

    rules = [rule for rule in gate.rules if rule.class_name is not None and rule.difference is not None]
    figure = go.Figure()
    for outcome in Outcome:
        mine = [rule for rule in rules if rule.outcome is outcome]
        if not mine:
            continue
        middles = [100 * ((rule.challenger or 0.0) - (rule.champion or 0.0)) for rule in mine]
        bounds = [rule.difference for rule in mine if rule.difference is not None]
        figure.add_scatter(
            x=middles,
            y=[rule.class_name for rule in mine],
            mode="markers",
            name=outcome.value,
            marker={"size": 12, "symbol": SYMBOLS[outcome], "color": COLOURS[outcome]},
            error_x={
                "type": "data",
                "array": [100 * each.high - middle for each, middle in zip(bounds, middles, strict=True)],
                "arrayminus": [middle - 100 * each.low for each, middle in zip(bounds, middles, strict=True)],
                "thickness": 1.4,
                "width": 4,
            },
            hovertemplate="%{y}: %{x:+.1f} points<extra></extra>",
        )
    figure.add_vline(x=0, line_width=1, line_color=COLOURS[Outcome.UNPROVEN])
    figure.add_vline(
        x=-100 * gate.margin_0_1, line_dash="dash", line_width=1.5, line_color=COLOURS[Outcome.FAILED]
    )
    figure.update_layout(
        height=120 + 40 * len(rules),
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        xaxis={"title": "recall, challenger − champion, points", "zeroline": False},
        yaxis={
            "categoryorder": "array",
            "categoryarray": [rule.class_name for rule in reversed(rules)],
            "automargin": True,
        },
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    )
    return figure
