"""What is drawn on a picture lies where the evidence is, and is as warm as it says."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from hypothesis.extra.numpy import arrays

from inspection.images import decode, encode_png
from inspection.types import Box, HeatMap
from inspection.ui import overlays
from tests.ui.fakes import FakeInspector, code_of, make_png

CROP = Box(80, 40, 220, 180)


def make_map(grid: np.ndarray, scale: float = 4.0, crop: Box = CROP) -> HeatMap:
    return HeatMap(grid.astype(np.float32), "cracked", "Grad-CAM, closed form", True, 0.0, scale, crop)


def one_hot(row: int, column: int, value: float) -> np.ndarray:
    grid = np.zeros((7, 7))
    grid[row, column] = value
    return grid


def test_heat_lies_on_its_cell_of_the_crop() -> None:
    spread = overlays.spread_heat(make_map(one_hot(1, 5, 4.0)), width=320, height=240, smooth=False)
    rows, columns = np.nonzero(spread)
    assert (columns.min(), columns.max()) == (80 + 5 * 20, 80 + 6 * 20 - 1)
    assert (rows.min(), rows.max()) == (40 + 20, 40 + 2 * 20 - 1)


def test_the_scale_is_the_models_not_the_pictures() -> None:
    faint = overlays.spread_heat(make_map(one_hot(3, 3, 0.04)), width=320, height=240, smooth=False)
    assert faint.max() == pytest.approx(0.01)
    hot = overlays.spread_heat(make_map(one_hot(3, 3, 400.0)), width=320, height=240, smooth=False)
    assert hot.max() == 1


def test_a_crop_beyond_the_edge_keeps_its_place() -> None:
    crop = Box(-70, -70, 70, 70)
    spread = overlays.spread_heat(
        make_map(one_hot(5, 5, 4.0), crop=crop), width=320, height=240, smooth=False
    )
    rows, columns = np.nonzero(spread)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (30, 49, 30, 49)


@given(arrays(np.float32, (7, 7), elements=some.floats(0, 1, width=32)), some.integers(7, 90))
def test_smoothing_invents_no_heat(values: np.ndarray, side: int) -> None:
    smooth = overlays.smooth_heat(values, side, side)
    assert smooth.max() <= values.max() + 1e-6
    assert smooth.min() >= values.min() - 1e-6


def test_smoothing_keeps_each_cell() -> None:
    values = np.random.default_rng(0).random((7, 7)).astype(np.float32)
    smooth = overlays.smooth_heat(values, 7 * 9, 7 * 9)
    assert np.allclose(smooth[4::9, 4::9], values, atol=1e-6)


def test_no_heat_changes_no_pixel() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (240, 320, 3), dtype=np.uint8)
    assert np.array_equal(overlays.blend_heat(pixels, make_map(np.zeros((7, 7)))), pixels)


def test_opacity_zero_shows_the_picture() -> None:
    pixels = np.full((240, 320, 3), 90, np.uint8)
    hot = make_map(np.full((7, 7), 4.0))
    assert np.array_equal(overlays.blend_heat(pixels, hot, opacity_0_1=0), pixels)
    assert not np.array_equal(overlays.blend_heat(pixels, hot, opacity_0_1=0.5), pixels)


def test_evidence_does_not_write_on_the_picture() -> None:
    picture = decode(make_png(code_of("cracked")), name="part.png")
    before = picture.pixels.copy()
    inspection = FakeInspector().inspect(picture)
    drawn = overlays.draw_evidence(picture.pixels, inspection)
    assert np.array_equal(picture.pixels, before)
    assert not np.array_equal(drawn, before)


def test_shrunk_evidence_keeps_its_proportions() -> None:
    picture = decode(make_png(code_of("cracked"), width=1000, height=500), name="part.png")
    inspection = FakeInspector().inspect(picture)
    pixels, shrunk = overlays.shrink_evidence(picture.pixels, inspection, 200)
    assert pixels.shape == (100, 200, 3)
    assert shrunk.box is not None and inspection.box is not None
    assert shrunk.box.as_list() == pytest.approx([edge / 5 for edge in inspection.box.as_list()])
    assert replace(shrunk, box=None, heat_map=None) == replace(inspection, box=None, heat_map=None)


def test_a_small_picture_stays() -> None:
    pixels = np.zeros((20, 30, 3), np.uint8)
    assert overlays.fit(pixels, 40) is pixels


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 900, 3), (900, 2, 3)])
def test_extreme_shapes_can_be_shown(shape: tuple[int, int, int]) -> None:
    pixels = np.zeros(shape, np.uint8)
    small = overlays.fit(pixels, 100)
    assert max(small.shape[:2]) <= 100 and min(small.shape[:2]) >= 1
    assert overlays.cut_square(pixels, 32).shape == (32, 32, 3)


def test_what_is_encoded_comes_back() -> None:
    pixels = np.full((40, 60, 3), (200, 120, 40), np.uint8)
    jpeg = overlays.encode_jpeg(pixels)
    assert np.abs(overlays.decode_preview(jpeg).astype(int) - pixels).max() <= 4
    assert overlays.to_data_url(jpeg).startswith("data:image/jpeg;base64,/9j/")
    assert overlays.to_data_url(encode_png(pixels)).startswith("data:image/png;base64,")
