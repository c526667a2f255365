"""WebP (RFC 9649): a walk over the RIFF chunks, then one cv2.imdecode."""

import cv2
import numpy as np

from inspection.errors import PictureAnimated, PictureDamaged, PictureUnsupported
from inspection.formats.ifd import read_orientation
from inspection.formats.refusals import Limits, refuse, refuse_cut
from inspection.formats.samples import lay_bgra_on_white
from inspection.types import U8

_ANIMATION_FLAG = 0x02
_MAX_CHUNKS = 1_000


def is_webp(data: bytes) -> bool:
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def decode(data: bytes, limits: Limits) -> tuple[U8, int]:
    """The pixels as they are stored, RGB, and their EXIF orientation."""
    width, height, orientation = read_header(data, limits)
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if decoded is None or decoded.shape[:2] != (height, width):
        raise refuse(PictureDamaged, expected="WebP data that decode", got="data that the decoder rejects")
    pixels = np.asarray(decoded, np.uint8)
    if pixels.shape[2] == 4:
        return lay_bgra_on_white(pixels), orientation
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8), orientation


def read_header(data: bytes, limits: Limits) -> tuple[int, int, int]:
    """width, height, orientation."""
    riff_end = 8 + int.from_bytes(data[4:8], "little")
    if riff_end > len(data):
        raise refuse_cut("WebP", expected=f"{riff_end:,} bytes", got=f"{len(data):,}")
    canvas: tuple[int, int] | None = None
    frame: tuple[int, int] | None = None
    orientation, position = 0, 12
    for _ in range(_MAX_CHUNKS):
        if position >= riff_end:
            break
        kind, start = data[position : position + 4], position + 8
        end = start + int.from_bytes(data[position + 4 : start], "little")
        if end > riff_end:
            raise refuse_cut(
                "WebP", expected=f"a chunk of {end - start:,} bytes", got=f"{riff_end - start:,}"
            )
        body = data[start : min(end, start + 16)]
        if kind in (b"ANIM", b"ANMF") or (kind == b"VP8X" and body[:1] and body[0] & _ANIMATION_FLAG):
            raise refuse(PictureAnimated, expected="one still picture", got="an animated WebP")
        if kind == b"VP8X":
            canvas = read_canvas(body, limits)
        elif kind in (b"VP8 ", b"VP8L") and frame is None:
            frame = read_frame(kind, body, limits)
        elif kind == b"EXIF" and not orientation:
            orientation = read_orientation(data[start:end])
        position = end + (end - start) % 2
    else:
        raise refuse(PictureUnsupported, expected=f"at most {_MAX_CHUNKS:,} chunks", got="a WebP with more")
    if frame is None or (canvas or frame) != frame:
        raise refuse(
            PictureDamaged, expected=f"a picture of {canvas or 'any'} pixels", got=f"{frame or 'none'}"
        )
    return *frame, orientation or 1


def read_canvas(body: bytes, limits: Limits) -> tuple[int, int]:
    width, height = (1 + int.from_bytes(body[at : at + 3], "little") for at in (4, 7))
    limits.check_size(width, height)
    return width, height


def read_frame(kind: bytes, body: bytes, limits: Limits) -> tuple[int, int]:
    """Lossy: RFC 6386, 9.1, after the start code 9D 01 2A. Lossless: RFC 9649, 3.4, 14 bits a side after 0x2F."""
    if kind == b"VP8 ":
        sound = len(body) >= 10 and body[3:6] == b"\x9d\x01\x2a" and not body[0] & 1
        width, height = (int.from_bytes(body[at : at + 2], "little") & 0x3FFF for at in (6, 8))
    else:
        sound = len(body) >= 5 and body[0] == 0x2F
        bits = int.from_bytes(body[1:5], "little")
        width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if not sound:
        raise refuse(PictureDamaged, expected="the start of a WebP frame", got=f"{body[:10].hex(' ')}")
    limits.check_size(width, height)
    return width, height
