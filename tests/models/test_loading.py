"""Weights come back as they went, or are refused with a reason."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from models.loading import (
    Card,
    WeightsAbsent,
    WeightsClassesWrong,
    WeightsError,
    WeightsHashWrong,
    WeightsModelWrong,
    WeightsSideWrong,
    WeightsTensorsWrong,
    WeightsTurnsWrong,
    WeightsUnreadable,
    hash_file,
    load_matching,
    load_network,
    save_weights,
    spec_of,
)
from models.registry import build_network
from tests.models.cards import make_card
from tests.models.networks import make_classifier, make_input

NAMES = ("ok", "cracked", "stained", "dented", "bent")


def write_weights(
    folder: Path, model: str = "compact_cnn", *, int8: bool = False
) -> tuple[nn.Module, Path, Card]:
    network = make_classifier(model, len(NAMES))
    path = folder / f"{model}.safetensors"
    digest = save_weights(network, path, class_names=NAMES, int8_a_channel=int8)
    card = make_card(model=model, class_names=NAMES, weights_sha256=digest, weights_bytes=path.stat().st_size)
    return network, path, card


@pytest.mark.parametrize(("int8", "tolerance"), ((False, 2e-3), (True, 5e-2)))
@pytest.mark.parametrize("model", ("compact_cnn", "mobilenetv3_large", "mobilevit_xxs"))
def test_weights_come_back(tmp_path: Path, model: str, int8: bool, tolerance: float) -> None:
    network, path, card = write_weights(tmp_path, model, int8=int8)
    again = load_network(model, path, card)
    assert not again.training
    x = make_input(model, 2, seed=8)
    with torch.inference_mode():
        expected, got = network(x).numpy(), again(x).numpy()
    np.testing.assert_allclose(got, expected, atol=tolerance * float(np.abs(expected).max()))


def test_int8_is_a_quarter_of_f32_and_half_of_f16(tmp_path: Path) -> None:
    network = make_classifier("mobilevit_xxs", 5)
    full = sum(tensor.numel() * tensor.element_size() for tensor in network.state_dict().values())
    sizes = []
    for int8 in (False, True):
        path = tmp_path / f"{int8}.safetensors"
        save_weights(network, path, class_names=NAMES, int8_a_channel=int8)
        sizes.append(path.stat().st_size / full)
    assert 0.49 < sizes[0] < 0.56
    assert 0.24 < sizes[1] < 0.33


def test_int8_is_off_by_half_a_step_at_most(tmp_path: Path) -> None:
    network, path, card = write_weights(tmp_path, int8=True)
    got = load_network("compact_cnn", path, card).state_dict()["blocks.4.pointwise.weight"]
    expected = network.state_dict()["blocks.4.pointwise.weight"]
    step = expected.abs().amax(dim=(1, 2, 3), keepdim=True) / 127
    assert ((got - expected).abs() <= step * 0.501).all()
    assert not torch.equal(got, expected)


def test_how_often_a_network_looks_is_part_of_its_weights(tmp_path: Path) -> None:
    network, path, card = write_weights(tmp_path)
    twice = tmp_path / "twice.safetensors"
    digest = save_weights(network, twice, class_names=NAMES, turns=2)
    assert digest != card.weights_sha256, "it answers differently"
    again = load_network("compact_cnn", twice, replace(card, weights_sha256=digest, turns=2))
    x = make_input("compact_cnn", 2, seed=8)
    with torch.inference_mode():
        expected = (network(x) + network(x.rot90(1, (2, 3)))) / 2
        torch.testing.assert_close(again(x), expected, rtol=1e-2, atol=1e-2)
    for wrong in (replace(card, weights_sha256=digest), replace(card, turns=2)):
        with pytest.raises(WeightsTurnsWrong, match="Use the card written with it"):
            load_network("compact_cnn", path if wrong.turns == 2 else twice, wrong)
    assert load_matching(build_network("compact_cnn", 5), twice) == (), (
        "a start that looks twice starts all the same"
    )


def test_how_large_a_picture_a_network_judges_is_part_of_its_weights(tmp_path: Path) -> None:
    network, path, card = write_weights(tmp_path)
    larger = tmp_path / "larger.safetensors"
    digest = save_weights(network, larger, class_names=NAMES, side=288)
    told = replace(card, weights_sha256=digest, input_size=288)
    assert digest != card.weights_sha256 and spec_of(told).input_size == 288
    assert spec_of(card).input_size == card.input_size == 256
    load_network("compact_cnn", larger, told)
    for wrong in (replace(told, input_size=256), replace(card, input_size=288)):
        with pytest.raises(WeightsSideWrong, match="Use the card written with it"):
            load_network("compact_cnn", path if wrong.input_size == 288 else larger, wrong)


@pytest.mark.parametrize(
    "header",
    (
        {},
        {"class_names": "[" * 9000},
        {"class_names": "3"},
        {"class_names": "[]", "turns": "two"},
        {"class_names": "[]", "side": "wide"},
        {"class_names": "[]", "side": "0"},
    ),
)
def test_a_header_that_names_nothing_is_refused_in_words(tmp_path: Path, header: dict[str, str]) -> None:
    path = tmp_path / "w.safetensors"
    save_file({"w": torch.zeros(1)}, path, metadata={"format": "assay-1", **header})
    with pytest.raises(WeightsUnreadable, match="class names, a number of looks and a side"):
        load_matching(build_network("compact_cnn", 5), path)


@pytest.mark.parametrize("turns", (0, 5))
def test_a_network_that_would_look_so_often_is_refused(tmp_path: Path, turns: int) -> None:
    network, _, card = write_weights(tmp_path)
    path = tmp_path / "often.safetensors"
    digest = save_weights(network, path, class_names=NAMES, turns=turns)
    with pytest.raises(WeightsTurnsWrong, match="looks 1 to 4 times"):
        load_network("compact_cnn", path, replace(card, weights_sha256=digest, turns=turns))


def test_a_channel_of_zeros_survives_int8(tmp_path: Path) -> None:
    network = build_network("compact_cnn", 5)
    with torch.no_grad():
        network.get_parameter("blocks.4.pointwise.weight")[3] = 0
    path = tmp_path / "w.safetensors"
    digest = save_weights(network, path, class_names=NAMES, int8_a_channel=True)
    again = load_network("compact_cnn", path, make_card(class_names=NAMES, weights_sha256=digest))
    weight = again.get_parameter("blocks.4.pointwise.weight")
    assert weight[3].abs().max() == 0 and weight.isfinite().all()


def test_running_statistics_stay_in_full_precision(tmp_path: Path) -> None:
    network = build_network("compact_cnn", 5)
    network.get_buffer("stem.1.running_var").fill_(1e6)  # more than half precision can hold
    path = tmp_path / "w.safetensors"
    digest = save_weights(network, path, class_names=NAMES)
    again = load_network("compact_cnn", path, make_card(class_names=NAMES, weights_sha256=digest))
    assert (again.get_buffer("stem.1.running_var") == 1e6).all()


def test_the_same_network_gives_the_same_file(tmp_path: Path) -> None:
    digests = {write_weights(tmp_path / str(count))[2].weights_sha256 for count in range(8)}
    assert digests == {hash_file(tmp_path / "0" / "compact_cnn.safetensors")}


def test_weights_that_are_not_finite_are_not_written(tmp_path: Path) -> None:
    network = build_network("compact_cnn", 5)
    with torch.no_grad():
        network.get_parameter("classifier.bias")[0] = torch.nan
    with pytest.raises(WeightsError, match=r"finite weights.*'classifier\.bias'"):
        save_weights(network, tmp_path / "w.safetensors", class_names=NAMES)
    assert not (tmp_path / "w.safetensors").exists()


def test_weights_beyond_half_precision_are_not_written(tmp_path: Path) -> None:
    network = build_network("compact_cnn", 5)
    with torch.no_grad():
        network.get_parameter("classifier.weight")[0, 0] = 1e5
    with pytest.raises(WeightsError, match=r"'classifier\.weight'"):
        save_weights(network, tmp_path / "w.safetensors", class_names=NAMES)


def test_absent_weights_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsAbsent, match="Train the model"):
        load_network("compact_cnn", tmp_path / "none.safetensors", make_card())


@pytest.mark.parametrize("damage", ("flip", "cut", "append"))
def test_a_changed_file_is_refused_before_it_is_read(tmp_path: Path, damage: str) -> None:
    _, path, card = write_weights(tmp_path)
    content = bytearray(path.read_bytes())
    if damage == "flip":
        content[len(content) // 2] ^= 1
    path.write_bytes({"flip": content, "cut": content[:-40], "append": content + b"x"}[damage])
    with pytest.raises(WeightsHashWrong, match="SHA-256"):
        load_network("compact_cnn", path, card)


@pytest.mark.parametrize("content", (b"", b"not safetensors at all", b"\xff" * 64))
def test_a_file_that_is_no_safetensors_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "w.safetensors"
    path.write_bytes(content)
    with pytest.raises(WeightsUnreadable, match="Expected safetensors"):
        load_network("compact_cnn", path, make_card(weights_sha256=hash_file(path)))


def test_safetensors_of_another_kind_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    save_file({"a": torch.zeros(2)}, path)
    with pytest.raises(WeightsUnreadable, match="format"):
        load_network("compact_cnn", path, make_card(weights_sha256=hash_file(path)))


def test_a_card_of_another_model_is_refused(tmp_path: Path) -> None:
    _, path, card = write_weights(tmp_path)
    with pytest.raises(WeightsModelWrong, match="'plain_cnn'.*'compact_cnn'"):
        load_network("plain_cnn", path, card)


@pytest.mark.parametrize(
    "class_names",
    (
        pytest.param(NAMES[:4], id="one fewer"),
        pytest.param((*NAMES, "burnt"), id="one more"),
        pytest.param((NAMES[1], NAMES[0], *NAMES[2:]), id="good and cracked swapped"),
    ),
)
def test_a_card_with_other_classes_is_refused(tmp_path: Path, class_names: tuple[str, ...]) -> None:
    _, path, card = write_weights(tmp_path)
    with pytest.raises(WeightsClassesWrong, match=f"{len(class_names)} classes.*got 5"):
        load_network("compact_cnn", path, replace(card, class_names=class_names))


@pytest.mark.parametrize(
    ("change", "reason"),
    (
        ("shape", r"stem\.0\.weight is \(8, 1, 3, 3\), not \(16, 1, 3, 3\)"),
        ("missing", r"stem\.0\.weight is missing"),
        ("unknown", "stranger is unknown"),
        ("classes", r"classifier\.weight is \(3, 24\), not \(5, 24\)"),
    ),
)
def test_tensors_that_do_not_fit_are_refused(tmp_path: Path, change: str, reason: str) -> None:
    _, path, card = write_weights(tmp_path)
    tensors = load_file(path)
    if change == "shape":
        tensors["stem.0.weight"] = tensors["stem.0.weight"][:8].contiguous()
    elif change == "missing":
        del tensors["stem.0.weight"]
    elif change == "unknown":
        tensors["stranger"] = torch.zeros(1)
    else:
        tensors["classifier.weight"] = tensors["classifier.weight"][:3].contiguous()
    save_file(tensors, path, metadata=read_header(path))
    with pytest.raises(WeightsTensorsWrong, match=reason):
        load_network("compact_cnn", path, replace(card, weights_sha256=hash_file(path)))


def read_header(path: Path) -> dict[str, str]:
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        return dict(file.metadata())


def test_a_warm_start_takes_what_fits_and_names_the_rest(tmp_path: Path) -> None:
    donor, path, _ = write_weights(tmp_path)
    network = build_network("compact_cnn", 3)
    before = network.get_parameter("classifier.weight").clone()
    assert load_matching(network, path) == ("classifier.weight", "classifier.bias")
    torch.testing.assert_close(
        network.get_parameter("stem.0.weight"), donor.get_parameter("stem.0.weight"), atol=1e-3, rtol=1e-3
    )
    assert torch.equal(network.get_parameter("classifier.weight"), before)


def test_a_warm_start_from_another_architecture_takes_nothing(tmp_path: Path) -> None:
    _, path, _ = write_weights(tmp_path)
    network = build_network("yolov5n", 1)
    assert set(load_matching(network, path)) == set(network.state_dict())


def test_a_detector_comes_back(tmp_path: Path) -> None:
    torch.manual_seed(3)
    network = build_network("yolov5n", 1).eval()
    path = tmp_path / "w.safetensors"
    digest = save_weights(network, path, class_names=("part",))
    card = make_card(model="yolov5n", class_names=("part",), weights_sha256=digest)
    again = load_network("yolov5n", path, card)
    x = torch.rand(1, 3, 320, 320)
    with torch.inference_mode():
        torch.testing.assert_close(again(x), network(x), rtol=1e-2, atol=1.0)  # corners within a pixel
