"""BMP, read here: cv2 5.0 ignores the colour masks, darkens 5-bit samples and misreads the oldest header."""

import struct
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection.errors import PictureDamaged, PictureUnsupported
from inspection.formats.refusals import Limits, refuse, refuse_cut
from inspection.formats.samples import lay_on_white, look_up_colours, split_bytes
from inspection.types import U8

MAGIC = b"BM"
_CORE_HEADER = 12  # OS/2 1.x; the later ones begin like BITMAPINFOHEADER, 40 bytes
_HEADERS = (_CORE_HEADER, 40, 52, 56, 64, 108, 124)
_PLAIN, _MASKED, _MASKED_WITH_ALPHA = 0, 3, 6
_OTHER_COMPRESSIONS = {1: "run lengths", 2: "run lengths", 4: "an embedded JPEG", 5: "an embedded PNG"}
_DEPTHS = {_PLAIN: (1, 4, 8, 16, 24, 32), _MASKED: (16, 32), _MASKED_WITH_ALPHA: (16, 32)}
_DEFAULT_MASKS = {16: (0x7C00, 0x03E0, 0x001F, 0), 32: (0xFF0000, 0x00FF00, 0x0000FF, 0)}
_STRIPE_ROWS = 64


@dataclass(frozen=True, slots=True)
class Header:
    width: int
    height: int
    bits: int
    top_down: bool
    masks: tuple[int, ...]  # red, green, blue, alpha: of 16 and 32 bits
    palette: U8  # (n, 3) RGB: of 1, 4 and 8 bits
    offset: int

    @property
    def stride(self) -> int:
        return (self.width * self.bits + 31) // 32 * 4


def is_bmp(data: bytes) -> bool:
    """Two letters alone would take in any text that starts with BM."""
    return data[:2] == MAGIC and len(data) >= 18 and int.from_bytes(data[14:18], "little") in _HEADERS


def decode(data: bytes, limits: Limits) -> tuple[U8, int]:
    """The pixels, RGB; a BMP knows no orientation beyond the order of its rows."""
    header = read_header(data, limits)
    size = header.stride * header.height
    if header.offset + size > len(data):
        raise refuse_cut("BMP", expected=f"{header.offset + size:,} bytes", got=f"{len(data):,}")
    rows = np.frombuffer(data, np.uint8, size, header.offset).reshape(header.height, header.stride)
    rows = rows if header.top_down else rows[::-1]
    if header.bits <= 8:
        pixels = look_up(rows, header)
    elif header.bits == 24:
        bgr = np.ascontiguousarray(rows[:, : 3 * header.width]).reshape(header.height, header.width, 3)
        pixels = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
    else:
        pixels = unmask(rows, header)
    return pixels, 1


def look_up(rows: U8, header: Header) -> U8:
    indices = split_bytes(rows, header.bits)[:, : header.width]
    largest = int(indices.max())
    if largest >= len(header.palette):
        expected = f"a palette of more than {largest} colours"
        raise refuse(PictureDamaged, expected=expected, got=f"a BMP with {len(header.palette)}")
    return look_up_colours(indices, header.palette)


def unmask(rows: U8, header: Header) -> U8:
    """16 or 32 bits a pixel. Samples of n bits are spread over 0…255 by 255 / (2ⁿ − 1)."""
    stored = np.ascontiguousarray(rows[:, : header.width * header.bits // 8])
    words = stored.view(f"<u{header.bits // 8}")
    # many writers reserve an alpha channel and leave it zero: such a picture is meant to be seen
    has_alpha = bool((words & words.dtype.type(header.masks[3])).any())
    result = np.empty((header.height, header.width, 4 if has_alpha else 3), np.uint8)
    for channel, mask in enumerate(header.masks[: result.shape[2]]):
        shift = (mask & -mask).bit_length() - 1
        if mask >> shift == 0xFF and shift % 8 == 0:
            result[..., channel] = stored[:, shift // 8 :: header.bits // 8]
            continue
        for top in range(0, header.height, _STRIPE_ROWS):
            stripe = words[top : top + _STRIPE_ROWS].astype(np.uint64)
            result[top : top + _STRIPE_ROWS, :, channel] = spread_samples(stripe, shift, mask >> shift)
    return lay_on_white(result[..., :3], result[..., 3]) if has_alpha else result


def spread_samples(words: NDArray[np.uint64], shift: int, largest: int) -> U8:
    values = (words >> np.uint64(shift)) & np.uint64(largest)
    return ((values * np.uint64(255) + np.uint64(largest // 2)) // np.uint64(largest)).astype(np.uint8)


def read_header(data: bytes, limits: Limits) -> Header:
    offset, size = (int.from_bytes(data[at : at + 4], "little") for at in (10, 14))
    if len(data) < max(14 + size, offset):
        raise refuse_cut(
            "BMP", expected=f"pixels at byte {max(14 + size, offset):,}", got=f"{len(data):,} bytes"
        )
    compression, colours = _PLAIN, 0
    if size == _CORE_HEADER:
        width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
    else:
        width, height, _, bits, compression, _, _, _, colours = struct.unpack_from("<iiHHIIiiI", data, 18)
    limits.check_size(width, abs(height))
    if compression in _OTHER_COMPRESSIONS:
        got = f"one with {_OTHER_COMPRESSIONS[compression]}"
        raise refuse(PictureUnsupported, expected="an uncompressed BMP", got=got)
    if bits not in _DEPTHS.get(compression, ()) or offset < 14 + size:
        raise refuse(
            PictureDamaged, expected="a depth that BMP has", got=f"{bits} bits of kind {compression}"
        )
    entry = 3 if size == _CORE_HEADER else 4
    stored = (
        np.frombuffer(data, np.uint8, offset - 14 - size, 14 + size) if bits <= 8 else np.empty(0, np.uint8)
    )
    count = min(colours or 2**bits, 2**bits, len(stored) // entry)
    return Header(
        width=width,
        height=abs(height),
        bits=bits,
        top_down=height < 0,
        masks=read_masks(data, size, bits, compression),
        palette=stored[: count * entry].reshape(count, entry)[:, 2::-1],
        offset=offset,
    )


def read_masks(data: bytes, size: int, bits: int, compression: int) -> tuple[int, int, int, int]:
    """They stand after the first 40 bytes of the header, whether they count as part of it or not."""
    if compression == _PLAIN:
        return _DEFAULT_MASKS.get(bits, (0, 0, 0, 0))
    count = 4 if size >= 56 or compression == _MASKED_WITH_ALPHA else 3
    if len(data) < 54 + 4 * count:
        raise refuse_cut("BMP", expected=f"{count} colour masks", got=f"{len(data)} bytes")
    red, green, blue, *alpha = struct.unpack_from(f"<{count}I", data, 54)
    masks = (red, green, blue, alpha[0] if alpha else 0)
    for mask in masks:
        largest = mask // (mask & -mask) if mask else 0
        if largest & (largest + 1) or mask >= 1 << bits or not (red and green and blue):
            got = ", ".join(f"{value:#x}" for value in masks)
            raise refuse(PictureDamaged, expected="colour masks of adjoining bits", got=got)
    return masks
