"""PNG (ISO/IEC 15948): every chunk's checksum, then one cv2.imdecode of the chunks that make the picture."""

import struct
import zlib
from dataclasses import dataclass

import cv2
import numpy as np

from inspection.errors import PictureAnimated, PictureDamaged, PictureUnsupported
from inspection.formats.ifd import read_orientation
from inspection.formats.refusals import Limits, refuse, refuse_cut
from inspection.formats.samples import U16, lay_bgra_on_white, repeat_grey, scale_to_8_bits
from inspection.types import U8

MAGIC = b"\x89PNG\r\n\x1a\n"
_MAX_CHUNKS = 20_000  # 64 MB in pieces of 8 kB, as libpng writes them, are 8,192
_GREY, _RGB, _PALETTE, _GREY_ALPHA, _RGBA = 0, 2, 3, 4, 6
_DEPTHS = {
    _GREY: (1, 2, 4, 8, 16),
    _RGB: (8, 16),
    _PALETTE: (1, 2, 4, 8),
    _GREY_ALPHA: (8, 16),
    _RGBA: (8, 16),
}


@dataclass(frozen=True, slots=True)
class Header:
    width: int
    height: int
    depth: int
    colour: int
    transparency: bytes  # tRNS: a key colour, or the palette's alphas
    orientation: int
    kept: tuple[tuple[int, int], ...]  # where the chunks lie that make the picture


def decode(data: bytes, limits: Limits) -> tuple[U8, int]:
    """The pixels as they are stored, RGB, and their EXIF orientation."""
    header = read_header(data, limits)
    # Without the ancillary chunks: no compressed text or profile to unpack, no gamma, no remarks on stderr.
    picture = b"".join([MAGIC, *(data[start:end] for start, end in header.kept)])
    decoded = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_UNCHANGED)
    if decoded is None or decoded.shape[:2] != (header.height, header.width):
        raise refuse(PictureDamaged, expected="PNG data that decode", got="data that the decoder rejects")
    samples: U8 | U16 = (
        np.asarray(decoded, np.uint16) if header.depth == 16 else np.asarray(decoded, np.uint8)
    )
    pixels = scale_to_8_bits(samples)
    if pixels.ndim == 2:
        return repeat_grey(whiten_key(pixels, samples, header)), header.orientation
    if pixels.shape[2] == 4:
        return lay_bgra_on_white(pixels), header.orientation
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8), header.orientation


def whiten_key(pixels: U8, samples: U8 | U16, header: Header) -> U8:
    """OpenCV keeps no alpha for grey PNGs, so the value that is transparent is made white here."""
    if header.colour != _GREY or len(header.transparency) != 2:
        return pixels
    # below 8 bits the decoder has spread the samples over 0…255
    spread = 255 // (2**header.depth - 1) if header.depth < 8 else 1
    key = int.from_bytes(header.transparency, "big") * spread
    return np.where(samples == key, np.uint8(255), pixels)


def read_header(data: bytes, limits: Limits) -> Header:
    fields: tuple[int, ...] | None = None
    orientation, transparency, has_palette, has_data = 0, b"", False, False
    kept: list[tuple[int, int]] = []
    position = len(MAGIC)
    for _ in range(_MAX_CHUNKS):
        kind, start, end = read_chunk_place(data, position)
        if fields is None:
            fields = read_dimensions(data, kind, start, limits)
        check_sum(data, start, end)
        if kind in (b"IHDR", b"PLTE", b"IDAT", b"IEND") or (kind == b"tRNS" and fields[3] <= _PALETTE):
            kept.append((position, end + 4))
        elif kind == b"acTL" and int.from_bytes(data[start : start + 4], "big") != 1:
            raise refuse(PictureAnimated, expected="one still picture", got="an animated PNG")
        elif not kind[0] & 0x20:  # an upper-case first letter: the picture cannot be shown without it
            raise refuse(PictureUnsupported, expected="the standard chunks of a PNG", got=f"{kind!r}")
        if kind == b"IEND":
            break
        if kind == b"eXIf" and not orientation:
            orientation = read_orientation(data[start:end])
        transparency = data[start:end] if kind == b"tRNS" else transparency
        has_palette, has_data = has_palette or kind == b"PLTE", has_data or kind == b"IDAT"
        if kind == b"IHDR" and position != len(MAGIC):
            raise refuse(PictureDamaged, expected="one header", got="a PNG with two")
        position = end + 4
    else:
        raise refuse(PictureUnsupported, expected=f"at most {_MAX_CHUNKS:,} chunks", got="a PNG with more")
    width, height, depth, colour = fields[:4]
    if not has_data or (colour == _PALETTE and not has_palette):
        raise refuse(
            PictureDamaged, expected="pixels, and a palette where they need one", got="a PNG without"
        )
    return Header(width, height, depth, colour, transparency, orientation or 1, tuple(kept))


def read_chunk_place(data: bytes, position: int) -> tuple[bytes, int, int]:
    """A chunk's type, and where its content starts and ends; the checksum follows the end."""
    start = position + 8
    end = start + int.from_bytes(data[position : position + 4], "big")
    if end + 4 > len(data):
        raise refuse_cut("PNG", expected="a PNG up to its end chunk", got=f"none in {len(data):,} bytes")
    return data[position + 4 : start], start, end


def read_dimensions(data: bytes, kind: bytes, start: int, limits: Limits) -> tuple[int, ...]:
    """width, height, depth, colour, compression, filter, interlace."""
    if kind != b"IHDR" or data[start - 8 : start - 4] != b"\0\0\0\x0d":
        raise refuse(PictureDamaged, expected="a PNG that starts with its header", got=f"{kind!r}")
    fields = struct.unpack_from(">IIBBBBB", data, start)
    limits.check_size(fields[0], fields[1])
    depth, colour, compression, filtering, interlace = fields[2:]
    if depth not in _DEPTHS.get(colour, ()) or compression or filtering or interlace > 1:
        raise refuse(PictureDamaged, expected="a depth and colour type that PNG has", got=f"{fields[2:]}")
    return fields


def check_sum(data: bytes, start: int, end: int) -> None:
    wanted = int.from_bytes(data[end : end + 4], "big")
    if zlib.crc32(memoryview(data)[start - 4 : end]) != wanted:
        raise refuse(
            PictureDamaged,
            expected=f"checksum {wanted:08X} at byte {start:,}",
            got="a chunk that does not match it",
        )
