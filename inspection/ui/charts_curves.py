"""The charts of thresholds: ROC, precision and recall, calibration, review, robustness. Rows in, a figure out."""

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from inspection.learning.calibration import ReliabilityBin
from inspection.learning.curves import Curve
from inspection.learning.thresholds import Routing
from inspection.ui.charts import format_area
from inspection.ui.charts_metrics import MARGIN, RECALL, SERIES
from inspection.ui.drawn import drawn_once
from inspection.ui.palette import NEUTRAL
from inspection.ui.tables_metrics import Rows

DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
HEIGHT = 400
BELOW = {"orientation": "h", "y": -0.18, "yanchor": "top", "x": 0}  # the toolbar has the top
ESCAPES = "#B93A0B"


@drawn_once
def build_roc(curves: Mapping[str, Curve], areas: Mapping[str, float | None]) -> go.Figure:
    """Straight from threshold to threshold: pictures that tie are taken together, and half of them count (AUC)."""
    figure = draw_curves(
        curves, areas, area="AUC", shape="linear", template="false alarms %{x:.1%}, recall %{y:.1%}"
    )
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        line={"dash": "dot", "width": 1, "color": NEUTRAL},
        name="chance",
        hoverinfo="skip",
    )
    figure.update_layout(
        xaxis={"title": "false positives of the other classes", "tickformat": ".0%", "range": [-0.01, 1]},
        yaxis={"title": "recall", "tickformat": ".0%", "range": [0, 1.01]},
    )
    return figure


@drawn_once
def build_precision_recall(curves: Mapping[str, Curve], areas: Mapping[str, float | None]) -> go.Figure:
    """Each step of recall at the precision of its own threshold, from recall 0 on: what AP adds up."""
    whole = {
        name: Curve((0.0, *curve.x), (curve.y[0], *curve.y), (curve.thresholds[0], *curve.thresholds))
        for name, curve in curves.items()
    }
    figure = draw_curves(whole, areas, area="AP", shape="vh", template="recall %{x:.1%}, precision %{y:.1%}")
    figure.update_layout(
        xaxis={"title": "recall", "tickformat": ".0%", "range": [0, 1.01]},
        yaxis={"title": "precision", "tickformat": ".0%", "range": [0, 1.01]},
    )
    return figure


def draw_curves(
    curves: Mapping[str, Curve],
    areas: Mapping[str, float | None],
    *,
    area: str,
    shape: str,
    template: str,
) -> go.Figure:
    """shape: such that the area under the line is the one that its name states."""
    figure = go.Figure()
    for number, (name, curve) in enumerate(curves.items()):
        size = areas.get(name)
        figure.add_scatter(
            x=curve.x,
            y=curve.y,
            mode="lines",
            line={
                "dash": DASHES[number % len(DASHES)],
                "color": SERIES[number % len(SERIES)],
                "width": 2,
                "shape": shape,
            },
            name=name if size is None else f"{name} ({area} {format_area(size)})",
            hovertemplate=f"{name}: {template}<extra></extra>",
        )
    figure.update_layout(height=HEIGHT, margin=MARGIN, legend={"y": 0.02, "x": 0.98, "xanchor": "right"})
    return figure


@drawn_once
def build_reliability(bins: Sequence[ReliabilityBin]) -> go.Figure:
    """Each dot is the pictures of one bin; on the line, 90 % sure is right nine times in ten."""
    full = [
        (each, each.confidence, each.accuracy, each.accuracy_interval)
        for each in bins
        if each.confidence is not None and each.accuracy is not None and each.accuracy_interval is not None
    ]
    most = max((each.count for each, *_ in full), default=1)
    figure = go.Figure(
        go.Scatter(
            x=[0, 1],
            y=[0, 1],
            mode="lines",
            line={"dash": "dot", "width": 1, "color": NEUTRAL},
            name="as sure as right",
            hoverinfo="skip",
        )
    )
    figure.add_scatter(
        x=[confidence for _, confidence, _, _ in full],
        y=[accuracy for _, _, accuracy, _ in full],
        mode="markers",
        name="bins, larger with more pictures",
        cliponaxis=False,
        marker={"color": RECALL, "size": [7 + 17 * (each.count / most) ** 0.5 for each, *_ in full]},
        error_y={
            "type": "data",
            "array": [interval.high - accuracy for _, _, accuracy, interval in full],
            "arrayminus": [accuracy - interval.low for _, _, accuracy, interval in full],
            "color": RECALL,
            "thickness": 1.4,
            "width": 0,
        },
        customdata=[each.count for each, *_ in full],
        hovertemplate="%{x:.1%} sure, %{y:.1%} right, %{customdata} pictures<extra></extra>",
    )
    figure.update_layout(
        height=HEIGHT,
        margin=MARGIN,
        xaxis={"title": "mean confidence", "tickformat": ".0%", "range": [0, 1.02]},
        yaxis={"title": "share that is right", "tickformat": ".0%", "range": [0, 1.06]},
        legend=BELOW,
    )
    return figure


@drawn_once
def build_routings(
    routings: Sequence[Routing], *, chosen_0_1: float, policy_0_1: float | None = None
) -> go.Figure:
    """What the threshold trades: reviews against the accuracy of what is decided, and the escapes."""
    asked = [min(each.threshold_0_1, 1.0) for each in routings]
    figure = go.Figure()
    lines: list[tuple[str, list[float | None], str, str]] = [
        ("share to review", [each.review_share for each in routings], NEUTRAL, "dash"),
        ("accuracy of the decided", [each.accuracy for each in routings], RECALL, "solid"),
    ]
    if any(each.escape_rate is not None for each in routings):
        lines.append(("escape rate", [each.escape_rate for each in routings], ESCAPES, "dot"))
    for name, values, colour, dash in lines:
        figure.add_scatter(
            x=asked,
            y=values,
            mode="lines",
            name=name,
            line={"color": colour, "dash": dash, "width": 2, "shape": "hv"},
            hovertemplate=f"{name}: %{{y:.2%}}<extra></extra>",
        )
    figure.add_vline(x=chosen_0_1, line_width=1.5, line_color=NEUTRAL)
    if policy_0_1 is not None:
        figure.add_vline(x=policy_0_1, line_dash="dot", line_width=1, line_color=NEUTRAL)
        figure.add_annotation(
            x=policy_0_1,
            y=0.5,
            yref="paper",
            text="the line's policy",
            showarrow=False,
            textangle=-90,
            xshift=-9,
        )
    figure.update_layout(
        height=HEIGHT,
        margin=MARGIN,
        xaxis={"title": "confidence asked", "tickformat": ".0%", "range": [0, 1.01]},
        yaxis={"tickformat": ".0%", "range": [-0.01, 1.02]},
        hovermode="x unified",
        legend=BELOW,
    )
    return figure


def pick_learning(curves: Sequence[Mapping[str, Any]]) -> Rows:
    """An entry an epoch → its epoch, losses and scores; what the run says of speed and schedule is left out. A figure
    that was not measured after an epoch is None."""
    names = dict.fromkeys(
        name
        for entry in curves
        for name in entry
        if name.endswith(("loss", "accuracy", "f1")) or "map" in name
    )
    return [
        {"epoch": entry.get("epoch", place + 1), **{name: entry.get(name) for name in names}}
        for place, entry in enumerate(curves)
    ]


@drawn_once
def build_learning(curves: Sequence[Mapping[str, Any]]) -> go.Figure:
    """Losses on the left axis, scores between 0 and 1 on the right."""
    rows = pick_learning(curves)
    figure = go.Figure()
    for number, name in enumerate(name for name in rows[0] if name != "epoch"):
        is_loss = name.endswith("loss")
        figure.add_scatter(
            x=[row["epoch"] for row in rows],
            y=[row[name] for row in rows],
            name=name.replace("val_", "validation ").replace("_", " "),
            mode="lines+markers" if len(rows) < 12 else "lines",
            line={"color": SERIES[number % len(SERIES)], "dash": "solid" if is_loss else "dash"},
            connectgaps=True,
            yaxis="y" if is_loss else "y2",
        )
    figure.update_layout(
        height=HEIGHT,
        margin=MARGIN,
        xaxis={"title": "epoch"},
        yaxis={"title": "loss (solid)", "rangemode": "tozero"},
        yaxis2={
            "title": "score (dashed)",
            "overlaying": "y",
            "side": "right",
            "tickformat": ".0%",
            "showgrid": False,
        },
        legend=BELOW,
        hovermode="x unified",
    )
    return figure


@drawn_once
def build_robustness(rows: Rows) -> go.Figure:
    """Accuracy as each disturbance grows."""
    figure = go.Figure()
    for number, condition in enumerate(dict.fromkeys(str(row["condition"]) for row in rows)):
        own = sorted(
            (row for row in rows if str(row["condition"]) == condition), key=lambda row: row["severity"]
        )
        figure.add_scatter(
            x=[row["severity"] for row in own],
            y=[row["accuracy"] for row in own],
            mode="lines+markers",
            line={"dash": DASHES[number % len(DASHES)], "color": SERIES[number % len(SERIES)]},
            name=condition,
            hovertemplate=f"{condition} at %{{x}}: %{{y:.1%}}<extra></extra>",
        )
    figure.update_layout(
        height=HEIGHT,
        margin=MARGIN,
        xaxis={"title": "severity"},
        yaxis={"title": "accuracy", "tickformat": ".0%", "range": [0, 1.02]},
        legend=BELOW,
    )
    return figure
