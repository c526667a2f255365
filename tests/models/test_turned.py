"""A network that looks several times answers with the mean of its looks, and its map lies where the part does."""

import numpy as np
import pytest
import torch

from models.card import MOST_TURNS
from models.heads import describe_head
from models.turned import Turned
from tests.models.networks import make_classifier, make_input


@pytest.mark.parametrize("turns", (2, 3, 4))
@pytest.mark.parametrize("name", ("compact_cnn", "resnet50", "mlp_mixer"))
def test_the_answer_is_the_mean_of_the_looks(name: str, turns: int) -> None:
    network = make_classifier(name, 5)
    x = make_input(name, 2, seed=3)
    with torch.inference_mode():
        got = Turned(network, turns)(x)
        looks = torch.stack([network(x.rot90(quarter, (2, 3))) for quarter in range(turns)])
    assert looks.std(dim=0).max() > 0
    torch.testing.assert_close(got, looks.mean(dim=0), rtol=1e-4, atol=1e-5)


def test_maps_are_turned_back_before_they_are_averaged() -> None:
    network = make_classifier("compact_cnn", 5)
    x = make_input("compact_cnn", 1, seed=4)
    with torch.inference_mode():
        expected = (network.features(x) + network.features(x.rot90(1, (2, 3))).rot90(-1, (2, 3))) / 2
        got = Turned(network, 2).features(x)
    torch.testing.assert_close(got, expected)


def test_four_looks_answer_alike_however_the_part_lies() -> None:
    network = Turned(make_classifier("compact_cnn", 5), MOST_TURNS)
    x = make_input("compact_cnn", 1, seed=5)
    with torch.inference_mode():
        torch.testing.assert_close(network(x.rot90(1, (2, 3))), network(x), rtol=1e-4, atol=1e-5)
        turned = network.features(x.rot90(1, (2, 3))).rot90(-1, (2, 3))
        torch.testing.assert_close(turned, network.features(x), rtol=1e-4, atol=1e-5)


def test_its_head_is_the_networks_so_that_the_heat_map_stays_exact() -> None:
    network = Turned(make_classifier("resnet50", 5), 2)
    with torch.inference_mode():
        x = make_input("resnet50", 1, seed=6)
        features, logits = network.features(x)[0].numpy(), network(x)[0].numpy()
    np.testing.assert_allclose(describe_head(network).logits(features), logits, rtol=1e-4, atol=1e-5)
