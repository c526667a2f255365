"""Metal over a blueprint: relief, grain, handling marks, and how all of it takes the light."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection.learning.synthesis.channels import paint, repeat3
from inspection.learning.synthesis.drawing import FRAME, HALF, blank
from inspection.learning.synthesis.light import REACH, Light
from inspection.learning.synthesis.parts import Blueprint
from inspection.learning.synthesis.textures import cloud_tile, crop_tile, fractal_tile, grain_tile, turn_tile
from inspection.types import F32, U8

Window = tuple[slice, slice]  # rows, columns of the part's frame
WHOLE: Window = (slice(0, FRAME), slice(0, FRAME))


@dataclass(frozen=True, slots=True)
class Finish:
    grain: str  # brushed, milled, blasted or turned
    depth: float  # deviation of the micro slopes
    angle_rad: float
    tint: tuple[float, float, float]  # linear reflectance
    mirror: float  # share of the room seen as in a mirror
    scatter: float  # share of the light sent everywhere
    spread: tuple[float, float]  # of the highlight, along and across the grain
    roughness: float


@dataclass(slots=True)
class Surface:
    """The part's top face while it is being made; every map is (FRAME, FRAME)."""

    blueprint: Blueprint
    finish: Finish
    solid: U8
    distance_px: F32  # from each place of the face to the nearest edge
    height_px: F32
    micro: F32  # (FRAME, FRAME, 2) slopes of the grain
    gain: F32  # reflectance relative to the finish's
    film: F32 | None = None  # (FRAME, FRAME, 3), what lies over the metal and tints it

    def restore(self, before: "Surface") -> None:
        self.height_px, self.micro = before.height_px.copy(), before.micro.copy()
        self.gain, self.film = before.gain.copy(), before.film

    def add_flash(self, rng: np.random.Generator, flash: U8) -> None:
        """Excess material beyond the design's outline."""
        _add_flash(rng, flash, self)
        self.solid = np.maximum(self.solid, flash)


_ANODISED = {
    "black": (0.035, 0.036, 0.04),
    "blue_grey": (0.20, 0.25, 0.31),
    "champagne": (0.56, 0.46, 0.33),
}


def pick_finish(rng: np.random.Generator, blueprint: Blueprint) -> Finish:
    if blueprint.turned and rng.random() < 0.62:
        grain = "turned"
    else:
        grain = str(rng.choice(["brushed", "milled", "blasted"], p=[0.42, 0.4, 0.18]))
    draw = rng.random()
    shade = 1 + rng.uniform(-0.04, 0.04) * np.array([1.0, 0.0, -1.0])
    angle = float(rng.choice([0.0, np.pi / 2, rng.uniform(0, np.pi)], p=[0.45, 0.25, 0.3]))
    depth = {"brushed": 0.055, "milled": 0.029, "blasted": 0.03, "turned": 0.05}[grain]
    depth *= float(rng.uniform(0.55, 1.4))
    spread = (float(rng.uniform(0.2, 0.42)), float(rng.uniform(0.8, 1.5)))
    if grain == "blasted":
        spread = (0.75, 0.75)
    if draw < 0.66:  # bare metal
        tint = _as_tint(rng.uniform(0.8, 0.95) * shade)
        return Finish(grain, depth, angle, tint, 0.62, 0.26, spread, float(rng.uniform(0.06, 0.14)))
    colour = (
        np.array([0.60, 0.60, 0.59]) if draw < 0.84 else np.array(_ANODISED[str(rng.choice(list(_ANODISED)))])
    )
    tint = _as_tint(colour * rng.uniform(0.88, 1.12) * shade)
    return Finish(grain, depth * 0.7, angle, tint, 0.30, 0.55, spread, float(rng.uniform(0.12, 0.22)))


def _as_tint(colour: NDArray[np.float64]) -> tuple[float, float, float]:
    return float(colour[0]), float(colour[1]), float(colour[2])


def _lay_grain(rng: np.random.Generator, finish: Finish) -> F32:
    if finish.grain == "turned":
        return _lay_rings(rng) * np.float32(finish.depth)
    tile = grain_tile(finish.grain, int(rng.integers(0, 3)))
    view = turn_tile(tile, rng, FRAME, angle_rad=finish.angle_rad, scale=float(rng.uniform(0.8, 1.35)))
    cos, sin = np.float32(np.cos(finish.angle_rad)), np.float32(np.sin(finish.angle_rad))
    turn = np.array([[cos, -sin], [sin, cos]], np.float32) * np.float32(finish.depth)
    return np.asarray(cv2.transform(view, turn), np.float32)


_AXIS = np.arange(FRAME, dtype=np.float32) - HALF + 0.5
_X, _Y = np.meshgrid(_AXIS, _AXIS)
_RADIUS = np.sqrt(_X**2 + _Y**2) + 1e-3
_OUT = np.dstack([_X / _RADIUS, _Y / _RADIUS])


def _lay_rings(rng: np.random.Generator) -> F32:
    """A lathe's grooves: one profile along the radius."""
    steps = 6  # samples a pixel
    count = int(HALF * 1.5 * steps)
    pitch = rng.uniform(2.5, 6.0) * steps
    noise = rng.standard_normal(count).astype(np.float32)
    slow = np.convolve(noise, np.ones(41, np.float32) / 41 * 6, "same")
    wave = np.sin(2 * np.pi * np.arange(count) / pitch + 0.4 * np.cumsum(noise) / steps)
    profile = (0.75 * wave + 0.55 * np.convolve(noise, np.ones(4) / 2, "same") + 0.4 * slow).astype(
        np.float32
    )
    radial = profile[(_RADIUS * steps).astype(np.int32)]
    drift = crop_tile(cloud_tile(44), rng, FRAME, FRAME) * 0.12
    return np.asarray(_OUT * (radial * (1 + drift))[..., None], np.float32)


def distance_to_edge(solid: U8) -> F32:
    """Distance inside the material, softened by the edge's own coverage so that it has no stairs."""
    hard = cv2.distanceTransform((solid > 127).astype(np.uint8), cv2.DIST_L2, 5)
    return np.asarray(cv2.GaussianBlur(hard, (0, 0), 1.3), np.float32)


def _raise_steps(blueprint: Blueprint, height: F32) -> None:
    for step in blueprint.steps:
        soft = cv2.GaussianBlur(step.shape, (0, 0), step.edge_px * 0.5)
        height += soft * np.float32(step.rise_px / 255)


def _finish_bores(blueprint: Blueprint, height: F32, gain: F32) -> None:
    for bore in blueprint.bores:
        reach = bore.radius * (1.9 if bore.style == "countersunk" else 1.35)
        x0, x1 = int(max(0, HALF + bore.x - reach - 2)), int(min(FRAME, HALF + bore.x + reach + 3))
        y0, y1 = int(max(0, HALF + bore.y - reach - 2)), int(min(FRAME, HALF + bore.y + reach + 3))
        away = np.hypot(_X[y0:y1, x0:x1] - bore.x, _Y[y0:y1, x0:x1] - bore.y)
        if bore.style == "countersunk":
            height[y0:y1, x0:x1] -= np.clip((bore.radius * 1.7 - away) * 0.75, 0, bore.radius * 0.55)
        elif bore.style == "threaded":
            gain[y0:y1, x0:x1] *= 1 - 0.25 * np.exp(-(((away - bore.radius * 1.04) / 1.6) ** 2))


def lay_metal(rng: np.random.Generator, blueprint: Blueprint, finish: Finish) -> Surface:
    solid = blueprint.solid
    distance = distance_to_edge(solid)
    chamfer = float(rng.uniform(1.6, 4.5))
    height = np.minimum(distance, chamfer) * np.float32(rng.uniform(0.5, 0.8))
    height += np.float32(blueprint.thickness_px - chamfer * 0.65)
    gain = np.ones((FRAME, FRAME), np.float32)
    _raise_steps(blueprint, height)
    _finish_bores(blueprint, height, gain)
    height += crop_tile(fractal_tile(0), rng, FRAME, FRAME) * np.float32(
        rng.uniform(0.02, 0.10)
    )  # never quite flat
    micro = _lay_grain(rng, finish)
    if (
        finish.grain != "turned" and blueprint.steps and rng.random() < 0.5
    ):  # floors and bosses were cut with another tool
        _regrain_steps(rng, blueprint, finish, micro)
    gain *= 1 + np.float32(0.035) * crop_tile(fractal_tile(1), rng, FRAME, FRAME)
    return Surface(blueprint, finish, solid, distance, height, micro, gain)


def _regrain_steps(rng: np.random.Generator, blueprint: Blueprint, finish: Finish, micro: F32) -> None:
    shape = blank()
    for step in blueprint.steps:
        np.maximum(shape, step.shape, out=shape)
    other = replace(finish, grain="milled", angle_rad=finish.angle_rad + 1.1)
    inside = (shape > 127)[..., None]
    np.copyto(micro, _lay_grain(rng, other), where=inside)


def _add_flash(rng: np.random.Generator, flash: U8, surface: Surface) -> None:
    solid, height, micro, gain = surface.solid, surface.height_px, surface.micro, surface.gain
    beyond = (flash > 60) & (solid < 128)
    rows, columns = np.nonzero(beyond)
    if rows.size == 0:
        return
    window = (
        slice(max(0, rows.min() - 6), rows.max() + 7),
        slice(max(0, columns.min() - 6), columns.max() + 7),
    )
    area = beyond[window]
    rough = crop_tile(cloud_tile(9), rng, FRAME, FRAME)[window]
    inner = cv2.distanceTransform(area.astype(np.uint8), cv2.DIST_L2, 3)
    top = height[window]
    level = float(np.median(top[~area])) - rng.uniform(0.0, 5.0)
    np.copyto(top, level + np.minimum(inner, 5) * 0.45 + rough * 0.9, where=area)
    np.copyto(micro[window], micro[window] * np.float32(0.4), where=area[..., None])
    np.copyto(gain[window], np.clip(gain[window] * (1.0 + 0.12 * rough), 0.6, 1.25), where=area)


def cast_shadow(height: F32, light: Light, reach_px: float) -> F32:
    """1 where the key light arrives, 0 where the relief stands in its way. A march at half size."""
    half = cv2.resize(height, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    x, y, z = light.direction
    fall = z / float(np.hypot(x, y))
    deepest = np.zeros_like(half)
    steps = 6
    for step in range(1, steps + 1):
        way = reach_px / fall * step / steps
        matrix = np.array(
            [[1, 0, x / np.hypot(x, y) * way / 2], [0, 1, y / np.hypot(x, y) * way / 2]], np.float32
        )
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        seen = cv2.warpAffine(half, matrix, half.shape[::-1], flags=flags, borderMode=cv2.BORDER_REPLICATE)
        np.maximum(deepest, seen - np.float32(way * fall) - half, out=deepest)
    lit = 1 - np.clip(deepest / 2.5, 0, 1)
    lit = cv2.GaussianBlur(lit, (0, 0), 0.9)
    return np.asarray(cv2.resize(lit, height.shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def _grow(window: Window, margin: int) -> tuple[Window, Window]:
    rows, columns = window
    top, left = max(0, rows.start - margin), max(0, columns.start - margin)
    bottom, right = min(FRAME, rows.stop + margin), min(FRAME, columns.stop + margin)
    inner = (
        slice(rows.start - top, rows.stop - top),
        slice(columns.start - left, columns.stop - left),
    )
    return (slice(top, bottom), slice(left, right)), inner


def measure_slopes(height: F32) -> tuple[F32, F32]:
    """Rise a pixel along x and along y."""
    slope_x = cv2.Sobel(height, cv2.CV_32F, 1, 0, ksize=3, scale=0.125)
    slope_y = cv2.Sobel(height, cv2.CV_32F, 0, 1, ksize=3, scale=0.125)
    return np.asarray(slope_x, np.float32), np.asarray(slope_y, np.float32)


def shade(surface: Surface, light: Light, window: Window = WHOLE) -> F32:
    """Linear RGB of the top face inside the window. The light is in the part's own frame."""
    outer, inner = _grow(window, 24)
    height = surface.height_px[outer]
    slope_x, slope_y = (part[inner] for part in measure_slopes(height))
    np.clip(slope_x, -1.2, 1.2, out=slope_x)
    np.clip(slope_y, -1.2, 1.2, out=slope_y)
    slope_x += surface.micro[window][..., 0]
    slope_y += surface.micro[window][..., 1]
    lit = cast_shadow(height, light, 16.0)[inner]
    low = cv2.blur(height, (23, 23))[inner] - height[inner]
    open_sky = 1 - np.clip(low * np.float32(0.045), 0, 0.5)
    colour = _reflect(surface, light, window, (slope_x, slope_y), lit)
    tint = surface.finish.tint
    if max(tint) < 0.5:  # a coat of dye under a clear oxide: the highlight keeps the lamp's colour
        tint = (tint[0] + 0.035, tint[1] + 0.035, tint[2] + 0.035)
    colour *= paint(surface.gain[window] * open_sky, tint)
    if surface.film is not None:
        colour *= surface.film[window]
    return colour


def _reflect(surface: Surface, light: Light, window: Window, slopes: tuple[F32, F32], lit: F32) -> F32:
    finish = surface.finish
    x, y, z = light.direction
    slope_x, slope_y = slopes
    u = _X[window] * np.float32(0.36 / HALF) + np.float32(light.slant[0]) - 2 * slope_x
    v = _Y[window] * np.float32(0.36 / HALF) + np.float32(light.slant[1]) - 2 * slope_y
    room = light.softened(finish.roughness)
    side = room.shape[0]
    scale, middle = np.float32((side - 1) / 2 / REACH), np.float32((side - 1) / 2)
    seen = cv2.remap(
        room, u * scale + middle, v * scale + middle, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    away_u, away_v = u - np.float32(x / z * 0.9), v - np.float32(y / z * 0.9)
    if finish.grain == "turned":
        out = _OUT[window]
        across = away_u * out[..., 0] + away_v * out[..., 1]
        along = away_v * out[..., 0] - away_u * out[..., 1]
    else:
        cos, sin = np.float32(np.cos(finish.angle_rad)), np.float32(np.sin(finish.angle_rad))
        along, across = away_u * cos + away_v * sin, away_v * cos - away_u * sin
    power = (along * np.float32(1 / finish.spread[0])) ** 2 + (across * np.float32(1 / finish.spread[1])) ** 2
    glint = cv2.exp(power * np.float32(-0.5)) * np.float32(light.key_strength * finish.mirror * 2.1)
    facing = np.clip(np.float32(z) - slope_x * np.float32(x) - slope_y * np.float32(y), 0, None)
    direct = (glint + facing * np.float32(finish.scatter * 1.25 * light.key_strength)) * (0.12 + 0.88 * lit)
    direct += np.float32(finish.scatter * 0.32)
    colour = np.asarray(seen, np.float32)
    colour *= repeat3(np.float32(finish.mirror) * (0.55 + 0.45 * lit))
    colour += repeat3(direct)
    return np.asarray(colour, np.float32)
