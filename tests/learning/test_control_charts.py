"""Control charts against the textbook, and against values computed by hand."""

import math
import random

import pytest

from inspection.learning.chart_shifts import find_shifts
from inspection.learning.control_charts import (
    LARGE_N,
    chart_rates,
    chart_values,
    find_exact_limits,
    judge_count,
    measure_sigma_z,
    smooth,
)

# Montgomery, Introduction to Statistical Quality Control, 6th ed., table 7.1: bad cans in 30 samples of 50
CANS = [12, 15, 8, 10, 4, 7, 16, 9, 14, 10, 5, 6, 17, 12, 22]
CANS += [8, 10, 5, 13, 11, 20, 18, 24, 15, 9, 12, 7, 13, 9, 6]
# the same book, table 9.1: 20 values of N(10, 1), then 10 of N(11, 1)
SHIFTED = [9.45, 7.99, 9.29, 11.66, 12.16, 10.18, 8.04, 11.46, 9.20, 10.34]
SHIFTED += [9.03, 11.47, 10.51, 9.40, 10.08, 9.37, 10.62, 10.31, 8.52, 10.84]
SHIFTED += [10.90, 9.33, 12.29, 11.50, 10.60, 11.08, 10.38, 11.62, 11.31, 10.52]


def test_the_cans_of_the_textbook() -> None:
    chart = chart_rates(CANS, [50] * 30, reference=30)
    assert chart is not None
    assert chart.centre == pytest.approx(0.2313, abs=5e-5)
    assert chart.high[0] == pytest.approx(0.4102, abs=5e-5)
    assert chart.low[0] == pytest.approx(0.0524, abs=5e-5)
    beyond = [place + 1 for place, value in enumerate(chart.values) if value > chart.high[place]]
    assert beyond == [15, 23]  # the samples that the book names
    assert chart.sigma_z is None  # samples of 50 are not large


def test_the_weighted_mean_of_the_textbook() -> None:
    """Table 9.10 with λ = 0.1, L = 2.7: the first and the last values, the limits, and where they are crossed."""
    means, limits = smooth([value - 10 for value in SHIFTED], weight=0.1, width=2.7)
    assert [10 + mean for mean in means[:3]] == pytest.approx([9.945, 9.7495, 9.70355], abs=1e-5)
    assert 10 + limits[0] == pytest.approx(10.27, abs=5e-3)
    assert 10 + limits[1] == pytest.approx(10.36, abs=5e-3)
    assert 10 + limits[-1] == pytest.approx(10.62, abs=5e-3)
    assert [10 + mean for mean in means[-3:]] == pytest.approx([10.5731, 10.6468, 10.6341], abs=1e-4)
    assert [place + 1 for place, mean in enumerate(means) if abs(mean) > limits[place]] == [29, 30]


def test_a_span_that_tells_less_weighs_less_by_hand() -> None:
    """A quarter of the parts: two sigmas of it are four of a typical span, and weigh 0.05 where that weighs 0.2."""
    means, limits = smooth([1.0, 2.0], told=[1.0, 0.25])
    assert means == pytest.approx([0.2, (0.95 * 0.2 + 0.05 * 4) / 2])
    assert limits[0] == pytest.approx(2.86 * 0.2)
    assert limits[1] == pytest.approx(2.86 * math.sqrt(0.95**2 * 0.2**2 + 0.05**2 * 4) / 2)


def test_individuals_by_hand() -> None:
    values = [10.0, 12.0, 11.0, 13.0, 12.0, 10.0, 11.0, 13.0]  # ranges 2 1 2 1 2 1 2: mean 11/7
    chart = chart_values(values, [200] * 8, reference=8)
    assert chart is not None
    sigma = 11 / 7 / 1.128
    assert chart.centre == pytest.approx(11.5)
    assert chart.high[0] == pytest.approx(11.5 + 3 * sigma)
    assert chart.z[0] == pytest.approx(-1.5 / sigma)


def test_a_floor_keeps_trifles_out() -> None:
    values = [10.0, 10.001] * 8 + [10.05]
    tight = chart_values(values, [200] * 17, reference=16)
    calm = chart_values(values, [200] * 17, reference=16, least_share=0.02)
    assert tight is not None and calm is not None
    assert find_shifts(tight) and not find_shifts(calm)


def test_a_mean_of_few_parts_has_wider_limits_by_hand() -> None:
    values = [10.0, 12.0, 11.0, 13.0, 12.0, 10.0, 11.0, 13.0, 16.0, 16.0, None, 16.0]
    chart = chart_values(values, [200] * 8 + [50, 200, 0, 800], reference=8)
    assert chart is not None
    sigma = 11 / 7 / 1.128
    assert chart.high[8] == pytest.approx(11.5 + 3 * 2 * sigma)  # a quarter of the parts: twice as wide
    assert chart.high[9] == chart.high[11] == pytest.approx(11.5 + 3 * sigma)  # more parts: no narrower
    assert chart.high[10] is None and chart.z[10] is None
    assert [place for place in (8, 9, 11) if values[place] > chart.high[place]] == [9, 11]


def test_each_part_weighs_alike_in_what_is_usual() -> None:
    chart = chart_values([10.0] * 9 + [13.0], [200] * 9 + [2], reference=10)
    assert chart is not None and chart.centre == pytest.approx((9 * 200 * 10 + 2 * 13) / 1802)


def mean_score(rng: random.Random, parts: int) -> float:
    """Of parts that score 0.95 or so, a few of them much less."""
    return sum(rng.random() ** 0.05 for _ in range(parts)) / parts  # a beta of 20 and 1


@pytest.mark.parametrize("newest", [2, 20, 200])
def test_an_hour_that_has_begun_is_no_alarm(newest: int) -> None:
    """Of a line in control. With the limits of a full hour two parts were an alarm on four pages of five."""
    rng, alarmed = random.Random(7), 0
    for _ in range(50):
        parts = [200] * 95 + [newest]
        values = [mean_score(rng, n) for n in parts]
        shifts = find_shifts(chart_values(values, parts, reference=72, least_share=0.003))
        alarmed += any(shift.lasts for shift in shifts)
    assert alarmed <= 5


def test_nights_of_few_parts_leave_the_days_their_limits() -> None:
    """A line of one shift: most hours hold three parts, most parts lie in hours of 200."""
    rng = random.Random(5)
    parts = [200 if hour % 24 < 8 else 3 for hour in range(96)]
    values = [mean_score(rng, n) for n in parts]
    chart = chart_values(values, parts, reference=72, least_share=0.003)
    assert chart is not None
    known = math.sqrt(20 / (21**2 * 22) / 200)  # sigma of the mean of 200
    assert (chart.high[72] - chart.centre) / 3 == pytest.approx(known, rel=0.25)
    assert (chart.high[95] - chart.centre) / 3 == pytest.approx(known * math.sqrt(200 / 3), rel=0.25)
    assert not any(shift.lasts for shift in find_shifts(chart))


def test_means_of_few_skewed_values_are_no_run() -> None:
    """Most parts take 10 ms, one in a hundred 150: the mean of eight is nearly always below its centre."""
    rng, alarmed = random.Random(3), 0
    for _ in range(40):
        means = [sum(150 if rng.random() < 0.01 else 10 for _ in range(8)) / 8 for _ in range(60)]
        chart = chart_values(means, [8] * 60, reference=30)
        assert chart is not None
        alarmed += any("eight on one side" in shift.rules for shift in find_shifts(chart))
    assert alarmed == 0


def test_sigma_z_by_hand() -> None:
    assert measure_sigma_z([0.0, 3.0, -1.0]) == pytest.approx((3 + 4) / 2 / 1.128)
    assert measure_sigma_z([0.1, 0.1, 0.1]) == 1.0


def test_laney_widens_where_large_spans_differ_more_than_chance() -> None:
    rng = random.Random(3)
    totals = [20_000] * 40
    counts = [round(total * (0.05 + rng.gauss(0, 0.005))) for total in totals]  # chance alone: 0.0015
    chart = chart_rates(counts, totals, reference=40)
    assert chart is not None and chart.sigma_z is not None and 2 < chart.sigma_z < 5
    plain = 3 * math.sqrt(chart.centre * (1 - chart.centre) / 20_000)
    assert chart.high[0] - chart.centre == pytest.approx(plain * chart.sigma_z)
    small = chart_rates([1] * 40, [LARGE_N - 1] * 40, reference=40)
    assert small is not None and small.sigma_z is None


@pytest.mark.parametrize(
    ("total", "rate", "limits"),
    [(50, 0.02, (0, 5)), (10, 0.5, (1, 9)), (1, 0.01, (0, 1)), (300, 0.001, (0, 3))],
)
def test_few_are_judged_exactly(total: int, rate: float, limits: tuple[int, int]) -> None:
    low, high = find_exact_limits(total, rate)

    def tail(from_count: int) -> float:
        return sum(
            math.comb(total, k) * rate**k * (1 - rate) ** (total - k) for k in range(from_count, total + 1)
        )

    assert (low, high) == limits
    assert tail(high + 1) <= 0.00135 and (high == 0 or tail(high) > 0.00135)


def test_a_rate_of_nothing_still_has_limits() -> None:
    chart = chart_rates([0] * 20 + [4], [100] * 21, reference=20)
    assert chart is not None and chart.centre == 0.0
    shifts = find_shifts(chart)
    assert [(shift.first, shift.side, shift.lasts) for shift in shifts] == [(20, "up", True)]
    quiet = chart_rates([0] * 21, [100] * 21, reference=20)
    assert quiet is not None and find_shifts(quiet) == ()


def test_too_short_a_reference_tells_nothing() -> None:
    assert chart_rates([1] * 7 + [50], [100] * 8, reference=7) is None
    assert chart_rates([1] * 30, [100, 0] * 15, reference=14) is None
    assert chart_values([1.0, None] * 7, [9, 0] * 7, reference=14) is None


def test_a_jump_is_dated() -> None:
    counts, totals = [20, 22, 18, 21, 19] * 4 + [60, 58, 61], [400] * 23
    (shift,) = find_shifts(chart_rates(counts, totals, reference=20))
    assert (shift.first, shift.last, shift.side, shift.lasts) == (20, 22, "up", True)
    assert "beyond the limits" in shift.rules


def test_a_small_shift_that_lasts_is_seen_and_dated() -> None:
    """A sigma and a half: no single point is beyond the limits."""
    counts = [20, 24, 16, 22, 18] * 4 + [26, 27, 25, 28, 26, 27, 25, 28, 26, 27]
    chart = chart_rates(counts, [400] * 30, reference=20)
    (shift,) = find_shifts(chart)
    assert "beyond the limits" not in shift.rules
    assert set(shift.rules) == {"eight on one side", "weighted mean"}
    assert shift.side == "up" and shift.lasts and shift.first == 20


def test_a_small_rise_before_a_jump_does_not_date_it() -> None:
    """The weighted mean crossed its centre at 22; the step itself is at 26."""
    counts = [20, 22, 18, 21, 19] * 4 + [19, 20, 22, 20, 21, 20] + [55, 58, 57]
    (shift,) = find_shifts(chart_rates(counts, [400] * 29, reference=20))
    assert (shift.first, shift.last) == (26, 28)


def test_what_is_over_does_not_last() -> None:
    counts = [20, 22, 18, 21, 19] * 4 + [60, 60] + [20, 19, 21, 18, 20, 22, 19, 20] * 3
    shifts = find_shifts(chart_rates(counts, [400] * len(counts), reference=20))
    assert [shift.lasts for shift in shifts] == [False]
    assert shifts[0].first == 20 and shifts[0].last < 35


@pytest.mark.parametrize("bad", [[120], [120, 150], [15 * 20] * 3])
def test_a_very_bad_span_is_over_when_it_is(bad: list[int]) -> None:
    """Six times the usual and more, for one to three spans: the weighted mean had called it lasting for 8 to 17 more."""
    counts = [20, 22, 18, 21, 19] * 4 + bad + [20, 19, 21, 18, 20]
    (shift,) = find_shifts(chart_rates(counts, [400] * len(counts), reference=20))
    assert shift.first == 20 and not shift.lasts
    assert shift.last - (19 + len(bad)) <= 2


def test_what_was_seen_by_day_is_not_over_by_night() -> None:
    """Eight hours of 200 parts, all of them lower by a hundredth, then eight of three parts: nothing says it is over."""
    rng, lasting = random.Random(9), 0
    parts = [200 if hour % 24 < 16 else 3 for hour in range(96)]
    for _ in range(20):
        values = [mean_score(rng, n) - (0.01 if hour >= 80 else 0.0) for hour, n in enumerate(parts)]
        shifts = find_shifts(chart_values(values, parts, reference=72, least_share=0.003))
        lasting += any(shift.lasts and shift.side == "down" for shift in shifts)
    assert lasting >= 19


def test_a_span_too_small_for_a_run_does_not_end_one() -> None:
    counts = [20, 24, 16, 22, 18] * 4 + [21, 22, 21, 22, 21, 22, 21, 22] + [0]
    (shift,) = find_shifts(chart_rates(counts, [400] * 28 + [10], reference=20))
    assert shift.rules == ("eight on one side",) and shift.lasts


def test_a_fall_is_a_shift_too() -> None:
    counts = [40, 44, 36, 42, 38] * 4 + [8, 9]
    (shift,) = find_shifts(chart_rates(counts, [400] * 22, reference=20))
    assert shift.side == "down"


def test_chance_alone_seldom_alarms() -> None:
    """A hundred charts of 60 spans in control: three rules over 30 judged spans alarm on a few of them, not on many."""
    rng = random.Random(11)

    def draw(total: int, rate: float) -> int:
        return sum(rng.random() < rate for _ in range(total))

    alarmed = 0
    for _ in range(100):
        counts = [draw(120, 0.06) for _ in range(60)]
        alarmed += bool(find_shifts(chart_rates(counts, [120] * 60, reference=30)))
    assert alarmed <= 35


def test_spans_without_parts_are_passed_over() -> None:
    counts, totals = [5] * 12 + [0, 0] + [30], [100] * 12 + [0, 0] + [100]
    chart = chart_rates(counts, totals, reference=12)
    assert chart is not None and chart.values[12] is None and chart.last == 14
    assert find_shifts(chart)[0].first == 14


@pytest.mark.parametrize("usual", [1498, 1500])
def test_a_rate_of_nearly_all_is_no_alarm_and_its_fall_is_one(usual: int) -> None:
    """A line without a good class rejects whatever it names: the few others are what varies."""
    quiet = chart_rates([usual, usual - 1] * 10, [1500] * 20, reference=16)
    assert quiet is not None and find_shifts(quiet) == ()
    assert all(
        low <= value <= high for low, value, high in zip(quiet.low, quiet.values, quiet.high, strict=True)
    )
    fallen = chart_rates([usual, usual - 1] * 10 + [1480], [1500] * 21, reference=16)
    (shift,) = find_shifts(fallen)
    assert (shift.first, shift.side) == (20, "down") and "beyond the limits" in shift.rules


def test_nearly_all_is_nearly_none_told_the_other_way_round() -> None:
    few = [0, 3, 1, 2, 0, 1, 4, 2, 1, 0, 12]
    rare = chart_rates(few, [400] * 11, reference=10)
    usual = chart_rates([400 - count for count in few], [400] * 11, reference=10)
    assert [1 - low for low in usual.low] == pytest.approx(rare.high)
    assert [-z for z in usual.z] == pytest.approx(rare.z)
    assert {shift.side for shift in find_shifts(rare)} == {"up"}
    assert {shift.side for shift in find_shifts(usual)} == {"down"}


@pytest.mark.parametrize("usual", [0.9, 0.95, 0.98, 0.99, 0.995])
def test_a_count_at_its_limit_lies_within_the_limits(usual: float) -> None:
    for total in range(6, 400):
        if total * (1 - usual) >= 5:
            break
        fewest, most = find_exact_limits(total, 1 - usual)
        for count in (total - most, total - fewest):
            low, high, _ = judge_count(count, total, usual, widen=1.0)
            assert low is not None and high is not None and low <= count / total <= high
        if most < total:
            low, _, _ = judge_count(total - most - 1, total, usual, widen=1.0)
            assert low is not None and (total - most - 1) / total < low


def test_a_rate_that_rose_by_day_lasts_through_a_night_of_few_parts() -> None:
    day = [6 <= hour % 24 < 20 for hour in range(96)]
    totals = [200 if working else 3 for working in day]
    usual = [(8, 12)[hour % 2] if working else 0 for hour, working in enumerate(day)]
    risen = [
        19 if working and hour >= 87 else count
        for hour, (working, count) in enumerate(zip(day, usual, strict=True))
    ]
    chart = chart_rates(usual, totals, reference=72)
    assert chart is not None and find_shifts(chart) == ()
    chart = chart_rates(risen, totals, reference=72)
    assert chart is not None
    (shift,) = find_shifts(chart)
    assert shift.side == "up" and shift.first == 87 and shift.lasts, "four quiet hours are no end of it"
