"""The charts of classes: dots with intervals, and the confusion matrix. Figures in, a figure out; no Streamlit here."""

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from inspection.learning.metrics import Figures
from inspection.ui.charts import format_share
from inspection.ui.drawn import drawn_once
from inspection.ui.palette import NEUTRAL
from inspection.ui.tables_metrics import (
    REVIEW,
    Rows,
    name_columns,
    tabulate_classes,
)
from inspection.wording import say_number

RECALL, PRECISION = "#2F7FBF", "#D9822B"  # apart for every kind of colour vision; the shapes differ too
# Series without a meaning of their own; seen on white and on black.
SERIES = ("#2F7FBF", "#D9822B", "#0F8F83", "#D0532B", "#8E6FC7", "#8A96A1", "#B39700", "#5BA7D9")
# Cells of a matrix: faint up to a half, on either theme's ground, then full, so that a number is read on each.
CELL, FULL, ON_FULL = "36, 95, 148", 0.5, "#FFFFFF"
FAINTEST, FAINT, STRONG = 0.04, 0.4, 0.9  # opacity
CELLS = (
    (0.0, f"rgba({CELL}, {FAINTEST})"),
    (FULL, f"rgba({CELL}, {FAINT})"),
    (FULL, f"rgba({CELL}, {STRONG})"),
    (1.0, f"rgba({CELL}, 1)"),
)
MARGIN = {"l": 0, "r": 8, "t": 8, "b": 8}
LEGEND = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}


@drawn_once
def build_class_dots(figures: Figures) -> go.Figure:
    """Recall and precision of each class with their 95 % intervals, the worst recall on top."""
    rows = list(reversed(tabulate_classes(figures)))  # plotly draws upwards
    figure = go.Figure()
    for word, colour, symbol, shift in (
        ("Recall", RECALL, "circle", 0.14),
        ("Precision", PRECISION, "diamond-open", -0.14),
    ):
        for thin in (False, True):  # an interval has the colour of its trace
            own = [(place + shift, row) for place, row in enumerate(rows) if row["Thin"] == thin]
            if own:
                figure.add_trace(draw_dots(own, word, colour=NEUTRAL if thin else colour, symbol=symbol))
    figure.update_traces(showlegend=False)
    for word in ("recall", "precision"):
        next(trace for trace in figure.data if trace.name == word).showlegend = True
    figure.update_layout(
        height=90 + 46 * len(rows),
        margin=MARGIN,
        xaxis={
            "tickformat": ".0%",
            "dtick": find_step(find_start(rows)),
            "range": [find_start(rows), 1.02],
            "fixedrange": True,
        },
        yaxis={
            "tickvals": list(range(len(rows))),
            "ticktext": [label_class(row["Class"], row["Pictures"]) for row in rows],
            "range": [-0.6, len(rows) - 0.4],
            "ticksuffix": "  ",
            "fixedrange": True,
            "showgrid": False,
            "zeroline": False,
        },
        legend=LEGEND,
    )
    return figure


def label_class(name: str, support: int) -> str:
    return f"{name} ({support})"


def draw_dots(own: list[tuple[float, dict[str, Any]]], word: str, *, colour: str, symbol: str) -> go.Scatter:
    """(height, row) pairs → their dots, each with its interval."""

    def reach(row: Mapping[str, Any], side: str) -> float | None:
        return None if row[word] is None else abs(row[f"{word} {side}"] - row[word])

    return go.Scatter(
        x=[row[word] for _, row in own],
        y=[height for height, _ in own],
        mode="markers",
        name=word.lower(),
        marker={"symbol": symbol, "size": 10, "color": colour},
        error_x={
            "type": "data",
            "array": [reach(row, "high") for _, row in own],
            "arrayminus": [reach(row, "low") for _, row in own],
            "color": colour,
            "thickness": 1.6,
            "width": 0,
        },
        cliponaxis=False,
        customdata=[
            [label_class(row["Class"], row["Pictures"]), describe_interval(row, word)] for _, row in own
        ],
        hovertemplate=f"%{{customdata[0]}}<br>{word.lower()} %{{customdata[1]}}<extra></extra>",
    )


def describe_interval(row: Mapping[str, Any], word: str) -> str:
    if row[word] is None:
        return "undefined"
    return f"{format_share(row[word])} (95 %: {format_share(row[f'{word} low'])} to {format_share(row[f'{word} high'])})"


def find_start(rows: Rows) -> float:
    """Where the axis may begin so that no interval is cut: a tenth below the lowest."""
    lows = [row[f"{word} low"] for row in rows for word in ("Recall", "Precision") if row[word] is not None]
    return max(0.0, min(lows, default=0.0) // 0.1 * 0.1 - 0.004)


def find_step(start: float) -> float:
    return 0.02 if start > 0.85 else 0.05 if start > 0.7 else 0.1


@drawn_once
def build_confusion(
    confusion: Sequence[Sequence[int]], class_names: Sequence[str], *, normalised: bool
) -> go.Figure:
    """Coloured by the share of its row, so that a thin class is seen; each cell can be pressed, its place is its
    customdata. The first class on top."""
    columns = name_columns(confusion, class_names)
    counts = [list(row[: len(columns)]) for row in confusion]
    shares = [[value / (sum(row) or 1) for value in row] for row in counts]
    words = [[format_cell(value, row, normalised=normalised) for value in row] for row in counts]
    figure = go.Figure(
        go.Heatmap(
            z=shares,
            x=list(range(len(columns))),
            y=list(range(len(class_names))),
            colorscale=CELLS,
            zmin=0,
            zmax=1,
            showscale=False,
            xgap=2,
            ygap=2,
            hoverinfo="skip",
        )
    )
    places = [(row, column) for row in range(len(class_names)) for column in range(len(columns))]
    white = {"color": ON_FULL}
    for full in (False, True):
        own = [(row, column) for row, column in places if (shares[row][column] >= FULL) == full]
        figure.add_scatter(
            x=[column for _, column in own],
            y=[row for row, _ in own],
            mode="text",
            text=[words[row][column] for row, column in own],
            # app.css colours the others for the theme; unselected: a press on one cell would fade the rest
            **({"textfont": white, "unselected": {"textfont": white}} if full else {}),
            hoverinfo="skip",
            showlegend=False,
        )
    figure.add_scatter(  # a heat map cannot be pressed, points can
        x=[column for _, column in places],
        y=[row for row, _ in places],
        mode="markers",
        marker={"symbol": "square", "size": 30, "opacity": 0},
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}},
        customdata=[[row, column] for row, column in places],
        text=[say_cell(counts[row][column], class_names[row], columns[column]) for row, column in places],
        hovertemplate="%{text}<extra></extra>",
        showlegend=False,
    )
    figure.update_layout(
        height=120 + 48 * len(class_names),
        margin=MARGIN,
        hovermode="closest",
        hoverdistance=-1,  # the nearest cell, wherever in it one presses
        dragmode=False,
        xaxis=name_axis("called", columns) | {"side": "top"},
        yaxis=name_axis("true class", class_names) | {"autorange": "reversed", "ticksuffix": "  "},
    )
    return figure


def name_axis(title: str, names: Sequence[str]) -> dict[str, Any]:
    return {
        "title": title,
        "tickvals": list(range(len(names))),
        "ticktext": list(names),
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
    }


def format_cell(value: int, row: Sequence[int], *, normalised: bool) -> str:
    if not normalised:
        return str(value)
    return format_share(value / sum(row)) if sum(row) else "–"


def say_cell(count: int, true: str, called: str) -> str:
    how = "for review" if called == REVIEW else f"called {called}"
    return f"{true} {how}: {say_number(count, 'picture')}"
