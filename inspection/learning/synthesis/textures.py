"""Noise and machining textures, made once from fixed seeds and then only cropped, turned and scaled."""

from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection.types import F32

TILE = 1024  # side of every tile; a 512 px frame turned by 45° needs 724


def stream(seed: int, purpose: int) -> np.random.Generator:
    """One independent generator a purpose, so that a defect never changes the belt below it."""
    return np.random.default_rng([seed, purpose])


def _white(rng: np.random.Generator, size: int = TILE) -> F32:
    return rng.standard_normal((size, size), dtype=np.float32)


def normalise(values: NDArray[Any]) -> F32:
    field = values - values.mean()
    return np.asarray(field / (field.std() + 1e-6), np.float32)


def _cloud(rng: np.random.Generator, grain_px: float) -> F32:
    """Isotropic noise of one feature size; made small and enlarged where it is coarse."""
    shrink = max(1, int(grain_px / 2))
    small = _white(rng, TILE // shrink + 8)
    soft = cv2.GaussianBlur(small, (0, 0), max(0.6, grain_px / shrink / 2))
    return normalise(cv2.resize(soft, (TILE, TILE), interpolation=cv2.INTER_CUBIC))


@cache
def cloud_tile(grain_px: int) -> F32:
    """(TILE, TILE), mean 0, deviation 1."""
    return _cloud(np.random.default_rng([7001, grain_px]), grain_px)


@cache
def fractal_tile(variant: int) -> F32:
    """Octaves of clouds: (TILE, TILE), mean 0, deviation 1."""
    rng = np.random.default_rng([7002, variant])
    total = np.zeros((TILE, TILE), np.float32)
    for grain_px, weight in ((96, 1.0), (44, 0.65), (20, 0.42), (9, 0.28), (4, 0.18)):
        total += weight * _cloud(rng, grain_px)
    return normalise(total)


@cache
def noise_tile() -> F32:
    """Sensor noise after demosaicing, (TILE, TILE, 3): slightly blurred, mostly luminance."""
    rng = np.random.default_rng(7003)
    shared = _white(rng)[..., None]
    colour = rng.standard_normal((TILE, TILE, 3), dtype=np.float32)
    mixed = 0.75 * shared + 0.65 * cv2.GaussianBlur(colour, (0, 0), 0.9) * 2.2
    mixed = 0.6 * mixed + 0.4 * cv2.GaussianBlur(mixed, (0, 0), 0.7)
    return np.asarray(mixed / mixed.std(), np.float32)


def _brushed(rng: np.random.Generator) -> F32:
    """Slopes across fine parallel lines of finite length; the grain runs along x."""
    slope = np.zeros((TILE, TILE), np.float32)
    for length_px, width_px, weight in ((90, 0.45, 0.9), (38, 0.7, 0.8), (14, 0.5, 0.5), (160, 2.2, 0.45)):
        streaks = cv2.GaussianBlur(_white(rng), (0, 0), sigmaX=length_px, sigmaY=width_px)
        slope += weight * normalise(streaks)
    scratches = np.zeros((TILE, TILE), np.float32)
    for _ in range(260):
        x, y = rng.uniform(0, TILE, 2)
        length = float(rng.gamma(2.0, 60.0))
        tilt = float(rng.normal(0, 0.018))
        end = (int(16 * (x + length)), int(16 * (y + tilt * length)))
        cv2.line(scratches, (int(16 * x), int(16 * y)), end, float(rng.uniform(0.5, 3.0)), 1, cv2.LINE_AA, 4)
    slope += scratches - np.roll(scratches, 1, axis=0)
    slope = normalise(slope)
    return np.dstack([0.04 * slope, slope])


def _milled(rng: np.random.Generator) -> F32:
    """Slopes of a face mill's arcs, one pass beside the other; (TILE, TILE, 2)."""
    pitch_px, pass_px = float(rng.uniform(3.2, 5.6)), float(rng.uniform(150, 330))
    radius = pass_px * rng.uniform(0.62, 0.9)
    y, x = np.mgrid[0:TILE, 0:TILE].astype(np.float32)
    lane = np.floor(y / pass_px)
    across = y - (lane + 0.5) * pass_px
    sag = np.sqrt(np.maximum(radius**2 - across**2, 1.0))
    lines = normalise(rng.standard_normal(8192).astype(np.float32))
    slope = np.zeros((TILE, TILE), np.float32)
    slopes_x = np.zeros_like(slope)
    slopes_y = np.zeros_like(slope)
    for direction, weight in ((1.0, 1.0), (-1.0, 0.35)):  # the cutter's front edge, and its heel behind
        phase = (x - direction * sag + lane * rng.uniform(100, 300)) / pitch_px + 4000 / pitch_px
        ridge = np.sin(2 * np.pi * phase).astype(np.float32)
        jitter = lines[np.mod(np.floor(phase).astype(np.int64), lines.size)]
        fine = lines[np.mod(np.floor(phase * 3).astype(np.int64), lines.size)]
        slope = weight * (ridge * (0.8 + 0.2 * jitter) + 0.5 * fine + 0.1 * jitter)
        lean = np.clip(direction * across / sag, -2.5, 2.5)
        length = np.sqrt(1 + lean**2)
        slopes_x += slope / length
        slopes_y += slope * lean / length
    edge = np.exp(-((np.abs(across) - pass_px / 2) ** 2) / 3.0) * 1.5
    field = np.dstack([slopes_x, slopes_y + edge * np.sign(across)]).astype(np.float32)
    return np.asarray(field / field.std(), np.float32)


def _blasted(rng: np.random.Generator) -> F32:
    pair = [cv2.GaussianBlur(_white(rng), (0, 0), 0.8) for _ in range(2)]
    return np.dstack([normalise(part) for part in pair])


@cache
def grain_tile(kind: str, variant: int) -> F32:
    """Micro slopes of a finish: (TILE, TILE, 2) as (along x, along y), deviation about 1."""
    makers = {"brushed": _brushed, "milled": _milled, "blasted": _blasted}
    return makers[kind](np.random.default_rng([7004, variant, len(kind)]))


def crop_tile(tile: F32, rng: np.random.Generator, height: int, width: int) -> F32:
    y = int(rng.integers(0, TILE - height + 1)) if height < TILE else 0
    x = int(rng.integers(0, TILE - width + 1)) if width < TILE else 0
    piece = tile[y : y + height, x : x + width]
    if piece.shape[:2] != (height, width):
        piece = np.asarray(cv2.resize(tile, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    return piece


def turn_tile(tile: F32, rng: np.random.Generator, size: int, *, angle_rad: float, scale: float) -> F32:
    """A size × size view of the tile, its x axis turned to `angle_rad`, its features `scale` times as large."""
    cos, sin = np.cos(angle_rad) / scale, np.sin(angle_rad) / scale
    away_x, away_y = rng.uniform(-120, 120, 2)
    half = size / 2
    centre = TILE / 2
    matrix = np.array(
        [
            [cos, sin, centre + away_x - cos * half - sin * half],
            [-sin, cos, centre + away_y + sin * half - cos * half],
        ],
        np.float32,
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpAffine(tile, matrix, (size, size), flags=flags, borderMode=cv2.BORDER_REFLECT_101), np.float32
    )
