"""Occlusion, KernelSHAP and LIME on a network whose answer can be worked out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from inspection.explain_probes import (
    SAMPLES,
    Probe,
    blur,
    cut_superpixels,
    draw_coalitions,
    kernel_shap,
    lime,
    measure_fidelity,
    occlude,
    solve_ridge,
    solve_shapley,
)
from inspection.explain_subject import log_odds
from tests.explaining.toys import ignore, make_crop, make_subject


def test_log_odds_are_those_of_the_probabilities() -> None:
    logits = np.array([[2.0, 0.5, -1.0], [40.0, 0.0, 0.0]], np.float32)
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    expected = np.log(probabilities[0, 0] / (1 - probabilities[0, 0]))
    assert log_odds(logits, 0)[0] == pytest.approx(expected, rel=1e-5)
    assert log_odds(logits, 0)[1] == pytest.approx(40 - np.log(2), rel=1e-5)  # where 1 − p is zero in floats


def test_occlusion_finds_the_cell_and_its_worth() -> None:
    subject = make_subject()
    probe = occlude(subject, 0, ignore)
    assert np.unravel_index(probe.contributions.argmax(), (7, 7)) == (1, 5)
    covered = subject.crop.copy()
    covered[8:16, 40:48] = blur(subject.crop)[8:16, 40:48]
    whole, without = (log_odds(subject.engine.run(p[None]).outputs[0], 0)[0] for p in (subject.crop, covered))
    assert probe.contributions[1, 5] == pytest.approx(whole - without, abs=1e-6)
    assert probe.runs == 51 and probe.fidelity_r2 is None


@pytest.mark.parametrize("method", [kernel_shap, lime])
def test_regions_find_the_cell(method: object) -> None:
    probe = method(make_subject(), 0, ignore)  # type: ignore[operator]
    labels = cut_superpixels(make_crop())
    there = labels[64 * 3 // 14, 64 * 11 // 14]  # the middle of cell (1, 5)
    assert probe.contributions[labels == there][0] == probe.contributions.max() > 0.03
    assert probe.fidelity_r2 is not None and probe.fidelity_r2 > 0.9
    assert probe.runs == SAMPLES + 2


def test_shapley_values_add_up_to_the_total() -> None:
    probe = kernel_shap(make_subject(), 0, ignore)
    labels = cut_superpixels(make_crop())
    shares = [probe.contributions[labels == label][0] for label in range(labels.max() + 1)]
    assert sum(shares) == pytest.approx(probe.total, abs=1e-5)


def test_what_speaks_against_is_weighed_by_region_and_not_by_area() -> None:
    """A ground of fifteen sixteenths that speaks a little against the class had been told as half of the evidence."""
    labels = np.zeros((64, 64), int)
    labels[:16, :16] = 1
    regions = np.array([-0.1, 1.5], np.float32)
    probe = Probe(regions[labels], 1.4, 258, 1.0, regions)
    assert probe.share_against_0_1 == pytest.approx(0.1 / 1.6)
    assert Probe(regions[labels], 1.4, 258).share_against_0_1 == pytest.approx(0.5)
    for method in (kernel_shap, lime):
        found = method(make_subject(), 0, ignore)
        assert found.regions is not None and len(found.regions) == cut_superpixels(make_crop()).max() + 1


@given(some.lists(some.floats(-3, 3), min_size=3, max_size=14), some.integers(0, 99))
def test_shapley_values_of_a_sum_are_its_terms(terms: list[float], seed: int) -> None:
    values = np.array(terms)
    kept = draw_coalitions(len(values), 256)
    assert np.allclose(solve_shapley(kept, kept @ values, values.sum()), values, atol=1e-6)


def test_shapley_values_share_an_interaction_equally() -> None:
    """Two regions that count only together get half each; the third gets nothing (symmetry and dummy)."""
    kept = draw_coalitions(3, 4096)
    gains = (kept[:, 0] & kept[:, 1]).astype(float)
    assert solve_shapley(kept, gains, 1.0) == pytest.approx([0.5, 0.5, 0.0], abs=0.02)


def test_coalitions_come_in_pairs_and_always_the_same() -> None:
    kept = draw_coalitions(16, 256)
    assert kept.shape == (256, 16)
    assert np.array_equal(kept[:128], ~kept[128:])
    assert np.array_equal(kept, draw_coalitions(16, 256))
    assert 0 < kept.sum(axis=1).min() and kept.sum(axis=1).max() < 16


def test_probes_repeat_to_the_bit() -> None:
    for method in (kernel_shap, lime, occlude):
        assert np.array_equal(
            method(make_subject(), 1, ignore).contributions, method(make_subject(), 1, ignore).contributions
        )


def test_ridge_finds_a_line() -> None:
    rng = np.random.default_rng(0)
    design = rng.random((400, 3))
    values, level = solve_ridge(design, design @ [1.0, -2.0, 0.0] + 5, np.ones(400), penalty=1e-6)
    assert values == pytest.approx([1.0, -2.0, 0.0], abs=1e-4) and level == pytest.approx(5, abs=1e-4)


def test_fidelity_is_the_share_that_is_followed() -> None:
    target = np.array([1.0, 2.0, 3.0])
    assert measure_fidelity(target, target, np.ones(3)) == 1
    assert measure_fidelity(target, np.full(3, 2.0), np.ones(3)) == 0
    assert measure_fidelity(np.ones(3), np.ones(3), np.ones(3)) == 1


def test_superpixels_follow_colour_and_cover_all() -> None:
    crop = np.zeros((224, 224, 3), np.uint8)
    crop[:, 120:] = 255
    labels = cut_superpixels(crop)
    assert 12 <= labels.max() + 1 <= 16
    assert not set(labels[:, :32].ravel()) & set(labels[:, 36:].ravel())


def test_the_blur_leaves_the_shade_and_no_detail() -> None:
    crop = make_crop()
    assert abs(blur(crop).mean() - crop.mean()) < 1
    assert blur(crop)[..., 0].max() < 130 < crop[..., 0].max()
