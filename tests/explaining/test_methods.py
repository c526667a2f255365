"""The registry of methods, and what each explanation says of itself."""

from dataclasses import replace

import numpy as np
import pytest

from inspection.explain_methods import METHODS, explain_with, list_methods, say_coincidences
from inspection.explain_subject import MethodUnavailable, NothingToExplain, make_subject
from inspection.images import decode
from models.heads import FlattenMlpHead
from tests.explaining import toys
from tests.ui.fakes import NOTHING, FakeInspector, make_png

FLAT = FlattenMlpHead(
    np.ones((4, 147), np.float32) / 147,
    np.zeros(4, np.float32),
    np.eye(4, dtype=np.float32),
    np.zeros(4, np.float32),
    np.ones((3, 4), np.float32),
    np.zeros(3, np.float32),
)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_explains_any_class(method: str) -> None:
    subject = toys.make_subject()
    for name in toys.NAMES:
        found = explain_with(method, subject, name)
        assert found.heat_map.class_name == name and found.heat_map.method == METHODS[method].title
        assert found.heat_map.grid.min() >= 0 and np.isfinite(found.heat_map.grid).all()
        assert found.heat_map.scale > 0 and found.cost_ms > 0
        assert found.heat_map.crop == subject.bounds
        assert found.evidence and found.scale_note


@pytest.mark.parametrize("method", [name for name, spec in METHODS.items() if not spec.class_blind])
def test_classes_differ(method: str) -> None:
    subject = toys.make_subject()
    red, blue = (explain_with(method, subject, name).heat_map.grid for name in ("red", "blue"))
    assert not np.allclose(red / max(red.max(), 1e-9), blue / max(blue.max(), 1e-9), atol=1e-3)


def test_grad_cam_is_drawn_on_the_models_scale() -> None:
    found = explain_with("grad_cam", toys.make_subject(heat_scale=7.5), "red")
    assert found.heat_map.scale == 7.5 and "every picture of this model" in found.scale_note
    assert "its own maximum" in explain_with("grad_cam", toys.make_subject(heat_scale=None), "red").scale_note


def test_a_wrong_tap_is_not_called_exact() -> None:
    subject = toys.make_subject()
    drifted = replace(
        subject,
        classification=replace(subject.classification, features=subject.classification.features * 1.1),
    )
    assert "NOT exact" in explain_with("grad_cam", drifted, "red").evidence
    assert not explain_with("grad_cam", drifted, "red").heat_map.exact


@pytest.mark.parametrize("method", ["occlusion", "kernel_shap", "lime"])
def test_probes_are_drawn_on_one_scale_for_all(method: str) -> None:
    found = explain_with(method, toys.make_subject(), "red")
    assert found.heat_map.scale == 4.0 and "same for every picture and model" in found.scale_note
    assert found.runs in (51, 258) and (found.fidelity_r2 is None) == (method == "occlusion")


def test_what_speaks_against_the_class_is_counted_not_drawn() -> None:
    found = explain_with("occlusion", toys.make_subject(), "blue")  # the red cell speaks against blue
    assert found.heat_map.grid[1, 5] == 0
    assert "speaks against the class and is not drawn" in found.evidence


def test_what_a_flattening_head_cannot_have_is_said() -> None:
    subject = toys.make_subject(head=FLAT)
    reasons = list_methods(subject)
    assert reasons["grad_cam_pp"] and all(
        reason is None for name, reason in reasons.items() if name != "grad_cam_pp"
    )
    assert "would differ" in say_coincidences(subject)


def test_what_a_flattening_head_cannot_have_is_refused_and_not_drawn() -> None:
    subject = toys.make_subject(head=FLAT)
    reason = list_methods(subject)["grad_cam_pp"]
    with pytest.raises(MethodUnavailable) as refused:
        explain_with("grad_cam_pp", subject, "red")
    assert str(refused.value) == f"Grad-CAM++ is not offered. {reason} Choose another method."
    assert explain_with("grad_cam", subject, "red").heat_map.exact


def test_what_is_the_same_map_is_said() -> None:
    said = say_coincidences(toys.make_subject())
    assert "HiRes-CAM" in said and "one map by construction" in said and "adds up" in said


def test_coincidence_is_true_of_the_linear_head() -> None:
    """Σ of the signed map = y_c − b_c, the claim that the page makes."""
    subject = toys.make_subject()
    features, head = subject.classification.features, subject.head
    signed = np.einsum("c,chw->hw", head.gradient(features, 0), features)
    assert signed.sum() == pytest.approx(float(head.logits(features)[0] - toys.HEAD.bias[0]), rel=1e-5)


def test_without_a_part_there_is_nothing_to_explain() -> None:
    picture = decode(make_png(NOTHING), name="belt.png")
    inspector = FakeInspector()
    with pytest.raises(NothingToExplain, match=r"belt\.png"):
        make_subject(inspector, picture, inspector.inspect(picture))  # type: ignore[arg-type]
