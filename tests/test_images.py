"""PNG, JPEG and WebP: every mode that is read, and what its pixels become; orientation; files; encoding."""

import hashlib
import io
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from inspection.images import decode, encode_jpeg, encode_png, read_picture
from tests.decoding import ALPHA, COLOURS, DEEP, DEEP_ALPHA, GREY, GREY3, INDICES, SCENE, check
from tests.picture_files import (
    insert_remark,
    join,
    lay_on_white,
    pack_rows,
    write_chunk,
    write_exif,
    write_png,
    write_png_array,
    write_tiff,
    write_with_pillow,
)

PALETTE_PNG = write_chunk(b"PLTE", COLOURS.tobytes())
HALF_CLEAR = write_chunk(b"tRNS", bytes([0, 128]))
ALPHAS = np.array([0, 128, 255, 255])[INDICES]
PNGS = {
    "rgb 8": (write_png_array(SCENE, 2), SCENE),
    "rgb 16": (write_png_array(DEEP, 2), SCENE),
    "rgba 8": (write_png_array(join(SCENE, ALPHA), 6), lay_on_white(SCENE, ALPHA)),
    "rgba 16": (write_png_array(join(DEEP, DEEP_ALPHA), 6), lay_on_white(SCENE, ALPHA)),
    "grey 8": (write_png_array(GREY[..., None], 0), GREY3),
    "grey 16": (write_png_array(DEEP[..., 1:2], 0), GREY3),
    "grey alpha 8": (write_png_array(join(GREY, ALPHA), 4), lay_on_white(GREY3, ALPHA)),
    "grey alpha 16": (write_png_array(join(DEEP[..., 1], DEEP_ALPHA), 4), lay_on_white(GREY3, ALPHA)),
    **{
        f"grey {bits}": (
            write_png(pack_rows(INDICES % 2**bits, bits), 40, depth=bits, colour=0),
            np.repeat((INDICES % 2**bits * (255 // (2**bits - 1)))[..., None], 3, axis=2),
        )
        for bits in (1, 2, 4)
    },
    **{
        f"palette {bits}": (
            write_png(pack_rows(INDICES % 2**bits, bits), 40, depth=bits, colour=3, before=PALETTE_PNG),
            COLOURS[INDICES % 2**bits],
        )
        for bits in (1, 2, 4, 8)
    },
    "palette alpha": (
        write_png(pack_rows(INDICES, 2), 40, depth=2, colour=3, before=PALETTE_PNG + HALF_CLEAR),
        lay_on_white(COLOURS[INDICES], ALPHAS),
    ),
    "grey with a clear value": (
        write_png(pack_rows(INDICES, 2), 40, depth=2, colour=0, before=write_chunk(b"tRNS", b"\0\1")),
        np.repeat(np.array([0, 255, 170, 255])[INDICES][..., None], 3, axis=2),
    ),
    "rgb with a clear colour": (
        write_png_array(COLOURS[INDICES], 2, before=write_chunk(b"tRNS", b"\0\x0a\0\x14\0\x1e")),
        np.where((INDICES == 0)[..., None], 255, COLOURS[INDICES]),
    ),
    "with chunks that are left out": (
        write_png_array(
            SCENE,
            2,
            before=write_chunk(b"gAMA", b"\0\0\0\x64")
            + write_chunk(b"iCCP", b"no profile")
            + write_chunk(b"acTL", b"\0\0\0\1\0\0\0\0"),
        ),
        SCENE,
    ),
    "after its end": (write_png_array(SCENE, 2) + b"a remark of the camera", SCENE),
}


@pytest.mark.parametrize("name", PNGS)
def test_png(name: str) -> None:
    check(*PNGS[name])


def test_interlaced_png() -> None:
    samples = SCENE[:1, :1]
    head = b"\0\0\0\1\0\0\0\1\x08\2\0\0\1"
    body = zlib.compress(b"\0" + samples.tobytes())
    chunks = write_chunk(b"IHDR", head) + write_chunk(b"IDAT", body) + write_chunk(b"IEND", b"")
    check(b"\x89PNG\r\n\x1a\n" + chunks, samples)


# quality 100 without subsampling still rounds three times: colours, cosines, colours
def write_jpeg(pixels: NDArray[Any], **options: Any) -> bytes:
    return write_with_pillow(pixels, "JPEG", **({"quality": 100, "subsampling": 0} | options))


def write_cmyk_jpeg(*, ycck: bool) -> bytes:
    """Four components, inverted as Adobe has it. Named YCCK, the same numbers mean Y, Cb, Cr and black."""
    stream = io.BytesIO()
    Image.fromarray(255 - join(SCENE, ALPHA), "CMYK").save(stream, "JPEG", quality=100, subsampling=0)
    data = bytearray(stream.getvalue())
    data[data.index(b"Adobe") + 11] = 2 if ycck else 0
    return bytes(data)


def convert_ycck(values: NDArray[Any], black: NDArray[Any]) -> NDArray[Any]:
    """JFIF's equations give the complements of the four inks, which Adobe stores inverted once more."""
    y, cb, cr = (values[..., channel].astype(float) - (0, 128, 128)[channel] for channel in range(3))
    rgb = np.stack([y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb], axis=-1)
    return np.rint((255 - np.clip(rgb, 0, 255)) * black[..., None] / 255)


FLAT = np.full((24, 40, 3), 128, np.uint8)
JPEGS = {
    "rgb": (write_jpeg(SCENE), SCENE, 3),
    "4:2:2": (write_jpeg(SCENE, subsampling=1), SCENE, 8),
    "4:2:0": (write_jpeg(SCENE, subsampling=2), SCENE, 12),
    "optimised": (write_jpeg(SCENE, optimize=True), SCENE, 3),
    "progressive": (write_jpeg(SCENE, progressive=True), SCENE, 3),
    "progressive grey": (write_jpeg(GREY, progressive=True), GREY3, 2),
    "restarts": (write_jpeg(SCENE, restart_marker_blocks=1), SCENE, 3),
    "restarts, progressive": (write_jpeg(SCENE, restart_marker_blocks=2, progressive=True), SCENE, 3),
    "stored as rgb": (write_jpeg(SCENE, keep_rgb=True), SCENE, 2),
    "grey": (write_jpeg(GREY), GREY3, 2),
    "cmyk": (write_cmyk_jpeg(ycck=False), np.rint(SCENE * (ALPHA[..., None] / 255.0)), 4),
    "ycck": (write_cmyk_jpeg(ycck=True), convert_ycck(SCENE, ALPHA), 6),
    "as grey as what is missing": (write_jpeg(FLAT), FLAT, 0),
    "one pixel": (write_jpeg(SCENE[:1, :1]), SCENE[:1, :1], 3),
    "after its end": (write_jpeg(SCENE) + b"\xff\xd8 a preview \xff\xd9", SCENE, 3),
    "fill before the end": (write_jpeg(SCENE)[:-2] + b"\xff\xff\xff\xd9", SCENE, 3),
    "fill before the end, and grey": (write_jpeg(FLAT)[:-2] + b"\xff\xff\xff\xd9", FLAT, 0),
    "with a preview in its remarks": (insert_remark(write_jpeg(SCENE), b"\xff\xd8\xff\xd9"), SCENE, 3),
}


@pytest.mark.parametrize("name", JPEGS)
def test_jpeg(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    check(*JPEGS[name])
    assert capfd.readouterr().err == ""


TRANSPARENT = np.asarray(join(SCENE, ALPHA))
WEBPS = {
    "lossless": (write_with_pillow(SCENE, "WEBP", lossless=True), SCENE, 0),
    "lossless, alpha": (
        write_with_pillow(TRANSPARENT, "WEBP", lossless=True, exact=True),
        lay_on_white(SCENE, ALPHA),
        0,
    ),
    "lossy": (write_with_pillow(SCENE, "WEBP", quality=100), SCENE, 20),
    "lossy, alpha": (write_with_pillow(TRANSPARENT, "WEBP", quality=100), lay_on_white(SCENE, ALPHA), 20),
    "after its end": (write_with_pillow(SCENE, "WEBP", lossless=True) + b"remark", SCENE, 0),
}


@pytest.mark.parametrize("name", WEBPS)
def test_webp(name: str) -> None:
    check(*WEBPS[name])


# What is stored under each orientation (TIFF 6.0, tag 274: "the 0th row is the …, the 0th column the … side").
STORED = {
    1: SCENE,  # top, left
    2: SCENE[:, ::-1],  # top, right
    3: SCENE[::-1, ::-1],  # bottom, right
    4: SCENE[::-1],  # bottom, left
    5: SCENE.transpose(1, 0, 2),  # left, top
    6: SCENE[:, ::-1].transpose(1, 0, 2),  # right, top
    7: SCENE[::-1, ::-1].transpose(1, 0, 2),  # right, bottom
    8: SCENE[::-1].transpose(1, 0, 2),  # left, bottom
}


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("format_name", ["jpeg", "png", "webp", "tiff"])
def test_orientation_is_obeyed_once(format_name: str, orientation: int) -> None:
    stored = np.ascontiguousarray(STORED[orientation])
    order = "<" if orientation % 2 else ">"
    exif = write_exif(orientation, order)
    if format_name == "jpeg":
        check(write_jpeg(stored, exif=b"Exif\0\0" + exif), SCENE, 3)
    elif format_name == "png":
        check(write_png_array(stored, 2, before=write_chunk(b"eXIf", exif)), SCENE)
    elif format_name == "webp":
        check(write_with_pillow(stored, "WEBP", lossless=True, exif=exif), SCENE)
    else:
        check(write_tiff(stored, 2, order=order, extra={274: (orientation,)}), SCENE)


@pytest.mark.parametrize(
    "exif",
    [
        write_exif(0),
        write_exif(9),
        b"",
        b"II*\0",
        b"II*\0\xff\xff\xff\xff",
        b"MM\0*\0\0\0\x08\xff\xff",
        write_exif(6)[:-14],
        b"garbage that is no directory",
    ],
)
def test_unreadable_exif_counts_as_upright(exif: bytes) -> None:
    check(insert_remark(write_jpeg(SCENE), b"Exif\0\0" + exif, marker=0xE1), SCENE, 3)


def test_the_name_does_not_decide() -> None:
    picture = decode(write_jpeg(SCENE), name="part.png")
    assert picture.name == "part.png"
    assert (picture.width, picture.height) == (40, 24)


def test_the_hash_is_of_the_bytes_as_they_came() -> None:
    data = write_png_array(SCENE, 2) + b"remark"
    picture = decode(data, name="part")
    assert picture.sha256 == hashlib.sha256(data).hexdigest()
    assert picture.decode_ms > 0


def test_the_name_is_made_printable() -> None:
    assert decode(write_png_array(SCENE, 2), name="a\x1b[31m\udcff\nb.png").name == "a�[31m��b.png"


def test_read_picture(tmp_path: Path) -> None:
    path = tmp_path / "part 1.png"
    path.write_bytes(write_png_array(SCENE, 2))
    picture = read_picture(path)
    assert picture.name == str(path)
    assert np.array_equal(picture.pixels, SCENE)


def test_encode_png_keeps_every_pixel() -> None:
    check(encode_png(SCENE), SCENE)
    check(encode_png(GREY), GREY3)
    check(encode_png(TRANSPARENT), lay_on_white(SCENE, ALPHA))


def test_encode_jpeg_keeps_the_colours_in_place() -> None:
    check(encode_jpeg(SCENE, 95), SCENE, 12)
    check(encode_jpeg(GREY, 95), GREY3, 4)
    assert len(encode_jpeg(SCENE, 30)) < len(encode_jpeg(SCENE, 95))
