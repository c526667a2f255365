"""Calibration on data whose true calibration is known."""

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import log_loss

from inspection.learning.calibration import (
    MIN_TEMPERATURE,
    fit_temperature,
    measure_brier,
    measure_calibration_error,
    measure_chance_error,
    measure_nll,
    soften,
    trace_reliability,
)


def draw_calibrated(n: int, classes: int, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels drawn from the softmax of the logits themselves: at temperature 1 they are calibrated."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(n, classes)) * 2
    labels = (soften(logits).cumsum(axis=1) > rng.random((n, 1))).argmax(axis=1)
    return logits, labels


def test_soften_is_a_softmax_that_does_not_overflow() -> None:
    p = soften([[1e4, 1e4 - np.log(3)], [0.0, 0.0]])
    np.testing.assert_allclose(p, [[0.75, 0.25], [0.5, 0.5]])
    np.testing.assert_allclose(soften([[2.0, 0.0]], temperature=2.0), soften([[1.0, 0.0]]))


@pytest.mark.parametrize("temperature", [0.4, 1.0, 3.0])
def test_the_temperature_that_made_the_labels_is_found(temperature: float) -> None:
    logits, labels = draw_calibrated(20_000, 5, seed=0)
    assert fit_temperature(logits * temperature, labels) == pytest.approx(temperature, rel=0.03)


def test_the_fitted_temperature_has_the_least_nll() -> None:
    logits, labels = draw_calibrated(500, 3, seed=1)
    best = fit_temperature(logits * 2.5, labels)
    least = measure_nll(logits * 2.5, labels, temperature=best)
    for other in (best * 0.98, best * 1.02):
        assert least < measure_nll(logits * 2.5, labels, temperature=other)


def test_the_temperature_stays_in_its_bounds() -> None:
    always_right = np.eye(2)[[0, 1, 0]] * 4
    assert fit_temperature(always_right, [0, 1, 0]) == MIN_TEMPERATURE
    assert fit_temperature(always_right, [1, 0, 1]) == 20.0
    with pytest.raises(ValueError, match="at least one"):
        fit_temperature(np.zeros((0, 2)), [])


def test_nll_agrees_with_sklearn() -> None:
    logits, labels = draw_calibrated(300, 4, seed=2)
    assert measure_nll(logits, labels) == pytest.approx(log_loss(labels, soften(logits)))


def test_brier_by_hand() -> None:
    assert measure_brier([[0.8, 0.2], [0.0, 1.0]], [0, 0]) == pytest.approx((0.08 + 2.0) / 2)


def test_calibration_error_by_hand() -> None:
    p = np.array([[0.9, 0.1]] * 10 + [[0.7, 0.3]] * 10)
    labels = [0] * 8 + [1] * 2 + [0] * 7 + [1] * 3  # 0.9 sure and 0.8 right; 0.7 sure and 0.7 right
    assert measure_calibration_error(p, labels) == pytest.approx(0.05)
    assert measure_calibration_error(p, labels, bins=1) == pytest.approx(0.05)
    assert measure_calibration_error(np.zeros((0, 2)), []) is None


def test_calibrated_data_has_little_error_and_sharpened_data_much() -> None:
    logits, labels = draw_calibrated(20_000, 5, seed=3)
    for equal_mass in (False, True):
        honest = measure_calibration_error(soften(logits), labels, equal_mass=equal_mass)
        boastful = measure_calibration_error(soften(logits * 3), labels, equal_mass=equal_mass)
        assert honest is not None and boastful is not None
        assert honest < 0.015 < 0.1 < boastful


def test_the_reliability_curve_agrees_with_sklearn() -> None:
    logits, labels = draw_calibrated(1000, 3, seed=4)
    p = soften(logits)
    accuracy, confidence = calibration_curve(p.argmax(1) == labels, p.max(1), n_bins=15)
    filled = [each for each in trace_reliability(p, labels) if each.count]
    assert [each.accuracy for each in filled] == pytest.approx(accuracy)
    assert [each.confidence for each in filled] == pytest.approx(confidence)
    assert sum(each.count for each in filled) == 1000


def test_bins_of_equal_mass_hold_equal_counts_and_empty_bins_say_so() -> None:
    logits, labels = draw_calibrated(1500, 3, seed=5)
    equal = trace_reliability(soften(logits), labels, equal_mass=True)
    assert {each.count for each in equal} == {100}
    sure = trace_reliability([[1.0, 0.0]] * 4, [0] * 4)
    assert [each.count for each in sure] == [0] * 14 + [4]
    assert sure[0].accuracy is None and sure[0].accuracy_interval is None
    assert sum(each.count for each in trace_reliability([[1.0, 0.0]] * 4, [0] * 4, equal_mass=True)) == 4


def test_a_model_that_never_errs_is_not_believed_without_end():
    labels = np.arange(400) % 2
    logits = np.where(np.eye(2)[labels] > 0, 3.0, -3.0)
    assert fit_temperature(logits, labels) == pytest.approx(0.05)
    temperature = fit_temperature(logits, labels, doubt_0_1=1 / 402)
    surest = soften(logits, temperature=temperature).max()
    # half of the doubt falls on the label's own class
    assert surest == pytest.approx(1 - 1 / 804, abs=1e-6)


def test_few_pictures_show_an_error_that_is_chance_and_many_do_not() -> None:
    rng = np.random.default_rng(3)
    logits = rng.normal(0, 2, (20_000, 5))
    p = soften(logits)
    few, many = measure_chance_error(p[:200]), measure_chance_error(p)
    assert few is not None and many is not None
    assert few.mean > 3 * many.mean and few.mean < few.p95
    # against the error itself, with labels drawn from all classes
    drawn = [
        measure_calibration_error(
            p[:200], (p[:200].cumsum(axis=1) < rng.random((200, 1))).sum(axis=1).clip(0, 4)
        )
        for _ in range(200)
    ]
    assert few.mean == pytest.approx(np.mean([each for each in drawn if each is not None]), rel=0.1)
    assert measure_chance_error(np.zeros((0, 5))) is None
