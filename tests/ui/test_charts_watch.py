"""The charts over time are asserted on their data."""

import time
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from inspection.learning.control_charts import chart_rates, chart_values
from inspection.learning.drift import Drift
from inspection.records.alarms import Series
from inspection.ui.charts_watch import (
    LIMITS,
    P95,
    SIGNAL,
    WEIGHTED,
    Option,
    build_control_chart,
    build_novelty,
    build_spread,
)
from inspection.ui.watch_view import say_drift

STARTS = [datetime(2026, 3, 1, tzinfo=UTC) + timedelta(days=day) for day in range(24)]
COUNTS, TOTALS = (20, 22, 18, 21, 19) * 4 + (0, 60, 58, 61), (400,) * 20 + (0, 400, 400, 400)


def make_series() -> Series:
    chart = chart_rates(COUNTS, TOTALS, reference=20)
    return Series("reject", "Reject rate", "parts", COUNTS, TOTALS, chart, {})


def pick(option: Option, name: str) -> Option:
    return next(line for line in option["series"] if line["name"] == name)


def test_a_rate_is_drawn_with_limits_and_signals() -> None:
    option = build_control_chart(make_series(), STARTS, span=timedelta(days=1))
    points = option["series"][0]["data"]  # the first: its points are what the tooltip tells
    assert points[0]["value"][1] == 5.0 and points[20]["value"][1] is None
    assert points[23]["value"][1] == pytest.approx(6100 / 400)
    assert [point.get("itemStyle") == {"color": SIGNAL} for point in points] == [False] * 21 + [True] * 3
    assert points[23]["name"].endswith(": 15.25%, 61 of 400 parts")
    assert points[20]["name"].endswith(": none")
    low, band = pick(option, "low"), pick(option, LIMITS)
    assert low["stack"] == band["stack"]  # the band stands on the lower limit
    assert {low["stackStrategy"], band["stackStrategy"]} == {"all"}
    high = low["data"][0][1] + band["data"][0][1]
    assert high == pytest.approx(100 * (0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)))
    shaded = option["series"][0]["markArea"]["data"]
    day = 86_400_000
    assert shaded == [
        [{"xAxis": points[21]["value"][0] - day // 2}, {"xAxis": points[23]["value"][0] + day // 2}]
    ]


@pytest.mark.parametrize(("usual", "since"), [(98, 93), (2, 7)])
def test_the_weighted_mean_goes_where_the_rate_has_gone(usual: int, since: int) -> None:
    """Also beside a limit that is cut off at 0 or at all: half of the fall had been drawn there."""
    counts, totals = (usual,) * 20 + (since,) * 40, (100,) * 60
    series = Series(
        "reject", "Reject rate", "parts", counts, totals, chart_rates(counts, totals, reference=20), {}
    )
    starts = [STARTS[0] + timedelta(days=day) for day in range(60)]
    drawn = pick(build_control_chart(series, starts, span=timedelta(days=1)), WEIGHTED)["data"]
    assert drawn[19][1] == pytest.approx(usual, abs=0.1)
    assert drawn[-1][1] == pytest.approx(since, abs=1.2)


def test_times_are_the_server_s_wall_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    try:
        option = build_control_chart(make_series(), STARTS, span=timedelta(days=1))
    finally:
        monkeypatch.undo()
        time.tzset()
    first = option["series"][0]["data"][0]
    shown = datetime.fromtimestamp(first["value"][0] / 1e3, tz=UTC)  # as the browser writes it
    assert option["useUTC"] and f"{shown:%d %b %H:%M}" == "01 Mar 05:30"
    assert first["name"].startswith("01 Mar 05:30: ")


def test_a_mean_has_its_second_line() -> None:
    values = [10.0, 11.0] * 12
    series = Series(
        "latency",
        "Mean latency",
        "",
        TOTALS,
        TOTALS,
        chart_values(values, [400] * 24, reference=20),
        {},
        "ms",
    )
    option = build_control_chart(series, STARTS, span=timedelta(days=1), p95=[15.0] * 24)
    assert {line["name"] for line in option["series"]} >= {P95, "mean latency", WEIGHTED}
    assert option["yAxis"]["axisLabel"]["formatter"] == "{value} ms"
    assert pick(option, P95)["data"][0][1] == 15.0


def test_the_band_stands_on_a_lower_limit_below_zero() -> None:
    """A latency that jumps has one; unless told, ECharts stacks only what has the same sign."""
    values = [1.0, 9.0] * 12
    chart = chart_values(values, [400] * 24, reference=20)
    series = Series("latency", "Mean latency", "", TOTALS, TOTALS, chart, {}, "ms")
    option = build_control_chart(series, STARTS, span=timedelta(days=1))
    low, band = pick(option, "low"), pick(option, LIMITS)
    assert low["data"][0][1] == pytest.approx(chart.low[0]) and low["data"][0][1] < 0
    assert low["data"][0][1] + band["data"][0][1] == pytest.approx(chart.high[0])
    assert low["stackStrategy"] == band["stackStrategy"] == "all"


def test_spreads_are_shares() -> None:
    now, reference = build_spread(np.full(300, 0.95), np.full(100, 0.75))["series"]
    bars = [bar["value"] for bar in now["data"]]
    assert sum(bars) == pytest.approx(100) and sum(reference["data"]) == pytest.approx(100)
    assert np.argmax(bars) < np.argmax(reference["data"])
    same = build_spread(np.ones(10), np.ones(10))["series"][0]
    assert sum(bar["value"] for bar in same["data"]) == pytest.approx(100)


def test_uniform_p_fills_each_twentieth_alike() -> None:
    bars, line = build_novelty((np.arange(200) + 0.5) / 200)["series"]
    assert [bar["value"] for bar in bars["data"]] == pytest.approx([5.0] * 20)
    assert line["data"] == pytest.approx([5.0] * 20)


@pytest.mark.parametrize(
    ("drift", "words"),
    [
        (Drift(0.31, 0.12, 0.004, 120, 150), "No drift shown: PSI 0.310, largest gap 12.0%, chance 0.004."),
        (
            Drift(0.1975, 0.12, 1e-5, 900, 900),
            "No drift shown: PSI 0.198, largest gap 12.0%, chance below 0.001.",
        ),
        (Drift(0.31, 0.12, 1e-5, 900, 900), "Drifted: PSI 0.310, largest gap 12.0%, chance below 0.001."),
    ],
)
def test_no_drift_is_not_said_beside_the_words_that_it_is_one(drift: Drift, words: str) -> None:
    """“No drift: PSI 0.31 (0.2 is a drift)”, where chance alone may have made it, had been told."""
    assert say_drift(drift).startswith(words)
