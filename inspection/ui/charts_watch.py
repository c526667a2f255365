"""The charts over time as ECharts options: rates and means with their limits, how scores and novelty are spread. No
Streamlit here. ECharts, although they stand still: the page has nine, which Plotly takes a second to load and draw.
"""

import calendar
import math
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from inspection.learning.control_charts import Chart
from inspection.records.alarms import Series
from inspection.ui.palette import NEUTRAL
from inspection.wording import say_number

VALUE, SMOOTH, SIGNAL = "#2F7FBF", "#D9822B", "#D0532B"
BAND = "rgba(138,150,161,0.22)"
SHIFTED = "rgba(208,83,43,0.16)"
LIMITS, WEIGHTED, P95 = "three sigmas", "weighted mean", "p95 (sampled)"
HEIGHT = 270
BINS = 20

Option = dict[str, Any]
_LEGEND: Option = {"type": "scroll", "top": 0, "left": 0, "right": 30, "itemWidth": 18, "itemGap": 8}


def build_control_chart(
    series: Series,
    starts: Sequence[datetime],
    *,
    span: timedelta,
    p95: Sequence[float | None] | None = None,
) -> Option:
    """The value a span, its usual, the limits, and the weighted mean. p95: a second line, where there is one."""
    chart = series.chart
    assert chart is not None  # asked for by the caller
    at = [place_in_time(start) for start in starts]
    half = round(span.total_seconds() * 500)
    values = series.title.lower()
    lines = [
        draw_values(series, chart, starts, at, half=half),
        _draw_line(
            WEIGHTED,
            at,
            _scale(series, trace_smooth(chart, most=1.0 if _is_share(series) else math.inf)),
            colour=SMOOTH,
            width=2,
        ),
        *draw_limits(series, chart, at),
    ]
    if p95 is not None:
        lines.append(_draw_line(P95, at, _scale(series, p95), colour=NEUTRAL, width=1.2, dash="dotted"))
    unit = "{value} %" if _is_share(series) else f"{{value}} {series.unit}".strip()
    return {
        "useUTC": True,  # see place_in_time
        "animation": False,
        "grid": {"left": 8, "right": 16, "top": 44, "bottom": 8, "containLabel": True},
        "legend": {
            **_LEGEND,
            "data": [
                values,
                WEIGHTED,
                {"name": LIMITS, "icon": "rect", "itemStyle": {"color": BAND}},
                *([] if p95 is None else [P95]),
            ],
        },
        "tooltip": {"trigger": "axis", "formatter": "{b0}", "confine": True},
        "toolbox": _offer_picture(values),
        "xAxis": {
            "type": "time",
            "min": at[0] - half,
            "max": at[-1] + 2 * half,
            "splitLine": {"show": False},
        },
        "yAxis": {"type": "value", "scale": not series.of, "axisLabel": {"formatter": unit}},
        "series": lines,
    }


def place_in_time(start: datetime) -> int:
    """Milliseconds that a browser, told that they are UTC, writes as the server's wall clock: the factory's, wherever
    the browser stands."""
    return calendar.timegm(start.astimezone().timetuple()) * 1000


def draw_values(
    series: Series, chart: Chart, starts: Sequence[datetime], at: Sequence[int], *, half: int
) -> Option:
    """First of the lines, because the tooltip tells its points. half: of a span, in milliseconds."""
    points = []
    for place, (ms, value) in enumerate(zip(at, _scale(series, chart.values), strict=True)):
        point: Option = {"name": say_point(series, place, starts[place]), "value": [ms, value]}
        if is_beyond(chart, place):
            point |= {"symbol": "diamond", "symbolSize": 11, "itemStyle": {"color": SIGNAL}}
        points.append(point)
    judged = at[min(chart.reference, len(at) - 1)] - half
    line = _draw_line(series.title.lower(), at, chart.values, colour=VALUE, width=1.2)
    return line | {
        "data": points,
        "symbol": "circle",
        "symbolSize": 5,
        "z": 4,
        "markLine": {
            "silent": True,
            "symbol": "none",
            "data": [
                {
                    "yAxis": _scale(series, [chart.centre])[0],
                    "label": {"show": False},
                    "lineStyle": {"color": NEUTRAL, "type": "dashed", "width": 1},
                },
                {
                    "xAxis": judged,
                    "label": {"formatter": "reference", "position": "end", "distance": 2, "color": NEUTRAL},
                    "lineStyle": {"color": NEUTRAL, "type": "solid", "width": 1},
                },
            ],
        },
        "markArea": {
            "silent": True,
            "itemStyle": {"color": SHIFTED},
            "data": [
                [{"xAxis": at[shift.first] - half}, {"xAxis": at[shift.last] + half}]
                for shift in series.shifts
            ],
        },
    }


def draw_limits(series: Series, chart: Chart, at: Sequence[int]) -> list[Option]:
    """The lower limit, and on top of it the band up to the upper one, also where the lower one is below zero."""
    most = 1.0 if _is_share(series) else float("inf")
    wide = [
        None if low is None or high is None else min(high, most) - low
        for low, high in zip(chart.low, chart.high, strict=True)
    ]
    lines = [
        _draw_line(name, at, _scale(series, values), colour=NEUTRAL, width=0.8)
        | {"step": "middle", "stack": "limits", "stackStrategy": "all", "silent": True}
        for name, values in (("low", chart.low), (LIMITS, wide))
    ]
    lines[1]["areaStyle"] = {"color": BAND, "opacity": 1}
    return lines


def say_point(series: Series, place: int, start: datetime) -> str:
    assert series.chart is not None
    value, total = series.chart.values[place], series.totals[place]
    when = f"{start.astimezone():%d %b %H:%M}"
    if value is None:
        return f"{when}: none"
    told = f"{value:.2%}" if _is_share(series) else f"{value:.2f} {series.unit}".strip()
    counted = f"{series.counts[place]:,} of {total:,} {series.of}" if series.of else say_number(total, "part")
    return f"{when}: {told}, {counted}"


def is_beyond(chart: Chart, place: int) -> bool:
    value, low, high = chart.values[place], chart.low[place], chart.high[place]
    return value is not None and low is not None and high is not None and not low <= value <= high


def trace_smooth(chart: Chart, *, most: float) -> list[float | None]:
    """The weighted mean in the chart's own unit: sigmas from the centre, times what a sigma is there.

    By the limit that is further away: the other may have been cut off at nothing or at all, and is no three sigmas then.
    """
    drawn: list[float | None] = []
    for mean, low, high in zip(chart.ewma, chart.low, chart.high, strict=True):
        if mean is None or low is None or high is None:
            drawn.append(None)
            continue
        sigma = max(high - chart.centre, chart.centre - low) / 3
        drawn.append(min(most, max(0.0, chart.centre + mean * sigma)))
    return drawn


def build_spread(reference: ArrayLike, now: ArrayLike) -> Option:
    """Shares of scores in twentieths of their range: the reference as an outline, what is shown as bars."""
    first, second = np.asarray(reference, np.float64), np.asarray(now, np.float64)
    every = np.concatenate([first, second])
    edges = np.linspace(min(float(every.min()), 0.999), 1.0, BINS + 1)
    return _draw_spread(
        [f"{middle:.1%}" for middle in (edges[:-1] + edges[1:]) / 2],
        now=(f"now ({len(second):,} sampled)", share(second, edges)),
        usual=(f"reference ({len(first):,})", share(first, edges)),
        title="score",
    )


def build_novelty(p: ArrayLike) -> Option:
    """Shares of p in twentieths: parts like the known ones fill each alike."""
    values = np.asarray(p, np.float64)
    edges = np.linspace(0.0, 1.0, BINS + 1)
    return _draw_spread(
        [f"{middle:.3f}" for middle in (edges[:-1] + edges[1:]) / 2],
        now=(f"now ({len(values):,} sampled)", share(values, edges)),
        usual=("known parts", [1 / BINS] * BINS),
        title="p: small is unlike the training parts",
    )


def share(values: "np.ndarray[tuple[int], np.dtype[np.float64]]", edges: ArrayLike) -> list[float]:
    counts, _ = np.histogram(values, edges)
    return [float(count) / max(1, len(values)) for count in counts]


def _draw_spread(
    bins: list[str], *, now: tuple[str, list[float]], usual: tuple[str, list[float]], title: str
) -> Option:
    told = [
        f"{name}: {here:.1%} of the parts; {usual[0]}: {there:.1%}"
        for name, here, there in zip(bins, now[1], usual[1], strict=True)
    ]
    return {
        "animation": False,
        "grid": {"left": 8, "right": 16, "top": 40, "bottom": 24, "containLabel": True},
        "legend": _LEGEND,
        "tooltip": {"trigger": "axis", "formatter": "{b0}", "confine": True},
        "toolbox": _offer_picture(title.partition(":")[0]),
        "xAxis": {
            "type": "category",
            "data": bins,
            "name": title,
            "nameLocation": "middle",
            "nameGap": 26,
            "axisTick": {"show": False},
        },
        "yAxis": {"type": "value", "axisLabel": {"formatter": "{value} %"}},
        "series": [
            {
                "name": now[0],
                "type": "bar",
                "barCategoryGap": "8%",
                "itemStyle": {"color": VALUE},
                "data": [
                    {"name": words, "value": round(part * 100, 3)}
                    for words, part in zip(told, now[1], strict=True)
                ],
            },
            {
                "name": usual[0],
                "type": "line",
                "step": "middle",
                "symbol": "none",
                "lineStyle": {"width": 2, "color": SMOOTH},
                "itemStyle": {"color": SMOOTH},
                "data": [round(part * 100, 3) for part in usual[1]],
            },
        ],
    }


def _draw_line(
    name: str,
    at: Sequence[int],
    values: Sequence[float | None],
    *,
    colour: str,
    width: float,
    dash: str = "solid",
) -> Option:
    return {
        "name": name,
        "type": "line",
        "symbol": "none",
        "connectNulls": True,
        "lineStyle": {"width": width, "color": colour, "type": dash},
        "itemStyle": {"color": colour},
        "data": [[ms, value] for ms, value in zip(at, values, strict=True)],
    }


def _is_share(series: Series) -> bool:
    return bool(series.of) or series.name == "score"


def _scale(series: Series, values: Iterable[float | None]) -> list[float | None]:
    """In percent where it is a share: an axis has no other way to write one."""
    factor = 100.0 if _is_share(series) else 1.0
    return [None if value is None else round(value * factor, 5) for value in values]


def _offer_picture(name: str) -> Option:
    return {
        "right": 0,
        "top": 0,
        "itemSize": 14,
        "feature": {"saveAsImage": {"name": name.replace(" ", "-"), "title": "PNG", "pixelRatio": 2}},
    }
