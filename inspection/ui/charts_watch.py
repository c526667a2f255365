"""The charts over time: rates and means with their limits, and how scores and novelty are spread. No Streamlit here."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from inspection.learning.control_charts import Chart, Shift
from inspection.records.alarms import Series
from inspection.ui.charts_metrics import LEGEND, MARGIN
from inspection.ui.palette import NEUTRAL

VALUE, SMOOTH, SIGNAL = "#2F7FBF", "#D9822B", "#D0532B"
BAND = "rgba(138,150,161,0.22)"
SHIFTED = "rgba(208,83,43,0.16)"
HEIGHT = 270
BINS = 20


def build_control_chart(
    series: Series,
    starts: Sequence[datetime],
    *,
    span: timedelta,
    p95: Sequence[float | None] | None = None,
) -> go.Figure:
    """The value a span, its usual, the limits, and the weighted mean. p95: a second line, where there is one."""
    chart = series.chart
    assert chart is not None  # asked for by the caller
    at = [start.astimezone().replace(tzinfo=None) for start in starts]
    figure = go.Figure()
    most = 1.0 if series.of or series.name == "score" else float("inf")
    high = [None if limit is None else min(limit, most) for limit in chart.high]
    for name, values in (("low", chart.low), ("high", high)):
        figure.add_scatter(
            x=at,
            y=values,
            name="three sigmas" if name == "high" else name,
            mode="lines",
            line={"width": 0.8, "color": NEUTRAL, "shape": "hvh"},
            fill="tonexty" if name == "high" else None,
            fillcolor=BAND,
            hoverinfo="skip",
            showlegend=name == "high",
            connectgaps=True,
        )
    figure.add_hline(y=chart.centre, line_dash="dash", line_width=1, line_color=NEUTRAL)
    if p95 is not None:
        figure.add_scatter(
            x=at,
            y=p95,
            name="p95 (sampled)",
            mode="lines",
            line={"width": 1.2, "dash": "dot", "color": NEUTRAL},
        )
    figure.add_scatter(
        x=at,
        y=trace_smooth(chart),
        name="weighted mean",
        mode="lines",
        line={"width": 2, "color": SMOOTH},
        hoverinfo="skip",
        connectgaps=True,
    )
    figure.add_trace(draw_values(series, chart, at))
    add_shades(figure, chart, series.shifts, at, span)
    ticks = ".1%" if series.of or series.name == "score" else ".1f"
    figure.update_layout(
        height=HEIGHT,
        margin=MARGIN,
        hovermode="closest",
        legend={**LEGEND, "traceorder": "reversed"},
        xaxis={"fixedrange": True, "showgrid": False, "range": [at[0] - span / 2, at[-1] + span]},
        yaxis={"fixedrange": True, "tickformat": ticks, "rangemode": "tozero" if series.of else "normal"},
    )
    return figure


def draw_values(series: Series, chart: Chart, at: Sequence[datetime]) -> go.Scatter:
    beyond = [is_beyond(chart, place) for place in range(len(at))]
    shown = ".2%" if series.of or series.name == "score" else ".2f"
    counted = [
        f"{count:,} of {total:,} {series.of}" if series.of else f"{total:,} parts"
        for count, total in zip(series.counts, series.totals, strict=True)
    ]
    return go.Scatter(
        x=list(at),
        y=chart.values,
        name=series.title.lower(),
        mode="lines+markers",
        line={"width": 1.2, "color": VALUE},
        marker={
            "size": [10 if out else 5 for out in beyond],
            "symbol": ["diamond" if out else "circle" for out in beyond],
            "color": [SIGNAL if out else VALUE for out in beyond],
        },
        customdata=counted,
        hovertemplate=f"%{{x|%d %b %H:%M}}: %{{y:{shown}}}<br>%{{customdata}}<extra></extra>",
        connectgaps=True,
    )


def is_beyond(chart: Chart, place: int) -> bool:
    value, low, high = chart.values[place], chart.low[place], chart.high[place]
    return value is not None and low is not None and high is not None and not low <= value <= high


def trace_smooth(chart: Chart) -> list[float | None]:
    """The weighted mean in the chart's own unit: sigmas from the centre, times what a sigma is there."""
    return [
        None if mean is None or high is None else max(0.0, chart.centre + mean * (high - chart.centre) / 3)
        for mean, high in zip(chart.ewma, chart.high, strict=True)
    ]


def add_shades(
    figure: go.Figure, chart: Chart, shifts: Sequence[Shift], at: Sequence[datetime], span: timedelta
) -> None:
    """What told the usual, on the left; what was unusual, where it was."""
    judged = at[min(chart.reference, len(at) - 1)] - span / 2
    figure.add_vline(x=judged, line_width=1, line_color=NEUTRAL)
    figure.add_annotation(
        x=judged,
        y=1,
        yref="paper",
        yanchor="top",
        xanchor="right",
        text="reference ",
        showarrow=False,
        opacity=0.75,
    )
    for shift in shifts:
        figure.add_vrect(
            x0=at[shift.first] - span / 2,
            x1=at[shift.last] + span / 2,
            fillcolor=SHIFTED,
            line_width=0,
            layer="below",
        )


def build_spread(reference: ArrayLike, now: ArrayLike) -> go.Figure:
    """Shares of scores in twentieths of their range: the reference as an outline, what is shown as bars."""
    first, second = np.asarray(reference, np.float64), np.asarray(now, np.float64)
    every = np.concatenate([first, second])
    edges = np.linspace(min(float(every.min()), 0.999), 1.0, BINS + 1)
    middles = (edges[:-1] + edges[1:]) / 2
    figure = go.Figure()
    figure.add_bar(
        x=middles,
        y=share(second, edges),
        name=f"now ({len(second):,} sampled)",
        marker_color=VALUE,
        hovertemplate="%{x:.1%}: %{y:.1%} of the parts<extra></extra>",
    )
    figure.add_scatter(
        x=middles,
        y=share(first, edges),
        name=f"reference ({len(first):,})",
        mode="lines",
        line={"shape": "hvh", "width": 2, "color": SMOOTH},
        hoverinfo="skip",
    )
    return finish_spread(figure, "score")


def build_novelty(p: ArrayLike) -> go.Figure:
    """Shares of p in twentieths: parts like the known ones fill each alike."""
    values = np.asarray(p, np.float64)
    edges = np.linspace(0.0, 1.0, BINS + 1)
    figure = go.Figure()
    figure.add_bar(
        x=(edges[:-1] + edges[1:]) / 2,
        y=share(values, edges),
        name=f"now ({len(values):,} sampled)",
        marker_color=VALUE,
        hovertemplate="p %{x:.2f}: %{y:.1%} of the parts<extra></extra>",
    )
    figure.add_scatter(
        x=[0, 1],
        y=[1 / BINS, 1 / BINS],
        name="known parts",
        mode="lines",
        line={"width": 2, "color": SMOOTH},
        hoverinfo="skip",
    )
    return finish_spread(figure, "p: small is unlike the training parts")


def share(values: "np.ndarray[tuple[int], np.dtype[np.float64]]", edges: ArrayLike) -> list[float]:
    counts, _ = np.histogram(values, edges)
    return list(counts / max(1, len(values)))


def finish_spread(figure: go.Figure, title: str) -> go.Figure:
    figure.update_layout(
        height=HEIGHT,
        margin=MARGIN,
        bargap=0.08,
        legend=LEGEND,
        xaxis={"title": title, "fixedrange": True, "showgrid": False},
        yaxis={"tickformat": ".0%", "fixedrange": True, "rangemode": "tozero"},
    )
    return figure
