"""Dents: hollows that bend the room's reflection."""

import numpy as np

from inspection.learning.synthesis.drawing import FRAME, blank
from inspection.learning.synthesis.spots import mix, pick_face_spot, window_around
from inspection.learning.synthesis.surfaces import Surface
from inspection.learning.synthesis.textures import cloud_tile, crop_tile
from inspection.types import U8


def add_dent(
    rng: np.random.Generator, surface: Surface, severity_0_1: float, *, scale: float, strength: float
) -> U8:
    radius = mix(13, 46, severity_0_1**1.2) * float(rng.uniform(0.8, 1.25)) * min(1.5, 0.62 / scale)
    spot = pick_face_spot(rng, surface.distance_px, 7 if rng.random() < 0.3 else radius * 0.55, 400)
    steep = min(0.9, mix(0.13, 0.62, severity_0_1**1.1) * strength)
    window = window_around(spot.x, spot.y, radius * 2.2)
    y, x = np.mgrid[window].astype(np.float32)
    cos, sin, aspect = np.cos(spot.inward), np.sin(spot.inward), float(rng.uniform(1.0, 2.0))
    along, across = (x - spot.x) * cos + (y - spot.y) * sin, (y - spot.y) * cos - (x - spot.x) * sin
    wobble = 1 + 0.07 * crop_tile(cloud_tile(44), rng, FRAME, FRAME)[window]
    away = np.hypot(along / aspect**0.5, across * aspect**0.5) / radius * wobble
    flat = float(rng.uniform(1.0, 2.6))  # 1: a bowl; more: a flat floor with a steep rim
    bowl = np.clip(1 - away ** (2 * flat), 0, 1) ** 2
    rim = np.exp(-(((away - 1.12) / 0.2) ** 2)) * rng.uniform(0.05, 0.16)
    surface.height_px[window] -= (bowl - rim) * np.float32(steep * radius / 1.54 / flat**0.6)
    surface.micro[window] *= (1 - np.float32(rng.uniform(0.2, 0.7)) * bowl)[..., None]
    if rng.random() < 0.5:  # what struck it left its own roughness
        rough = crop_tile(cloud_tile(4), rng, FRAME, FRAME)[window]
        surface.height_px[window] += bowl * rough * np.float32(0.12 + 0.2 * severity_0_1)
        surface.gain[window] *= 1 - bowl * np.float32(0.06 + 0.14 * severity_0_1)
    mask = blank()
    mask[window] = ((away < 1.08) & (surface.solid[window] > 127)) * np.uint8(255)
    return mask
