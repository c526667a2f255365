import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.letterbox import (
    PAD_GREY,
    boxes_from_letterbox,
    boxes_to_letterbox,
    crop_bounds,
    crop_box,
    letterbox,
    resize,
)
from inspection.types import Box

SIDES = st.integers(1, 90)


@given(width=SIDES, height=SIDES, size=st.integers(8, 96))
def test_the_whole_picture_lies_in_the_square_and_the_rest_is_grey(
    width: int, height: int, size: int
) -> None:
    square, scale, (dx, dy) = letterbox(np.zeros((height, width, 3), np.uint8), size)
    assert square.shape == (size, size, 3) and square.dtype == np.uint8
    assert scale == pytest.approx(size / max(width, height))
    black = square[..., 0] == 0
    rows, columns = np.flatnonzero(black.any(axis=1)), np.flatnonzero(black.any(axis=0))
    assert (columns[0], rows[0]) == (dx, dy)
    assert max(len(rows), len(columns)) == size
    assert np.all(square[~black] == PAD_GREY)
    assert abs(len(columns) - max(1, width * scale)) <= 0.5 and abs(len(rows) - max(1, height * scale)) <= 0.5


@given(
    width=SIDES,
    height=SIDES,
    size=st.integers(8, 640),
    corners=st.lists(st.floats(0, 90, width=32), min_size=4, max_size=4),
)
def test_boxes_come_back_from_the_square(width: int, height: int, size: int, corners: list[float]) -> None:
    _, scale, offset = letterbox(np.zeros((height, width, 3), np.uint8), size)
    boxes = np.array([corners], np.float32)
    back = boxes_from_letterbox(boxes_to_letterbox(boxes, scale, offset), scale, offset)
    assert back.dtype == np.float32
    assert back == pytest.approx(boxes, abs=1e-2)


def test_no_boxes_stay_no_boxes() -> None:
    assert boxes_to_letterbox(np.zeros((0, 4), np.float32), 2.0, (3, 4)).shape == (0, 4)


def test_a_marked_corner_is_where_its_box_says() -> None:
    picture = np.zeros((40, 80, 3), np.uint8)
    picture[30:40, 60:80] = 255
    square, scale, offset = letterbox(picture, 160)
    x1, y1, x2, y2 = boxes_to_letterbox(np.array([[60, 30, 80, 40]]), scale, offset)[0].astype(int)
    assert square[y1 + 2 : y2 - 2, x1 + 2 : x2 - 2].min() == 255
    assert square[: y1 - 2, :, 0].max() <= PAD_GREY


@given(
    width=SIDES,
    height=SIDES,
    x=st.floats(-20, 110),
    y=st.floats(-20, 110),
    w=st.floats(0, 120),
    h=st.floats(0, 120),
    margin=st.floats(0, 0.5),
)
def test_crops_stay_inside_the_picture(
    width: int, height: int, x: float, y: float, w: float, h: float, margin: float
) -> None:
    bounds = crop_bounds(Box(x, y, x + w, y + h), margin, width=width, height=height)
    assert 0 <= bounds.x1 < bounds.x2 <= width and 0 <= bounds.y1 < bounds.y2 <= height
    side = max(1, round(max((x + w) - x, (y + h) - y) * (1 + 2 * margin)))
    assert (bounds.x2 - bounds.x1, bounds.y2 - bounds.y1) == (min(side, width), min(side, height))
    crop = crop_box(np.zeros((height, width, 3), np.uint8), Box(x, y, x + w, y + h), margin=margin, size=16)
    assert crop.shape == (16, 16, 3) and crop.flags.c_contiguous


def test_a_box_that_fits_is_wholly_in_its_crop_and_centred() -> None:
    bounds = crop_bounds(Box(30, 40, 50, 50), 0.1, width=100, height=100)
    assert bounds == Box(28, 33, 52, 57)


def test_the_crop_of_a_whole_square_picture_is_the_picture() -> None:
    picture = np.random.default_rng(0).integers(0, 255, (32, 32, 3)).astype(np.uint8)
    assert np.array_equal(crop_box(picture, Box(0, 0, 32, 32), margin=0.2, size=32), picture)


def test_shrinking_averages_rather_than_skips() -> None:
    lines = np.zeros((64, 64, 3), np.uint8)
    lines[:, ::4] = 255  # a fine grating: one column in four
    small = resize(lines, 16, 16)
    assert small.min() == small.max() == 64
