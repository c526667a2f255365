"""The half of augmentation that leaves the geometry alone: light, colour, noise, blur, patches, whitening, mixtures."""

from functools import lru_cache
from typing import cast

import cv2
import numpy as np

from inspection.learning.augment_presets import Augment
from inspection.types import F32, U8

# YIQ: hue is a turn and saturation a scale of the two colour axes, so both are one 3×3 matrix
_RGB_TO_YIQ = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
_YIQ_TO_RGB = np.linalg.inv(_RGB_TO_YIQ)
_NOISE_STD = 32.0


def change_surface(
    pixels: U8, augment: Augment, *, rng: np.random.Generator, whitener: F32 | None = None
) -> U8:
    """pixels: (size, size, 3), not written to."""
    changed = pixels
    if augment.whiten and whitener is not None:
        changed = whiten(changed, whitener, share=rng.uniform(0, augment.whiten))
    if augment.saturation != (1.0, 1.0) or augment.hue_turns:
        changed = _change_colour(changed, augment, rng)
    table = draw_light_table(augment, rng)
    if table is not None:
        changed = cast(U8, cv2.LUT(changed, table))
    if rng.random() < augment.blur_chance:
        sigma = rng.uniform(0.3, max(augment.blur_sigma, 0.3))
        changed = cast(U8, cv2.GaussianBlur(changed, (0, 0), sigma))
    if rng.random() < augment.noise_chance:
        changed = add_noise(changed, rng.uniform(0, augment.noise_std), rng)
    if rng.random() < augment.erase_chance:
        changed = _erase(changed, augment, rng)
    if augment.jpeg_chance and rng.random() < augment.jpeg_chance:
        changed = squeeze(changed, round(rng.uniform(*augment.jpeg_quality)))
    return changed


def squeeze(pixels: U8, quality_1_100: int) -> U8:
    """Through a JPEG and back."""
    _, coded = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality_1_100])
    return np.ascontiguousarray(cast(U8, cv2.imdecode(coded, cv2.IMREAD_COLOR))[..., ::-1])


def draw_light_table(augment: Augment, rng: np.random.Generator) -> U8 | None:
    """Gamma, contrast about mid-grey and brightness as one table of 256 levels; None where the recipe has none."""
    spans = (augment.gamma, augment.contrast, augment.brightness)
    if all(span == (1.0, 1.0) for span in spans):
        return None
    gamma, contrast, brightness = (rng.uniform(*span) for span in spans)
    levels = (np.arange(256, dtype=np.float32) / 255) ** gamma
    levels = ((levels - 0.5) * contrast + 0.5) * brightness
    return (levels * 255).round().clip(0, 255).astype(np.uint8)


def _change_colour(pixels: U8, augment: Augment, rng: np.random.Generator) -> U8:
    angle = rng.uniform(-augment.hue_turns, augment.hue_turns) * 2 * np.pi
    saturation = rng.uniform(*augment.saturation)
    cos, sin = np.cos(angle) * saturation, np.sin(angle) * saturation
    turn = np.array([[1, 0, 0], [0, cos, -sin], [0, sin, cos]])
    return cast(U8, cv2.transform(pixels, _YIQ_TO_RGB @ turn @ _RGB_TO_YIQ))


@lru_cache(maxsize=4)
def _noise_sheet(side: int) -> U8:
    """Normal noise about 128, drawn once: drawing it anew for each picture would cost more than all the rest."""
    draws = np.random.default_rng(0).normal(128, _NOISE_STD, (side, side, 3))
    return draws.round().clip(0, 255).astype(np.uint8)


def add_noise(pixels: U8, std: float, rng: np.random.Generator) -> U8:
    height, width = pixels.shape[:2]
    sheet = _noise_sheet(2 * max(height, width))
    y, x = rng.integers(0, sheet.shape[0] - height + 1), rng.integers(0, sheet.shape[1] - width + 1)
    strength = std / _NOISE_STD
    noise = sheet[y : y + height, x : x + width]
    return cast(U8, cv2.addWeighted(pixels, 1.0, noise, strength, -128 * strength))


def _erase(pixels: U8, augment: Augment, rng: np.random.Generator) -> U8:
    """A patch in the picture's mean colour hides what was there (DeVries and Taylor 2017, Zhong et al. 2020)."""
    height, width = pixels.shape[:2]
    area = rng.uniform(*augment.erase_area) * height * width
    ratio = np.exp(rng.uniform(np.log(0.4), np.log(2.5)))
    h, w = min(height, round((area * ratio) ** 0.5)), min(width, round((area / ratio) ** 0.5))
    y, x = rng.integers(0, height - h + 1), rng.integers(0, width - w + 1)
    erased = pixels.copy()
    erased[y : y + h, x : x + w] = np.asarray(cv2.mean(pixels)[:3]).round().astype(np.uint8)
    return erased


def fit_whitener(pixels: U8, *, patch: int = 7, samples: int = 20_000, epsilon: float = 1e-3) -> F32:
    """The ZCA filter of training pictures (n, h, w, 3): (patch, patch), for the grey values.

    ZCA of a whole picture needs a covariance of (h·w)² entries. Where statistics do not depend on the position, the
    ZCA matrix is a convolution, and its kernel is the middle row of the ZCA matrix of small patches.
    """
    rng = np.random.default_rng(0)
    rows = []
    for index in rng.integers(0, len(pixels), samples // 50):
        grey = cv2.cvtColor(pixels[index], cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
        windows = np.lib.stride_tricks.sliding_window_view(grey, (patch, patch)).reshape(-1, patch * patch)
        rows.append(windows[rng.integers(0, len(windows), 50)])
    patches = np.concatenate(rows)
    patches = patches - patches.mean(axis=1, keepdims=True)
    values, vectors = np.linalg.eigh(np.cov(patches, rowvar=False))
    zca = vectors @ np.diag(1 / np.sqrt(values + epsilon * values.max())) @ vectors.T
    kernel = zca[patch * patch // 2].reshape(patch, patch)
    # patches were centred, so the constant direction has no variance and ZCA would amplify it: take it out
    return cast(F32, (kernel - kernel.mean()).astype(np.float32))


def whiten(pixels: U8, whitener: F32, *, share: float) -> U8:
    """Blend with the whitened picture, which is set about mid-grey with a spread of 48 levels."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    sharp = cv2.filter2D(grey, cv2.CV_32F, whitener, borderType=cv2.BORDER_REFLECT_101)
    mean, std = cv2.meanStdDev(sharp)
    scale = 48.0 / max(float(std[0, 0]), 1e-3)
    levels = cv2.convertScaleAbs((sharp - float(mean[0, 0])) * scale + 128)
    return cast(U8, cv2.addWeighted(pixels, 1 - share, cv2.merge([levels] * 3), share, 0))


def mix_batch(pixels: U8, targets: F32, augment: Augment, *, rng: np.random.Generator) -> tuple[U8, F32]:
    """Mixup (Zhang et al. 2018) or CutMix (Yun et al. 2019) of each picture with its mirror place in the batch.

    pixels: (n, s, s, 3) · targets: (n, k), rows that sum to one.
    """
    kinds = [kind for kind in ("mixup", "cutmix") if getattr(augment, f"{kind}_alpha") > 0]
    if not kinds or rng.random() >= augment.mix_chance:
        return pixels, targets
    kind = kinds[int(rng.integers(len(kinds)))]
    alpha = augment.mixup_alpha if kind == "mixup" else augment.cutmix_alpha
    share = float(rng.beta(alpha, alpha))
    if kind == "mixup":
        mixed = cv2.addWeighted(pixels, share, pixels[::-1].copy(), 1 - share, 0)
    else:
        mixed, share = _paste_patch(pixels, share, rng)
    return cast(U8, mixed), cast(F32, (targets * share + targets[::-1] * (1 - share)).astype(np.float32))


def _paste_patch(pixels: U8, share: float, rng: np.random.Generator) -> tuple[U8, float]:
    size = pixels.shape[1]
    side = round(size * (1 - share) ** 0.5)
    y, x = rng.integers(0, size - side + 1, 2)
    mixed = pixels.copy()
    mixed[:, y : y + side, x : x + side] = pixels[::-1, y : y + side, x : x + side]
    return mixed, 1 - (side / size) ** 2
