"""The charts of the agreement study. Rows in, a figure out; no Streamlit here."""

import re
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from inspection.learning.agreement import GOOD_KAPPA, POOR_KAPPA
from inspection.ui.charts import format_share
from inspection.ui.charts_metrics import LEGEND, MARGIN
from inspection.ui.drawn import drawn_once
from inspection.ui.palette import NEUTRAL
from inspection.ui.review_tables import Rows

KAPPA, MISS, ALARM = "#2F7FBF", "#D0532B", "#7A5CB5"
THIN = 10  # parts: below it an interval covers nearly everything, so the dot is grey


@drawn_once
def build_kappas(rows: Rows) -> go.Figure:
    """A dot with its interval a pair, in the order of the table; the dashed lines are AIAG's limits."""
    told = [row for row in rows if row["Kappa"] is not None]
    low = min((row["Kappa low"] for row in told), default=0.0)
    figure = go.Figure()
    for thin in (False, True):
        own = [(len(told) - place, row) for place, row in enumerate(told) if (row["Parts"] < THIN) == thin]
        if own:
            figure.add_trace(
                _draw(own, "Kappa", colour=NEUTRAL if thin else KAPPA, symbol="circle", say=_say_kappa)
            )
    for limit in (POOR_KAPPA, GOOD_KAPPA):
        figure.add_vline(x=limit, line_dash="dash", line_width=1, line_color=NEUTRAL)
        figure.add_annotation(
            x=limit, y=1, yref="paper", yanchor="bottom", text=f"{limit:.2f}", showarrow=False
        )
    _lay_out(figure, [_shorten(row["Who"]) + f" ({row['Compared']})" for row in told], top=24)
    figure.update_xaxes(range=[min(0.0, low) - 0.03, 1.03], tickformat=".1f", dtick=0.2)
    figure.update_layout(showlegend=False)
    return figure


@drawn_once
def build_errors(rows: Rows) -> go.Figure:
    """Miss rate and false alarm rate of each defect with their intervals."""
    figure = go.Figure()
    for name, colour, symbol, shift in (
        ("Miss rate", MISS, "circle", 0.14),
        ("False alarm rate", ALARM, "diamond-open", -0.14),
    ):
        own = [(len(rows) - place + shift, row) for place, row in enumerate(rows) if row[name] is not None]
        if own:
            figure.add_trace(_draw(own, name, colour=colour, symbol=symbol, say=_say_rate))
    _lay_out(figure, [row["Defect"] for row in rows], top=8)
    highs = [row[f"{name} high"] or 0.0 for row in rows for name in ("Miss rate", "False alarm rate")]
    figure.update_xaxes(range=[-0.01, min(1.02, max(highs, default=0.0) + 0.04)], tickformat=".0%")
    figure.update_layout(legend=LEGEND, showlegend=True)
    return figure


def _shorten(who: str) -> str:
    """An address without its host: on a phone the names would leave the dots no room; the table has all of it."""
    return re.sub(r"@\S+", "", who)


def _say_kappa(row: dict[str, Any], name: str) -> str:
    return f"{row['Who']}<br>kappa {row[name]:.2f} ({row[f'{name} low']:.2f} to {row[f'{name} high']:.2f})"


def _say_rate(row: dict[str, Any], name: str) -> str:
    count, n = ("Missed", "of parts") if name == "Miss rate" else ("False alarms", "of good parts")
    return (
        f"{row['Defect']}<br>{name.lower()} {format_share(row[name])}: {row[count]} of {row[n]}"
        f"<br>95 %: {format_share(row[f'{name} low'])} to {format_share(row[f'{name} high'])}"
    )


def _draw(
    own: Sequence[tuple[float, dict[str, Any]]], name: str, *, colour: str, symbol: str, say: Any
) -> go.Scatter:
    """(height, row) pairs → dots, each with its interval."""
    return go.Scatter(
        x=[row[name] for _, row in own],
        y=[height for height, _ in own],
        mode="markers",
        name=name.lower(),
        marker={"symbol": symbol, "size": 10, "color": colour},
        error_x={
            "type": "data",
            "array": [row[f"{name} high"] - row[name] for _, row in own],
            "arrayminus": [row[name] - row[f"{name} low"] for _, row in own],
            "color": colour,
            "thickness": 1.6,
            "width": 0,
        },
        cliponaxis=False,
        text=[say(row, name) for _, row in own],
        hovertemplate="%{text}<extra></extra>",
    )


def _lay_out(figure: go.Figure, labels: list[str], *, top: int) -> None:
    figure.update_layout(
        height=90 + top + 40 * len(labels),
        margin=MARGIN | {"t": top},
        xaxis={"fixedrange": True},
        yaxis={
            "tickvals": [len(labels) - place for place in range(len(labels))],
            "ticktext": labels,
            "range": [0.4, len(labels) + 0.6],
            "ticksuffix": "  ",
            "fixedrange": True,
            "showgrid": False,
            "zeroline": False,
        },
    )
