"""Cracks: dark branching lines with a thin bright lip."""

import cv2
import numpy as np

from inspection.learning.synthesis.drawing import FRAME, blank
from inspection.learning.synthesis.spots import (
    Spot,
    mix,
    pick_edge_spot,
    pick_face_spot,
)
from inspection.learning.synthesis.surfaces import Surface, Window
from inspection.learning.synthesis.textures import cloud_tile, crop_tile
from inspection.types import F32, U8

_FINE = 3  # thin lines are drawn this much larger, so that their width is not a whole pixel

Stroke = tuple[F32, F32]  # points (n, 2), widths (n,)


def _walk(rng: np.random.Generator, surface: Surface, spot: Spot, length: float, width: float) -> Stroke:
    """A jagged way through the material that keeps its course and ends thin, or at an edge."""
    heading = course = spot.inward
    x, y, gone = spot.x, spot.y, 0.0
    points, widths = [(x, y)], [width]
    while gone < length:
        step = float(rng.uniform(2.5, 8.0))
        heading = course + 0.55 * (heading - course) + float(rng.normal(0, 0.5))
        course += float(rng.normal(0, 0.06))
        x, y, gone = x + step * np.cos(heading), y + step * np.sin(heading), gone + step
        row, column = int(np.clip(y, 0, FRAME - 1)), int(np.clip(x, 0, FRAME - 1))
        points.append((x, y))
        widths.append(width * (1 - 0.75 * gone / length) * float(rng.uniform(0.65, 1.3)))
        if gone > 12 and surface.distance_px[row, column] < 1.0:
            break
    return np.array(points, np.float32), np.array(widths, np.float32)


def _branch(rng: np.random.Generator, surface: Surface, parent: Stroke, length: float) -> Stroke:
    points, widths = parent
    at = int(rng.integers(1, max(2, len(points) - 1)))
    heading = np.arctan2(*(points[at] - points[at - 1])[::-1]) + rng.choice([-1, 1]) * rng.uniform(0.4, 1.1)
    spot = Spot(float(points[at, 0]), float(points[at, 1]), float(heading))
    return _walk(rng, surface, spot, length, float(widths[at]) * 0.7)


def _stroke_lines(strokes: list[Stroke], window: Window) -> F32:
    """Coverage 0..1 of thin lines inside the window."""
    height, width = (part.stop - part.start for part in window)
    canvas = np.zeros((height * _FINE, width * _FINE), np.uint8)
    shift = np.array([window[1].start, window[0].start], np.float32)
    for points, widths in strokes:
        fixed = np.round((points - shift) * _FINE * 16).astype(np.int32)
        for start, end, thick in zip(fixed[:-1], fixed[1:], widths[1:], strict=True):
            size = max(1, int(round(float(thick) * _FINE)))
            cv2.line(canvas, tuple(start.tolist()), tuple(end.tolist()), 255, size, cv2.LINE_AA, 4)
    small = cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32) / np.float32(255)


def _bounds(strokes: list[Stroke], margin: float) -> Window:
    every = np.concatenate([points for points, _ in strokes])
    (left, top), (right, bottom) = every.min(axis=0) - margin, every.max(axis=0) + margin
    left, top = max(0, int(left)), max(0, int(top))
    return slice(top, max(top + 1, min(FRAME, int(bottom) + 1))), slice(
        left, max(left + 1, min(FRAME, int(right) + 1))
    )


def add_crack(
    rng: np.random.Generator, surface: Surface, severity_0_1: float, *, scale: float, strength: float
) -> U8:
    """`scale`: picture pixels a frame pixel, since a crack's width is judged in the picture."""
    from_edge = rng.random() < 0.7
    spot = pick_edge_spot(rng, surface) if from_edge else pick_face_spot(rng, surface.distance_px, 14, 400)
    spot = Spot(spot.x, spot.y, spot.inward + float(rng.normal(0, 0.35)))
    length = mix(34, 250, severity_0_1**1.3) * strength**0.5 * float(rng.uniform(0.8, 1.25))
    width = mix(0.85, 2.6, severity_0_1**1.2) / scale * strength**0.5
    strokes = [_walk(rng, surface, spot, length, width)]
    if not from_edge:
        back = Spot(spot.x, spot.y, spot.inward + np.pi + float(rng.normal(0, 0.2)))
        strokes.append(_walk(rng, surface, back, length * float(rng.uniform(0.3, 0.8)), width))
    for _ in range(int(rng.poisson(0.4 + 2.2 * severity_0_1))):
        strokes.append(_branch(rng, surface, strokes[0], length * float(rng.uniform(0.15, 0.45))))
    window = _bounds(strokes, 12)
    line = _stroke_lines(strokes, window)
    lip = cv2.GaussianBlur(line, (0, 0), 2.0 / scale * 0.8)
    uneven = 1 + 0.25 * crop_tile(cloud_tile(20), rng, FRAME, FRAME)[window]
    open_0_1 = min(0.97, mix(0.62, 0.95, severity_0_1) * strength)
    surface.height_px[window] += lip * np.float32(mix(0.35, 0.9, severity_0_1))
    surface.height_px[window] -= line * np.float32(mix(0.6, 2.2, severity_0_1))
    surface.gain[window] *= 1 - np.clip(line * uneven, 0, 1) * np.float32(open_0_1)
    mask = blank()
    wide = cv2.dilate((line > 0.2).astype(np.uint8) * 255, np.ones((3, 3), np.uint8))
    mask[window] = np.minimum(wide, (surface.solid[window] > 127) * np.uint8(255))
    return mask
