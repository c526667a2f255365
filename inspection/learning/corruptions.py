"""What goes wrong between a part and its picture, at five strengths each. Pure: pixels and a random stream in, pixels out.

Lengths are told in 1/224 of the picture's shorter side, so that a strength means the same on every line.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from inspection.types import U8

Corrupt = Callable[[U8, float, np.random.Generator], U8]
UNIT_SIDES = 224
GREY = 114  # of what stands before the part


@dataclass(frozen=True, slots=True)
class Corruption:
    """severities[k] is the strength at severity k + 1."""

    name: str
    severities: tuple[float, float, float, float, float]
    words: str  # with {} for the strength
    apply: Corrupt


def scale_light(pixels: U8, factor: float, rng: np.random.Generator) -> U8:
    """Exposure: what would be brighter than white is white."""
    return np.asarray(np.clip(pixels.astype(np.float32) * factor + 0.5, 0, 255), dtype=np.uint8)


def blur(pixels: U8, sigma: float, rng: np.random.Generator) -> U8:
    """Out of focus, by a Gaussian."""
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), sigma * to_pixels(pixels)), dtype=np.uint8)


def add_noise(pixels: U8, sigma: float, rng: np.random.Generator) -> U8:
    """A sensor's read-out: Gaussian, each pixel and channel for itself, in grey levels of 255."""
    noisy = pixels + rng.normal(0.0, sigma, pixels.shape)
    return np.asarray(np.clip(np.rint(noisy), 0, 255), dtype=np.uint8)


def rotate(pixels: U8, degrees: float, rng: np.random.Generator) -> U8:
    """About the middle, to either side; what comes in from outside is the mirrored edge."""
    height, width = pixels.shape[:2]
    turn = degrees if rng.random() < 0.5 else -degrees
    about = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), turn, 1.0)
    turned = cv2.warpAffine(
        pixels, about, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )
    return np.asarray(turned, dtype=np.uint8)


def compress(pixels: U8, quality: float, rng: np.random.Generator) -> U8:
    """There and back through JPEG (4:2:0)."""
    _, coded = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, int(quality)])
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR_RGB), dtype=np.uint8)


def occlude(pixels: U8, share: float, rng: np.random.Generator) -> U8:
    """A grey square of that share of the picture's area, anywhere in it. Where it hides the defect nobody can be right."""
    height, width = pixels.shape[:2]
    side = round((share * height * width) ** 0.5)
    rows, columns = min(side, height), min(side, width)
    top, left = int(rng.integers(0, height - rows + 1)), int(rng.integers(0, width - columns + 1))
    hidden = pixels.copy()
    hidden[top : top + rows, left : left + columns] = GREY
    return hidden


def to_pixels(pixels: U8) -> float:
    return float(min(pixels.shape[:2])) / UNIT_SIDES


CORRUPTIONS: tuple[Corruption, ...] = (
    Corruption("darker", (0.8, 0.6, 0.45, 0.3, 0.2), "light × {:g}", scale_light),
    Corruption("brighter", (1.2, 1.4, 1.7, 2.0, 2.5), "light × {:g}", scale_light),
    Corruption("blur", (0.5, 1.0, 1.5, 2.0, 3.0), "σ {:g}/224 of the shorter side", blur),
    Corruption("noise", (4, 8, 16, 24, 32), "σ {:g} of 255", add_noise),
    Corruption("rotation", (3, 6, 10, 20, 30), "{:g}° to either side", rotate),
    Corruption("JPEG", (60, 40, 25, 15, 8), "quality {:g}", compress),
    Corruption("occlusion", (0.01, 0.02, 0.05, 0.10, 0.20), "{:g} of the area", occlude),
)
