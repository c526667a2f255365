"""From linear light to the file: exposure, lens, sensor, tone curve, JPEG."""

from dataclasses import dataclass

import cv2
import numpy as np

from inspection.learning.synthesis.channels import paint
from inspection.learning.synthesis.light import Light
from inspection.learning.synthesis.textures import TILE, noise_tile
from inspection.types import F32, U8


@dataclass(frozen=True, slots=True)
class Camera:
    exposure: float
    balance: tuple[float, float, float]
    blur_px: float
    motion: tuple[float, float]  # pixels travelled while the shutter was open
    noise: float  # deviation in the square-root domain, where photon noise is the same everywhere
    vignette: float
    contrast: float
    sharpen: float
    bend: float
    jpeg_quality: int
    noise_at: tuple[int, int]


def make_camera(rng: np.random.Generator, width: int, along_rad: float) -> Camera:
    cast = rng.normal(0, 0.025)
    motion = float(rng.gamma(2.0, 1.1)) if rng.random() < 0.22 else 0.0
    return Camera(
        exposure=float(np.exp(rng.normal(0, 0.2))),
        balance=(float(1 + cast), 1.0, float(1 - cast + rng.normal(0, 0.015))),
        blur_px=float(rng.uniform(0.35, 0.95)) * width / 640,
        motion=(motion * float(np.cos(along_rad)), motion * float(np.sin(along_rad))),
        noise=float(rng.uniform(0.004, 0.016)),
        vignette=float(rng.uniform(0.04, 0.28)),
        contrast=float(rng.uniform(0.0, 0.55)),
        sharpen=float(rng.uniform(0.0, 0.7)),
        bend=float(rng.normal(0, 0.006)),
        jpeg_quality=int(rng.integers(80, 96)),
        noise_at=(int(rng.integers(0, 256)), int(rng.integers(0, 256))),
    )


def meter(pixels: F32, part: F32 | None, light: Light) -> float:
    """The gain that brings a part to an ordinary exposure; without one, what an aluminium part would have got."""
    small = cv2.resize(pixels, (80, 60), interpolation=cv2.INTER_AREA)[..., 1]
    bright = float(np.percentile(small, 70))  # a white belt must not be blown out for a dark part's sake
    if part is None:
        level = 0.27 + 0.6 * light.key_strength  # fitted to rendered parts
    else:
        weight = cv2.resize(part, (80, 60), interpolation=cv2.INTER_AREA)
        level = float((small * weight).sum() / max(1e-3, float(weight.sum())))
    gain: float = (0.41 / max(0.05, level)) ** (0.75 if level > 0.41 else 0.5)  # a black part stays dark
    return min(gain, 0.45 / max(0.05, bright))


def expose(pixels: F32, camera: Camera, gain: float) -> F32:
    """Linear light → the sensor's square-root values, about 0..1."""
    height, width = pixels.shape[:2]
    if any(abs(v) > 0.6 for v in camera.motion):
        pixels = _smear(pixels, camera.motion)
    pixels = np.asarray(cv2.GaussianBlur(pixels, (5, 5), camera.blur_px), np.float32)
    axis_x = np.linspace(-1, 1, width, dtype=np.float32) ** 2
    axis_y = np.linspace(-1, 1, height, dtype=np.float32)[:, None] ** 2
    fall = 1 - np.float32(camera.vignette / 2) * (axis_x + axis_y)
    fall *= np.float32(gain * camera.exposure)
    pixels *= paint(fall, camera.balance)
    np.maximum(pixels, 0, out=pixels)
    return np.asarray(cv2.sqrt(pixels), np.float32)


def _smear(pixels: F32, way: tuple[float, float]) -> F32:
    reach = int(np.ceil(max(abs(way[0]), abs(way[1]))))
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    for step in np.linspace(-0.5, 0.5, 4 * reach + 1):
        kernel[int(round(reach + way[1] * step)), int(round(reach + way[0] * step))] += 1
    return np.asarray(cv2.filter2D(pixels, -1, kernel / kernel.sum()), np.float32)


def develop(root: F32, camera: Camera) -> U8:
    """Noise, sharpening, tone curve and the JPEG that the camera would have written."""
    height, width = root.shape[:2]
    top, left = camera.noise_at
    tile = noise_tile()
    if top + height > TILE or left + width > TILE:
        below, beside = max(0, top + height - TILE), max(0, left + width - TILE)
        tile = np.asarray(cv2.copyMakeBorder(tile, 0, below, 0, beside, cv2.BORDER_REFLECT), np.float32)
    noisy = cv2.scaleAdd(tile[top : top + height, left : left + width], camera.noise, root)
    if camera.sharpen > 0.1:
        soft = cv2.GaussianBlur(noisy, (0, 0), 1.1)
        noisy = cv2.addWeighted(noisy, 1 + camera.sharpen, soft, -camera.sharpen, 0)
    picture = cv2.LUT(cv2.convertScaleAbs(np.maximum(noisy, 0), alpha=200), _tone_curve(camera.contrast))
    return _code_jpeg(np.asarray(picture, np.uint8), camera.jpeg_quality)


def _code_jpeg(pixels: U8, quality: int) -> U8:
    _, coded = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)
    return np.ascontiguousarray(decoded[..., ::-1])


def _tone_curve(contrast: float) -> U8:
    """From 200 × √light to display values: a shoulder above 0.75, and an S of the given strength."""
    value = np.arange(256, dtype=np.float64) / 200
    value = np.where(value < 0.75, value, 0.75 + 0.25 * np.tanh((value - 0.75) / 0.27))
    curve = value**0.93
    curve = curve + contrast * 0.35 * (curve - 0.42) * curve * (1 - curve) * 2
    return np.clip(np.round(curve * 255), 0, 255).astype(np.uint8)
