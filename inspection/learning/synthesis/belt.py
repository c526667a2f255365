"""The conveyor: its weave, its wear, its seams and the rails beside it; linear RGB."""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from inspection.learning.synthesis.channels import paint
from inspection.learning.synthesis.textures import (
    TILE,
    cloud_tile,
    crop_tile,
    fractal_tile,
    normalise,
)
from inspection.types import F32

_COLOURS: dict[str, tuple[tuple[float, float, float], float]] = {  # linear reflectance, share of pictures
    "black": ((0.028, 0.029, 0.031), 0.24),
    "anthracite": ((0.060, 0.062, 0.066), 0.20),
    "green": ((0.030, 0.105, 0.068), 0.18),
    "blue": ((0.035, 0.090, 0.185), 0.12),
    "grey": ((0.19, 0.195, 0.20), 0.12),
    "white": ((0.46, 0.47, 0.46), 0.07),
    "sand": ((0.27, 0.22, 0.15), 0.07),
}
WEAVES = ("weave", "rough", "studs", "smooth", "ribs")


@cache
def _relief_tile(weave: str) -> F32:
    """How much lighter or darker a belt's surface is from place to place: (TILE, TILE), deviation 1."""
    rng = np.random.default_rng([7010, WEAVES.index(weave)])
    y, x = np.mgrid[0:TILE, 0:TILE].astype(np.float32)
    x += 2.0 * cloud_tile(96)
    y += 2.0 * np.ascontiguousarray(cloud_tile(96)[::-1])
    fine = cv2.GaussianBlur(rng.standard_normal((TILE, TILE), dtype=np.float32), (0, 0), 0.7)
    if weave == "weave":
        pitch = 6.3
        over = np.sin(np.pi * x / pitch) * np.sin(np.pi * y / pitch)
        thread = np.where(over > 0, np.abs(np.sin(np.pi * x / pitch)), np.abs(np.sin(np.pi * y / pitch)))
        field = 0.9 * normalise(thread) + 0.5 * normalise(fine)
    elif weave == "studs":
        pitch = 13.0
        diamond = np.abs(np.mod((x + y) / pitch, 1) - 0.5) + np.abs(np.mod((x - y) / pitch, 1) - 0.5)
        bump = np.clip(0.75 - diamond, 0, 1)
        field = normalise(np.roll(bump, 1, axis=1) - np.roll(bump, -2, axis=0)) + 0.35 * normalise(fine)
    elif weave == "ribs":
        field = 0.8 * normalise(np.sin(2 * np.pi * y / 8.5)) + 0.5 * normalise(fine)
    elif weave == "rough":
        field = 0.8 * normalise(cloud_tile(4) - np.roll(cloud_tile(4), (1, 1), (0, 1))) + 0.5 * cloud_tile(9)
    else:
        streaks = cv2.GaussianBlur(
            rng.standard_normal((TILE, TILE), dtype=np.float32), (0, 0), sigmaX=0.8, sigmaY=60
        )
        field = 0.6 * normalise(fine) + 0.5 * normalise(streaks)
    return normalise(field.astype(np.float32))


@dataclass(frozen=True, slots=True)
class Belt:
    """What lies below the parts; `pixels` may be moved along before a part is placed on it."""

    pixels: F32  # (height, width, 3), linear reflected light
    colour: tuple[float, float, float]
    along_rad: float  # the belt's direction of travel


def _contrast(weave: str, colour: tuple[float, float, float]) -> float:
    strong = {"weave": 0.14, "rough": 0.085, "studs": 0.24, "smooth": 0.055, "ribs": 0.15}[weave]
    return strong * (0.55 if max(colour) > 0.15 else 1.0)


def make_belt(rng: np.random.Generator, width: int, height: int) -> Belt:
    names = list(_COLOURS)
    shares = np.array([_COLOURS[name][1] for name in names])
    colour = np.asarray(_COLOURS[names[int(rng.choice(len(names), p=shares / shares.sum()))]][0])
    colour = colour * rng.uniform(0.75, 1.3) * (1 + rng.uniform(-0.05, 0.05, 3))
    weave = str(rng.choice(WEAVES))
    zoom = float(rng.uniform(0.75, 1.3)) * width / 640
    relief = _view_tile(_relief_tile(weave), rng, (height, width), zoom)
    along = float(rng.choice([0.0, np.pi / 2]))
    wear = crop_tile(fractal_tile(3), rng, height, width) * np.float32(rng.uniform(0.015, 0.06))
    streaks = _streaks(rng, (height, width), along)
    rgb = (float(colour[0]), float(colour[1]), float(colour[2]))
    light = 1 + relief * np.float32(_contrast(weave, rgb) * rng.uniform(0.6, 1.2)) + wear + streaks
    np.clip(light, 0.25, 3, out=light)
    dust = _dust(rng, (height, width), width / 640)
    pixels = paint(light, rgb)
    pixels += paint(dust, (0.15, 0.145, 0.135))
    if rng.random() < 0.16:
        _seam(rng, pixels, along)
    if rng.random() < 0.3:
        _rails(rng, pixels, along)
    np.maximum(pixels, 0.004, out=pixels)
    return Belt(pixels, rgb, along)


def _view_tile(tile: F32, rng: np.random.Generator, shape: tuple[int, int], zoom: float) -> F32:
    angle = float(rng.normal(0, 0.02)) + float(rng.choice([0, np.pi / 2]))
    cos, sin = np.cos(angle) / zoom, np.sin(angle) / zoom
    away = rng.uniform(250, 620, 2)
    half_x, half_y = shape[1] / 2, shape[0] / 2
    matrix = np.array(
        [
            [cos, sin, away[0] - cos * half_x - sin * half_y],
            [-sin, cos, away[1] + sin * half_x - cos * half_y],
        ]
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpAffine(tile, matrix, shape[::-1], flags=flags, borderMode=cv2.BORDER_REFLECT_101), np.float32
    )


def _streaks(rng: np.random.Generator, shape: tuple[int, int], along: float) -> F32:
    """Wear in the direction of travel: one value a lane."""
    lanes = shape[0] if along == 0.0 else shape[1]
    coarse = cv2.GaussianBlur(rng.standard_normal((1, lanes)).astype(np.float32), (0, 0), sigmaX=14, sigmaY=1)
    fine = cv2.GaussianBlur(rng.standard_normal((1, lanes)).astype(np.float32), (0, 0), sigmaX=1.2, sigmaY=1)
    row = normalise(coarse) * np.float32(rng.uniform(0, 0.05)) + normalise(fine) * np.float32(
        rng.uniform(0, 0.025)
    )
    return np.asarray(row.T if along == 0.0 else row, np.float32)


def _dust(rng: np.random.Generator, shape: tuple[int, int], zoom: float) -> F32:
    """Specks, lint and short scratches."""
    canvas = np.zeros(shape, np.uint8)
    for _ in range(int(rng.gamma(1.6, 22))):
        x, y = int(rng.integers(0, shape[1] * 16)), int(rng.integers(0, shape[0] * 16))
        radius = max(4, int(16 * zoom * rng.gamma(1.5, 0.32)))
        cv2.circle(canvas, (x, y), radius, int(rng.integers(20, 150)), cv2.FILLED, cv2.LINE_AA, 4)
    for _ in range(int(rng.poisson(2.2))):
        start, turn = (rng.uniform(0, shape[1]), rng.uniform(0, shape[0])), rng.uniform(0, np.pi)
        bend = np.cumsum(rng.normal(0, 0.25, 9)) + turn
        steps = np.cumsum(
            np.column_stack([np.cos(bend), np.sin(bend)]) * rng.uniform(1.5, 7.0) * zoom, axis=0
        )
        points = np.round((steps + start) * 16).astype(np.int32)
        cv2.polylines(canvas, [points], False, int(rng.integers(25, 90)), 1, cv2.LINE_AA, 4)
    return np.asarray(canvas, np.float32) * np.float32(1 / 255)


def _seam(rng: np.random.Generator, pixels: F32, along: float) -> None:
    height, width = pixels.shape[:2]
    slant = float(rng.uniform(-0.25, 0.25))
    canvas = np.zeros((height, width), np.uint8)
    size = max(1, int(round(width / 640 * rng.uniform(1, 3))))
    if along == 0.0:
        x = float(rng.uniform(0.1, 0.9)) * width
        ends = (int(x), 0), (int(x + slant * height), height)
    else:
        y = float(rng.uniform(0.1, 0.9)) * height
        ends = (0, int(y)), (width, int(y + slant * width))
    cv2.line(canvas, ends[0], ends[1], 255, size, cv2.LINE_AA)
    dark = cv2.GaussianBlur(canvas, (0, 0), 1.0).astype(np.float32) * np.float32(1 / 255)
    pixels *= (1 - 0.55 * dark)[..., None]
    pixels += (np.roll(dark, (size + 1, size + 1), (0, 1)) * np.float32(0.012))[..., None]


def _rails(rng: np.random.Generator, pixels: F32, along: float) -> None:
    """The belt's own edge, the gap beside it, and a steel guide."""
    view = pixels if along == 0.0 else np.transpose(pixels, (1, 0, 2))
    if rng.random() < 0.5:
        view = view[::-1]
    lanes, length = view.shape[:2]
    belt_edge = int(lanes * rng.uniform(0.03, 0.13))
    gap = max(2, int(lanes * rng.uniform(0.006, 0.02)))
    guide = max(0, belt_edge - gap)
    steel = (
        0.16 + 0.22 * np.sin(np.linspace(0.2, 2.9, guide, dtype=np.float32))
        if guide
        else np.zeros(0, np.float32)
    )
    steel = steel * np.float32(rng.uniform(0.5, 1.4))
    brushed = cv2.GaussianBlur(
        rng.standard_normal((guide + 1, length)).astype(np.float32), (0, 0), sigmaX=22, sigmaY=0.6
    )[:guide]
    view[:guide] = (steel[:, None] * (1 + 0.9 * brushed))[..., None]
    view[guide:belt_edge] *= np.float32(0.18)
    view[guide:belt_edge] *= 0.5
    fade = np.exp(-np.arange(24, dtype=np.float32) / 8) * 0.45
    view[belt_edge : belt_edge + 24] *= (1 - fade)[: view[belt_edge : belt_edge + 24].shape[0], None, None]
