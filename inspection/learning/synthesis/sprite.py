"""A finished part, cut out: what can be laid on any belt, standing or moving."""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from inspection.learning.synthesis.channels import paint, repeat3
from inspection.learning.synthesis.defects import add_defect
from inspection.learning.synthesis.drawing import FRAME
from inspection.learning.synthesis.free_forms import FREE_FORMS
from inspection.learning.synthesis.light import Light
from inspection.learning.synthesis.marks import add_marks
from inspection.learning.synthesis.parts import BLUEPRINTS, Blueprint
from inspection.learning.synthesis.pose import Pose
from inspection.learning.synthesis.surfaces import Surface, lay_metal, pick_finish, shade
from inspection.learning.synthesis.textures import cloud_tile, crop_tile, stream
from inspection.types import F32, U8

Kind = Literal["part", "empty", "foreign", "partial"]
_DRAWN = {**BLUEPRINTS, **FREE_FORMS}
_BLUEPRINT, _METAL, _MARKS, _DEFECT, _WALLS = 11, 12, 13, 14, 15  # purposes of random streams


@dataclass(frozen=True, slots=True)
class Sprite:
    """In the part's own frame, linear light."""

    pixels: F32  # (FRAME, FRAME, 3)
    alpha: F32  # (FRAME, FRAME), 0..1
    mask: U8  # (FRAME, FRAME), 0 or 255: the defect
    thickness_px: float
    design: str | None
    condition: str | None
    severity_0_1: float


def draw_blueprint(seed: int, design: str) -> Blueprint:
    return _DRAWN[design](stream(seed, _BLUEPRINT))


def render_part(
    seed: int,
    blueprint: Blueprint,
    *,
    design: str,
    condition: str,
    severity_0_1: float,
    light: Light,
    pose: Pose,
) -> Sprite:
    """blueprint: that of the seed and the design. The light is in the picture's frame; it is turned into the part's here."""
    metal = stream(seed, _METAL)
    finish = pick_finish(metal, blueprint)
    surface = lay_metal(metal, blueprint, finish)
    add_marks(stream(seed, _MARKS), surface)
    turned = light.turned(pose.angle_rad)
    mask = add_defect(
        lambda: stream(seed, _DEFECT), surface, condition, severity_0_1, scale=pose.scale, light=turned
    )
    top = _shade_where_solid(surface, turned)
    pixels, alpha = _stand_up(stream(seed, _WALLS), surface, top, turned, pose)
    return Sprite(pixels, alpha, mask, blueprint.thickness_px, design, condition, severity_0_1)


def _shade_where_solid(surface: Surface, light: Light) -> F32:
    left, top, width, height = cv2.boundingRect(surface.solid)
    window = (slice(max(0, top - 2), top + height + 2), slice(max(0, left - 2), left + width + 2))
    pixels = np.zeros((FRAME, FRAME, 3), np.float32)
    pixels[window] = shade(surface, light, window)
    return pixels


def _sweep(solid: U8, way: tuple[float, float]) -> U8:
    """The material's footprint while it is drawn along `way`."""
    reach = int(np.ceil(max(abs(way[0]), abs(way[1]), 0.5)))
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.uint8)
    for step in np.linspace(0, 1, 3 * reach + 2):
        kernel[int(round(reach - way[1] * step)), int(round(reach - way[0] * step))] = 1
    return np.asarray(cv2.dilate(solid, kernel), np.uint8)


def _stand_up(
    rng: np.random.Generator, surface: Surface, top: F32, light: Light, pose: Pose
) -> tuple[F32, F32]:
    """Adds the side walls that a camera off the part's axis sees below the top face and inside the holes."""
    lean = pose.lean_in_frame()
    way = lean[0] * surface.blueprint.thickness_px, lean[1] * surface.blueprint.thickness_px
    swept = _sweep(surface.solid, way)
    left, up, width, height = cv2.boundingRect(swept)
    window = (slice(max(0, up - 2), up + height + 2), slice(max(0, left - 2), left + width + 2))
    grit = crop_tile(cloud_tile(4), rng, FRAME, FRAME)[window]
    wall = _light_walls(swept[window], light) * (1 + np.float32(0.14) * grit)
    side = paint(np.clip(wall, 0.02, 1), surface.finish.tint)
    cover = repeat3(surface.solid[window].astype(np.float32) * np.float32(1 / 255))
    pixels = np.zeros_like(top)
    pixels[window] = side + (top[window] - side) * cover
    return pixels, swept.astype(np.float32) * np.float32(1 / 255)


def _light_walls(swept: U8, light: Light) -> F32:
    """By the way they face, which is down the slope of the blurred silhouette; darker towards the foot."""
    soft = cv2.GaussianBlur(swept, (0, 0), 2.5).astype(np.float32)
    slope_x = cv2.Sobel(soft, cv2.CV_32F, 1, 0, ksize=3)
    slope_y = cv2.Sobel(soft, cv2.CV_32F, 0, 1, ksize=3)
    x, y, _ = light.direction
    facing = slope_x * np.float32(-x) - slope_y * np.float32(y)
    facing /= cv2.magnitude(slope_x, slope_y) + np.float32(1e-3)
    wall = 0.13 + 0.42 * np.clip(facing, 0, 1) + 0.05 * facing
    wall *= np.clip(0.35 + soft * np.float32(1 / 190), 0.3, 1)
    return np.asarray(wall, np.float32)
