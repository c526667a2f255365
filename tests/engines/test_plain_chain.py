"""The plain chain over the networks that ours runs, also where they look several times."""

import cv2
import numpy as np
import pytest

from inspection.engines.plain_chain import Judged, PlainChain
from inspection.lines import load_line
from models.registry import build_network, find_spec
from models.spec import Classifier
from models.turned import Turned
from tests.models.networks import make_classifier


@pytest.fixture(scope="module")
def network() -> Classifier:
    return make_classifier("mobilenetv2", 5).requires_grad_(True)  # as weights are loaded


def judge(classifier: Classifier) -> Judged:
    chain = PlainChain(
        load_line("aluminium"),
        detector=build_network("yolov5n", 1),
        detector_spec=find_spec("yolov5n"),
        classifier=classifier,
        classifier_spec=find_spec("mobilenetv2"),
    )
    pixels = np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)
    return chain.judge(cv2.imencode(".png", pixels)[1].tobytes())


def test_a_network_that_looks_twice_is_explained_by_both_looks(network: Classifier) -> None:
    once, twice = judge(network), judge(Turned(network, 2))
    assert once.overlay.shape == twice.overlay.shape == (224, 224, 3)
    assert not np.array_equal(once.overlay, twice.overlay)
    np.testing.assert_array_equal(judge(Turned(network, 1)).overlay, once.overlay)
