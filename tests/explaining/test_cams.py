"""The activation maps against the reference implementation, on networks of the registry."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from inspection.engines.torch import TorchEngine
from inspection.explain_cams import (
    ablation_cam,
    eigen_cam,
    grad_cam,
    grad_cam_plus_plus,
    pools_first,
    score_cam,
)
from inspection.explain_subject import Subject
from inspection.types import F32, Box, Classification
from models.heads import FlattenMlpHead, LinearHead, describe_head
from models.registry import find_spec
from models.spec import Classifier, ModelSpec
from models.vision_ops import prepare
from tests.explaining.toys import ignore, make_subject
from tests.models.networks import make_classifier

prepare()  # before anything imports torchvision, which the reference does
NETWORKS = ("compact_cnn", "mobilenetv3_large", "resnet18_cbam")
CLASS = 1


class Tapped(nn.Module):
    """The feature map passes through a layer of its own, which the library may hook and replace."""

    def __init__(self, network: Classifier) -> None:
        super().__init__()
        self.network = network
        self.tap = nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.network.head(self.tap(self.network.features(x)))


def make_real(name: str) -> tuple[Subject, Classifier, torch.Tensor]:
    """A subject of a real network, and the tensor that it saw."""

    network, spec = make_classifier(name, 4), find_spec(name)
    small = ModelSpec(**{field: getattr(spec, field) for field in spec.__slots__} | {"input_size": 64})
    engine = TorchEngine(network, small)
    crop = np.random.default_rng(5).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    if spec.channels == 1:
        crop[...] = crop[..., :1]  # grey: the luma is the value itself
    logits, features = (output[0] for output in engine.run(crop[None, ..., : spec.channels]).outputs)
    subject = Subject(
        crop=crop,
        classification=Classification(tuple("abcd"), logits, np.full(4, 0.25, np.float32), features),
        engine=engine,
        head=describe_head(network),
        channels=spec.channels,
        precision="f32",
        heat_scale=None,
        bounds=Box(0, 0, 64, 64),
        model=name,
    )
    mean, std = (np.array(values, np.float32).reshape(-1, 1, 1) for values in (spec.mean, spec.std))
    x = (crop[..., : spec.channels].transpose(2, 0, 1) / np.float32(255) - mean) / std
    return subject, network, torch.from_numpy(x.astype(np.float32))[None]


def run_oracle(kind: Callable[..., Any], network: Classifier, x: torch.Tensor) -> F32:
    """The library's map before it clips, scales and resizes."""
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    tapped = Tapped(network).requires_grad_(True)
    targets = [ClassifierOutputTarget(CLASS)]
    with kind(model=tapped, target_layers=[tapped.tap]) as oracle:
        oracle(input_tensor=x.clone().requires_grad_(), targets=targets)
        hooks = oracle.activations_and_grads
        activations = hooks.activations[0].numpy()
        gradients = hooks.gradients[0].numpy() if hooks.gradients else np.zeros_like(activations)
        signed: F32 = oracle.get_cam_image(x, tapped.tap, targets, activations, gradients)[0]
    network.requires_grad_(False)
    return np.maximum(signed, 0)


def same_shape(got: F32, expected: F32, *, tolerance: float) -> bool:
    """Equal up to the scale, which the library throws away in the end."""
    assert expected.max() > 0 and got.max() > 0
    return bool(np.allclose(got / got.max(), expected / expected.max(), atol=tolerance))


@pytest.mark.parametrize("name", NETWORKS)
def test_grad_cam_plus_plus_is_the_references(name: str) -> None:
    from pytorch_grad_cam import GradCAMPlusPlus

    subject, network, x = make_real(name)
    expected = run_oracle(GradCAMPlusPlus, network, x)
    got = grad_cam_plus_plus(subject, CLASS, ignore)
    np.testing.assert_allclose(got, expected, rtol=2e-3, atol=1e-4 * float(expected.max()))


def test_score_cam_is_the_references_but_for_rounding_to_bytes() -> None:
    from pytorch_grad_cam import ScoreCAM

    subject, network, x = make_real("compact_cnn")
    assert same_shape(score_cam(subject, CLASS, ignore), run_oracle(ScoreCAM, network, x), tolerance=0.02)


def test_ablation_cam_is_the_references() -> None:
    from pytorch_grad_cam import AblationCAM

    subject, network, x = make_real("compact_cnn")
    got = ablation_cam(subject, CLASS, ignore)
    np.testing.assert_allclose(
        got, run_oracle(AblationCAM, network, x), rtol=1e-3, atol=1e-5 * float(got.max())
    )


def test_eigen_cam_is_the_references_up_to_its_sign() -> None:
    from pytorch_grad_cam.utils.svd_on_activations import get_2d_projection

    subject, _, _ = make_real("resnet18_cbam")
    features = subject.classification.features
    expected = get_2d_projection(features[None].astype(np.float64))[0]
    got = eigen_cam(subject, CLASS, ignore)
    assert np.allclose(got, np.maximum(expected, 0), atol=1e-3) or np.allclose(
        got, np.maximum(-expected, 0), atol=1e-3
    )


@pytest.mark.parametrize("method", [grad_cam, grad_cam_plus_plus, ablation_cam, score_cam])
def test_the_red_cell_explains_red(method: Callable[..., F32]) -> None:
    grid = method(make_subject(), 0, ignore)
    assert np.unravel_index(grid.argmax(), grid.shape) == (1, 5)


@pytest.mark.parametrize("bias", [0.0, 0.5, 2.0])
def test_ablation_cam_lights_what_the_class_rests_on_whatever_the_sign_of_its_score(bias: float) -> None:
    """A score of -0.5, of 0 and of 1.5: the first channel, hot at the top left, speaks for the class, the other against it."""
    features = np.zeros((2, 4, 4), np.float32)
    features[0, 0, 0] = features[1, 3, 3] = 16
    head = LinearHead(np.array([[1, -1.5], [0, 0]], np.float32), np.array([bias, 0], np.float32))
    told = Classification(("a", "b"), head.logits(features), np.full(2, 0.5, np.float32), features)
    subject = replace(make_subject(), head=head, classification=told)
    grid = ablation_cam(subject, 0, ignore)
    assert np.isfinite(grid).all() and grid[0, 0] > 0 and np.count_nonzero(grid) == 1


def test_eigen_cam_does_not_look_at_the_class() -> None:
    subject = make_subject()
    assert np.array_equal(eigen_cam(subject, 0, ignore), eigen_cam(subject, 2, ignore))


def test_score_cam_reports_and_can_be_stopped() -> None:
    class Enough(Exception): ...

    seen: list[tuple[int, int]] = []

    def watch(done: int, total: int) -> None:
        seen.append((done, total))
        raise Enough

    with pytest.raises(Enough):
        score_cam(make_subject(), 0, watch)
    assert seen == [(3, 3)]


def test_a_head_that_flattens_does_not_pool() -> None:
    weights = np.zeros((2, 147), np.float32), np.zeros(2, np.float32)
    small = np.zeros((2, 2), np.float32), np.zeros(2, np.float32)
    assert not pools_first(FlattenMlpHead(*weights, *small, *small))
    assert pools_first(make_subject().head)
