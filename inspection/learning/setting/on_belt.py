"""A cut part laid on a belt of the synthesis: any size, any turn, its shadow falling the way its own light came from."""

from dataclasses import dataclass, replace
from typing import Literal

import cv2
import numpy as np

from inspection.learning.setting.cut import Cut
from inspection.learning.synthesis.belt import make_belt
from inspection.learning.synthesis.camera import Camera, develop, expose, make_camera, meter
from inspection.learning.synthesis.channels import paint
from inspection.learning.synthesis.drawing import FRAME, HALF, blank
from inspection.learning.synthesis.light import Light, make_light
from inspection.learning.synthesis.pose import Pose, pick_pose
from inspection.learning.synthesis.scene import box_of, place
from inspection.learning.synthesis.sprite import Sprite
from inspection.learning.synthesis.textures import stream
from inspection.types import F32, U8, Box

RADIUS = 205.0  # of the rim in the part's frame, as the synthesis has it; burrs reach a fifth further and still fit
SMALLEST, LARGEST = 0.35, 0.97  # the part's height over the picture's
_ROUND_SHARE = (
    0.6  # of the parts are made round again; the others stay stretched as the publisher stretched them
)
_OVER_EDGE_SHARE = (
    0.06  # of the whole parts stand out of the picture a little, which makes them no less parts
)
_CHOICE, _LIGHT, _BELT, _POSE, _CAMERA = 21, 22, 23, 24, 25  # purposes of random streams

Reach = Literal["whole", "half"]


@dataclass(frozen=True, slots=True)
class Laid:
    pixels: U8  # (height, width, 3), RGB
    box: Box | None  # tight round what is seen of the part; none for half a part


def lay_on_belt(cut: Cut, seed: int, *, width: int, height: int, reach: Reach = "whole") -> Laid:
    """Same arguments, same bytes. `half`: the centre is near the picture's edge or beyond it."""
    choice = stream(seed, _CHOICE)
    light, belt = make_light(stream(seed, _LIGHT)), make_belt(stream(seed, _BELT), width, height)
    camera = make_camera(stream(seed, _CAMERA), width, belt.along_rad)
    # darker on the whole than aluminium is taken: bright rims would be lost in white
    exposure = camera.exposure * float(np.exp(choice.normal(-0.3, 0.25)))
    camera = replace(camera, exposure=exposure, jpeg_quality=int(choice.integers(60, 96)))
    matrix = frame_of(cut, round_share=float(choice.random() < _ROUND_SHARE))
    pose = pick_place(stream(seed, _POSE), outline_of(cut, matrix), (width, height), reach)
    if cut.lit_from_rad is not None:
        light = replace(light, azimuth_rad=cut.lit_from_rad + pose.angle_rad)
    is_grey = bool(choice.random() < 0.5)
    sprite = make_sprite(choice, cut, matrix, light)
    placed = place(sprite, belt, light, pose)
    gain = meter(placed.pixels, placed.cover, light)
    pixels = take_picture(placed.pixels, camera, gain, is_grey=is_grey)
    return Laid(pixels, box_of(placed.cover) if reach == "whole" else None)


def take_picture(pixels: F32, camera: Camera, gain: float, *, is_grey: bool) -> U8:
    root = expose(pixels, camera, gain)
    if not is_grey:
        return develop(root, camera)
    # Noise and JPEG of a grey camera have no colour either: it is taken away before and after.
    grey = np.asarray(cv2.cvtColor(root, cv2.COLOR_RGB2GRAY), np.float32)
    taken = develop(np.asarray(cv2.merge((grey, grey, grey)), np.float32), camera)
    return np.asarray(cv2.cvtColor(cv2.cvtColor(taken, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), np.uint8)


def frame_of(cut: Cut, *, round_share: float) -> np.ndarray:
    """(2, 3): picture → frame. round_share 1 undoes the ellipse, 0 keeps it."""
    ellipse = cut.ellipse
    plain = np.eye(2) * (RADIUS / ellipse.radius)
    undone = np.linalg.inv(ellipse.shape) * RADIUS
    linear = round_share * undone + (1 - round_share) * plain
    # a stretched part must fit into the frame with its burrs
    linear *= min(1.0, 0.97 * HALF / float(np.abs(corners_of(cut) @ linear.T).max()))
    return np.column_stack([linear, HALF - linear @ ellipse.centre])


def corners_of(cut: Cut) -> np.ndarray:
    """(n, 2): the hull of the silhouette, from the rim's centre."""
    contours, _ = cv2.findContours(
        (cut.alpha >= 0.5).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
    )
    hull = cv2.convexHull(np.concatenate(contours))[:, 0]
    return np.asarray(hull - cut.ellipse.centre, np.float64)


def outline_of(cut: Cut, matrix: np.ndarray) -> np.ndarray:
    """(n, 1, 2): the hull of the silhouette in the frame."""
    return np.asarray((corners_of(cut) @ matrix[:, :2].T + HALF)[:, None], np.float64)


def make_sprite(rng: np.random.Generator, cut: Cut, matrix: np.ndarray, light: Light) -> Sprite:
    """Display values back to linear light, as bright as aluminium would be here, in a metal's faint tint."""
    size = (FRAME, FRAME)
    level = cv2.warpAffine(cut.pixels, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    alpha = np.clip(cv2.warpAffine(cut.alpha, matrix, size, flags=cv2.INTER_LINEAR), 0, 1)
    linear = np.clip(level / 255, 0.01, 1) ** np.float32(rng.uniform(1.7, 2.3))
    mean = float((linear * alpha).sum() / max(1.0, float(alpha.sum())))
    wanted = (0.22 + 0.5 * light.key_strength) * float(rng.uniform(0.5, 1.15))
    warmth = float(rng.normal(0, 0.035))
    tint = (1 + warmth, 1.0, 1 - warmth + float(rng.normal(0, 0.015)))
    pixels = paint(np.asarray(linear * np.float32(wanted / mean), np.float32), tint)
    thickness_px = float(rng.uniform(20, 60))
    return Sprite(pixels, np.asarray(alpha, np.float32), blank(), thickness_px, None, None, 0.0)


def pick_place(rng: np.random.Generator, outline: np.ndarray, size: tuple[int, int], reach: Reach) -> Pose:
    """Scale, turn and place, so that the turned silhouette lies inside the picture, or half of it outside."""
    width, height = size
    pose = replace(pick_pose(rng, size), x=0.0, y=0.0, scale=1.0)
    low, high = extent(outline, pose)
    wanted = float(rng.uniform(SMALLEST, LARGEST)) * min(height, width)
    pose = replace(pose, scale=wanted / float((high - low).max()))
    low, high = extent(outline, pose)
    room = np.array([width, height]) - 1 - high
    x, y = (float(rng.uniform(min(1 - a, b), max(1 - a, b))) for a, b in zip(low, room, strict=True))
    radius = float((high - low).max()) / 2
    if reach == "half":
        x, y = push_over_edge(rng, (x, y), size, float(rng.uniform(-0.25, 0.45)) * radius)
    elif rng.random() < _OVER_EDGE_SHARE:
        x, y = push_over_edge(rng, (x, y), size, -float(rng.uniform(0.87, 0.97)) * radius)
    return replace(pose, x=x, y=y)


def extent(outline: np.ndarray, pose: Pose) -> tuple[np.ndarray, np.ndarray]:
    spots = cv2.perspectiveTransform(outline, pose.matrix())[:, 0]
    return spots.min(axis=0), spots.max(axis=0)


def push_over_edge(
    rng: np.random.Generator, place_px: tuple[float, float], size: tuple[int, int], beyond_px: float
) -> tuple[float, float]:
    """To where the centre is `beyond_px` outside one of the four edges."""
    (x, y), (width, height) = place_px, size
    ways = ((-beyond_px, y), (width + beyond_px, y), (x, -beyond_px), (x, height + beyond_px))
    return ways[int(rng.integers(0, 4))]
