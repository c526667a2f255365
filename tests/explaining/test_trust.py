"""The share of heat inside a known defect, and its lift over chance."""

import numpy as np
import pytest

from inspection.errors import DataInvalid
from inspection.explain_trust import fit_mask, mask_of_boxes, measure_overlap, read_mask, share_cells
from inspection.types import Box, Finding, HeatMap
from tests.picture_files import join, write_bmp, write_chunk, write_exif, write_png, write_png_array

CROP = Box(20, 10, 90, 80)  # 70 × 70: ten pixels a cell


def make_map(grid: np.ndarray) -> HeatMap:
    return HeatMap(grid.astype(np.float32), "cracked", "Grad-CAM", True, 0.0, 1.0, CROP)


def make_mask(x1: int, y1: int, x2: int, y2: int) -> np.ndarray:
    mask = np.zeros((100, 120), np.uint8)
    mask[y1:y2, x1:x2] = 255
    return mask


def test_all_heat_on_the_defect() -> None:
    grid = np.zeros((7, 7))
    grid[0, 0] = 3
    overlap = measure_overlap(make_map(grid), make_mask(20, 10, 30, 20))
    assert overlap is not None
    assert overlap.heat_inside == 1 and overlap.peak_inside
    assert overlap.area_inside == pytest.approx(1 / 49) and overlap.lift == pytest.approx(49)


def test_even_heat_has_no_lift() -> None:
    overlap = measure_overlap(make_map(np.ones((7, 7))), make_mask(33, 12, 57, 71))
    assert overlap is not None and overlap.lift == pytest.approx(1, rel=1e-5)


def test_heat_beside_the_defect_is_seen() -> None:
    grid = np.zeros((7, 7))
    grid[6, 6] = 1
    overlap = measure_overlap(make_map(grid), make_mask(20, 10, 30, 20))
    assert overlap is not None and overlap.lift == 0 and not overlap.peak_inside


def test_half_a_cell_counts_half() -> None:
    cells = share_cells(make_mask(20, 10, 25, 20), CROP, shape=(7, 7))
    assert cells[0, 0] == pytest.approx(0.5) and cells.sum() == pytest.approx(0.5)


@pytest.mark.parametrize("shape", [(7, 7), (16, 16), (64, 64), (3, 11)])
def test_the_area_is_kept_on_any_grid(shape: tuple[int, int]) -> None:
    cells = share_cells(make_mask(41, 33, 60, 52), CROP, shape=shape)
    assert cells.mean() == pytest.approx(19 * 19 / 4900, rel=0.06)


@pytest.mark.parametrize(
    ("grid", "mask"),
    [(np.zeros((7, 7)), make_mask(20, 10, 30, 20)), (np.ones((7, 7)), make_mask(0, 0, 0, 0))],
)
def test_nothing_to_compare_gives_nothing(grid: np.ndarray, mask: np.ndarray) -> None:
    assert measure_overlap(make_map(grid), mask) is None


def test_boxes_stand_for_masks() -> None:
    mask = mask_of_boxes((Finding(Box(-5, 2, 4, 6), "scratches", 0.9),), width=10, height=8)
    assert (mask > 0).sum() == 16 and mask[2:6, :4].all()


def test_a_mask_of_another_picture_is_refused() -> None:
    with pytest.raises(DataInvalid, match="120 × 100"):
        fit_mask(np.zeros((10, 10, 3), np.uint8), width=120, height=100)
    colour = np.repeat(make_mask(20, 10, 30, 20)[..., None], 3, axis=2)
    assert fit_mask(colour, width=120, height=100).shape == (100, 120)


@pytest.mark.parametrize(("value", "word"), [(0, "black"), (9, "bright")])
def test_a_mask_that_tells_nothing_apart_is_refused(value: int, word: str) -> None:
    with pytest.raises(DataInvalid, match=f"{word} everywhere. Paint the defect white"):
        fit_mask(np.full((100, 120), value, np.uint8), width=120, height=100)


MARKED = make_mask(20, 10, 30, 20)
WHITE, KEY = np.full_like(MARKED, 255), 7
GROUNDS = {
    "rgba": (write_png_array(join(WHITE, WHITE, WHITE, MARKED), 6), MARKED),
    "rgba, inked and cleared": (write_png_array(join(MARKED, MARKED, MARKED, WHITE), 6), MARKED),
    "grey and alpha": (write_png_array(join(WHITE, MARKED), 4), MARKED),
    "16 bits": (write_png_array(join(WHITE, WHITE, WHITE, MARKED).astype(np.uint16) * 257, 6), MARKED),
    "a grey that is transparent": (
        write_png_array(
            np.where(MARKED, np.uint8(255), np.uint8(KEY))[..., None],
            0,
            before=write_chunk(b"tRNS", bytes([0, KEY])),
        ),
        MARKED,
    ),
    "a palette": (
        write_png(
            [(row > 0).astype(np.uint8).tobytes() for row in MARKED],
            120,
            depth=8,
            colour=3,
            before=write_chunk(b"PLTE", b"\xff" * 6) + write_chunk(b"tRNS", b"\0\xff"),
        ),
        MARKED,
    ),
    "turned": (
        write_png_array(join(WHITE, MARKED), 4, before=write_chunk(b"eXIf", write_exif(3))),
        MARKED[::-1, ::-1],
    ),
    "plain": (write_png_array(MARKED[..., None], 0), MARKED),
    "a BMP": (write_bmp([row.repeat(3).tobytes() for row in MARKED], 120, bits=24), MARKED),
}


@pytest.mark.parametrize("kind", GROUNDS)
def test_what_is_transparent_in_a_mask_is_no_defect(kind: str) -> None:
    data, marked = GROUNDS[kind]
    assert np.array_equal(read_mask(data, width=120, height=100), marked)


def test_a_mask_in_black_ink_on_nothing_is_refused() -> None:
    with pytest.raises(DataInvalid, match="black everywhere"):
        read_mask(write_png_array(join(0 * WHITE, MARKED), 4), width=120, height=100)
