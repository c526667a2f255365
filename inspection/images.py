"""Untrusted bytes → Picture, or a named refusal.

The bytes decide, not the name. Limits are checked from the header before anything is decoded. What comes out is 8-bit
RGB, upright by EXIF once, alpha on white, 16 bits divided by 257, without colour management. A file that is cut off,
animated or of several pages is refused rather than shown in part.
"""

import hashlib
import os
import stat
import time
from pathlib import Path

import cv2
import numpy as np

from inspection.config import Settings, load_settings
from inspection.errors import PictureEmpty, PictureRefused
from inspection.formats import bmp, foreign, jpeg, png, tiff, tiff_page, webp
from inspection.formats.refusals import Limits, refuse
from inspection.formats.samples import turn_upright
from inspection.types import U8, Picture

_MAX_NAME_CHARS = 120

if "OPENCV_LOG_LEVEL" not in os.environ:
    # A refusal says what a person needs; OpenCV would write the same failure to stderr besides.
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_FATAL)


class PictureUnreadable(PictureRefused):
    """There is no file to take bytes from."""


def decode(data: bytes, *, name: str, settings: Settings | None = None) -> Picture:
    started = time.perf_counter()
    name = clean_name(name)
    try:
        pixels = decode_pixels(data, read_limits(settings))
    except PictureRefused as refused:
        raise say_which(name, refused) from None
    sha256 = hashlib.sha256(data).hexdigest()
    return Picture(name, sha256, pixels, decode_ms=(time.perf_counter() - started) * 1000)


def decode_pixels(data: bytes, limits: Limits) -> U8:
    """(height, width, 3) uint8, RGB, C-contiguous."""
    if not data:
        raise refuse(PictureEmpty, expected="the bytes of a picture", got="none")
    limits.check_bytes(len(data))
    if data.startswith(jpeg.MAGIC):
        pixels, orientation = jpeg.decode(data, limits)
    elif data.startswith(png.MAGIC):
        pixels, orientation = png.decode(data, limits)
    elif data.startswith(tiff_page.MAGIC):
        pixels, orientation = tiff.decode(data, limits)
    elif webp.is_webp(data):
        pixels, orientation = webp.decode(data, limits)
    elif bmp.is_bmp(data):
        pixels, orientation = bmp.decode(data, limits)
    else:
        raise foreign.build_refusal(data)
    return turn_upright(pixels, orientation)


def read_picture(path: str | Path, *, settings: Settings | None = None) -> Picture:
    """The picture's name is the path as it was given."""
    name = clean_name(str(path))
    try:
        data = read_file(path, read_limits(settings))
    except PictureRefused as refused:
        raise say_which(name, refused) from None
    return decode(data, name=name, settings=settings)


def read_file(path: str | Path, limits: Limits) -> bytes:
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):  # opening a pipe would wait for its other end
            raise refuse_file("a folder" if stat.S_ISDIR(status.st_mode) else "a device or a pipe")
        limits.check_bytes(status.st_size)
        with open(path, "rb") as file:
            data = file.read(limits.max_bytes + 1)  # it may have grown meanwhile
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path
        raise refuse_file(getattr(error, "strerror", None) or str(error)) from None
    limits.check_bytes(len(data))
    return data


def refuse_file(got: str) -> PictureRefused:
    advice = "Check the path, and that this user may read it."
    return refuse(PictureUnreadable, expected="a picture file that can be read", got=got, advice=advice)


def read_limits(settings: Settings | None) -> Limits:
    settings = settings or load_settings()
    return Limits(settings.max_picture_bytes, settings.max_picture_pixels)


def clean_name(name: str) -> str:
    """A name comes from outside and goes to terminals, pages and the store: nothing in it may be unprintable."""
    if name.isprintable():
        return name
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in name)


def encode_jpeg(pixels: U8, quality_1_100: int = 90) -> bytes:
    """pixels: (h, w) grey or (h, w, 3) RGB."""
    return _encode(pixels, ".jpg", [cv2.IMWRITE_JPEG_QUALITY, quality_1_100])


def encode_png(pixels: U8) -> bytes:
    """pixels: (h, w) grey, (h, w, 3) RGB or (h, w, 4) RGBA."""
    return _encode(pixels, ".png", [])


def _encode(pixels: U8, extension: str, parameters: list[int]) -> bytes:
    if pixels.ndim == 3:
        order = cv2.COLOR_RGBA2BGRA if pixels.shape[2] == 4 else cv2.COLOR_RGB2BGR
        pixels = np.asarray(cv2.cvtColor(pixels, order), np.uint8)
    _, encoded = cv2.imencode(extension, pixels, parameters)
    return encoded.tobytes()


def say_which(name: str, refused: PictureRefused) -> PictureRefused:
    """The end of a long path says more than its start."""
    short = name if len(name) <= _MAX_NAME_CHARS else f"…{name[-_MAX_NAME_CHARS:]}"
    return type(refused)(f"{short or 'picture'}: {refused}")
