import numpy as np
import openvino as ov
import openvino.opset13 as opset
import pytest

from inspection.engines.export import export_network
from inspection.engines.openvino import OpenVinoEngine
from inspection.engines.quantize import (
    MOST_JOINS,
    PROBE,
    can_keep_maps,
    check_probe,
    list_decoding,
    quantize_model,
    record_calibration,
    replay_calibration,
    vary_exposure,
)
from inspection.engines.torch import TorchEngine
from inspection.errors import PrecisionUnavailable
from models.heads import describe_head
from models.registry import REGISTRY
from models.turned import Turned
from tests.engines.test_engines import build_settled, make_batch
from tests.models.cards import make_card


@pytest.fixture(scope="module")
def quantized():
    network, spec = build_settled("compact_cnn"), REGISTRY["compact_cnn"]
    graph = export_network(network, spec)
    pictures = list(make_batch("compact_cnn", 12))
    pictures[0][:2, :2] = 255  # rare: see the test of ranges
    return network, graph, quantize_model(graph, pictures), pictures


@pytest.fixture(scope="module")
def recorded(quantized):
    _, graph, model, _ = quantized
    return record_calibration(graph, model)


def run(model, batch):
    return OpenVinoEngine(model.clone, precision="int8", threads=2).run(batch).outputs


def test_int8_stays_near_f32(quantized):
    _, graph, model, _ = quantized
    batch = make_batch("compact_cnn")
    exact = OpenVinoEngine(graph.clone, precision="f32", threads=2).run(batch).outputs[0]
    assert np.abs(run(model, batch)[0] - exact).max() <= 0.1 * max(1.0, np.abs(exact).max())


def test_the_head_stays_exact_in_int8(quantized):
    network, _, model, _ = quantized
    logits, features = run(model, make_batch("compact_cnn"))
    np.testing.assert_allclose(describe_head(network).logits(features[0]), logits[0], atol=1e-4)


def test_a_calibration_replays_without_the_pictures(quantized, recorded):
    network, _, model, _ = quantized
    assert len(recorded) > 10
    # a fresh export, as on another machine
    replayed = replay_calibration(export_network(network, REGISTRY["compact_cnn"]), recorded)
    batch = make_batch("compact_cnn")
    for ours, theirs in zip(run(replayed, batch), run(model, batch), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_network_that_looks_twice_keeps_its_head_exact_and_replays():
    network, spec = Turned(build_settled("compact_cnn"), 2).eval(), REGISTRY["compact_cnn"]
    graph = export_network(network, spec)
    model = quantize_model(graph, list(make_batch("compact_cnn", 12)))
    batch = make_batch("compact_cnn", 3)
    exact = OpenVinoEngine(graph.clone, precision="f32", threads=2).run(batch).outputs
    np.testing.assert_allclose(exact[0], TorchEngine(network, spec).run(batch).outputs[0], atol=1e-4)
    logits, features = run(model, batch)
    assert np.abs(logits - exact[0]).max() <= 0.1 * max(1.0, np.abs(exact[0]).max())
    for index in range(3):
        np.testing.assert_allclose(describe_head(network).logits(features[index]), logits[index], atol=1e-4)
    replayed = replay_calibration(export_network(network, spec), record_calibration(graph, model))
    np.testing.assert_array_equal(run(replayed, batch)[0], logits)


def test_ranges_without_the_rarest_values_replay_as_well(quantized):
    """Only constants differ, so that the card need not tell a machine how they were found."""
    network, graph, all_values, pictures = quantized
    model = quantize_model(graph, pictures, ranges="common")
    replayed = replay_calibration(
        export_network(network, REGISTRY["compact_cnn"]), record_calibration(graph, model)
    )
    batch = make_batch("compact_cnn")
    for ours, theirs in zip(run(replayed, batch), run(model, batch), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert not np.array_equal(run(model, batch)[0], run(all_values, batch)[0])


def test_a_calibration_of_other_weights_is_refused(quantized, recorded):
    graph = quantized[1]
    calibration = {**recorded, PROBE: recorded[PROBE] + 5}
    with pytest.raises(PrecisionUnavailable, match="not be the model that was evaluated"):
        replay_calibration(graph, calibration)


def test_an_answer_that_is_no_number_is_not_the_model_that_was_evaluated():
    expected = np.zeros((1, 5), np.float32)
    with pytest.raises(PrecisionUnavailable, match="got nan"):
        check_probe(np.full_like(expected, np.nan), expected)


def test_a_calibration_of_another_graph_is_refused(quantized, recorded):
    graph = quantized[1]
    calibration = {**recorded, "99999": np.zeros(3, np.float32)}
    with pytest.raises(PrecisionUnavailable, match="graph differs"):
        replay_calibration(graph, calibration)


def test_a_fifth_of_the_pictures_is_over_or_under_exposed():
    pictures = [np.full((4, 4, 3), 100, np.uint8)] * 20
    levels = [int(picture[0, 0, 0]) for picture in vary_exposure(pictures)]
    assert levels.count(100) == 16
    assert sorted(set(levels)) == [50, 100, 160]


def test_a_cache_that_came_from_another_processor_is_not_read(tmp_path, monkeypatch):
    """Without VNNI INT8 saturates: 59 of 60 castings got another verdict. The probe must see such a processor."""
    from inspection.engines.prepare import name_cache

    here = name_cache(tmp_path / "weights.safetensors", make_card())
    assert here == name_cache(tmp_path / "weights.safetensors", make_card())
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    assert name_cache(tmp_path / "weights.safetensors", make_card()) != here


def look_back(layers: int) -> ov.Model:
    """Each layer takes in all that came before it, as DenseNet's do."""
    given = opset.parameter([1, 1, 4, 4], np.float32)
    maps = given
    for _ in range(layers):
        maps = opset.concat([given, opset.relu(maps)], 1)
    return ov.Model([maps], [given])


@pytest.mark.parametrize(("joins", "kept"), [(MOST_JOINS, True), (MOST_JOINS + 1, False)])
def test_a_network_whose_layers_all_look_back_is_corrected_the_quick_way(joins, kept):
    """The thorough way would keep every map of every picture: more than a machine holds, of DenseNet121's 58 joins."""
    assert can_keep_maps(look_back(joins)) is kept


@pytest.mark.slow
def test_boxes_that_an_exponential_makes_are_decoded_in_f32():
    """SSDLite's decoding is left out of the quantisation: with it the graph does not even compile."""
    graph = export_network(build_settled("ssdlite320"), REGISTRY["ssdlite320"])
    pictures = make_batch("ssdlite320", 1)
    model = quantize_model(graph, list(pictures))
    kinds = {node.get_friendly_name(): node.get_type_name() for node in graph.get_ordered_ops()}
    left_out = {kinds[name] for name in list_decoding(graph)}
    assert "Exp" in left_out and not {"Convolution", "GroupConvolution"} & left_out
    exact = OpenVinoEngine(graph.clone, precision="f32", threads=2).run(pictures).outputs[0]
    found = run(model, pictures)[0]
    assert (
        found.shape == exact.shape and np.abs(found[..., :4] - exact[..., :4]).mean() < 10
    )  # pixels of 320; the weights are random
