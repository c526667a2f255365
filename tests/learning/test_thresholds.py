"""Routing by confidence: what a person sees, what escapes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.learning.thresholds import (
    count_confusion_with_review,
    find_decided,
    list_thresholds,
    route,
    sweep,
)

# two classes, 0 is good: sure and right, sure escape, unsure escape, sure false reject, unsure and right
LABELS = [0, 1, 1, 0, 1]
P = np.array([[0.9, 0.1], [0.95, 0.05], [0.6, 0.4], [0.2, 0.8], [0.45, 0.55]])


def test_at_zero_the_model_decides_on_all() -> None:
    found = route(LABELS, P, threshold_0_1=0.0, good=0)
    assert (found.n, found.reviewed, found.decided, found.right) == (5, 0, 5, 2)
    assert (found.escapes, found.defective, found.false_rejects, found.good) == (2, 3, 1, 2)
    assert found.accuracy == 0.4 and found.escape_rate == pytest.approx(2 / 3)


def test_a_threshold_sends_the_unsure_to_a_person() -> None:
    found = route(LABELS, P, threshold_0_1=0.7, good=0)
    assert (found.reviewed, found.right, found.escapes, found.false_rejects) == (2, 1, 1, 1)
    assert found.review_share == 0.4 and found.accuracy == pytest.approx(1 / 3)
    assert found.defective_review_rate == pytest.approx(2 / 3) and found.good_review_rate == 0.0
    assert found.escape_rate == pytest.approx(1 / 3)  # of all defective parts, not of the decided ones


def test_where_a_person_sees_all_there_is_no_accuracy_and_no_escape() -> None:
    found = route(LABELS, P, threshold_0_1=1.0, good=0)
    assert found.decided == 0 and found.accuracy is None and found.accuracy_interval is None
    assert found.escapes == 0 and found.escape_rate == 0.0  # a true zero


def test_without_a_good_class_there_is_no_escape_to_count() -> None:
    found = route(LABELS, P, threshold_0_1=0.0)
    assert found.escapes is None and found.escape_rate is None and found.escape_rate_below is None
    assert found.false_reject_rate is None and found.good == 0 and found.defective == 5


def test_rates_without_a_denominator_are_undefined() -> None:
    found = route([1], [[0.2, 0.8]], threshold_0_1=0.0, good=0)
    assert found.false_reject_rate is None and found.good_review_rate is None
    nothing = route([], np.zeros((0, 2)), threshold_0_1=0.5, good=0)
    assert nothing.n == 0 and nothing.review_share is None and nothing.accuracy is None


def test_the_bound_is_the_rule_of_three() -> None:
    labels, p = [1] * 300, [[0.01, 0.99]] * 300
    assert route(labels, p, threshold_0_1=0.0, good=0).escape_rate_below == pytest.approx(0.00994, abs=1e-4)


def test_a_threshold_is_met_by_equality() -> None:
    assert find_decided([[0.8, 0.2], [0.79, 0.21]], 0.8).tolist() == [True, False]


def test_the_matrix_has_a_column_for_the_person() -> None:
    assert count_confusion_with_review(LABELS, P, 0.7).tolist() == [[1, 1, 0], [1, 0, 2]]


@st.composite
def evaluations(draw: st.DrawFn) -> tuple[list[int], np.ndarray]:
    n, classes = draw(st.integers(1, 30)), draw(st.integers(2, 4))
    labels = draw(st.lists(st.integers(0, classes - 1), min_size=n, max_size=n))
    weights = draw(
        st.lists(st.lists(st.floats(0.01, 1), min_size=classes, max_size=classes), min_size=n, max_size=n)
    )
    p = np.array(weights)
    return labels, p / p.sum(axis=1, keepdims=True)


@given(evaluations())
def test_more_confidence_never_lets_more_escape(rows: tuple[list[int], np.ndarray]) -> None:
    labels, p = rows
    found = sweep(labels, p, thresholds_0_1=list_thresholds(p), good=0)
    assert found[0].reviewed == 0 and found[-1].decided == 0
    for earlier, later in zip(found, found[1:], strict=False):
        assert later.reviewed > earlier.reviewed  # each threshold changes something
        assert (later.escapes or 0) <= (earlier.escapes or 0)
        assert (later.false_rejects or 0) <= (earlier.false_rejects or 0)


@given(evaluations(), st.floats(0, 1))
def test_every_picture_is_counted_once(rows: tuple[list[int], np.ndarray], threshold: float) -> None:
    labels, p = rows
    found = route(labels, p, threshold_0_1=threshold, good=0)
    counts = count_confusion_with_review(labels, p, threshold)
    assert counts.sum() == found.n and counts[:, -1].sum() == found.reviewed
    assert np.trace(counts[:, :-1]) == found.right
    assert counts[1:, 0].sum() == found.escapes and counts[0, 1:-1].sum() == found.false_rejects
    assert found.good_reviewed + found.defective_reviewed == found.reviewed


def test_many_thresholds_are_thinned_and_keep_their_ends() -> None:
    p = np.random.default_rng(0).dirichlet(np.ones(3), 2000)
    found = list_thresholds(p, most=50)
    assert len(found) == 51 and found[0] == 0.0
    assert not find_decided(p, found[-1]).any() and find_decided(p, found[0]).all()


def test_rounding_is_no_threshold() -> None:
    p = [[0.9, 0.1], [0.1 - 1e-15, 0.9 + 1e-15], [0.3, 0.7]]
    assert [route([0, 1, 0], p, threshold_0_1=each).reviewed for each in list_thresholds(p)] == [0, 1, 3]
