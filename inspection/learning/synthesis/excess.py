"""Material where none should be: burrs, hanging chips, beads."""

import cv2
import numpy as np

from inspection.learning.synthesis.drawing import FRAME, HALF, blank, draw_polygon
from inspection.learning.synthesis.spots import (
    Spot,
    mix,
    outline_runs,
    pick_face_spot,
    window_around,
)
from inspection.learning.synthesis.surfaces import Surface
from inspection.learning.synthesis.textures import cloud_tile, crop_tile
from inspection.types import U8


def draw_flash(rng: np.random.Generator, solid: U8, severity_0_1: float, scale: float) -> U8:
    """A burr along an edge: the material's own outline, pushed out unevenly over a stretch of it."""
    runs = outline_runs(solid)
    lengths = np.array([len(run) for run in runs], np.float64)
    run = runs[int(rng.choice(len(runs), p=lengths / lengths.sum()))]
    reach = min(int(mix(34, 170, severity_0_1) * rng.uniform(0.8, 1.3)), int(len(run) * 0.45))
    start = int(rng.integers(len(run)))
    picked = run[(start + np.arange(reach)) % len(run)]
    smooth = cv2.blur(solid, (9, 9)).astype(np.float32)
    slope_x, slope_y = cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    rows, columns = picked[:, 1].astype(int), picked[:, 0].astype(int)
    out = -np.column_stack([slope_x[rows, columns], slope_y[rows, columns]])
    out = np.asarray(cv2.blur(out.astype(np.float32), (1, 9)), np.float32)
    out /= np.hypot(out[:, 0], out[:, 1])[:, None] + 1e-6
    ragged = np.convolve(rng.standard_normal(reach + 12), np.ones(7) / 2.6, "valid")[:reach]
    teeth = np.convolve(rng.standard_normal(reach + 2), np.ones(3) / 1.7, "valid")[:reach]
    arch = np.sin(np.pi * (np.arange(reach) + 0.5) / reach) ** 0.6
    height = mix(3.6, 15, severity_0_1**1.2) * min(1.6, 0.62 / scale)
    push = np.clip(height * arch * (0.8 + 0.42 * ragged + 0.16 * teeth), height * 0.25, height * 2.0)
    outer = picked + out * push[:, None].astype(np.float32)
    inner = picked - out * 2
    band = np.concatenate([outer, inner[::-1]]) - HALF
    return draw_polygon(blank(), band.astype(np.float32))


def draw_curl(rng: np.random.Generator, spot: Spot, severity_0_1: float) -> U8:
    """A chip that still hangs on: a thin coil that starts on the edge."""
    count = 60
    turns = mix(0.7, 2.6, severity_0_1) * float(rng.uniform(0.8, 1.2))
    radius = mix(7, 17, severity_0_1)
    way = np.linspace(0, 1, count)
    heading = spot.inward + np.pi + rng.normal(0, 0.5)
    phase = heading + np.pi / 2 + rng.choice([-1, 1]) * way * turns * 2 * np.pi
    drift = way * radius * turns * 1.1
    x = spot.x + drift * np.cos(heading) + radius * (np.cos(phase) - np.cos(phase[0]))
    y = spot.y + drift * np.sin(heading) + radius * (np.sin(phase) - np.sin(phase[0]))
    canvas = blank()
    points = np.round(np.column_stack([x, y]) * 16).astype(np.int32)
    for start, end, share in zip(points[:-1], points[1:], way[1:], strict=True):
        size = max(2, int(round(mix(3, 6, severity_0_1) * (1 - 0.5 * share))))
        cv2.line(canvas, tuple(start.tolist()), tuple(end.tolist()), 255, size, cv2.LINE_AA, 4)
    return canvas


def add_droplets(
    rng: np.random.Generator, surface: Surface, severity_0_1: float, *, scale: float, strength: float
) -> U8:
    """Weld spatter or metal that was left standing: smooth beads on the face."""
    spot = pick_face_spot(rng, surface.distance_px, 9, 400)
    bead = mix(6.5, 21, severity_0_1**1.1) * min(1.5, 0.62 / scale) * strength**0.5
    mask = blank()
    rise = np.zeros((FRAME, FRAME), np.float32)
    places = [(spot.x, spot.y, bead)]
    for _ in range(int(rng.poisson(0.5 + 2.5 * severity_0_1))):
        turn, way = rng.uniform(0, 2 * np.pi), bead * rng.uniform(0.7, 3.6)
        places.append(
            (spot.x + way * np.cos(turn), spot.y + way * np.sin(turn), bead * rng.uniform(0.25, 0.75))
        )
    for x, y, radius in places:
        window = window_around(x, y, radius * 1.6)
        rows, columns = np.mgrid[window].astype(np.float32)
        wobble = 1 + 0.13 * crop_tile(cloud_tile(20), rng, FRAME, FRAME)[window]
        away = np.hypot(columns - x, rows - y) / radius * wobble
        bump = np.sqrt(np.clip(1 - away**2, 0, 1)) * np.float32(radius * rng.uniform(0.5, 0.8))
        np.maximum(rise[window], bump, out=rise[window])
    inside = rise > 0.4
    mask[inside & (surface.solid > 127)] = 255
    calm = np.clip(rise / 2.0, 0, 1)
    surface.height_px += cv2.GaussianBlur(rise, (0, 0), 0.7)
    surface.micro *= (1 - 0.85 * calm)[..., None]
    return mask
