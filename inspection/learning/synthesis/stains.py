"""Stains: films that tint the metal and calm its grain."""

import numpy as np

from inspection.learning.synthesis.drawing import FRAME, blank
from inspection.learning.synthesis.spots import Spot, mix, pick_face_spot, window_around
from inspection.learning.synthesis.surfaces import Surface, Window
from inspection.learning.synthesis.textures import cloud_tile, crop_tile, fractal_tile
from inspection.types import F32, U8

_FILMS: dict[
    str, tuple[tuple[float, float, float], float]
] = {  # transmission at full strength, calm of the grain
    "oil": ((0.42, 0.34, 0.20), 0.55),
    "rust": ((0.50, 0.24, 0.10), 0.25),
    "water": ((0.62, 0.66, 0.72), 0.15),
    "coolant": ((0.38, 0.50, 0.58), 0.4),
    "grease": ((0.16, 0.15, 0.14), 0.5),
    "heat": ((0.46, 0.36, 0.58), 0.1),
}
_SHARES = (0.25, 0.13, 0.2, 0.13, 0.2, 0.09)


def add_stain(
    rng: np.random.Generator, surface: Surface, severity_0_1: float, *, scale: float, strength: float
) -> U8:
    kind = str(rng.choice(list(_FILMS), p=_SHARES))
    radius = mix(17, 88, severity_0_1**1.3) * float(rng.uniform(0.85, 1.2)) * min(1.5, 0.62 / scale)
    spot = pick_face_spot(rng, surface.distance_px, 10, 400)
    window = window_around(spot.x, spot.y, radius * 2.1)
    y, x = np.mgrid[window].astype(np.float32)
    cos, sin, aspect = np.cos(spot.inward), np.sin(spot.inward), float(rng.uniform(1.0, 1.9))
    along, across = (x - spot.x) * cos + (y - spot.y) * sin, (y - spot.y) * cos - (x - spot.x) * sin
    away = np.hypot(along / aspect**0.5, across * aspect**0.5) / radius
    ragged = crop_tile(fractal_tile(2), rng, FRAME, FRAME)[window]
    ragged = ragged - ragged[away < 0.7].mean()  # the middle is always covered
    level = 1 - away + np.float32(rng.uniform(0.16, 0.36)) * ragged
    amount = np.clip(level / np.float32(rng.uniform(0.25, 0.7)), 0, 1)
    if kind in ("water", "oil", "coolant"):  # a drop dries from its rim
        rim = np.exp(-(((level - 0.10) / 0.07) ** 2)) * (level > -0.1)
        amount = np.maximum(amount * np.float32(rng.uniform(0.35, 0.8)), rim)
    if kind == "rust":
        amount = amount * np.clip(
            0.78 + 0.24 * crop_tile(cloud_tile(9), rng, FRAME, FRAME)[window], 0.15, 1.2
        )
    _spatter(rng, amount, (x, y), spot, radius)
    amount *= np.float32(mix(0.30, 0.95, severity_0_1) * strength) * np.clip(1 + 0.18 * ragged, 0.5, 1.4)
    amount = np.clip(amount, 0, 1).astype(np.float32)
    _lay_film(surface, window, amount, kind)
    mask = blank()
    seen = (amount > 0.3 * float(amount.max())) & (surface.solid[window] > 127)
    mask[window] = seen * np.uint8(255)
    return mask


def _spatter(rng: np.random.Generator, amount: F32, grid: tuple[F32, F32], spot: Spot, radius: float) -> None:
    x, y = grid
    for _ in range(int(rng.poisson(1.6))):
        turn, way = rng.uniform(0, 2 * np.pi), radius * rng.uniform(1.05, 1.8)
        drop = rng.uniform(2.0, 0.16 * radius + 2.5)
        away = np.hypot(x - spot.x - way * np.cos(turn), y - spot.y - way * np.sin(turn))
        np.maximum(amount, np.clip((drop - away) / 2 + 0.5, 0, 1) * 0.85, out=amount)


def _lay_film(surface: Surface, window: Window, amount: F32, kind: str) -> None:
    through, calm = _FILMS[kind]
    if surface.film is None:
        surface.film = np.ones((FRAME, FRAME, 3), np.float32)
    tint = np.asarray(through, np.float32)
    if max(surface.finish.tint) < 0.1:  # on black only what is lighter than the part is seen
        tint = np.asarray(1.0 + 3.2 * np.asarray(through), np.float32)
    surface.film[window] = 1 - amount[..., None] * (1 - tint)
    surface.micro[window] *= (1 - amount * np.float32(calm))[..., None]
