"""What is written on a part as it leaves the camera: its box and its verdict, in words and in colour."""

import cv2
import numpy as np

from inspection.conveyor.conveyor import Marked
from inspection.conveyor.parts import Part
from inspection.types import U8, Box, Inspection, VerdictKind
from inspection.ui.overlays import draw_box
from inspection.ui.palette import VERDICT_STYLES, VerdictStyle, hex_to_rgb

_SIZE_PX, _LEAST_PX, _WEIGHT = 22, 13, 650
_PAD = 10
_BAR = 38


def mark_part(part: Part, marked: Marked) -> U8:
    """`shown` with the verdict on it; a part that came by unjudged is marked so."""
    if not isinstance(marked, Inspection):
        style = VERDICT_STYLES[VerdictKind.NO_PART]
        return write_bar(part.shown, marked, style)
    style = VERDICT_STYLES[marked.verdict.kind]
    drawn = part.shown
    if marked.box is not None:
        drawn = draw_box(drawn, place_box(part, marked.box), style.fill)
    return write_bar(drawn, marked.verdict.words, style)


def place_box(part: Part, box: Box) -> Box:
    """From the shot onto what is shown of it."""
    left, top = part.offset
    return Box(
        box.x1 * part.scale + left,
        box.y1 * part.scale + top,
        box.x2 * part.scale + left,
        box.y2 * part.scale + top,
    )


def write_bar(shown: U8, words: str, style: VerdictStyle) -> U8:
    """A plate in the verdict's colour at the upper edge of the piece, clear of its neighbours."""
    drawn = shown.copy()
    face = cv2.FontFace(
        "sans"
    )  # one a call: a face keeps state, and lines are marked by threads of their own
    room = drawn.shape[1] - 4 * _PAD
    size = min(_SIZE_PX, max(_LEAST_PX, _SIZE_PX * room // max(1, measure(words, face, _SIZE_PX))))
    while measure(words, face, size) > room:
        words = f"{words[:-2]}…"
    width = measure(words, face, size)
    left = (drawn.shape[1] - width) // 2
    cv2.rectangle(
        drawn, (left - _PAD, 4), (left + width + _PAD, 4 + _BAR), hex_to_rgb(style.fill), cv2.FILLED
    )
    _, written = cv2.putText(drawn, words, (left, 4 + _BAR - 12), hex_to_rgb(style.text), face, size, _WEIGHT)
    return np.asarray(written, np.uint8)


def measure(words: str, face: cv2.FontFace, size_px: int) -> int:
    """How wide the words will be."""
    _, _, width, _ = cv2.getTextSize((0, 0), words, (0, 0), face, size_px, _WEIGHT)
    return int(width)
