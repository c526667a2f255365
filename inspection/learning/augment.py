"""Pictures varied as the camera and the belt would vary them.

An `Augment` is data; `augment_picture` applies it in one warp and one table look-up, under a millisecond a picture.
What is drawn depends on (seed, epoch, index) only, never on the order or the thread in which pictures are asked for.
"""

from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection.learning.augment_presets import Augment, Span
from inspection.learning.surface import change_surface
from inspection.letterbox import PAD_GREY
from inspection.types import F32, U8

Matrix = NDArray[np.float64]  # (3, 3), source pixels → target pixels
_BORDERS = {
    "reflect": cv2.BORDER_REFLECT_101,
    "replicate": cv2.BORDER_REPLICATE,
    "grey": cv2.BORDER_CONSTANT,
}


def make_rng(seed: int, epoch: int, index: int = 0) -> np.random.Generator:
    return np.random.default_rng((seed, epoch, index))


def augment_picture(
    pixels: U8, augment: Augment, *, size: int, rng: np.random.Generator, whitener: F32 | None = None
) -> U8:
    """pixels: (h, w, 3) → (size, size, 3)."""
    return augment_pair(pixels, None, augment, size=size, rng=rng, whitener=whitener)[0]


def augment_pair(
    pixels: U8,
    mask: U8 | None,
    augment: Augment,
    *,
    size: int,
    rng: np.random.Generator,
    whitener: F32 | None = None,
    window: float | None = None,
) -> tuple[U8, U8 | None]:
    """The mask (h, w) moves with its picture; light, noise and blur leave it alone.

    window: only a square of this part of the side, around the defect where there is one.
    """
    crop = None if window is None else draw_window(pixels.shape[:2], mask, window, rng)
    matrix = draw_matrix(pixels.shape[:2], augment, size=size, rng=rng, crop=crop)
    warped = warp(pixels, augment, matrix, size=size)
    moved = None if mask is None else warp(mask, augment, matrix, size=size, pad=0)
    return change_surface(warped, augment, rng=rng, whitener=whitener), moved


def draw_window(
    source: tuple[int, ...], mask: U8 | None, share: float, rng: np.random.Generator
) -> tuple[float, float, float, float]:
    """x, y, width, height of a square that holds a point of the defect, or of the part's middle, off its centre."""
    height, width = source
    side = share * min(height, width)
    marked = np.flatnonzero(mask) if mask is not None else np.empty(0, np.intp)
    if len(marked):
        y, x = divmod(int(marked[rng.integers(len(marked))]), width)
    else:
        y, x = rng.uniform(0.15, 0.85, 2) * source
    dx, dy = rng.uniform(-0.35, 0.35, 2) * side
    return float(x + dx - side / 2), float(y + dy - side / 2), side, side


def draw_matrix(
    source: tuple[int, ...],
    augment: Augment,
    *,
    size: int,
    rng: np.random.Generator,
    crop: tuple[float, float, float, float] | None = None,
) -> Matrix:
    """Crop, flip, turn, zoom, shift, perspective and the resize to the training size, as one matrix."""
    height, width = source
    # the crop becomes the square −½…½
    matrix = _crop_to_unit(height, width, augment, rng) if crop is None else _fit_to_unit(*crop)
    zoom = _draw_ratio(rng, augment.zoom)
    flip_x = -1.0 if rng.random() < augment.flip_x_chance else 1.0
    flip_y = -1.0 if rng.random() < augment.flip_y_chance else 1.0
    matrix = np.diag([zoom * flip_x, zoom * flip_y, 1.0]) @ matrix
    degrees = rng.uniform(-augment.rotate_degrees, augment.rotate_degrees)
    if augment.quarter_turns:
        degrees += 90 * rng.integers(4)
    cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    dx, dy = rng.uniform(-augment.shift, augment.shift, 2)
    matrix = np.array([[cos, -sin, dx], [sin, cos, dy], [0, 0, 1.0]]) @ matrix
    if augment.perspective:
        matrix = _draw_perspective(augment.perspective, rng) @ matrix
    return cast(Matrix, np.array([[size, 0, size / 2], [0, size, size / 2], [0, 0, 1.0]]) @ matrix)


def _crop_to_unit(height: int, width: int, augment: Augment, rng: np.random.Generator) -> Matrix:
    x, y, w, h = 0.0, 0.0, float(width), float(height)
    if augment.crop_area is not None:
        area = rng.uniform(*augment.crop_area) * width * height
        ratio = _draw_ratio(rng, augment.crop_ratio)
        w, h = min(width, (area * ratio) ** 0.5), min(height, (area / ratio) ** 0.5)
        x, y = rng.uniform(0, width - w), rng.uniform(0, height - h)
    return _fit_to_unit(x, y, w, h)


def _fit_to_unit(x: float, y: float, w: float, h: float) -> Matrix:
    return np.array([[1 / w, 0, -x / w - 0.5], [0, 1 / h, -y / h - 0.5], [0, 0, 1.0]])


def _draw_perspective(strength: float, rng: np.random.Generator) -> Matrix:
    corners = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]], np.float32)
    moved = corners + rng.uniform(-strength, strength, (4, 2)).astype(np.float32)
    return cast(Matrix, cv2.getPerspectiveTransform(corners, moved))


def _draw_ratio(rng: np.random.Generator, span: Span) -> float:
    return float(np.exp(rng.uniform(np.log(span[0]), np.log(span[1]))))


def warp(pixels: U8, augment: Augment, matrix: Matrix, *, size: int, pad: int = PAD_GREY) -> U8:
    """Bilinear, after an area-averaged shrink where the warp would skip over pixels."""
    shrink = float(np.sqrt(abs(np.linalg.det(matrix[:2, :2]))))
    height, width = pixels.shape[:2]
    if shrink < 0.75:
        small = cv2.resize(
            pixels,
            (max(1, round(width * shrink)), max(1, round(height * shrink))),
            interpolation=cv2.INTER_AREA,
        )
        matrix = matrix @ np.diag([width / small.shape[1], height / small.shape[0], 1.0])
        pixels = cast(U8, small)
    # the matrix speaks of pixel edges, cv2 of pixel centres: half a pixel on both sides
    matrix = _shifted(-0.5) @ matrix @ _shifted(0.5)
    border = _BORDERS[augment.border]
    if augment.perspective:
        square = cv2.warpPerspective(
            pixels, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=border, borderValue=(pad,) * 3
        )
    else:
        square = cv2.warpAffine(
            pixels,
            matrix[:2],
            (size, size),
            flags=cv2.INTER_LINEAR,
            borderMode=border,
            borderValue=(pad,) * 3,
        )
    return cast(U8, square)


def _shifted(by: float) -> Matrix:
    return np.array([[1.0, 0, by], [0, 1.0, by], [0, 0, 1.0]])


def move_boxes(
    boxes: NDArray[np.floating], matrix: Matrix, *, size: int, round_parts: bool, least_visible: float
) -> tuple[F32, NDArray[np.bool_]]:
    """boxes: (m, 4) under an affine matrix → (the boxes clipped to the square, which of them are still seen).

    The extent of a turned rectangle, or of the ellipse inside the box where the parts are round: a turned rectangle
    around a disc would grow by 41 % at 45° although the disc has not changed.
    """
    half = (boxes[:, 2:] - boxes[:, :2]) / 2
    centre = (boxes[:, 2:] + boxes[:, :2]) / 2 @ matrix[:2, :2].T + matrix[:2, 2]
    sides = np.abs(matrix[:2, :2])[None] * half[:, None, :]  # (m, axis out, axis in)
    reach = np.sqrt((sides**2).sum(axis=2)) if round_parts else sides.sum(axis=2)
    moved = np.concatenate([centre - reach, centre + reach], axis=1)
    clipped = moved.clip(0, size)
    seen = np.prod(clipped[:, 2:] - clipped[:, :2], axis=1)
    whole = np.maximum(np.prod(moved[:, 2:] - moved[:, :2], axis=1), 1e-6)
    sides_px = (clipped[:, 2:] - clipped[:, :2]).min(axis=1) if len(boxes) else np.zeros(0)
    return clipped.astype(np.float32), (seen / whole >= least_visible) & (sides_px >= 2)
