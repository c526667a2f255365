"""What the decoders' tests share: one small scene in every shape that a file can hold, and how a decoded one is checked."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from inspection.images import decode
from tests.picture_files import draw_scene

SCENE = draw_scene()
GREY = SCENE[..., 1]
GREY3 = np.repeat(GREY[..., None], 3, axis=2)
ALPHA = np.ascontiguousarray(draw_scene()[::-1, ::-1, 0])
DEEP = SCENE.astype(np.uint16) * 257 + 100  # 100 / 257 rounds away
DEEP_ALPHA = ALPHA.astype(np.uint16) * 257
INDICES = (np.arange(24)[:, None] + np.arange(40)[None]) % 4
COLOURS = np.array([[10, 20, 30], [200, 0, 90], [0, 255, 128], [255, 255, 255]], np.uint8)
BILEVEL = (INDICES % 2).astype(np.uint8)


def check(data: bytes, expected: NDArray[Any], tolerance: int = 0) -> None:
    picture = decode(data, name="part")
    assert picture.pixels.dtype == np.uint8 and picture.pixels.flags.c_contiguous
    assert picture.pixels.shape == expected.shape
    assert np.abs(picture.pixels.astype(int) - expected.astype(int)).max() <= tolerance
