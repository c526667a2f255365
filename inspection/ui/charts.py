"""Charts that stand still: each a function from a table to a figure. No Streamlit here; the theme comes from the page."""

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from inspection.ui.drawn import drawn_once
from inspection.ui.palette import NEUTRAL, STAGE_COLOURS
from inspection.wording import round_percent, say_limit

# No toolbar over a small chart; the ones that people take away pass their own.
QUIET = {"displayModeBar": False, "staticPlot": False, "scrollZoom": False}


@drawn_once
def build_probabilities(
    probabilities: Mapping[str, float], *, chosen: str | None, colour: str, needed_0_1: float | None = None
) -> go.Figure:
    """One bar a class, the surest on top; the dashed line is what the line's policy asks of the best one."""
    order = sorted(probabilities, key=lambda name: probabilities[name])  # plotly draws upwards
    figure = go.Figure(
        go.Bar(
            x=[probabilities[name] for name in order],
            y=order,
            orientation="h",
            marker_color=[colour if name == chosen else NEUTRAL for name in order],
            hovertemplate="%{y}: %{x:.2%}<extra></extra>",
        )
    )
    for name in order:  # in a column of their own, where no line runs through them
        figure.add_annotation(
            x=1,
            xref="paper",
            xanchor="left",
            y=name,
            text=f" {format_share(probabilities[name])}",
            showarrow=False,
        )
    if needed_0_1 is not None:
        figure.add_vline(x=needed_0_1, line_dash="dash", line_width=1, line_color=NEUTRAL)
        figure.add_annotation(
            x=needed_0_1,
            y=1,
            yref="paper",
            yanchor="bottom",
            text=f"asked: {say_limit(needed_0_1)}",
            showarrow=False,
        )
    figure.update_layout(
        height=46 + 30 * len(order),
        margin={"l": 0, "r": 58, "t": 22, "b": 4},
        xaxis={"range": [0, 1], "visible": False, "fixedrange": True},
        yaxis={"title": None, "fixedrange": True, "ticksuffix": "  "},
        bargap=0.35,
        showlegend=False,
    )
    return figure


@drawn_once
def build_timings(timings_ms: Mapping[str, float]) -> go.Figure:
    """One bar, a stage a segment, in the order that they ran. `total` is the title's; what no stage covers is named."""
    stages = {name: ms for name, ms in timings_ms.items() if name != "total" and ms > 0}
    rest = timings_ms.get("total", 0.0) - sum(stages.values())
    figure = go.Figure()
    for name, ms in [*stages.items(), ("other", rest)]:
        if ms <= 0:
            continue
        figure.add_bar(
            x=[ms],
            y=[""],
            orientation="h",
            name=f"{name} {format_ms(ms)}",
            marker_color=STAGE_COLOURS.get(name, NEUTRAL),
            marker_line_width=0,
            hovertemplate=f"{name}: {format_ms(ms)}<extra></extra>",
        )
    # two names a row below the bar; a flat legend scrolls from half of the height on unless it is given all
    height = 104 + 20 * max(0, (len(figure.data) - 1) // 2 - 1)
    bar = 1 - 31 / (height - 8)
    figure.update_layout(
        barmode="stack",
        height=height,
        margin={"l": 0, "r": 0, "t": 4, "b": 4},
        xaxis={"visible": False, "fixedrange": True},
        yaxis={"visible": False, "fixedrange": True, "domain": [bar, 1]},  # the legend has the rest
        bargap=0,
        legend={
            "orientation": "h",
            "y": bar - 0.08,
            "yanchor": "top",
            "x": 0,
            "traceorder": "normal",
            "maxheight": 1,
        },
    )
    return figure


@drawn_once
def build_curves(curves: Sequence[Mapping[str, object]]) -> go.Figure:
    """An entry an epoch → losses on the left axis, the shares of the validation pictures on the right.

    An epoch that was not validated has no point; the line goes on to the next that was.
    """
    names = sorted(
        {name for entry in curves for name in entry if name.endswith("loss") or name.startswith("val_")}
    )
    figure = go.Figure()
    for name in names:
        points = [(entry["epoch"], entry[name]) for entry in curves if name in entry]
        figure.add_scatter(
            x=[epoch for epoch, _ in points],
            y=[value for _, value in points],
            name=name.replace("val_", "validation ").replace("_", " "),
            mode="lines+markers" if len(points) < 16 else "lines",
            yaxis="y" if name.endswith("loss") else "y2",
        )
    figure.update_layout(
        height=340,
        margin={"l": 0, "r": 0, "t": 8, "b": 8},
        xaxis={"title": "epoch"},
        yaxis={"title": "loss", "rangemode": "tozero"},
        yaxis2={"title": "share", "overlaying": "y", "side": "right", "showgrid": False, "tickformat": ".0%"},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        hovermode="x unified",
    )
    return figure


def format_ms(ms: float) -> str:
    return f"{ms:.1f} ms" if ms < 100 else f"{ms:,.0f} ms"


def format_area(area_0_1: float) -> str:
    """Under a curve: one is said of one only."""
    return "> 0.9999" if 0.99995 <= area_0_1 < 1 else f"{area_0_1:.4f}"


def format_share(value_0_1: float) -> str:
    """Never "100 %" for what is not certain, never "0 %" for what is not excluded."""
    return f"{round_percent(value_0_1, 1)} %"
