"""The published picture itself, more of its ground round it, half of it, or its ground alone."""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from inspection.learning.setting.cut import Cut
from inspection.learning.synthesis.textures import crop_tile, fractal_tile, noise_tile, normalise, stream
from inspection.types import F32, U8, Box

_PAD, _HALF, _GROUND = 31, 32, 33  # purposes of random streams


@dataclass(frozen=True, slots=True)
class Shown:
    pixels: U8  # (height, width, 3)
    box: Box | None


def show_whole(pixels: U8, cut: Cut) -> Shown:
    return Shown(pixels, cut.box)


def show_padded(pixels: U8, cut: Cut, seed: int) -> Shown:
    """Its own ground goes on beyond it: up to as wide again, the part anywhere."""
    rng = stream(seed, _PAD)
    height, width = pixels.shape[:2]
    total = rng.uniform(0.08, 1.0), rng.uniform(0.08, 1.0)
    left, top = int(rng.uniform(0, total[0]) * width), int(rng.uniform(0, total[1]) * height)
    right, bottom = int(total[0] * width) - left, int(total[1] * height) - top
    wide = cv2.copyMakeBorder(pixels, top, bottom, left, right, cv2.BORDER_REPLICATE).astype(np.float32)
    # Farther out the border's own brightness goes on, without its streaks; a little of the uneven ground over it.
    ground = draw_ground(pixels, cut, seed, wide.shape[:2])
    far = cv2.GaussianBlur(wide, (0, 0), 22) + (ground - ground.mean()) * 0.5
    inner = np.zeros(wide.shape[:2], np.float32)
    inner[top : top + height, left : left + width] = 1
    near = np.maximum(inner, np.clip(2 * cv2.GaussianBlur(inner, (0, 0), 9), 0, 1))[..., None]
    grown = np.clip(wide * near + far * (1 - near), 0, 255)
    box = cut.box
    moved = Box(box.x1 + left, box.y1 + top, box.x2 + left, box.y2 + top)
    return Shown(np.asarray(grown.round(), np.uint8), moved)


def show_half(pixels: U8, cut: Cut, seed: int) -> Shown:
    """Cut through the part, near its middle: a picture that came too early or too late."""
    rng = stream(seed, _HALF)
    height, width = pixels.shape[:2]
    x, y = cut.ellipse.centre + rng.uniform(-0.5, 0.08, 2) * cut.ellipse.radius
    halves = (pixels[:, : int(x)], pixels[:, int(width - x) :], pixels[: int(y)], pixels[int(height - y) :])
    return Shown(np.ascontiguousarray(halves[int(rng.integers(0, 4))]), None)


def show_ground(pixels: U8, cut: Cut, seed: int) -> Shown:
    height, width = pixels.shape[:2]
    return Shown(np.asarray(draw_ground(pixels, cut, seed, (height, width)).round(), np.uint8), None)


def draw_ground(pixels: U8, cut: Cut, seed: int, shape: tuple[int, int]) -> F32:
    """(height, width, 3), 0..255: as bright as the ground beside the part, uneven and noisy as it is."""
    rng = stream(seed, _GROUND)
    beside = cut.ellipse.measure(grid_of(pixels.shape[:2])).reshape(pixels.shape[:2]) > 1.25
    grey = pixels.mean(axis=2)[beside]
    level, spread = float(np.median(grey)), float(np.clip(grey.std(), 2, 14))
    uneven = crop_tile(soft_tile(), rng, *shape) * np.float32(spread)
    noise = crop_tile(np.ascontiguousarray(noise_tile()[..., 1]), rng, *shape) * np.float32(
        rng.uniform(0.8, 2.0)
    )
    ground = np.clip(level + uneven + noise, 0, 255)
    return np.asarray(cv2.merge((ground, ground, ground)), np.float32)


@cache
def soft_tile() -> F32:
    """Wide clouds: (TILE, TILE), deviation 1."""
    return normalise(cv2.GaussianBlur(fractal_tile(3), (0, 0), 40))


def grid_of(shape: tuple[int, int]) -> np.ndarray:
    """(height × width, 2): x and y of every pixel."""
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]]
    return np.column_stack([x.ravel(), y.ravel()]).astype(np.float64)
