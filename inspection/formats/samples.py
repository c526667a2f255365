"""Sample values of any depth and colour model → 8-bit RGB, by rules that do not depend on the picture.

16 bits: divided by 257 and rounded, so that 65535 is 255; never stretched to what one picture happens to hold.
Alpha: laid on white. CMYK: (255 − ink) · (255 − black) / 255, without a colour profile.
"""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection.types import U8

U16 = NDArray[np.uint16]
_STRIPE_ROWS = 64  # temporaries stay small whatever the picture's height


def _stripes(height: int) -> Iterator[slice]:
    return (slice(top, min(top + _STRIPE_ROWS, height)) for top in range(0, height, _STRIPE_ROWS))


def scale_to_8_bits(samples: U8 | U16) -> U8:
    """n / 257 is never halfway between two integers (257 is odd), so the rounding mode cannot matter."""
    if samples.dtype == np.uint8:
        return np.asarray(samples, np.uint8)
    flat: U16 = np.asarray(samples, np.uint16, order="C").reshape(samples.shape[0], -1)
    return np.asarray(cv2.convertScaleAbs(flat, alpha=1 / 257), np.uint8).reshape(samples.shape)


def divide_by_255(products: U16) -> U16:
    """Rounded x / 255, exact for 0 ≤ x ≤ 65025 (Blinn, "Three wrongs make a right", 1995)."""
    shifted = products + np.uint16(128)
    return (shifted + (shifted >> np.uint16(8))) >> np.uint16(8)


def lay_on_white(colours: U8, alpha: U8, *, premultiplied: bool = False) -> U8:
    """colours: (h, w, 1 or 3) · alpha: (h, w) · returns the shape of the colours."""
    result = np.empty_like(colours, order="C")
    for rows in _stripes(colours.shape[0]):
        part = colours[rows].astype(np.uint16)
        cover = alpha[rows][..., None].astype(np.uint16)
        if premultiplied:
            result[rows] = np.minimum(part + (255 - cover), 255)
        else:
            result[rows] = divide_by_255(part * cover + 255 * (255 - cover))
    return result


def lay_bgra_on_white(bgra: U8) -> U8:
    return lay_on_white(bgra[..., 2::-1], bgra[..., 3])


def convert_cmyk(inks: U8) -> U8:
    """inks: (h, w, 4), 255 = full ink → (h, w, 3) RGB."""
    result = np.empty((*inks.shape[:2], 3), np.uint8)
    for rows in _stripes(inks.shape[0]):
        light = 255 - inks[rows].astype(np.uint16)
        result[rows] = divide_by_255(light[..., :3] * light[..., 3:])
    return result


def split_bytes(stored: U8, bits: int) -> U8:
    """Samples of 1, 2, 4 or 8 bits, the first in the highest bits. stored: (rows, bytes) → (rows, samples)."""
    if bits == 8:
        return stored
    shifts = np.arange(8 - bits, -1, -bits, dtype=np.uint8)
    return np.asarray(stored[..., None] >> shifts & np.uint8(2**bits - 1), np.uint8).reshape(len(stored), -1)


def look_up_colours(indices: U8, palette: U8) -> U8:
    """indices: (h, w), all below n · palette: (n, 3) RGB, n ≤ 256 → (h, w, 3)."""
    table = np.zeros((1, 256, 3), np.uint8)  # cv2.LUT wants all 256
    table[0, : len(palette)] = palette
    return np.asarray(cv2.LUT(repeat_grey(indices), table), np.uint8)


def repeat_grey(grey: U8) -> U8:
    """(h, w) or (h, w, 1) → (h, w, 3)."""
    flat = np.ascontiguousarray(grey.reshape(grey.shape[:2]))
    return np.asarray(cv2.cvtColor(flat, cv2.COLOR_GRAY2RGB), np.uint8)


def turn_upright(pixels: U8, orientation: int) -> U8:
    """Undo EXIF orientation 1…8 (TIFF 6.0, tag 274: where row 0 and column 0 of the stored picture belong)."""
    if orientation == 1:
        return pixels
    if orientation in (5, 6, 7, 8):
        pixels = np.asarray(cv2.transpose(pixels), np.uint8)
    # cv2.flip: 0 swaps top and bottom, 1 left and right, -1 both
    flip = {2: 1, 3: -1, 4: 0, 5: None, 6: 1, 7: -1, 8: 0}[orientation]
    return pixels if flip is None else np.asarray(cv2.flip(pixels, flip), np.uint8)
