"""The charts over time are asserted on their data."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from inspection.learning.control_charts import chart_rates, chart_values
from inspection.records.alarms import Series
from inspection.ui.charts_watch import SIGNAL, build_control_chart, build_novelty, build_spread

STARTS = [datetime(2026, 3, 1, tzinfo=UTC) + timedelta(days=day) for day in range(24)]
COUNTS, TOTALS = (20, 22, 18, 21, 19) * 4 + (0, 60, 58, 61), (400,) * 20 + (0, 400, 400, 400)


def make_series() -> Series:
    chart = chart_rates(COUNTS, TOTALS, reference=20)
    return Series("reject", "Reject rate", "parts", COUNTS, TOTALS, chart, {})


def test_a_rate_is_drawn_with_limits_and_signals() -> None:
    figure = build_control_chart(make_series(), STARTS, span=timedelta(days=1))
    values = next(trace for trace in figure.data if trace.name == "reject rate")
    assert values.y[0] == 0.05 and values.y[20] is None and values.y[23] == pytest.approx(61 / 400)
    assert [color == SIGNAL for color in values.marker.color] == [False] * 21 + [True] * 3
    assert values.customdata[23] == "61 of 400 parts"
    high = next(trace for trace in figure.data if trace.name == "three sigmas")
    assert high.y[0] == pytest.approx(0.05 + 3 * np.sqrt(0.05 * 0.95 / 400))
    shaded = [shape for shape in figure.layout.shapes if shape.type == "rect"]
    assert len(shaded) == 1


def test_a_mean_has_its_second_line() -> None:
    values = [10.0, 11.0] * 12
    series = Series(
        "latency", "Mean latency", "", TOTALS, TOTALS, chart_values(values, reference=20), {}, "ms"
    )
    figure = build_control_chart(series, STARTS, span=timedelta(days=1), p95=[15.0] * 24)
    assert {trace.name for trace in figure.data} >= {"p95 (sampled)", "mean latency", "weighted mean"}
    assert figure.layout.yaxis.tickformat == ".1f"


def test_spreads_are_shares() -> None:
    figure = build_spread(np.full(300, 0.95), np.full(100, 0.75))
    now, reference = figure.data
    assert sum(now.y) == pytest.approx(1) and sum(reference.y) == pytest.approx(1)
    assert np.argmax(now.y) < np.argmax(reference.y)
    same = build_spread(np.ones(10), np.ones(10))
    assert sum(same.data[0].y) == pytest.approx(1)


def test_uniform_p_fills_each_twentieth_alike() -> None:
    bars, line = build_novelty((np.arange(200) + 0.5) / 200).data
    assert list(bars.y) == pytest.approx([0.05] * 20) and list(line.y) == [0.05, 0.05]
