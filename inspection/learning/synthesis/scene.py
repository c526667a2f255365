"""A whole picture: belt, part, shadow, camera. Every random choice comes from `default_rng([seed, purpose])`."""

from dataclasses import dataclass

import cv2
import numpy as np

from inspection.learning.synthesis.belt import Belt, make_belt
from inspection.learning.synthesis.camera import Camera, develop, expose, make_camera, meter
from inspection.learning.synthesis.channels import repeat3
from inspection.learning.synthesis.defects import CONDITIONS
from inspection.learning.synthesis.drawing import FRAME
from inspection.learning.synthesis.foreign import render_foreign
from inspection.learning.synthesis.light import Light, make_light
from inspection.learning.synthesis.parts import DESIGNS, HELD_OUT_DESIGNS
from inspection.learning.synthesis.pose import Pose, fit_pose, pick_pose
from inspection.learning.synthesis.sprite import Kind, Sprite, draw_blueprint, render_part
from inspection.learning.synthesis.textures import stream
from inspection.types import F32, U8, Box

_CHOICE, _LIGHT, _BELT, _POSE, _CAMERA, _FOREIGN = 1, 2, 3, 4, 5, 6


@dataclass(frozen=True, slots=True)
class Scene:
    pixels: U8  # (height, width, 3), RGB
    box: Box | None  # the whole part, excess material included; none for a negative
    condition: str | None
    mask: U8  # (height, width), 0 or 255: the defect
    kind: Kind
    design: str | None
    severity_0_1: float


@dataclass(frozen=True, slots=True)
class Placed:
    """A belt with something on it, still in linear light."""

    pixels: F32
    cover: F32  # (height, width), 0..1: the part's silhouette
    mask: U8


def render_scene(
    seed: int,
    *,
    condition: str | None = None,
    design: str | None = None,
    kind: Kind = "part",
    severity_0_1: float | None = None,
    width: int = 640,
    height: int = 480,
) -> Scene:
    """Same arguments, same bytes. Two conditions of one seed share everything but the defect."""
    choice = stream(seed, _CHOICE)
    trained = [name for name in DESIGNS if name not in HELD_OUT_DESIGNS]
    drawn = str(choice.choice(trained)), str(choice.choice(CONDITIONS)), float(choice.uniform(0, 1))
    design, condition = design or drawn[0], condition or drawn[1]
    severity = 0.0 if condition == "flawless" else drawn[2] if severity_0_1 is None else severity_0_1
    light, belt = make_light(stream(seed, _LIGHT)), make_belt(stream(seed, _BELT), width, height)
    camera = make_camera(stream(seed, _CAMERA), width, belt.along_rad)
    if kind == "empty":
        pixels = _finish(belt.pixels * repeat3(light_belt(belt, light)), None, camera, light)
        return Scene(pixels, None, None, np.zeros((height, width), np.uint8), kind, None, 0.0)
    pose = pick_pose(
        stream(seed, _POSE), (width, height), partial=kind == "partial", foreign=kind == "foreign"
    )
    if kind == "foreign":
        sprite = render_foreign(stream(seed, _FOREIGN), light, pose)
    else:
        blueprint = draw_blueprint(seed, design)
        if kind == "part":
            pose = fit_pose(pose, blueprint.outline, (width, height))
        sprite = render_part(
            seed, blueprint, design=design, condition=condition, severity_0_1=severity, light=light, pose=pose
        )
    placed = place(sprite, belt, light, pose)
    pixels = _finish(placed.pixels, None if kind == "foreign" else placed.cover, camera, light)
    if kind != "part":
        empty = np.zeros((height, width), np.uint8)
        return Scene(pixels, None, None, empty, kind, sprite.design, 0.0)
    return Scene(pixels, box_of(placed.cover), condition, placed.mask, kind, design, severity)


def light_belt(belt: Belt, light: Light) -> F32:
    """(height, width): how much arrives where; it falls off away from the lamp."""
    height, width = belt.pixels.shape[:2]
    x, y, _ = light.direction
    axis_x = np.linspace(-1, 1, width, dtype=np.float32) * np.float32(x * 0.16)
    axis_y = np.linspace(-1, 1, height, dtype=np.float32)[:, None] * np.float32(y * 0.16)
    return np.asarray((1 + axis_x + axis_y) * np.float32(light.key_strength * 0.75 + 0.35), np.float32)


def place(sprite: Sprite, belt: Belt, light: Light, pose: Pose) -> Placed:
    """Lays the sprite on the belt with its shadow."""
    height, width = belt.pixels.shape[:2]
    matrix = pose.matrix()
    corners = np.array([[[0, 0]], [[FRAME, 0]], [[FRAME, FRAME]], [[0, FRAME]]], np.float64)
    spots = cv2.perspectiveTransform(corners, matrix)[:, 0]
    x0, y0 = np.clip(np.floor(spots.min(axis=0)).astype(int), 0, [width, height])
    x1, y1 = np.clip(np.ceil(spots.max(axis=0)).astype(int), 0, [width, height])
    shifted = np.array([[1, 0, -x0], [0, 1, -y0], [0, 0, 1.0]]) @ matrix
    size = (int(x1 - x0), int(y1 - y0))
    alpha = cv2.warpPerspective(sprite.alpha, shifted, size, flags=cv2.INTER_LINEAR)
    grain = sprite.pixels
    if pose.scale < 0.8:  # a lens averages what its pixels cannot show; a bare warp would make moiré
        grain = np.asarray(cv2.GaussianBlur(grain, (5, 5), min(1.3, 0.45 / pose.scale)), np.float32)
    colour = cv2.warpPerspective(grain, shifted, size, flags=cv2.INTER_LINEAR)
    cover = np.zeros((height, width), np.float32)
    cover[y0:y1, x0:x1] = alpha
    arriving = light_belt(belt, light) * cast_on_belt(cover, light, sprite.thickness_px * pose.scale)
    pixels = belt.pixels * repeat3(arriving)
    view = pixels[y0:y1, x0:x1]
    view += np.asarray((colour - view) * repeat3(np.asarray(alpha, np.float32)), np.float32)
    mask = np.zeros((height, width), np.uint8)
    if sprite.mask.any():
        seen = cv2.warpPerspective(sprite.mask, shifted, size, flags=cv2.INTER_LINEAR)
        mask[y0:y1, x0:x1] = ((seen > 96) & (alpha > 0.3)) * np.uint8(255)
    return Placed(pixels, cover, mask)


def cast_on_belt(cover: F32, light: Light, thickness_px: float) -> F32:
    """The light that reaches the belt, (height, width): a shadow with a soft rim, darkest at the part's foot."""
    x, y, z = light.direction
    flat = float(np.hypot(x, y))
    reach = thickness_px * flat / z / 2  # at half size
    small = cv2.resize(cover, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    shape = small.shape[::-1]
    swept = small
    for step in np.linspace(0.15, 1.0, 6):
        matrix = np.array([[1, 0, -x / flat * reach * step], [0, 1, -y / flat * reach * step]], np.float32)
        swept = np.maximum(swept, cv2.warpAffine(small, matrix, shape))
    soft = cv2.GaussianBlur(swept, (0, 0), max(0.8, reach * 0.22))
    near = cv2.GaussianBlur(small, (0, 0), max(1.5, thickness_px * 0.35))
    wide = cv2.blur(cv2.blur(small, (25, 25)), (25, 25))
    light_left = (1 - 0.72 * soft) * (1 - 0.26 * near) * (1 - 0.16 * wide)
    return np.asarray(cv2.resize(light_left, cover.shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def _finish(pixels: F32, part: F32 | None, camera: Camera, light: Light) -> U8:
    return develop(expose(pixels, camera, meter(pixels, part, light)), camera)


def box_of(cover: F32) -> Box:
    """The tightest box round all that is at least half covered."""
    solid = cover >= 0.5
    rows, columns = np.flatnonzero(solid.any(axis=1)), np.flatnonzero(solid.any(axis=0))
    return Box(float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1))
