"""Shapes with soft edges on a part's own frame, in pixels from its centre."""

from collections.abc import Sequence

import cv2
import numpy as np

from inspection.types import F32, U8

FRAME = 512  # side of a part's own frame; a part reaches about 205 px from its centre
HALF = FRAME / 2
_SHIFT = 4  # cv2's fixed-point bits for places between pixels
_UNIT = 1 << _SHIFT


def blank() -> U8:
    return np.zeros((FRAME, FRAME), np.uint8)


def _fixed(points: Sequence[tuple[float, float]] | F32) -> np.ndarray:
    return np.round((np.asarray(points, np.float64) + HALF) * _UNIT).astype(np.int32)


def draw_disc(canvas: U8, x: float, y: float, radius: float, *, value: int = 255) -> U8:
    centre = _fixed([(x, y)])[0]
    cv2.circle(
        canvas,
        (int(centre[0]), int(centre[1])),
        int(round(radius * _UNIT)),
        value,
        cv2.FILLED,
        cv2.LINE_AA,
        _SHIFT,
    )
    return canvas


def draw_polygon(canvas: U8, points: Sequence[tuple[float, float]] | F32, *, value: int = 255) -> U8:
    cv2.fillPoly(canvas, [_fixed(points)], value, cv2.LINE_AA, _SHIFT)
    return canvas


def draw_slot(
    canvas: U8, ends: tuple[tuple[float, float], tuple[float, float]], radius: float, *, value: int = 255
) -> U8:
    (x1, y1), (x2, y2) = ends
    length = max(1e-6, float(np.hypot(x2 - x1, y2 - y1)))
    nx, ny = -(y2 - y1) / length * radius, (x2 - x1) / length * radius
    draw_polygon(
        canvas, [(x1 + nx, y1 + ny), (x2 + nx, y2 + ny), (x2 - nx, y2 - ny), (x1 - nx, y1 - ny)], value=value
    )
    draw_disc(canvas, x1, y1, radius, value=value)
    return draw_disc(canvas, x2, y2, radius, value=value)


def draw_rectangle(
    canvas: U8,
    x: float,
    y: float,
    half_width: float,
    half_height: float,
    *,
    corner: float = 0.0,
    value: int = 255,
) -> U8:
    corner = min(corner, half_width - 0.1, half_height - 0.1)
    if corner <= 0.5:
        box = [
            (x - half_width, y - half_height),
            (x + half_width, y - half_height),
            (x + half_width, y + half_height),
            (x - half_width, y + half_height),
        ]
        return draw_polygon(canvas, box, value=value)
    inner_x, inner_y = half_width - corner, half_height - corner
    draw_rectangle(canvas, x, y, half_width, inner_y, value=value)
    draw_rectangle(canvas, x, y, inner_x, half_height, value=value)
    for side_x in (-inner_x, inner_x):
        for side_y in (-inner_y, inner_y):
            draw_disc(canvas, x + side_x, y + side_y, corner, value=value)
    return canvas


def round_corners(canvas: U8, radius: float) -> U8:
    """Rounds corners and fills inner ones alike: blur, then a steep threshold that keeps a soft edge."""
    soft = cv2.GaussianBlur(canvas, (0, 0), radius * 0.7)
    return np.asarray(
        cv2.convertScaleAbs(np.clip(soft.astype(np.int16) - 112, 0, 32), alpha=255 / 32), np.uint8
    )


def turn_points(points: Sequence[tuple[float, float]] | F32, angle_rad: float) -> F32:
    cos, sin = np.cos(angle_rad), np.sin(angle_rad)
    return np.asarray(np.asarray(points) @ np.array([[cos, sin], [-sin, cos]]), np.float32)


def polar(radius: float, angle_rad: float) -> tuple[float, float]:
    return float(radius * np.cos(angle_rad)), float(radius * np.sin(angle_rad))
