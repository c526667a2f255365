"""Figures against scikit-learn on random rows, and by hand where it has no word for them."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from inspection.learning.curves import (
    measure_auc,
    measure_average_precision,
    trace_precision_recall,
    trace_roc,
)
from inspection.learning.metrics import count_confusion, measure_figures

NAMES = ("ok", "cracked", "stained", "dented")


@st.composite
def rows(draw: st.DrawFn, *, classes: int = 4) -> tuple[np.ndarray, np.ndarray]:
    n = draw(st.integers(1, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    steps = draw(st.sampled_from([3, 10, 1000]))  # few steps make many ties
    p = rng.integers(1, steps + 1, size=(n, classes)).astype(float)
    return rng.integers(0, classes, n), p / p.sum(axis=1, keepdims=True)


@settings(max_examples=40)
@given(rows=rows())
def test_figures_agree_with_sklearn(rows: tuple[np.ndarray, np.ndarray]) -> None:
    labels, p = rows
    figures = measure_figures(labels, p, class_names=NAMES)
    called = p.argmax(1)
    seen = sorted(set(labels) | set(called))
    assert figures.accuracy == pytest.approx(reference.accuracy_score(labels, called))
    assert figures.macro_f1 == pytest.approx(
        reference.f1_score(labels, called, labels=seen, average="macro", zero_division=0)
    )
    np.testing.assert_array_equal(
        figures.confusion, reference.confusion_matrix(labels, called, labels=range(4))
    )
    precision, recall, f1, support = reference.precision_recall_fscore_support(
        labels, called, labels=range(4), zero_division=np.nan
    )
    for number, each in enumerate(figures.per_class):
        assert each.support == support[number]
        for ours, theirs in ((each.precision, precision), (each.recall, recall)):
            assert ours is None if np.isnan(theirs[number]) else ours == pytest.approx(theirs[number])
        if each.support + each.predicted:
            assert each.f1 == pytest.approx(f1[number] if not np.isnan(f1[number]) else 0.0)
        positives = labels == number
        if 0 < positives.sum() < len(labels):
            assert each.auc == pytest.approx(reference.roc_auc_score(positives, p[:, number]))
            assert each.specificity == pytest.approx(np.mean(called[~positives] != number))
        else:
            assert each.auc is None
        if positives.any():
            assert each.average_precision == pytest.approx(
                reference.average_precision_score(positives, p[:, number])
            )


@given(rows=rows(classes=2))
def test_curves_agree_with_sklearn(rows: tuple[np.ndarray, np.ndarray]) -> None:
    labels, p = rows
    scores, positives = p[:, 1], labels == 1
    roc = trace_roc(scores, positives)
    if 0 < positives.sum() < len(labels):
        x, y, thresholds = reference.roc_curve(positives, scores, drop_intermediate=False)
        assert roc is not None
        np.testing.assert_allclose([roc.x, roc.y, roc.thresholds], [x, y, thresholds])
        assert measure_auc(scores, positives) == pytest.approx(np.trapezoid(roc.y, roc.x))
    else:
        assert roc is None
    curve = trace_precision_recall(scores, positives)
    if positives.any():
        precision, recall, thresholds = reference.precision_recall_curve(positives, scores)
        assert curve is not None
        np.testing.assert_allclose(
            [curve.x[::-1], curve.y[::-1], curve.thresholds[::-1]], [recall[:-1], precision[:-1], thresholds]
        )
    else:
        assert curve is None and measure_average_precision(scores, positives) is None


def test_escapes_and_false_rejects_by_hand() -> None:
    labels = [0] * 10 + [1] * 5 + [2] * 5
    called = [0] * 8 + [1, 2] + [1] * 4 + [0] + [1] * 2 + [2] * 3
    p = np.eye(3)[called]
    decision = measure_figures(labels, p, class_names=("ok", "cracked", "stained"), good_class="ok").decision
    assert decision is not None
    assert (decision.good, decision.defective) == (10, 10)
    assert (decision.escapes, decision.escape_rate) == (1, 0.1)  # a crack called a stain is no escape
    assert (decision.false_rejects, decision.false_reject_rate) == (2, 0.2)
    assert decision.escape_rate_below == pytest.approx(0.3942, abs=1e-4)
    assert decision.escape_rate_interval is not None
    assert decision.escape_rate_interval.as_list() == pytest.approx([0.0025286, 0.4450161], abs=1e-6)


def test_decisions_other_than_the_likeliest_class_count() -> None:
    figures = measure_figures(
        [0, 1], [[0.6, 0.4], [0.6, 0.4]], class_names=("ok", "bad"), good_class="ok", called=[1, 1]
    )
    assert figures.confusion == ((0, 1), (0, 1))
    assert figures.decision is not None and figures.decision.false_rejects == 1


def test_what_is_undefined_is_none() -> None:
    figures = measure_figures(np.zeros(0, int), np.zeros((0, 2)), class_names=("ok", "bad"), good_class="ok")
    assert (figures.n, figures.accuracy, figures.macro_f1, figures.macro_auc, figures.brier) == (
        0,
        None,
        None,
        None,
        None,
    )
    assert figures.calibration_error is None and figures.agreement is None
    only_good = measure_figures([0, 0], [[1.0, 0.0]] * 2, class_names=("ok", "bad"), good_class="ok")
    assert only_good.decision is not None and only_good.decision.escape_rate is None
    assert only_good.per_class[1].recall is None and only_good.per_class[1].f1 is None
    assert only_good.macro_f1 == 1.0  # a class that never occurs and is never called does not count


def test_figures_become_json() -> None:
    figures = measure_figures([0, 1], [[0.9, 0.1], [0.2, 0.8]], class_names=("ok", "bad"), good_class="ok")
    document = json.loads(json.dumps(figures.to_dict(), allow_nan=False))
    assert document["accuracy"] == 1.0 and document["confusion"] == [[1, 0], [0, 1]]
    assert document["accuracy_interval"]["low"] == pytest.approx(0.3424, abs=1e-4)
    assert document["per_class"]["bad"]["f1"] == 1.0
    assert document["decision"]["escapes"] == 0


@pytest.mark.parametrize(
    ("labels", "p", "words"),
    [
        ([0], [[0.5, 0.5, 0.0]], "probabilities"),
        ([0, 1], [[0.5, 0.5]], "probabilities"),
        ([0], [[4.0, -1.0]], "soften"),
        ([0], [[np.nan, 1.0]], "soften"),
        ([2], [[0.5, 0.5]], "classes 0…1"),
    ],
)
def test_rows_that_cannot_be_are_a_fault(labels: list[int], p: list[list[float]], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        measure_figures(labels, p, class_names=("ok", "bad"))


def test_more_faults() -> None:
    with pytest.raises(ValueError, match="among"):
        measure_figures([0], [[1.0, 0.0]], class_names=("ok", "bad"), good_class="fine")
    with pytest.raises(ValueError, match="one call a label"):
        count_confusion([0, 1], [0], 2)
    with pytest.raises(ValueError, match="NaN"):
        measure_auc([np.nan, 1.0], [True, False])
