"""The charts of a trial: what became of the parts of each class, and how gross a defect must be. No Streamlit here."""

from typing import Any

import plotly.graph_objects as go

from inspection.types import VerdictKind
from inspection.ui.charts import format_share
from inspection.ui.charts_metrics import LEGEND, MARGIN, SERIES
from inspection.ui.drawn import drawn_once
from inspection.ui.palette import VERDICT_STYLES
from inspection.ui.tables_metrics import Rows

_LEGIBLE_0_1 = 0.06  # of a bar: a narrower piece has no room for its number
_SYMBOLS = ("circle", "diamond", "square", "cross", "triangle-up", "star")


@drawn_once
def build_verdicts(rows: Rows) -> go.Figure:
    """`tabulate_verdicts` → a bar a class, as long as all of its pictures; a verdict a piece, the first class on top."""
    shown = [row for row in rows if row["Pictures"]]
    names = [
        f"{row['Pictures of'].partition(',')[0]} ({row['Pictures']:,})" for row in shown
    ]  # room on a phone
    figure = go.Figure()
    for kind in VerdictKind:
        style, word = VERDICT_STYLES[kind], kind.value
        if not any(row[word] for row in shown):
            continue
        figure.add_bar(
            x=[row[f"{word} share"] for row in shown],
            y=names,
            orientation="h",
            name=word,
            marker={"color": style.fill, "line": {"width": 1, "color": "rgba(138,150,161,0.6)"}},
            text=[str(row[word]) if row[f"{word} share"] >= _LEGIBLE_0_1 else "" for row in shown],
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            textfont={"color": style.text},
            customdata=[[row[word], row["Pictures"], format_share(row[f"{word} share"])] for row in shown],
            hovertemplate=f"%{{y}}<br>{word}: %{{customdata[0]}} of %{{customdata[1]}}, %{{customdata[2]}}"
            "<extra></extra>",
        )
    figure.update_layout(
        barmode="stack",
        height=90 + 40 * len(shown),
        margin=MARGIN | {"r": 26},  # for the last number below
        bargap=0.28,
        xaxis={"tickformat": ".0%", "dtick": 0.25, "range": [0, 1], "fixedrange": True, "showgrid": False},
        yaxis={"autorange": "reversed", "ticksuffix": "  ", "fixedrange": True},
        legend=LEGEND | {"traceorder": "normal"},
    )
    return figure


@drawn_once
def build_severities(rows: Rows) -> go.Figure:
    """`tabulate_severity` → the share named rightly of each defect, as it grows, with Wilson's intervals."""
    spans = list(dict.fromkeys(say_span(row) for row in rows))
    defects = list(dict.fromkeys(row["Defect"] for row in rows))
    figure = go.Figure()
    for number, name in enumerate(defects):
        own = [row for row in rows if row["Defect"] == name and row["Share"] is not None]
        shift = (number - (len(defects) - 1) / 2) * 0.08  # side by side, so that no interval hides another
        figure.add_scatter(
            x=[spans.index(say_span(row)) + shift for row in own],
            y=[row["Share"] for row in own],
            mode="lines+markers",
            name=name,
            line={"color": SERIES[number % len(SERIES)], "width": 1.4},
            marker={"symbol": _SYMBOLS[number % len(_SYMBOLS)], "size": 9},
            error_y={
                "type": "data",
                "array": [row["Share high"] - row["Share"] for row in own],
                "arrayminus": [row["Share"] - row["Share low"] for row in own],
                "thickness": 1.2,
                "width": 0,
            },
            customdata=[[row["Named rightly"], row["Pictures"], say_span(row)] for row in own],
            hovertemplate=f"{name}, severity %{{customdata[2]}}: %{{customdata[0]}} of %{{customdata[1]}}, %{{y:.1%}}"
            "<extra></extra>",
        )
    figure.update_layout(
        height=340,
        margin=MARGIN,
        xaxis={
            "title": "severity of the defect, from hardly visible to gross",
            "tickvals": list(range(len(spans))),
            "ticktext": spans,
            "range": [-0.4, len(spans) - 0.6],
            "fixedrange": True,
        },
        yaxis={"title": "named rightly", "tickformat": ".0%", "range": [0, 1.03], "fixedrange": True},
        legend=LEGEND,
    )
    return figure


def say_span(row: dict[str, Any]) -> str:
    return f"{row['Severity from']:g} to {row['to']:g}"
