import numpy as np
import pytest

from inspection.explain import compute_grid, explain_class
from inspection.types import Box, Classification
from models.heads import LinearHead

CROP = Box(0, 0, 10, 10)


def make_case(*, drift: float = 0.0):
    rng = np.random.default_rng(0)
    head = LinearHead(rng.normal(size=(3, 5)).astype(np.float32), rng.normal(size=3).astype(np.float32))
    features = rng.random((5, 4, 4), np.float32)
    logits = head.logits(features) + np.float32(drift)
    probabilities = np.full(3, 1 / 3, np.float32)
    return Classification(("a", "b", "c"), logits, probabilities, features), head


def test_the_signed_map_of_a_linear_head_adds_up_to_the_logit():
    found, head = make_case()
    for index in range(3):
        signed = head.gradient(found.features, index) @ found.features.reshape(5, -1)
        assert signed.sum() == pytest.approx(float(found.logits[index] - head.bias[index]), abs=1e-5)
        np.testing.assert_allclose(
            compute_grid(found.features, head, index).ravel(), np.maximum(signed, 0), rtol=1e-5
        )


@pytest.mark.parametrize(("drift", "exact"), [(0.0, True), (0.5, False)])
def test_exactness_is_checked_on_each_picture(drift, exact):
    found, head = make_case(drift=drift)
    heat = explain_class(found, head, class_index=1, precision="f32", scale=2.0, crop=CROP)
    assert heat.exact is exact
    assert heat.residual == pytest.approx(drift, abs=1e-5)
    assert (heat.class_name, heat.scale, heat.crop) == ("b", 2.0, CROP)


def test_low_precision_is_allowed_its_rounding():
    found, head = make_case(drift=0.02)
    assert explain_class(found, head, class_index=0, precision="bf16", scale=1.0, crop=CROP).exact
    assert not explain_class(found, head, class_index=0, precision="f32", scale=1.0, crop=CROP).exact


def test_without_a_measured_scale_the_map_is_drawn_on_its_own_maximum():
    found, head = make_case()
    heat = explain_class(found, head, class_index=0, precision="f32", scale=None, crop=CROP)
    assert heat.scale == pytest.approx(max(float(heat.grid.max()), 1e-12))
