"""BMP and TIFF: every mode that is read, and what its pixels become."""

from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.decoding import ALPHA, BILEVEL, COLOURS, DEEP, DEEP_ALPHA, GREY, GREY3, INDICES, SCENE, check
from tests.picture_files import (
    join,
    lay_on_white,
    pack_rows,
    write_bmp,
    write_tiff,
    write_with_pillow,
)

BGR = SCENE[..., ::-1]
PALETTE_BMP = b"".join(bytes([*colour[::-1], 0]) for colour in COLOURS)
CORE_PALETTE = b"".join(bytes(colour[::-1]) for colour in COLOURS)
FIVES = (SCENE.astype(np.uint16) >> 3).astype(np.uint16)
WORDS_555 = FIVES[..., 0] << 10 | FIVES[..., 1] << 5 | FIVES[..., 2]
SIXES = SCENE[..., 1].astype(np.uint16) >> 2
WORDS_565 = FIVES[..., 0] << 11 | SIXES << 5 | FIVES[..., 2]
FROM_FIVES = np.rint(FIVES * 255 / 31)
FROM_565 = join(FROM_FIVES[..., 0], np.rint(SIXES * 255 / 63), FROM_FIVES[..., 2])
BGRA_MASKS = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)
BGRA_ROWS = [row.tobytes() for row in join(BGR, ALPHA)]
TEN_BITS = SCENE.astype(np.uint32) * 1023 // 255
TEN_BIT_ROWS = [
    row.tobytes()
    for row in (TEN_BITS[..., 0] << 20 | TEN_BITS[..., 1] << 10 | TEN_BITS[..., 2]).astype("<u4")
]
BMPS = {
    "24": (write_bmp([row.tobytes() for row in BGR], 40, bits=24), SCENE),
    "24, odd width": (write_bmp([row[:39].tobytes() for row in BGR], 39, bits=24), SCENE[:, :39]),
    "24, from the top": (write_bmp([row.tobytes() for row in BGR], 40, bits=24, top_down=True), SCENE),
    "24, OS/2": (write_bmp([row.tobytes() for row in BGR], 40, bits=24, header_size=12), SCENE),
    **{
        f"palette {bits}": (
            write_bmp(pack_rows(INDICES % 2**bits, bits), 40, bits=bits, palette=PALETTE_BMP),
            COLOURS[INDICES % 2**bits],
        )
        for bits in (1, 4, 8)
    },
    "palette, OS/2": (
        write_bmp(pack_rows(INDICES, 8), 40, bits=8, palette=CORE_PALETTE, header_size=12),
        COLOURS[INDICES],
    ),
    "32, fourth byte unused": (write_bmp(BGRA_ROWS, 40, bits=32), SCENE),
    "32, alpha": (
        write_bmp(BGRA_ROWS, 40, bits=32, compression=3, header_size=124, masks=BGRA_MASKS),
        lay_on_white(SCENE, ALPHA),
    ),
    "32, alpha left zero": (
        write_bmp(
            [row.tobytes() for row in join(BGR, ALPHA * 0)],
            40,
            bits=32,
            compression=3,
            header_size=124,
            masks=BGRA_MASKS,
        ),
        SCENE,
    ),
    "32, channels the other way": (
        write_bmp(
            [row.tobytes() for row in join(SCENE, ALPHA)],
            40,
            bits=32,
            compression=3,
            masks=(0xFF, 0xFF00, 0xFF0000),
        ),
        SCENE,
    ),
    "32, ten bits a channel": (
        write_bmp(TEN_BIT_ROWS, 40, bits=32, compression=3, masks=(0x3FF00000, 0xFFC00, 0x3FF)),
        np.rint(TEN_BITS * 255 / 1023),
    ),
    "16": (write_bmp([row.astype("<u2").tobytes() for row in WORDS_555], 40, bits=16), FROM_FIVES),
    "16, 565": (
        write_bmp(
            [row.astype("<u2").tobytes() for row in WORDS_565],
            40,
            bits=16,
            compression=3,
            masks=(0xF800, 0x7E0, 0x1F),
        ),
        FROM_565,
    ),
}


@pytest.mark.parametrize("name", BMPS)
def test_bmp(name: str) -> None:
    check(*BMPS[name])


COLOUR_MAP = tuple(int(value) * 257 for value in COLOURS.T.reshape(-1))
INKS = join(255 - SCENE, ALPHA // 4)
FROM_INKS = np.rint(SCENE * (255.0 - (ALPHA // 4)[..., None]) / 255)
PREMULTIPLIED = np.rint(SCENE * (ALPHA[..., None] / 255)).astype(np.uint8)
TIFFS: dict[str, tuple[bytes, NDArray[Any], int]] = {
    "grey": (write_tiff(GREY[..., None], 1), GREY3, 0),
    "grey, white is zero": (write_tiff(255 - GREY[..., None], 0), GREY3, 0),
    "grey 16": (write_tiff(DEEP[..., 1:2], 1), GREY3, 0),
    "grey alpha": (write_tiff(join(GREY, ALPHA), 1, extra={338: (2,)}), lay_on_white(GREY3, ALPHA), 0),
    "black and white": (
        write_tiff(BILEVEL[..., None], 1, bits=1),
        np.repeat(BILEVEL[..., None] * 255, 3, axis=2),
        0,
    ),
    "four bits": (
        write_tiff(INDICES[..., None].astype(np.uint8), 1, bits=4),
        np.repeat(INDICES[..., None] * 17, 3, axis=2),
        0,
    ),
    "palette": (
        write_tiff(
            INDICES[..., None].astype(np.uint8),
            3,
            extra={320: tuple(np.pad(np.array(COLOUR_MAP).reshape(3, 4), ((0, 0), (0, 252))).reshape(-1))},
        ),
        COLOURS[INDICES],
        0,
    ),
    "palette of two bits": (
        write_tiff(INDICES[..., None].astype(np.uint8), 3, bits=2, extra={320: COLOUR_MAP}),
        COLOURS[INDICES],
        0,
    ),
    "palette with 8-bit colours": (
        write_tiff(
            INDICES[..., None].astype(np.uint8),
            3,
            bits=2,
            extra={320: tuple(int(value) for value in COLOURS.T.reshape(-1))},
        ),
        COLOURS[INDICES],
        0,
    ),
    "cmyk": (write_tiff(INKS, 5), FROM_INKS, 0),
    "cmyk 16": (write_tiff(INKS.astype(np.uint16) * 257, 5), FROM_INKS, 0),
    "rgba": (write_tiff(join(SCENE, ALPHA), 2, extra={338: (2,)}), lay_on_white(SCENE, ALPHA), 0),
    "rgba 16": (write_tiff(join(DEEP, DEEP_ALPHA), 2, extra={338: (2,)}), lay_on_white(SCENE, ALPHA), 0),
    "rgba, unsaid": (write_tiff(join(SCENE, ALPHA), 2), lay_on_white(SCENE, ALPHA), 0),
    "rgba, premultiplied": (
        write_tiff(join(PREMULTIPLIED, ALPHA), 2, extra={338: (1,)}),
        lay_on_white(SCENE, ALPHA),
        1,
    ),
    "rgb and something else": (write_tiff(join(SCENE, ALPHA), 2, extra={338: (0,)}), SCENE, 0),
    "in one large tile": (write_tiff(SCENE, 2, compression=8, tile=(1024, 1024)), SCENE, 0),
    "with a preview": (write_tiff(SCENE, 2, later_pages=({254: (1,)},)), SCENE, 0),
}
for compression in (1, 5, 8, 32773):
    for order in "<>":
        for planar in (1, 2):
            for tile in (None, (16, 16)):
                for pixels in (SCENE, DEEP):
                    layout = (
                        f"rgb {8 * pixels.itemsize}, {compression}, {order}, planar {planar}, tile {tile}"
                    )
                    layout_options: dict[str, Any] = {
                        "order": order,
                        "compression": compression,
                        "planar": planar,
                        "tile": tile,
                        "predictor": 2 if compression in (5, 8) else 1,
                    }
                    TIFFS[layout] = (write_tiff(pixels, 2, **layout_options), SCENE, 0)


@pytest.mark.parametrize("name", TIFFS)
def test_tiff(name: str) -> None:
    check(*TIFFS[name])


def test_tiff_of_many_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Strips go to libtiff in batches; here the short strip that ends a channel comes first in one."""
    monkeypatch.setattr("inspection.formats.tiff._BATCH_BYTES", 3 * 7 * 40)
    check(write_tiff(SCENE, 2, compression=5, planar=2), SCENE)


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"])
def test_tiff_written_elsewhere(compression: str) -> None:
    noise = np.random.default_rng(5).integers(0, 256, (300, 211, 3), dtype=np.uint8)
    check(write_with_pillow(noise, "TIFF", compression=compression), noise)
    deep = noise.astype(np.uint16) * 257
    check(cv2.imencode(".tiff", deep[..., ::-1])[1].tobytes(), noise)
