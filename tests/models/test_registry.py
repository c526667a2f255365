"""One test over the whole registry."""

import subprocess
import sys

import pytest
import torch
from torch import nn

from models.registry import REGISTRY, ModelNotFound, build_network, find_spec
from models.spec import Detector

CLASSIFIERS = (
    "resnet50",
    "resnet50v2",
    "mobilenetv2",
    "mobilenetv3_large",
    "efficientnet_b0",
    "densenet121",
    "nasnet_mobile",
    "mlp_mixer",
    "convnext_tiny",
    "mobilevit_xxs",
    "vit_small",
    "resnet18_cbam",
    "plain_cnn",
    "compact_cnn",
)
DETECTORS = ("yolov5n", "ssdlite320", "nanodet_plus_m")


def count_trainable(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)


@pytest.mark.parametrize("name", CLASSIFIERS + DETECTORS)
def test_a_row_agrees_with_its_key_and_describes_its_input(name: str) -> None:
    spec = REGISTRY[name]
    assert spec.name == name
    assert spec.task == ("detect" if name in DETECTORS else "classify")
    assert len(spec.mean) == len(spec.std) == spec.channels
    assert spec.source.partition(":")[0] in {"timm", "torchvision", "assay"}
    assert spec.seed.partition(",")[0] in {"000", "001", "002", "003", "004"}


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_the_parameters_are_those_stated(name: str) -> None:
    with torch.device("meta"):
        three, five = (count_trainable(build_network(name, classes)) for classes in (3, 5))
    a_class = (five - three) // 2  # what one more class adds: a row of the last layer and its bias
    assert five - 5 * a_class == find_spec(name).parameters


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_two_classes_are_two_logits(name: str) -> None:
    spec = find_spec(name)
    with torch.device("meta"):
        network = build_network(name, 2).eval()
        features = network.features(torch.zeros(3, spec.channels, spec.input_size, spec.input_size))
        logits = network.head(features)
    assert features.ndim == 4
    assert logits.shape == (3, 2)


@pytest.mark.parametrize("name", DETECTORS)
def test_a_detector_gives_boxes_and_scores(name: str) -> None:
    spec = find_spec(name)
    assert count_trainable(build_network(name, 1)) == spec.parameters
    network = build_network(name, 3).eval()
    with torch.inference_mode():
        found = network(torch.rand(2, 3, spec.input_size, spec.input_size))
    assert isinstance(network, Detector)
    assert found.shape[0] == 2 and found.shape[1] > 100 and found.shape[2] == 4 + 3
    assert found.isfinite().all()
    scores = found[..., 4:]
    assert scores.min() >= 0 and scores.max() <= 1


def test_the_compact_cnn_is_no_larger_than_the_seeds() -> None:
    network = build_network("compact_cnn", 2)
    statistics = sum(b.numel() for name, b in network.named_buffers() if "running" in name)
    assert count_trainable(network) + statistics <= 5_865  # seed 002, Table 1, "total params"


def test_nasnet_has_the_seeds_fixed_statistics() -> None:
    network = build_network("nasnet_mobile", 2)
    statistics = sum(b.numel() for name, b in network.named_buffers() if "running" in name)
    assert count_trainable(network) == 4_235_092  # seed 002, Table 1, "trainable", with its two-class head
    assert statistics == 36_738  # and "non trainable"


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ModelNotFound, match="mobilenetv2.*got 'resnet51'"):
        build_network("resnet51", 2)


@pytest.mark.parametrize("name", ("compact_cnn", "plain_cnn", "nasnet_mobile", "mlp_mixer"))
def test_a_network_without_published_weights_says_so(name: str) -> None:
    with pytest.raises(LookupError, match="pretrained=False"):
        build_network(name, 2, pretrained=True)


def test_reading_the_registry_loads_neither_timm_nor_torchvision() -> None:
    script = (
        "import sys, models.registry; print(sorted({'timm', 'torchvision', 'inspection'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
