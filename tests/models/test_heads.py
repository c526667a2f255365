"""The closed form against torch and against pytorch_grad_cam, for every classifier."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from models.compact_cnn import build_compact_cnn
from models.heads import F32, FlattenMlpHead, HeadUnknown, LinearHead, MlpHead, NormLinearHead, describe_head
from models.spec import Classifier
from models.timm_split import TimmSplit
from tests.models.networks import make_classifier, make_input

TAPS: dict[str, tuple[type, Callable[[Classifier], nn.Module]]] = {
    # the module inside each network whose output is the feature map
    "resnet50": (LinearHead, lambda network: network.body.layer4),
    "resnet50v2": (LinearHead, lambda network: network.body.norm),
    "mobilenetv2": (LinearHead, lambda network: network.body.bn2),
    "mobilenetv3_large": (MlpHead, lambda network: network.body.blocks),
    "efficientnet_b0": (LinearHead, lambda network: network.body.bn2),
    "densenet121": (LinearHead, lambda network: network.body.features),
    "nasnet_mobile": (LinearHead, lambda network: network.activation),
    "mlp_mixer": (LinearHead, lambda network: network.body.norm),
    "convnext_tiny": (NormLinearHead, lambda network: network.body.stages),
    "mobilevit_xxs": (LinearHead, lambda network: network.body.final_conv),
    "vit_small": (LinearHead, lambda network: network.body.norm),
    "resnet18_cbam": (LinearHead, lambda network: network.body.layer4),
    "plain_cnn": (FlattenMlpHead, lambda network: network.stages),
    "compact_cnn": (LinearHead, lambda network: network.blocks),
}


def lay_on_grid(tokens: Tensor) -> Tensor:
    return tokens.transpose(1, 2).unflatten(2, (14, 14))


def run_grad_cam(name: str, network: Classifier, x: Tensor, class_index: int) -> F32:
    """The library's map before it clips, scales and resizes: (h, w)."""
    from pytorch_grad_cam import GradCAM
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    layer = TAPS[name][1](network)
    # The graph starts at the tap: the body, whose weights are frozen, needs no backward pass.
    cut = layer.register_forward_hook(lambda _module, _given, output: output.requires_grad_().clone())
    reshape = lay_on_grid if name in {"mlp_mixer", "vit_small"} else None
    targets = [ClassifierOutputTarget(class_index)]
    with GradCAM(model=network, target_layers=[layer], reshape_transform=reshape) as oracle:
        oracle(input_tensor=x, targets=targets)
        hooks = oracle.activations_and_grads
        activations, gradients = hooks.activations[0].numpy(), hooks.gradients[0].numpy()
        signed: F32 = oracle.get_cam_image(x, layer, targets, activations, gradients)[0]
    cut.remove()
    return signed


@pytest.mark.parametrize("name", TAPS)
def test_a_classifier_is_its_head_after_its_features(name: str) -> None:
    network = make_classifier(name, 5)
    x = make_input(name, 2)
    with torch.inference_mode():
        logits, features = network(x), network.features(x)
        again = network.head(features)
    assert features.ndim == 4 and features.shape[0] == 2
    assert logits.shape == (2, 5) and logits.isfinite().all()
    assert (logits[0] - logits[1]).abs().max() > 0
    torch.testing.assert_close(again, logits, rtol=0, atol=0)


@pytest.mark.parametrize("name", TAPS)
def test_the_head_in_numpy_is_the_networks(name: str) -> None:
    network = make_classifier(name, 5)
    head = describe_head(network)
    assert type(head) is TAPS[name][0]
    with torch.inference_mode():
        x = make_input(name, 2, seed=3)
        features, logits = network.features(x).numpy(), network(x).numpy()
    for row, expected in zip(features, logits, strict=True):
        got = head.logits(row)
        assert got.dtype == np.float32
        np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5 * float(np.abs(expected).max()))


@pytest.mark.parametrize("name", TAPS)
def test_the_closed_form_is_grad_cam(name: str) -> None:
    network = make_classifier(name, 5)
    x = make_input(name, 1, seed=4)
    with torch.inference_mode():
        features = network.features(x)[0].numpy()
    head = describe_head(network)
    for class_index in (0, 3):
        expected = run_grad_cam(name, network, x, class_index)
        weights = head.gradient(features, class_index)
        assert weights.dtype == np.float32
        signed = np.tensordot(weights, features, axes=1)
        largest = np.abs(expected).max()
        assert largest > 0
        assert np.abs(signed - expected).max() <= 1e-4 * largest
        assert np.abs(np.maximum(signed, 0) - np.maximum(expected, 0)).max() <= 1e-4 * largest


@pytest.mark.parametrize("class_index", (0, 1))
def test_one_sigmoid_neuron_is_told_as_two_opposite_logits(class_index: int) -> None:
    network = make_classifier("compact_cnn", 2)
    x = make_input("compact_cnn", 1, seed=5)
    with torch.inference_mode():
        features = network.features(x)[0].numpy()
        score = float(network.classifier(network.features(x).mean(dim=(2, 3))))
    head = describe_head(network)
    np.testing.assert_allclose(head.logits(features), [-score / 2, score / 2], rtol=1e-5, atol=1e-6)
    signed = np.tensordot(head.gradient(features, class_index), features, axes=1)
    np.testing.assert_allclose(signed, run_grad_cam("compact_cnn", network, x, class_index), atol=1e-6)


def test_a_linear_heads_map_adds_up_to_its_score() -> None:
    rng = np.random.default_rng(0)
    head = LinearHead(rng.normal(size=(3, 8)).astype(np.float32), rng.normal(size=3).astype(np.float32))
    features = rng.normal(size=(8, 4, 5)).astype(np.float32)
    signed = np.tensordot(head.gradient(features, 2), features, axes=1)
    np.testing.assert_allclose(signed.sum(), head.logits(features)[2] - head.bias[2], rtol=1e-4)


@pytest.mark.parametrize("activation", ("relu", "hard_swish"))
def test_an_mlp_heads_slope_is_torchs(activation: str) -> None:
    rng = np.random.default_rng(1)
    parts = [rng.normal(size=shape).astype(np.float32) for shape in ((16, 6), (16,), (3, 16), (3,))]
    parts[1][:4] = (-9, 9, -4, 4)  # both flat ends of the hard-swish
    head = MlpHead(parts[0], parts[1], activation, parts[2], parts[3])  # type: ignore[arg-type]
    features = rng.normal(size=(6, 3, 3)).astype(np.float32)
    leaf = torch.tensor(features, requires_grad=True)
    squash = nn.functional.hardswish if activation == "hard_swish" else torch.relu
    weight1, bias1, weight2, bias2 = map(torch.tensor, parts)
    scores = weight2 @ squash(weight1 @ leaf.mean(dim=(1, 2)) + bias1) + bias2
    scores[1].backward()
    np.testing.assert_allclose(head.logits(features), scores.detach().numpy(), rtol=1e-4, atol=1e-5)
    assert leaf.grad is not None
    np.testing.assert_allclose(head.gradient(features, 1), leaf.grad.mean(dim=(1, 2)).numpy(), atol=1e-6)


def test_a_head_outlives_changes_to_its_network() -> None:
    network = build_compact_cnn(5)
    head = describe_head(network)
    assert isinstance(head, LinearHead)
    before = head.weight.copy()
    with torch.no_grad():
        network.classifier.weight.zero_()
    np.testing.assert_array_equal(head.weight, before)


class Stranger(Classifier):
    pass


class StrangeBody(nn.Module):
    pass


@pytest.mark.parametrize("network", (Stranger(), TimmSplit(StrangeBody())))
def test_an_unknown_head_is_refused(network: Classifier) -> None:
    with pytest.raises(HeadUnknown, match="got Strange"):
        describe_head(network)
