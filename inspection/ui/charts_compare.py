"""The charts of the Compare page: contenders in, a figure out. No Streamlit here."""

from collections.abc import Sequence

import plotly.graph_objects as go

from inspection.learning.comparison import Contender, find_pareto
from inspection.learning.costs import budget_ms
from inspection.ui.charts import format_ms, format_share
from inspection.ui.charts_metrics import LEGEND, MARGIN, SERIES
from inspection.ui.drawn import drawn_once
from inspection.ui.palette import NEUTRAL
from inspection.ui.tables_compare import CostRow, find_cheapest_row

SYMBOLS = ("circle", "diamond", "square", "cross", "triangle-up", "star", "x", "hexagon")
WINNER, OTHER = "#0F8F83", "#2F7FBF"


def list_front(contenders: Sequence[Contender]) -> tuple[int, ...]:
    """The places of those that no other beats in both accuracy and p95, the fastest first."""
    measured = [place for place, each in enumerate(contenders) if each.figures.accuracy is not None]
    points = [(contenders[place].p95_ms, contenders[place].figures.accuracy or 0.0) for place in measured]
    return tuple(measured[place] for place in find_pareto(points))


@drawn_once
def build_trade(
    contenders: Sequence[Contender], *, winner: int | None, parts_a_minute: float | None = None
) -> go.Figure:
    """Accuracy, with its interval, against p95; the line joins those that no other beats in both."""
    front = list_front(contenders)
    figure = go.Figure(
        go.Scatter(
            x=[contenders[place].p95_ms for place in front],
            y=[contenders[place].figures.accuracy for place in front],
            mode="lines",
            line={"shape": "hv", "dash": "dot", "width": 1.5, "color": NEUTRAL},
            name="best for its speed (Pareto)",
            hoverinfo="skip",
        )
    )
    for place, each in enumerate(contenders):
        accuracy, interval = each.figures.accuracy, each.figures.accuracy_interval
        if accuracy is None or interval is None:
            continue
        figure.add_scatter(
            x=[each.p95_ms],
            y=[accuracy],
            mode="markers",
            name=f"{each.title}{' (recommended)' if place == winner else ''}",
            marker={
                "size": 15 if place == winner else 11,
                "symbol": SYMBOLS[place % len(SYMBOLS)],
                "color": SERIES[place % len(SERIES)],
                "line": {"width": 2 if place == winner else 0, "color": NEUTRAL},
            },
            error_y={
                "type": "data",
                "array": [interval.high - accuracy],
                "arrayminus": [accuracy - interval.low],
                "thickness": 1.2,
                "width": 0,
            },
            hovertemplate=f"{each.title}: {format_share(accuracy)}, p95 {format_ms(each.p95_ms)}<extra></extra>",
        )
    if parts_a_minute is not None:
        budget = budget_ms(parts_a_minute)
        if budget <= 4 * max((each.p95_ms for each in contenders), default=0.0):  # else it is off the chart
            figure.add_vline(x=budget, line_dash="dash", line_width=1, line_color=NEUTRAL)
    figure.update_layout(
        height=400,
        margin=MARGIN,
        xaxis={"title": "p95 of classifying one picture, ms", "rangemode": "tozero"},
        yaxis={"title": "accuracy", "tickformat": ".1%"},
        legend={"orientation": "h", "y": -0.2, "yanchor": "top", "x": 0},
    )
    return figure


@drawn_once
def build_class_comparison(contenders: Sequence[Contender]) -> go.Figure:
    """Recall of each class side by side, the class that any model is worst at on top."""
    names = rank_shared_classes(contenders)
    figure = go.Figure()
    step = 0.7 / max(len(contenders), 1)
    for place, each in enumerate(contenders):
        found = {row.name: row for row in each.figures.per_class}
        rows = [found[name] for name in names]
        shift = (len(contenders) - 1) / 2 - place
        figure.add_scatter(
            x=[row.recall for row in rows],
            y=[len(names) - 1 - index + shift * step for index in range(len(names))],
            mode="markers",
            name=each.title,
            marker={
                "size": 9,
                "symbol": SYMBOLS[place % len(SYMBOLS)],
                "color": SERIES[place % len(SERIES)],
            },
            error_x={
                "type": "data",
                "array": [
                    row.recall_interval.high - row.recall
                    if row.recall_interval and row.recall is not None
                    else None
                    for row in rows
                ],
                "arrayminus": [
                    row.recall - row.recall_interval.low
                    if row.recall_interval and row.recall is not None
                    else None
                    for row in rows
                ],
                "thickness": 1.2,
                "width": 0,
            },
            customdata=[[row.name, row.support] for row in rows],
            hovertemplate=f"{each.title}<br>%{{customdata[0]}}: recall %{{x:.1%}} of %{{customdata[1]}}<extra></extra>",
        )
    figure.update_layout(
        height=100 + len(names) * max(46, 16 * len(contenders)),
        margin=MARGIN,
        xaxis={"title": "recall", "tickformat": ".0%", "range": [None, 1.01]},
        yaxis={
            "tickvals": list(range(len(names))),
            "ticktext": list(reversed(names)),
            "ticksuffix": "  ",
            "range": [-0.6, len(names) - 0.4],
            "showgrid": False,
            "zeroline": False,
            "fixedrange": True,
        },
        legend=LEGEND,
    )
    return figure


def rank_shared_classes(contenders: Sequence[Contender]) -> list[str]:
    """The lowest recall that any contender has first."""
    lowest: dict[str, float] = {}
    for each in contenders:
        for row in each.figures.per_class:
            lowest[row.name] = min(lowest.get(row.name, 2.0), 2.0 if row.recall is None else row.recall)
    return sorted(lowest, key=lambda name: (lowest[name], name))


@drawn_once
def build_costs(rows: Sequence[CostRow]) -> go.Figure:
    """Money per 1,000 parts, the cheapest on top; the thin line reaches to the cost at the 95 % bounds."""
    order = sorted(rows, key=lambda row: -row.best.money)  # plotly draws upwards
    cheapest = find_cheapest_row(rows)
    figure = go.Figure(
        go.Bar(
            x=[row.best.money for row in order],
            y=[row.contender.title for row in order],
            orientation="h",
            marker_color=[WINNER if row is cheapest else OTHER for row in order],
            text=[f"{row.best.money:,.2f}" for row in order],
            textposition="inside",
            insidetextanchor="start",
            error_x={
                "type": "data",
                "array": [row.best.money_at_most - row.best.money for row in order],
                "arrayminus": [0.0 for _ in order],
                "thickness": 1.2,
                "width": 4,
                "color": NEUTRAL,
            },
            customdata=[row.best.money_at_most for row in order],
            hovertemplate="%{y}: %{x:,.2f}, at the 95 % bounds %{customdata:,.2f}<extra></extra>",
        )
    )
    figure.update_layout(
        height=70 + 40 * len(order),
        margin=MARGIN,
        xaxis={"title": "money per 1,000 parts", "rangemode": "tozero"},
        yaxis={"ticksuffix": "  ", "fixedrange": True},
        bargap=0.35,
        showlegend=False,
    )
    return figure
