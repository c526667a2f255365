"""Drift of distributions: against scipy, and against shares that are known."""

import math

import numpy as np
import pytest
from scipy import stats

from inspection.learning.drift import (
    compare_samples,
    compare_uniform,
    date_drift,
    find_ks_p,
    measure_gap,
    measure_psi,
)

RNG = np.random.default_rng(5)


def test_the_gap_is_that_of_scipy() -> None:
    first, second = RNG.normal(size=300), RNG.normal(0.3, 1.2, size=250)
    found = stats.ks_2samp(first, second, method="asymp")
    assert measure_gap(np.sort(first), np.sort(second)) == pytest.approx(found.statistic)
    drift = compare_samples(first, second)
    assert drift is not None and drift.p == pytest.approx(found.pvalue, rel=0.25)


@pytest.mark.parametrize(("n", "distance"), [(100, 0.136), (1000, 0.043), (400, 0.0815)])
def test_the_p_of_one_sample_is_near_the_exact_one(n: int, distance: float) -> None:
    assert find_ks_p(distance, n) == pytest.approx(stats.kstwo.sf(distance, n), rel=0.06)


def test_psi_by_hand() -> None:
    """Ten bins of a tenth each; afterwards all of it in the last one, which has 10 % + half a count."""
    reference = np.arange(1000) / 1000
    now = np.full(1000, 0.995)
    p = np.full(10, 100.5 / 1005)
    q = np.full(10, 0.5 / 1005)
    q[-1] = 1000.5 / 1005
    assert measure_psi(reference, now) == pytest.approx(
        sum((b - a) * math.log(b / a) for a, b in zip(p, q, strict=True))
    )


def test_the_same_distribution_has_not_moved() -> None:
    drift = compare_samples(RNG.beta(8, 1, 2000), RNG.beta(8, 1, 1500))
    assert drift is not None and not drift.moved and drift.psi < 0.05


def test_another_distribution_has() -> None:
    drift = compare_samples(RNG.beta(8, 1, 2000), RNG.beta(4, 1, 1500))
    assert drift is not None and drift.moved and (drift.reference_n, drift.n) == (2000, 1500)


@pytest.mark.parametrize("began", [0, 10, 25])
@pytest.mark.parametrize("a_span", [20, 60])  # fewer than can be judged by themselves
def test_a_drift_is_dated_though_no_span_can_be_judged_alone(began: int, a_span: int) -> None:
    rng = np.random.default_rng(7)
    reference = rng.beta(20, 1, 30 * a_span)
    spans = [rng.beta(20 if place < began else 6, 1, a_span) for place in range(30)]
    assert abs(date_drift(reference, spans) - began) <= 1


@pytest.mark.parametrize("seed", range(5))
def test_a_drift_against_a_short_reference_is_dated(seed: int) -> None:
    rng = np.random.default_rng(seed)
    reference = rng.beta(20, 1, 160)
    spans = [rng.beta(20 if place < 10 else 6, 1, 20) for place in range(52)]
    assert abs(date_drift(reference, spans) - 10) <= 1


def test_spans_without_values_begin_no_drift() -> None:
    reference = np.linspace(0.9, 1, 200)
    spans = [reference, [], np.full(50, 0.5), [], np.full(50, 0.5), []]
    assert date_drift(reference, spans) == 2


def test_a_hundred_values_are_not_judged_by_ninety_nine() -> None:
    assert compare_samples(RNG.random(99), RNG.random(500)) is None
    assert compare_uniform(RNG.random(99), known=200) is None


def test_p_values_of_known_parts_are_uniform() -> None:
    """Also where the known parts are few: the p-values then sit on a coarse grid."""
    moved = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        known = np.sort(rng.normal(size=240))
        scores = rng.normal(size=800)
        p = (1 + 240 - np.searchsorted(known, scores)) / 241
        drift = compare_uniform(p, known=240)
        assert drift is not None
        moved += drift.p < 0.01
    assert moved <= 2


def test_parts_that_grew_unlike_are_seen() -> None:
    known = np.sort(RNG.normal(size=240))
    p = (1 + 240 - np.searchsorted(known, RNG.normal(0.9, 1, size=800))) / 241
    drift = compare_uniform(p, known=240)
    assert drift is not None and drift.moved


def test_each_p_counts_with_the_parts_that_it_was_held_against() -> None:
    """Good parts against 60, defects against 900: with one number for both, every third look was an alarm."""
    moved = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        sizes = np.repeat([60, 900], [900, 100])
        p = np.empty(1000)
        for size in (60, 900):
            known, scores = np.sort(rng.normal(size=size)), rng.normal(size=int((sizes == size).sum()))
            p[sizes == size] = (1 + size - np.searchsorted(known, scores)) / (size + 1)
        drift = compare_uniform(p, known=sizes)
        assert drift is not None
        moved += drift.p < 0.05
    assert moved <= 20


def test_a_constant_is_compared_without_a_division_by_nothing() -> None:
    drift = compare_samples(np.full(200, 0.5), np.full(200, 0.5))
    assert drift is not None and drift.psi == pytest.approx(0) and drift.p == 1.0
