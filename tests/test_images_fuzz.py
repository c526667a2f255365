"""Whatever the bytes: a picture within the limits, or a refusal by name."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inspection.config import load_settings
from inspection.errors import PictureRefused
from inspection.formats.refusals import MAX_ASPECT, MAX_SIDE_PX
from inspection.images import decode
from tests.picture_files import write_bmp, write_exif, write_png_array, write_tiff, write_with_pillow

LIMITS = replace(load_settings(), max_picture_pixels=20_000, max_picture_bytes=100_000)
NOISE = np.random.default_rng(7).integers(0, 256, (24, 40, 3), dtype=np.uint8)
DEEP = NOISE.astype(np.uint16) * 257
ALPHA = NOISE[..., :1]
EXIF = b"Exif\0\0" + write_exif(6)
SEEDS: dict[str, list[bytes]] = {
    "JPEG": [
        write_with_pillow(NOISE, "JPEG", quality=80, exif=EXIF),
        write_with_pillow(NOISE, "JPEG", quality=80, progressive=True),
        write_with_pillow(NOISE[..., 0].copy(), "JPEG", restart_marker_blocks=2),
    ],
    "PNG": [
        write_png_array(NOISE, 2),
        write_png_array(np.concatenate([DEEP, DEEP[..., :1]], axis=2), 6),
        write_with_pillow(NOISE[..., 0].copy(), "PNG", transparency=3),
    ],
    "BMP": [
        write_bmp([row.tobytes() for row in NOISE], 40, bits=24),
        write_bmp([row.tobytes() for row in NOISE[..., 0] % 16], 40, bits=8, palette=bytes(range(64))),
        write_bmp(
            [row.tobytes() for row in NOISE[:, ::2, :2]],
            20,
            bits=16,
            compression=3,
            masks=(0xF800, 0x7E0, 0x1F),
        ),
    ],
    "TIFF": [
        write_tiff(NOISE, 2, extra={274: (6,)}),
        write_tiff(DEEP, 2, compression=5, predictor=2, order=">"),
        write_tiff(NOISE, 2, compression=8, tile=(16, 16), planar=2),
        write_tiff(np.concatenate([NOISE, ALPHA], axis=2), 2, compression=32773, extra={338: (1,)}),
        write_tiff(ALPHA % 4, 3, bits=2, extra={320: tuple(range(0, 60_000, 5000))}),
    ],
    "WebP": [
        write_with_pillow(NOISE, "WEBP", quality=60, exif=EXIF),
        write_with_pillow(np.concatenate([NOISE, ALPHA], axis=2), "WEBP", lossless=True),
    ],
}


def check_outcome(data: bytes) -> None:
    try:
        picture = decode(data, name="part", settings=LIMITS)
    except PictureRefused as refused:
        assert "expected " in str(refused) and type(refused) is not PictureRefused
        return
    height, width, channels = picture.pixels.shape
    assert channels == 3 and picture.pixels.dtype == np.uint8 and picture.pixels.flags.c_contiguous
    assert 1 <= width * height <= LIMITS.max_picture_pixels
    assert max(width, height) <= min(MAX_SIDE_PX, MAX_ASPECT * min(width, height))


@st.composite
def mutate(draw: st.DrawFn, seeds: list[bytes]) -> bytes:
    """One to four damages: bytes changed, a piece lost, copied elsewhere or put in, the end cut or lengthened."""
    data = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(1, 4))):
        # most of what decides stands at the start, in TIFF at the end
        size = len(data)
        near = draw(st.integers(0, min(size, 200)))
        at = draw(st.one_of(st.sampled_from([near, size - near]), st.integers(0, size)))
        piece = draw(
            st.one_of(
                st.binary(max_size=12), st.sampled_from([b"\0\0\0\0", b"\xff\xff\xff\xff", b"\xff\xd9"])
            )
        )
        kind = draw(st.sampled_from(["change", "insert", "lose", "copy", "cut", "lengthen"]))
        length = draw(st.integers(0, 300))
        data = {
            "change": data[:at] + piece + data[at + len(piece) :],
            "insert": data[:at] + piece + data[at:],
            "lose": data[:at] + data[at + length :],
            "copy": data[:at] + data[length : 2 * length] + data[at:],
            "cut": data[:at],
            "lengthen": data + piece * 20,
        }[kind]
    return data


@pytest.mark.parametrize("format_name", SEEDS)
def test_seeds_are_whole(format_name: str) -> None:
    for data in SEEDS[format_name]:
        assert decode(data, name="part", settings=LIMITS).pixels.size in (24 * 40 * 3, 24 * 20 * 3)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.binary(max_size=400))
def test_random_bytes(data: bytes) -> None:
    check_outcome(data)


@settings(max_examples=200, deadline=None)
@given(
    start=st.sampled_from(
        [seed[:length] for seeds in SEEDS.values() for seed in seeds for length in (4, 8, 16, 60)]
    ),
    rest=st.binary(max_size=400),
)
def test_random_bytes_after_an_honest_start(start: bytes, rest: bytes) -> None:
    check_outcome(start + rest)


@pytest.mark.parametrize("format_name", SEEDS)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_damaged_files(format_name: str, data: st.DataObject) -> None:
    check_outcome(data.draw(mutate(SEEDS[format_name])))
