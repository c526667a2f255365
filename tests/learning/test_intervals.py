"""Intervals against published values, other libraries and their own definition."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.stats import binomtest
from sklearn.metrics import cohen_kappa_score

from inspection.learning.intervals import (
    compare_mcnemar,
    count_disagreements,
    find_exact_interval,
    find_lower_bound,
    find_paired_difference,
    find_upper_bound,
    find_wilson_interval,
    measure_agreement,
)

counts = (
    st.integers(0, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))).filter(lambda c: c[1] > 0)
)


@given(counts=counts, confidence=st.sampled_from([0.8, 0.95, 0.99]))
def test_one_rate_agrees_with_scipy(counts: tuple[int, int], confidence: float) -> None:
    reference = binomtest(*counts)
    for ours, method in (
        (find_wilson_interval(*counts, confidence=confidence), "wilson"),
        (find_exact_interval(*counts, confidence=confidence), "exact"),
    ):
        theirs = reference.proportion_ci(confidence, method=method)
        assert ours is not None
        assert ours.as_list() == pytest.approx([theirs.low, theirs.high], abs=1e-9)


@given(counts=counts)
def test_one_sided_bounds_agree_with_scipy(counts: tuple[int, int]) -> None:
    above = binomtest(*counts, alternative="less").proportion_ci(0.95, method="exact")
    below = binomtest(*counts, alternative="greater").proportion_ci(0.95, method="exact")
    assert find_upper_bound(*counts) == pytest.approx(above.high, abs=1e-9)
    assert find_lower_bound(*counts) == pytest.approx(below.low, abs=1e-9)


def test_the_rule_of_three() -> None:
    assert find_upper_bound(0, 300) == pytest.approx(1 - 0.05 ** (1 / 300))


def test_nothing_counted_has_no_interval() -> None:
    assert find_wilson_interval(0, 0) is None
    assert find_exact_interval(0, 0) is None
    assert find_upper_bound(0, 0) is None


@pytest.mark.parametrize(("successes", "trials"), [(3, 2), (-1, 5)])
def test_impossible_counts_are_a_fault(successes: int, trials: int) -> None:
    with pytest.raises(ValueError, match="successes"):
        find_wilson_interval(successes, trials)
    with pytest.raises(ValueError, match="confidence"):
        find_wilson_interval(1, 2, confidence=95)


def maximise_likelihood(first: int, second: int, n: int, difference: float) -> float:
    """The chance of "only the second is right" that fits best if the true difference were this one."""

    def cost(q: float) -> float:
        agree = 1 - 2 * q - difference
        parts = ((first, q + difference), (second, q), (n - first - second, agree))
        return -sum(count * math.log(max(p, 1e-300)) for count, p in parts if count)

    low, high = max(0.0, -difference), (1 - difference) / 2
    return float(minimize_scalar(cost, bounds=(low, high), method="bounded", options={"xatol": 1e-12}).x)


@pytest.mark.parametrize(("first", "second", "n"), [(12, 2, 50), (3, 5, 200), (1, 0, 30), (40, 35, 75)])
def test_paired_difference_is_where_the_score_test_turns(first: int, second: int, n: int) -> None:
    interval = find_paired_difference(first, second, n)
    assert interval.low < (first - second) / n < interval.high
    for edge in interval.as_list():
        q = maximise_likelihood(first, second, n, edge)
        score = (first - second - n * edge) / math.sqrt(n * (2 * q + edge * (1 - edge)))
        assert abs(score) == pytest.approx(1.959964, abs=2e-3)


def test_paired_difference_at_the_ends() -> None:
    assert find_paired_difference(10, 0, 10).high == 1.0
    assert find_paired_difference(0, 10, 10).low == -1.0
    same = find_paired_difference(0, 0, 100)  # the two never differ: an interval about zero, not a point
    assert same.low == pytest.approx(-same.high) and 0.01 < same.high < 0.06
    with pytest.raises(ValueError, match="disagreements"):
        find_paired_difference(6, 5, 10)


@given(first=st.integers(0, 60), second=st.integers(0, 60))
def test_mcnemar_is_the_binomial_test(first: int, second: int) -> None:
    if first + second == 0:
        assert compare_mcnemar(0, 0) == 1.0
    else:
        expected = binomtest(first, first + second, 0.5).pvalue
        assert compare_mcnemar(first, second) == pytest.approx(expected)


def test_disagreements_are_counted_by_picture() -> None:
    assert count_disagreements([True, True, False, False], [True, False, True, True]) == (1, 2)


confusions = st.lists(st.lists(st.integers(0, 30), min_size=3, max_size=3), min_size=3, max_size=3)


@given(confusion=confusions)
def test_kappa_agrees_with_sklearn(confusion: list[list[int]]) -> None:
    counts = np.array(confusion)
    found = measure_agreement(counts)
    shares = counts.sum(1) @ counts.sum(0)
    if counts.sum() == 0 or shares == counts.sum() ** 2:
        assert found is None
        return
    rows, columns = np.indices(counts.shape).reshape(2, -1).repeat(counts.ravel(), axis=1)
    assert found is not None
    assert found.kappa == pytest.approx(cohen_kappa_score(rows, columns), abs=1e-9)
    assert found.interval.low <= found.kappa <= found.interval.high


def test_kappa_interval_agrees_with_the_delta_method() -> None:
    counts = np.array([[50.0, 6, 2], [9, 41, 5], [1, 7, 30]])
    n = counts.sum()
    found = measure_agreement(counts)
    assert found is not None
    slopes = np.zeros(9)
    for cell in range(9):
        step = np.zeros(9)
        step[cell] = 1e-4 * n
        up, down = (measure_agreement(counts + sign * step.reshape(3, 3)) for sign in (1, -1))
        assert up is not None and down is not None
        slopes[cell] = (up.kappa - down.kappa) / 2e-4
    p = counts.ravel() / n
    variance = (np.diag(p) - np.outer(p, p)) @ slopes @ slopes / n  # multinomial covariance
    assert found.interval.high - found.kappa == pytest.approx(1.959964 * math.sqrt(variance), rel=1e-3)
