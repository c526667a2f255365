"""Parts that teach must not be parts that judge: the same picture, or nearly the same, on the frozen side."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from inspection.learning.duplicates import Sketch, find_near_copies
from inspection.learning.registration import make_thumbnail
from inspection.learning.unrolling import fit_opening, frame_picture, shrink, unroll
from inspection.types import U8


def sketch_crop(pixels: U8, key: str) -> Sketch:
    """Crops are compared with crops: on the whole picture the belt would be what is alike."""
    grey = shrink(pixels)
    opening = fit_opening(grey)
    return Sketch(
        path=Path(key),
        sha256=hashlib.sha256(
            f"{pixels.shape}".encode() + np.ascontiguousarray(pixels).tobytes()
        ).hexdigest(),
        width=int(pixels.shape[1]),
        height=int(pixels.shape[0]),
        opening=opening,
        in_picture=unroll(grey, frame_picture()),
        in_opening=None if opening is None else unroll(grey, opening),
        thumbnail=make_thumbnail(grey),
    )


def find_copies_of(frozen: Sequence[U8], candidates: Sequence[U8]) -> frozenset[int]:
    """The places of the candidates that show a frozen picture again, directly or by way of another candidate."""
    if not len(frozen) or not len(candidates):
        return frozenset()
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        sketches = [
            sketch_crop(np.asarray(pixels), str(place)) for place, pixels in enumerate([*frozen, *candidates])
        ]
    finally:
        cv2.setNumThreads(threads)
    groups = find_near_copies(sketches).groups
    judged = set(groups[: len(frozen)].tolist())
    return frozenset(place for place, group in enumerate(groups[len(frozen) :].tolist()) if group in judged)
