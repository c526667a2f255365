"""What is refused, by which name and in which words; and that a refusal costs no memory."""

import os
import struct
import subprocess
import sys
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inspection.config import ROOT, load_settings
from inspection.errors import (
    PictureAnimated,
    PictureDamaged,
    PictureEmpty,
    PictureRefused,
    PictureTooLarge,
    PictureUnsupported,
)
from inspection.formats.foreign import count_gif_frames
from inspection.formats.refusals import MAX_ASPECT, MAX_SIDE_PX
from inspection.images import PictureUnreadable, decode, read_picture
from tests.picture_files import (
    draw_scene,
    insert_remark,
    pack_bits,
    write_bmp,
    write_chunk,
    write_png,
    write_png_array,
    write_tiff,
    write_with_pillow,
)

SCENE = draw_scene()
NOISE = np.random.default_rng(3).integers(0, 256, (64, 80, 3), dtype=np.uint8)
NOISE_SMALL = np.random.default_rng(4).normal(0, 8, (240, 320, 3))
BIG = 40_000
JPEG = write_with_pillow(NOISE, "JPEG", quality=90)
# a camera's picture, from which the network may drop one packet of 1,400 bytes
PHOTO = write_with_pillow(
    np.clip(draw_scene(240, 320) + NOISE_SMALL, 0, 255).astype(np.uint8), "JPEG", quality=80
)
PROGRESSIVE = write_with_pillow(NOISE, "JPEG", quality=90, progressive=True)
RESTARTS = write_with_pillow(NOISE, "JPEG", quality=90, restart_marker_rows=1)
PNG = write_png_array(NOISE, 2)
BMP = write_bmp([row.tobytes() for row in NOISE], 80, bits=24)
TIFF = write_tiff(NOISE, 2)
WEBP = write_with_pillow(NOISE, "WEBP", quality=90)
WHOLE = {"JPEG": JPEG, "progressive JPEG": PROGRESSIVE, "PNG": PNG, "BMP": BMP, "TIFF": TIFF, "WebP": WEBP}
for packed, number in (("LZW", 5), ("Deflate", 8), ("PackBits", 32773)):
    WHOLE[f"{packed} TIFF"] = write_tiff(NOISE, 2, compression=number)


def write_frames(format_name: str) -> bytes:
    frames = [Image.fromarray(NOISE), Image.fromarray(NOISE[::-1].copy())]
    return write_with_pillow(NOISE, format_name, save_all=True, append_images=frames[1:])


def patch(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


def find_frame(jpeg: bytes) -> int:
    """Where the frame header's precision lies: after the marker and the length."""
    return jpeg.index(b"\xff\xc0") + 4


def write_bomb(format_name: str, side: int = BIG) -> bytes:
    """A small file that claims side × side pixels."""
    if format_name == "JPEG":
        return patch(JPEG, find_frame(JPEG) + 1, struct.pack(">HH", side, side))
    if format_name == "PNG":
        return write_png([b"\0" * 1000], side, depth=8, colour=2, height=side)
    if format_name == "BMP":
        return patch(BMP, 18, struct.pack("<ii", side, -side))
    if format_name == "WebP":
        return (
            b"RIFF\x1e\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0"
            + 2 * (side - 1).to_bytes(3, "little")
            + b"VP8 \0\0\0\0"
        )
    return write_tiff(SCENE, 2, compression=8, extra={256: (side,), 257: (side,)})


def write_ring() -> bytes:
    """A TIFF whose second directory, a preview, is followed by itself."""
    data = write_tiff(SCENE, 2, later_pages=({254: (1,)},))
    first = struct.unpack_from("<I", data, 4)[0]
    second = struct.unpack_from("<I", data, first + 2 + 12 * struct.unpack_from("<H", data, first)[0])[0]
    link_at = second + 2 + 12 * struct.unpack_from("<H", data, second)[0]
    return patch(data, link_at, struct.pack("<I", second))


def write_wrong_canvas() -> bytes:
    """The lossy frame of 80 × 64 under a header that says 81 × 64."""
    canvas = b"VP8X\x0a\0\0\0\0\0\0\0" + (80).to_bytes(3, "little") + (63).to_bytes(3, "little")
    chunks = b"WEBP" + canvas + WEBP[12:]
    return b"RIFF" + struct.pack("<I", len(chunks)) + chunks


CASES: dict[str, tuple[bytes, type[PictureRefused], str]] = {
    "empty": (b"", PictureEmpty, "none"),
    "zeros": (bytes(5000), PictureUnsupported, "nothing but zero bytes"),
    "html": (b"<!DOCTYPE html><html><body>404</body></html>", PictureUnsupported, "an HTML page"),
    "svg": (b'<?xml version="1.0"?><svg width="9"/>', PictureUnsupported, "an SVG drawing"),
    "xml": (b'<?xml version="1.0"?><part/>', PictureUnsupported, "an XML document"),
    "json": (b'{"error": "no such part"}', PictureUnsupported, "JSON"),
    "text": ("Maßblatt: BM is no bitmap".encode(), PictureUnsupported, "plain text"),
    "text that starts like a BMP": (b"BMW parts, all of them in a list", PictureUnsupported, "plain text"),
    "zip": (b"PK\x03\x04" + bytes(40), PictureUnsupported, "a ZIP archive"),
    "pdf": (b"%PDF-1.7\n" + bytes(40), PictureUnsupported, "a PDF document"),
    "heic": (b"\0\0\0\x18ftypheic" + bytes(40), PictureUnsupported, "a HEIC picture"),
    "jpeg 2000": (b"\0\0\0\x0cjP  \r\n\x87\n", PictureUnsupported, "a JPEG 2000 picture"),
    "dicom": (bytes(128) + b"DICM" + bytes(9), PictureUnsupported, "a DICOM picture"),
    "big tiff": (b"II+\0\x08\0\0\0" + bytes(40), PictureUnsupported, "a BigTIFF picture"),
    "netpbm": (b"P6 2 2 255\n" + bytes(12), PictureUnsupported, "a Netpbm picture"),
    "unknown": (b"\x01\x02\x03\x04\x05", PictureUnsupported, "01 02 03 04 05"),
    "gif": (write_with_pillow(NOISE, "GIF"), PictureUnsupported, "a GIF picture"),
    "animated gif": (write_frames("GIF"), PictureAnimated, "an animated GIF"),
    "animated png": (write_frames("PNG"), PictureAnimated, "an animated PNG"),
    "animated webp": (write_frames("WEBP"), PictureAnimated, "an animated WebP"),
    "tiff of two pages": (write_frames("TIFF"), PictureAnimated, "one of several"),
    "raw photograph": (write_tiff(SCENE, 2, extra={254: (1,)}), PictureUnsupported, "a preview"),
    **{f"{name} too large": (write_bomb(name), PictureTooLarge, "40,000 × 40,000") for name in
       ("JPEG", "PNG", "BMP", "WebP", "TIFF")},
    "too long a side": (write_png([b"\0"], MAX_SIDE_PX + 1, depth=1, colour=0, height=400),
                        PictureTooLarge, "sides of at most 32,767"),
    "too thin": (write_png([b"\0"], 8 * MAX_ASPECT, depth=1, colour=0, height=7), PictureTooLarge, "800 × 7"),
    "no pixels": (write_png([], 5, depth=8, colour=0), PictureDamaged, "5 × 0"),
    "jpeg, lossless": (patch(JPEG, find_frame(JPEG) - 3, b"\xc3"), PictureUnsupported, "lossless JPEG"),
    "jpeg, 12 bits": (patch(JPEG, find_frame(JPEG), b"\x0c"), PictureUnsupported, "12"),
    "jpeg, two frames": (insert_remark(JPEG, JPEG[find_frame(JPEG) : find_frame(JPEG) + 15], marker=0xC0),
                         PictureDamaged, "two"),
    "jpeg, cut and closed": (JPEG[: len(JPEG) // 2] + b"\xff\xd9", PictureDamaged, "before its last pixel"),
    "jpeg, a piece lost": (PHOTO[:8000] + PHOTO[9400:], PictureDamaged, "before its last pixel"),
    "jpeg, a scan lost": (PROGRESSIVE[: PROGRESSIVE.rindex(b"\xff\xda")] + b"\xff\xd9",
                          PictureDamaged, "lacks its last scans"),
    "jpeg, the last scan cut": (PROGRESSIVE[:-200] + b"\xff\xd9", PictureDamaged, "before its last pixel"),
    "jpeg, a restart lost": (RESTARTS.replace(b"\xff\xd1", b"", 1), PictureDamaged, "restart marker"),
    "jpeg, garbage after a segment": (JPEG[:20] + b"\0\0" + JPEG[20:], PictureDamaged, "byte 20"),
    "jpeg, too many scans": (JPEG[:-2] + b"\xff\xda\0\x08\1\1\0\0\x3f\0" * 200 + b"\xff\xd9",
                             PictureUnsupported, "scans"),
    "png, a flipped bit": (patch(PNG, 3000, bytes([PNG[3000] ^ 1])), PictureDamaged, "does not match"),
    "png, rows lost": (write_png([row.tobytes() for row in NOISE[:40]], 80, depth=8, colour=2, height=64),
                       PictureDamaged, "rejects"),
    "png, no palette": (write_png([b"\0"], 1, depth=8, colour=3), PictureDamaged, "without"),
    "png, depth that is none": (write_png([b"\0"], 1, depth=5, colour=0), PictureDamaged, "(5, 0,"),
    "png, unknown necessity": (write_png_array(SCENE, 2, before=write_chunk(b"ABCD", b"")),
                               PictureUnsupported, "ABCD"),
    "bmp, run lengths": (write_bmp([b"\4\1\0\1"], 4, bits=8, compression=1), PictureUnsupported, "run lengths"),
    "bmp, colour outside": (write_bmp([b"\0\1\2\3"], 4, bits=8, palette=bytes(8)), PictureDamaged, "with 2"),
    "bmp, masks with holes": (write_bmp([bytes(4)], 1, bits=32, compression=3, masks=(5 << 16, 1, 2)),
                              PictureDamaged, "0x50000"),
    "tiff, float": (write_tiff(SCENE.astype(np.float32), 2, extra={339: (3, 3, 3)}),
                    PictureUnsupported, "floating-point"),
    "tiff, signed": (write_tiff(SCENE, 2, extra={339: (2, 2, 2)}), PictureUnsupported, "signed"),
    "tiff, 32 bits": (write_tiff(SCENE.astype(np.uint32), 2), PictureUnsupported, "32/32/32 bits"),
    "tiff, jpeg inside": (write_with_pillow(NOISE, "TIFF", compression="jpeg"), PictureUnsupported, "got JPEG"),
    "tiff, fax": (write_tiff(SCENE[..., :1], 1, extra={259: (4,)}), PictureUnsupported, "CCITT fax"),
    "tiff, lab": (write_tiff(SCENE, 8), PictureUnsupported, "colour model 8"),
    "tiff, pages in a ring": (write_ring(),
                              PictureDamaged, "64 directories"),
    "tiff, a strip that is short": (write_tiff(SCENE, 2, compression=8, extra={256: (41,)}),
                                    PictureDamaged, "cut off"),
    "tiff, a strip outside": (write_tiff(NOISE, 2, compression=5, strip_rows=64, extra={273: (900_000,)}),
                              PictureDamaged, "cut off"),
    "tiff, tiles far beyond it": (write_tiff(np.zeros((100, 40, 1), np.uint8), 1, compression=8, tile=(100, 1),
                                             extra={323: (50_000_000,)}),
                                  PictureTooLarge, "2,000,000,000. Save it with smaller tiles"),
    "tiff, lzw broken": (patch(WHOLE["LZW TIFF"], 9, b"\xff" * 40), PictureDamaged, "unpack"),
    "webp, cut": (WEBP[:-10], PictureDamaged, "cut off"),
    "webp, animated unsaid": (patch(write_frames("WEBP"), 20, b"\0"), PictureAnimated, "an animated WebP"),
    "webp, wrong canvas": (write_wrong_canvas(), PictureDamaged, "picture of"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_refusal(name: str) -> None:
    data, kind, words = CASES[name]
    with pytest.raises(PictureRefused) as caught:
        decode(data, name="part.jpg")
    message = str(caught.value)
    assert type(caught.value) is kind, message
    assert words in message
    assert message.startswith("part.jpg: expected ") and ", got " in message
    assert message.endswith(".") and message.count(". ") >= 1  # what to do comes after


def test_a_gif_is_walked_for_a_bounded_number_of_steps() -> None:
    """A picture of 64 MB could hold twenty million empty extensions."""
    screen, extension, frame = b"GIF89a" + bytes(7), b"!\xf9\0", b"," + bytes(11)
    assert count_gif_frames(screen + extension * 1000 + frame * 2, at_most=2) == 2
    assert count_gif_frames(screen + extension * 100_000 + frame * 2, at_most=2) == 0


@pytest.mark.parametrize("name", WHOLE)
def test_cut_files_are_refused_wherever_they_are_cut(name: str) -> None:
    data = WHOLE[name]
    decode(data, name=name)
    for length in {1, 2, 3, 10, 20, 40, *range(50, len(data), 97), len(data) - 2, len(data) - 1}:
        with pytest.raises(PictureRefused):
            decode(data[:length], name=name)


# zeros are black pixels to a BMP and a plain TIFF, and valid code to a lossy WebP: nothing there can tell
@pytest.mark.parametrize("name", sorted(WHOLE.keys() - {"BMP", "TIFF", "WebP"}))
def test_a_file_whose_end_was_never_written_is_refused(name: str) -> None:
    """The size is right and the tail is zero, as a disk leaves it after a power failure."""
    data = WHOLE[name]
    with pytest.raises(PictureRefused):
        decode(data[: len(data) // 2] + bytes(len(data) - len(data) // 2), name=name)


def test_limits_come_from_the_settings() -> None:
    settings = load_settings()
    data = write_png_array(SCENE, 2)
    decode(
        data, name="part", settings=replace(settings, max_picture_pixels=24 * 40, max_picture_bytes=len(data))
    )
    with pytest.raises(PictureTooLarge, match="ASSAY_MAX_PICTURE_PIXELS"):
        decode(data, name="part", settings=replace(settings, max_picture_pixels=24 * 40 - 1))
    with pytest.raises(PictureTooLarge, match="ASSAY_MAX_PICTURE_BYTES"):
        decode(data, name="part", settings=replace(settings, max_picture_bytes=len(data) - 1))


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    for path in (tmp_path / "absent.png", tmp_path, pipe, loop, "null\0byte", tmp_path / ("x" * 300)):
        with pytest.raises(PictureUnreadable, match=r"expected .*, got .*\. Check the path"):
            read_picture(path)


def test_a_large_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "huge.jpg"
    with open(path, "wb") as file:
        file.truncate(1 << 42)  # 4 TiB of nothing: to read it would fail
    with pytest.raises(PictureTooLarge, match="4,398,046,511,104"):
        read_picture(path)


def write_small_bombs() -> dict[str, bytes]:
    """Honest about their size, but with 128 MB to unpack behind it."""
    zeros = zlib.compress(bytes(1 << 27), 1)
    head = struct.pack(">IIBBBBB", 40, 24, 8, 2, 0, 0, 0)
    start = b"\x89PNG\r\n\x1a\n" + write_chunk(b"IHDR", head)
    end = write_chunk(b"IDAT", zeros) + write_chunk(b"IEND", b"")
    note = write_chunk(b"zTXt", b"note\0\0" + zeros) + write_chunk(b"iCCP", b"profile\0\0" + zeros)
    directory = write_tiff(SCENE, 2, compression=8, strip_rows=24, extra={273: (70_000,), 279: (len(zeros),)})
    # 3 × 24 strips of one row, each of which claims the whole file
    packed = pack_bits(SCENE[0, :, 0].tobytes())
    pointers = {273: (70_000,) * 72, 279: (8_000_000,) * 72}
    heap = write_tiff(SCENE, 2, compression=32773, planar=2, strip_rows=1, extra=pointers)
    heap = heap.ljust(70_000, b"\0") + packed + bytes(8_000_000)
    return {
        "PNG rows": start + end,
        "PNG remarks": start + note + end,
        "TIFF strips of everything": heap,
        "TIFF strip": directory.ljust(70_000, b"\0") + zeros,
    }


MEASURE = """
import resource, sys
from inspection.errors import PictureRefused
from inspection.images import decode
from pathlib import Path
files = {path.name: path.read_bytes() for path in map(Path, sys.argv[1:])}
decode(files["first"], name="first")  # what the first decoding loads, it loads once
held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (held + (48 << 20), held + (48 << 20)))
for name, data in files.items():
    try:
        picture = decode(data, name=name)
        print(name, picture.width, picture.height)
    except PictureRefused as refused:
        print(name, refused.kind)
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux to limit a process's memory")
def test_bombs_cost_no_memory(tmp_path: Path) -> None:
    large = {f"{name} bomb": write_bomb(name) for name in ("JPEG", "PNG", "BMP", "WebP", "TIFF")}
    small = write_small_bombs()
    for name, data in {"first": PNG, **large, **small}.items():
        (tmp_path / name).write_bytes(data)
    command = [sys.executable, "-c", MEASURE, *(str(tmp_path / name) for name in ("first", *large, *small))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    expected = [
        "first 80 64",
        *(f"{name} PictureTooLarge" for name in large),
        *(f"{name} 40 24" for name in small),
    ]
    assert done.stdout.splitlines() == expected
