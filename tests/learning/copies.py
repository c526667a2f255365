"""Surfaces that differ from seed to seed, and the ways in which copies of them are disguised."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]


def make_surface(seed: int, *, side: int = 160) -> U8:
    """(side, side) grey: noise of several grain sizes, as on rolled steel."""
    rng = np.random.default_rng(seed)
    total = np.zeros((side, side))
    for grain in (4, 10, 25, 60):
        rough = rng.normal(size=(max(2, side // grain) + 2,) * 2)
        total += cv2.resize(rough, (side, side), interpolation=cv2.INTER_CUBIC)
    total += rng.normal(size=total.shape) * 0.3
    return np.clip(128 + 22 * total, 0, 255).astype(np.uint8)


def make_ring(seed: int, *, side: int = 300) -> U8:
    """(side, side) grey: a bright disc with a dark opening and a hub, alike but for its machining marks."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side] - side / 2
    radius, angle = np.hypot(x, y) / side, np.arctan2(y, x)
    picture = np.full((side, side), 150.0)
    picture[radius < 0.44] = 200.0
    for _ in range(30):  # marks along the circle
        where = (np.abs(radius - rng.uniform(0.26, 0.42)) < 0.008) & (
            np.cos(angle - rng.uniform(-np.pi, np.pi)) > rng.uniform(0.9, 0.99)
        )
        picture[where] += rng.uniform(-60, 40)
    picture[radius < 0.24] = 40.0
    for turn in rng.uniform(-np.pi, np.pi, 9):  # blades in the opening
        picture[(radius < 0.23) & (np.cos(angle - turn - 4 * radius) > 0.995)] = 62.0
    picture[radius < 0.1] = 190.0
    picture += rng.normal(size=picture.shape) * 2
    return cv2.GaussianBlur(np.clip(picture, 0, 255).astype(np.uint8), (3, 3), 0)


def warp(picture: U8, *, degrees: float, zoom: float = 1.0, shift: float = 0.0, stretch: float = 1.0) -> U8:
    height, width = picture.shape
    centre = np.array([(width - 1) / 2, (height - 1) / 2])
    turn = np.deg2rad(degrees)
    linear = (
        zoom * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) @ np.diag([stretch, 1])
    )
    offset = centre - linear @ centre + shift * width
    return cv2.warpAffine(
        picture, np.column_stack([linear, offset]), (width, height), borderMode=cv2.BORDER_REPLICATE
    )


def brighten(picture: U8) -> U8:
    return np.clip(picture * 0.8 + 30.0, 0, 255).astype(np.uint8)


def save_badly(picture: U8) -> U8:
    return cv2.imdecode(
        cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 60])[1], cv2.IMREAD_GRAYSCALE
    )


DISGUISES: dict[str, Callable[[U8], U8]] = {
    "turned by 90": lambda p: np.rot90(p).copy(),
    "turned by 180": lambda p: np.rot90(p, 2).copy(),
    "turned by 270": lambda p: np.rot90(p, 3).copy(),
    "mirrored": lambda p: p[:, ::-1].copy(),
    "transposed": lambda p: p.T.copy(),
    "brightened": brighten,
    "enlarged": lambda p: cv2.resize(p, None, fx=1.7, fy=1.7),
    "shrunk": lambda p: cv2.resize(p, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA),
    "saved badly": save_badly,
    "turned a little": lambda p: warp(p, degrees=7),
    "zoomed": lambda p: warp(p, degrees=-4, zoom=1.06),
    "shifted": lambda p: warp(p, degrees=2, shift=0.02),
    "all at once": lambda p: save_badly(brighten(warp(np.rot90(p[:, ::-1]).copy(), degrees=5, zoom=0.96))),
}
