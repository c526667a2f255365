"""What bytes seem to be that are none of the five formats, so that the refusal can say it."""

from inspection.errors import PictureAnimated, PictureRefused, PictureUnsupported
from inspection.formats.refusals import refuse

_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"%PDF-", "a PDF document"),
    (0, b"PK\x03\x04", "a ZIP archive or an Office document"),
    (0, b"PK\x05\x06", "an empty ZIP archive"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (0, b"Rar!", "a RAR archive"),
    (0, b"\0\0\0\x0cjP  ", "a JPEG 2000 picture"),
    (0, b"\xff\x4f\xff\x51", "a JPEG 2000 picture"),
    (0, b"\0\0\0\x0cJXL ", "a JPEG XL picture"),
    (0, b"\xff\x0a", "a JPEG XL picture"),
    (4, b"ftypavif", "an AVIF picture"),
    (4, b"ftyphei", "a HEIC picture"),
    (4, b"ftypmif1", "a HEIF picture"),
    (4, b"ftyp", "an MP4 or QuickTime video"),
    (0, b"II+\0", "a BigTIFF picture"),
    (0, b"MM\0+", "a BigTIFF picture"),
    (0, b"8BPS", "a Photoshop document"),
    (0, b"\x76\x2f\x31\x01", "an OpenEXR picture"),
    (0, b"#?RADIANCE", "a Radiance HDR picture"),
    (0, b"\0\0\x01\0", "an icon"),
    (128, b"DICM", "a DICOM picture"),
    (0, b"\x93NUMPY", "a NumPy array"),
    (0, b"\x89HDF", "an HDF5 file"),
    (0, b"\x1aE\xdf\xa3", "a Matroska or WebM video"),
    (8, b"AVI ", "an AVI video"),
    (0, b"\x7fELF", "a program"),
    (0, b"MZ", "a Windows program"),
)
_MARKUP = ((b"<svg", "an SVG drawing"), (b"<html", "an HTML page"), (b"<!doctype html", "an HTML page"))
_LOOKED_AT = 1024
_MAX_GIF_BLOCKS = 100_000
_UNPRINTED = frozenset({*range(9), *range(14, 32), 127})


def build_refusal(data: bytes) -> PictureRefused:
    if data[:6] in (b"GIF87a", b"GIF89a"):
        if count_gif_frames(data, at_most=2) > 1:
            return refuse(PictureAnimated, expected="one still picture", got="an animated GIF")
        return _refuse_kind("a GIF picture")
    for offset, signature, kind in _SIGNATURES:
        if data.startswith(signature, offset):
            return _refuse_kind(kind)
    return _refuse_kind(describe_text(data[:_LOOKED_AT]) or f"bytes that start with {data[:8].hex(' ')}")


def describe_text(start: bytes) -> str | None:
    if not start.strip(b"\0"):
        return "nothing but zero bytes"
    if len(start) > 2 and start[:1] == b"P" and start[1:2] in b"1234567" and start[2:3].isspace():
        return "a Netpbm picture"
    if set(start) & _UNPRINTED:
        return None
    text = start.lower().lstrip()
    for tag, kind in _MARKUP:
        if tag in text:
            return kind
    if text.startswith(b"<?xml"):
        return "an XML document"
    return "JSON" if text[:1] in (b"{", b"[") else "plain text"


def count_gif_frames(data: bytes, *, at_most: int) -> int:
    """GIF89a: after the screen and its colours, a list of extensions (0x21) and frames (0x2C)."""
    position, frames, steps_left = 13 + _count_colour_bytes(data, 10), 0, _MAX_GIF_BLOCKS
    while frames < at_most and steps_left and data[position : position + 1] in (b"!", b","):
        steps_left -= 1  # an extension need not have any sub-block
        if data[position] == 0x2C:
            frames += 1
            position += 11 + _count_colour_bytes(data, position + 9)
        else:
            position += 2
        while steps_left and data[position : position + 1] not in (
            b"",
            b"\0",
        ):  # sub-blocks, each led by its length
            position += 1 + data[position]
            steps_left -= 1
        position += 1
    return frames


def _count_colour_bytes(data: bytes, flags_at: int) -> int:
    flags = data[flags_at] if flags_at < len(data) else 0
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _refuse_kind(kind: str) -> PictureRefused:
    return refuse(PictureUnsupported, expected="a JPEG, PNG, BMP, TIFF or WebP picture", got=kind)
