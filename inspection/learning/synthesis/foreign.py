"""Things that are not a part: bolts, nuts, paper, cardboard, cable ties, caps, stones, pens."""

import cv2
import numpy as np

from inspection.learning.synthesis.channels import paint, repeat3
from inspection.learning.synthesis.drawing import (
    FRAME,
    HALF,
    blank,
    draw_disc,
    draw_polygon,
    draw_rectangle,
    polar,
)
from inspection.learning.synthesis.light import Light
from inspection.learning.synthesis.pose import Pose
from inspection.learning.synthesis.sprite import Sprite
from inspection.learning.synthesis.textures import cloud_tile, crop_tile, fractal_tile
from inspection.types import F32, U8

_KINDS = ("bolt", "nut", "paper", "card", "tie", "cap", "stone", "pen")
_THING = tuple[U8, F32, tuple[float, float, float], float]  # silhouette, height, colour, shine


def render_foreign(rng: np.random.Generator, light: Light, pose: Pose) -> Sprite:
    kind = str(rng.choice(_KINDS))
    shape, height, colour, shine = _MAKERS[kind](rng)
    turned = light.turned(pose.angle_rad)
    x, y, z = turned.direction
    slope_x = np.clip(cv2.Sobel(height, cv2.CV_32F, 1, 0, ksize=3, scale=0.125), -2, 2)
    slope_y = np.clip(cv2.Sobel(height, cv2.CV_32F, 0, 1, ksize=3, scale=0.125), -2, 2)
    length = np.sqrt(1 + slope_x**2 + slope_y**2)
    facing = np.clip((z - slope_x * x - slope_y * y) / length, 0, None)
    glance = np.exp(-((2 * slope_x + x / z) ** 2 + (2 * slope_y + y / z) ** 2) * 2.5)
    grime = 1 + 0.10 * crop_tile(fractal_tile(5), rng, FRAME, FRAME)
    tone = (0.30 + 0.9 * facing * turned.key_strength) * grime
    pixels = paint(tone.astype(np.float32), colour) + repeat3((glance * shine).astype(np.float32))
    thick = float(np.percentile(height[shape > 127], 80)) if (shape > 127).any() else 6.0
    return Sprite(
        pixels.astype(np.float32), shape.astype(np.float32) / np.float32(255), blank(), thick, None, None, 0.0
    )


def _dome(shape: U8, most: float) -> F32:
    away = cv2.distanceTransform((shape > 127).astype(np.uint8), cv2.DIST_L2, 5)
    away = np.minimum(away, most)
    return np.asarray(
        cv2.GaussianBlur(np.sqrt(np.maximum(most**2 - (most - away) ** 2, 0)), (0, 0), 1.2), np.float32
    )


def _bolt(rng: np.random.Generator) -> _THING:
    shape, length, radius = blank(), rng.uniform(110, 190), rng.uniform(16, 28)
    draw_rectangle(shape, 20, 0, length, radius)
    draw_rectangle(shape, -length - radius * 0.2, 0, radius * 1.1, radius * 1.9, corner=3)
    height = _dome(shape, radius)
    y, x = np.mgrid[0:FRAME, 0:FRAME].astype(np.float32)
    thread = np.sin(2 * np.pi * (x + 0.12 * y) / rng.uniform(7, 11)) * ((x - HALF) > -length * 0.3)
    height += np.where(shape > 127, thread * 1.6, 0).astype(np.float32)
    return shape, height, (0.30, 0.30, 0.31), 0.9


def _nut(rng: np.random.Generator) -> _THING:
    size = rng.uniform(80, 150)
    shape = draw_polygon(blank(), [polar(size, np.pi / 3 * i) for i in range(6)])
    draw_disc(shape, 0, 0, size * 0.52, value=0)
    brass = rng.random() < 0.4
    return shape, _dome(shape, 9), (0.50, 0.36, 0.14) if brass else (0.34, 0.34, 0.35), 0.6


def _paper(rng: np.random.Generator) -> _THING:
    angles = np.sort(rng.uniform(0, 2 * np.pi, 14))
    shape = draw_polygon(blank(), [polar(float(rng.uniform(110, 200)), float(a)) for a in angles])
    folds = np.zeros((FRAME, FRAME), np.float32)
    y, x = np.mgrid[0:FRAME, 0:FRAME].astype(np.float32)
    for _ in range(12):
        turn, place = rng.uniform(0, np.pi), rng.uniform(-140, 140)
        side = (x - HALF) * np.cos(turn) + (y - HALF) * np.sin(turn) - place
        folds += np.abs(side).astype(np.float32) * np.float32(rng.normal(0, 0.16))
    height = np.asarray(cv2.GaussianBlur(folds, (0, 0), 1.0) + 8, np.float32)
    return shape, height, (0.62, 0.61, 0.58), 0.0


def _card(rng: np.random.Generator) -> _THING:
    shape = draw_rectangle(blank(), 0, 0, rng.uniform(90, 200), rng.uniform(50, 130))
    torn = crop_tile(cloud_tile(20), rng, FRAME, FRAME)
    shape = np.where((torn > 1.0) & (cv2.erode(shape, np.ones((15, 15))) < 127), 0, shape).astype(np.uint8)
    y = np.mgrid[0:FRAME, 0:FRAME][0].astype(np.float32)
    return (
        shape,
        6 + 0.35 * np.sin(y / 3.1) + 0.4 * crop_tile(cloud_tile(44), rng, FRAME, FRAME),
        (0.36, 0.24, 0.13),
        0.0,
    )


def _tie(rng: np.random.Generator) -> _THING:
    count = 60
    way = np.linspace(0, 1, count)
    turn = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0.05, 0.09, count))
    points = np.cumsum(np.column_stack([np.cos(turn), np.sin(turn)]) * rng.uniform(6, 9), axis=0)
    points -= points.mean(axis=0)
    shape = blank()
    cv2.polylines(
        shape,
        [np.round((np.clip(points, -220, 220) + HALF) * 16).astype(np.int32)],
        False,
        255,
        int(rng.integers(9, 18)),
        cv2.LINE_AA,
        4,
    )
    colour = [(0.03, 0.03, 0.03), (0.62, 0.62, 0.60), (0.55, 0.07, 0.04), (0.05, 0.12, 0.40)]
    return shape, _dome(shape, 7) + np.float32(way[-1]), colour[int(rng.integers(4))], 0.25


def _cap(rng: np.random.Generator) -> _THING:
    radius = rng.uniform(70, 140)
    shape = draw_disc(blank(), 0, 0, radius)
    height = _dome(shape, 16)
    inner = cv2.GaussianBlur(draw_disc(blank(), 0, 0, radius * 0.72), (0, 0), 2).astype(np.float32) / 255
    colour = [(0.5, 0.04, 0.03), (0.03, 0.10, 0.42), (0.6, 0.6, 0.58), (0.55, 0.38, 0.03)]
    return shape, np.asarray(height - inner * 9, np.float32), colour[int(rng.integers(4))], 0.3


def _stone(rng: np.random.Generator) -> _THING:
    count = 24
    radii = 90 + 22 * cv2.blur(rng.standard_normal((1, count)), (5, 1))[0] * 2
    shape = draw_polygon(blank(), [polar(float(r), 2 * np.pi * i / count) for i, r in enumerate(radii)])
    height = _dome(shape, 60) + 3.5 * crop_tile(fractal_tile(5), rng, FRAME, FRAME)
    grey = float(rng.uniform(0.1, 0.3))
    return shape, height.astype(np.float32), (grey, grey * 0.95, grey * 0.88), 0.0


def _pen(rng: np.random.Generator) -> _THING:
    shape = draw_rectangle(blank(), 0, 0, 200, rng.uniform(12, 18), corner=8)
    colour = [(0.02, 0.05, 0.32), (0.04, 0.04, 0.04), (0.5, 0.48, 0.42), (0.45, 0.28, 0.03)]
    return shape, _dome(shape, 16), colour[int(rng.integers(4))], 0.5


_MAKERS = {
    "bolt": _bolt,
    "nut": _nut,
    "paper": _paper,
    "card": _card,
    "tie": _tie,
    "cap": _cap,
    "stone": _stone,
    "pen": _pen,
}
