import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.locate import find_boxes, select_findings, suppress
from models.vision_ops import nms
from tests.fakes import FakeEngine, make_picture

edges = st.integers(0, 40)


@given(
    st.lists(st.tuples(edges, edges, edges, edges, st.integers(0, 20)), max_size=25),
    st.sampled_from([0.3, 0.5, 0.7]),
)
@settings(max_examples=80, deadline=None)
def test_suppression_agrees_with_the_operator(rows, threshold):
    import torch

    boxes = np.array([(x, y, x + w, y + h) for x, y, w, h, _ in rows], np.float32).reshape(-1, 4)
    scores = np.array([row[4] for row in rows], np.float32)
    expected = nms(torch.from_numpy(boxes), torch.from_numpy(scores), threshold).numpy()
    np.testing.assert_array_equal(suppress(boxes, scores, iou_threshold=threshold), expected)


def test_a_box_comes_back_in_pixels_of_the_picture():
    # 64×48 fits a square of 32 at half scale, with 4 rows of padding above
    candidates = np.array([[4, 8, 20, 20, 0.9], [5, 8, 20, 20, 0.8], [0, 0, 8, 8, 0.2]], np.float32)
    engine = FakeEngine(candidates)
    found = find_boxes(make_picture(), engine, size=32, class_names=("part",), threshold_0_1=0.5)
    assert [finding.box.as_list() for finding in found] == [[8, 8, 40, 32]]
    assert found[0].score_0_1 == pytest.approx(0.9)
    assert engine.batches[0].shape == (1, 32, 32, 3)


def test_nothing_above_the_threshold_is_no_part():
    candidates = np.array([[4, 8, 20, 20, 0.4]], np.float32)
    engine = FakeEngine(candidates)
    assert find_boxes(make_picture(), engine, size=32, class_names=("part",), threshold_0_1=0.5) == []


def test_boxes_of_two_classes_do_not_suppress_one_another():
    candidates = np.array([[0, 0, 10, 10, 0.9, 0.0], [0, 0, 10, 10, 0.0, 0.8]], np.float32)
    found = select_findings(
        candidates,
        class_names=("a", "b"),
        threshold_0_1=0.5,
        scale=1.0,
        offset=(0, 0),
        picture_size=(20, 20),
    )
    assert [finding.class_name for finding in found] == ["a", "b"]


def test_boxes_are_clipped_and_slivers_dropped():
    candidates = np.array([[-50, -50, 10, 10, 0.9], [30, 0, 60, 20, 0.8], [19.8, 0, 40, 20, 0.7]], np.float32)
    found = select_findings(
        candidates,
        class_names=("part",),
        threshold_0_1=0.5,
        scale=1.0,
        offset=(0, 0),
        picture_size=(20, 20),
    )
    assert [finding.box.as_list() for finding in found] == [[0, 0, 10, 10]]
