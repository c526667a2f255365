"""Laying one picture onto another as well as an affine map can, and how alike they are then."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection.types import F32, U8

SIDES = (64, 128)
_LEAST_COARSE = 0.35  # of copies, hardly any stay below it on the coarse level
_LEAST_OVERLAP = 0.5
_STOP = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 20, 1e-3)


@dataclass(frozen=True, slots=True, eq=False)
class Thumbnail:
    """The same picture twice, 64 and 128 pixels wide, grey and as local detail."""

    grey: tuple[U8, U8]
    detail: tuple[F32, F32]


def make_thumbnail(grey: U8) -> Thumbnail:
    """Smoothed a little: finer detail does not survive a JPEG or a resize."""
    levels = [shrink_to(grey, side) for side in SIDES]
    return Thumbnail((levels[0], levels[1]), (sharpen(levels[0]), sharpen(levels[1])))


def shrink_to(grey: U8, side: int) -> U8:
    small = cv2.resize(grey, (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(small, (0, 0), 1.0), dtype=np.uint8)


def sharpen(grey: U8) -> F32:
    """Differences from the neighbourhood in units of their own spread, clipped at 3 σ."""
    values = grey.astype(np.float32)
    detail = values - cv2.blur(values, (15, 15))
    spread = root(cv2.blur(detail * detail, (31, 31))) + 2.0
    return np.asarray(np.clip(detail / spread, -3.0, 3.0), dtype=np.float32)


def root(squares: NDArray[Any]) -> F32:
    """A box blur keeps running sums, which leave a little less than nothing over flat ground, and that has no root."""
    return np.asarray(np.sqrt(np.maximum(squares, 0.0)), dtype=np.float32)


def build_start(*, turn_degrees: float, mirrored: bool, zoom: float) -> F32:
    """(2, 3): places on the first picture → places on the second, both from −1 to 1 about their centres."""
    turn = np.deg2rad(turn_degrees)
    linear = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) * zoom
    if mirrored:
        linear = linear @ np.diag([1.0, -1.0])
    return np.hstack([linear, np.zeros((2, 1))]).astype(np.float32)


def register(first: Thumbnail, second: Thumbnail, start: F32) -> float:
    """Likeness 0…1 after `start` was refined, coarsely first; pairs that are unlike then are not looked at closer."""
    likeness = 0.0
    placed = start
    for level in range(len(SIDES)):
        placed, likeness = refine(first, second, placed, level)
        if likeness < _LEAST_COARSE:
            break
    return likeness


def refine(first: Thumbnail, second: Thumbnail, placed: F32, level: int) -> tuple[F32, float]:
    """The better of the map as given and as improved by ECC (Evangelidis and Psarakis 2008), and its likeness."""
    given = to_pixels(placed, SIDES[level])
    likeness = compare(first.detail[level], second.detail[level], given)
    everywhere = np.full_like(first.grey[level], 255)
    try:
        _, found = cv2.findTransformECC(
            first.grey[level], second.grey[level], given.copy(), cv2.MOTION_AFFINE, _STOP, everywhere, 5
        )
    except cv2.error:  # it did not converge: the two are not alike, or too flat to tell
        return placed, likeness
    refined = np.asarray(found, dtype=np.float32)
    improved = compare(first.detail[level], second.detail[level], refined)
    return (from_pixels(refined, SIDES[level]), improved) if improved > likeness else (placed, likeness)


def compare(first: F32, second: F32, pixels: F32) -> float:
    """Correlation of local detail where the two overlap: slow shades and shared outlines do not count."""
    side = len(first)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    inside = cv2.warpAffine(np.ones((side, side), np.uint8), pixels, (side, side), flags=flags) > 0
    if inside.mean() < _LEAST_OVERLAP:
        return 0.0
    a, b = first[inside], cv2.warpAffine(second, pixels, (side, side), flags=flags)[inside]
    a, b = a - a.mean(), b - b.mean()
    energy = float(np.sqrt((a @ a) * (b @ b)))
    return max(0.0, float(a @ b) / energy) if energy > 0 else 0.0


def to_pixels(placed: F32, side: int) -> F32:
    half = side / 2
    middle = np.full(2, (side - 1) / 2, dtype=np.float32)
    shift = placed[:, 2] * half + middle - placed[:, :2] @ middle
    return np.column_stack([placed[:, :2], shift]).astype(np.float32)


def from_pixels(pixels: F32, side: int) -> F32:
    middle = np.full(2, (side - 1) / 2, dtype=np.float32)
    shift = (pixels[:, 2] - middle + pixels[:, :2] @ middle) / (side / 2)
    return np.column_stack([pixels[:, :2], shift]).astype(np.float32)
