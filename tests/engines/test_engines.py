"""Every row of the registry: OpenVINO at f32 answers as torch does."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import openvino as ov
import pytest
import torch

from inspection.engines.export import export_network
from inspection.engines.openvino import OpenVinoEngine, supports
from inspection.engines.quantize import list_decoding
from inspection.engines.torch import TorchEngine
from inspection.errors import PrecisionUnavailable
from models.registry import REGISTRY, build_network
from models.spec import Detector, ModelSpec
from tests.models.detector_pictures import make_pictures, wake
from tests.models.networks import SIZES

SMALL = 96  # odd maps at the end, as of 224


def find_small(name: str) -> ModelSpec:
    """Of classifiers that pool their last map; the weights are the same at any size. Boxes are tied to theirs."""
    spec = REGISTRY[name]
    return spec if spec.task == "detect" else replace(spec, input_size=SIZES.get(name, SMALL))


def build_settled(name: str, classes: int = 3, *, side: int | None = None) -> torch.nn.Module:
    """Random weights with running statistics that are not those of a fresh batch norm."""
    torch.manual_seed(0)
    network, spec = build_network(name, classes), REGISTRY[name]
    side = side or spec.input_size
    if isinstance(network, Detector):
        return wake(network, size=side)
    network.train()
    with torch.no_grad():
        x = torch.randn(2, spec.channels, side, side)
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.momentum = 0.5
        features = getattr(network, "features", network)
        features(x)
    return network.eval()


def make_batch(name: str, count: int = 1, *, side: int | None = None) -> np.ndarray:
    spec = REGISTRY[name]
    side = side or spec.input_size
    if spec.task == "detect":  # noise has nothing to box
        pictures = make_pictures(count, size=side, seed=2)[0].permute(0, 2, 3, 1).numpy()
        return np.rint(255 * pictures).astype(np.uint8)
    shape = (count, side, side, spec.channels)
    return np.random.default_rng(3).integers(0, 256, shape, dtype=np.uint8)


@dataclass(frozen=True, slots=True)
class Exported:
    spec: ModelSpec
    network: torch.nn.Module
    graph: ov.Model


@pytest.fixture(scope="module", params=sorted(REGISTRY))
def exported(request: pytest.FixtureRequest) -> Exported:
    """One after the other, each for all tests that look at it: exporting is most of the time."""
    spec = find_small(request.param)
    network = build_settled(spec.name, side=spec.input_size)
    return Exported(spec, network, export_network(network, spec))


def test_openvino_at_f32_equals_torch(exported):
    network, spec, graph = exported.network, exported.spec, exported.graph
    fast = OpenVinoEngine(graph.clone, precision="f32", threads=2)
    reference = TorchEngine(network, spec)
    batch = make_batch(spec.name, side=spec.input_size)
    for ours, theirs in zip(fast.run(batch).outputs, reference.run(batch).outputs, strict=True):
        assert ours.shape == theirs.shape
        if spec.task == "detect":  # a hundredth of a pixel; scores that differ from place to place
            assert theirs[..., 4:].std() > 0
            np.testing.assert_allclose(ours[..., :4], theirs[..., :4], atol=1e-2, rtol=1e-3)
            np.testing.assert_allclose(ours[..., 4:], theirs[..., 4:], atol=1e-4, rtol=1e-3)
            continue
        scale = max(1.0, float(np.abs(theirs).max()))
        assert float(np.abs(ours - theirs).max()) <= 1e-3 * scale


def test_only_what_an_exponential_makes_boxes_of_is_left_out_of_int8(exported):
    """SSDLite's decoding; what shipped before it is quantised as it was before."""
    assert bool(list_decoding(exported.graph)) is (exported.spec.name == "ssdlite320")


@pytest.fixture(scope="module")
def small_engine():
    network, spec = build_settled("compact_cnn"), REGISTRY["compact_cnn"]
    graph = export_network(network, spec)
    return OpenVinoEngine(graph.clone, precision="f32", threads=2)


def test_a_batch_answers_as_its_pictures_do(small_engine):
    batch = make_batch("compact_cnn", 13)  # 10 + 3 × 1: two compiled shapes
    together = small_engine.run(batch).outputs[0]
    alone = np.concatenate([small_engine.run(batch[index : index + 1]).outputs[0] for index in range(13)])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_eight_threads_answer_as_one(small_engine):
    batch = make_batch("compact_cnn", 16)
    pictures = [batch[index : index + 1] for index in range(16)]
    alone = [small_engine.run(picture).outputs for picture in pictures]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda picture: small_engine.run(picture).outputs, pictures * 6))
    for one, other in zip(alone * 6, together, strict=True):
        for ours, theirs in zip(one, other, strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_answers_belong_to_the_caller(small_engine):
    first = small_engine.run(make_batch("compact_cnn")).outputs[1]
    kept = first.copy()
    small_engine.run(255 - make_batch("compact_cnn"))
    np.testing.assert_array_equal(first, kept)


@pytest.mark.parametrize(
    "batch",
    [np.zeros((0, 8, 8, 1), np.uint8), np.zeros((8, 8, 1), np.uint8), np.zeros((1, 8, 8, 1), np.float32)],
)
def test_what_is_no_batch_is_refused(small_engine, batch):
    with pytest.raises(ValueError, match="Expected uint8 pictures"):
        small_engine.run(batch)


def test_every_label_names_engine_version_and_precision(small_engine):
    label = small_engine.label
    assert (label.name, label.precision, label.device) == ("openvino", "f32", "CPU")
    assert label.version[0].isdigit()
    assert small_engine.cold_start_ms > 0


def test_bf16_stays_near_f32_where_the_cpu_has_it():
    if not supports("bf16"):
        pytest.skip("this CPU has no bf16 instructions")
    network, spec = build_settled("compact_cnn"), REGISTRY["compact_cnn"]
    graph = export_network(network, spec)
    rounded = OpenVinoEngine(graph.clone, precision="bf16", threads=2)
    batch = make_batch("compact_cnn")
    exact = TorchEngine(network, spec).run(batch).outputs[0]
    np.testing.assert_allclose(rounded.run(batch).outputs[0], exact, atol=0.1)


def test_torch_has_no_int8():
    with pytest.raises(PrecisionUnavailable, match="Use OpenVINO"):
        TorchEngine(build_settled("compact_cnn"), REGISTRY["compact_cnn"], precision="int8")
