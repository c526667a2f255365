"""Where and how a part lies in a picture."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection.learning.synthesis.drawing import HALF
from inspection.types import U8


@dataclass(frozen=True, slots=True)
class Pose:
    x: float
    y: float
    angle_rad: float
    scale: float  # picture pixels a frame pixel
    lean: tuple[float, float]  # from the top face to the foot, in picture pixels a pixel of thickness
    keystone: tuple[float, float]

    def matrix(self) -> NDArray[np.float64]:
        """Frame → picture, a homography."""
        cos, sin = np.cos(self.angle_rad) * self.scale, np.sin(self.angle_rad) * self.scale
        place = np.array([[cos, -sin, self.x], [sin, cos, self.y], [0, 0, 1.0]])
        slant = np.array([[1, 0, 0], [0, 1, 0], [self.keystone[0] / HALF, self.keystone[1] / HALF, 1.0]])
        centre = np.array([[1, 0, -HALF], [0, 1, -HALF], [0, 0, 1.0]])
        return np.asarray(place @ slant @ centre, np.float64)

    def lean_in_frame(self) -> tuple[float, float]:
        cos, sin = np.cos(self.angle_rad), np.sin(self.angle_rad)
        return self.lean[0] * cos + self.lean[1] * sin, self.lean[1] * cos - self.lean[0] * sin


def fit_pose(pose: Pose, outline: U8, size: tuple[int, int]) -> Pose:
    """Moves, and if need be shrinks, until the part with room for a burr lies inside the picture."""
    contours, _ = cv2.findContours(outline, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    hull = cv2.convexHull(np.concatenate(contours)).astype(np.float64)
    for _ in range(4):
        spots = cv2.perspectiveTransform(hull, pose.matrix())[:, 0]
        margin = 24 * pose.scale + 3
        low, high = spots.min(axis=0) - margin, spots.max(axis=0) + margin
        excess = float(max((high[0] - low[0]) / size[0], (high[1] - low[1]) / size[1]))
        if excess > 1:
            shrink = 0.99 / excess
            pose = replace(
                pose, scale=pose.scale * shrink, lean=(pose.lean[0] * shrink, pose.lean[1] * shrink)
            )
            continue
        shift = np.maximum(0, -low) - np.maximum(0, high - np.asarray(size))
        if not shift.any():
            break
        pose = replace(pose, x=pose.x + float(shift[0]), y=pose.y + float(shift[1]))
    return pose


def pick_pose(
    rng: np.random.Generator, size: tuple[int, int], *, partial: bool = False, foreign: bool = False
) -> Pose:
    width, height = size
    reach = float(rng.uniform(0.29, 0.47)) * min(height, width)  # the part's half length in the picture
    if foreign:
        reach *= float(rng.uniform(0.4, 1.0))
    scale = reach / 210
    margin = reach * 1.10 + 3
    x = float(rng.uniform(min(margin, width / 2), max(width - margin, width / 2)))
    y = float(rng.uniform(min(margin, height / 2), max(height - margin, height / 2)))
    angle = float(rng.uniform(0, 2 * np.pi))
    foot = rng.normal(0, 0.42, 2) * width  # the point right below the camera, from the middle
    lean = (
        (width / 2 + foot[0] - x) / (1.35 * width) * scale,
        (height / 2 + foot[1] - y) / (1.35 * width) * scale,
    )
    keystone = (float(rng.normal(0, 0.012)), float(rng.normal(0, 0.012)))
    if partial:  # half of it, more or less, is beyond the edge
        x, y = _push_out(rng, x, y, (width, height), reach)
    length = float(np.hypot(*lean))
    most = 0.42 * scale
    shorten = 1.0 if length < most else most / length
    return Pose(x, y, angle, scale, (float(lean[0] * shorten), float(lean[1] * shorten)), keystone)


def _push_out(
    rng: np.random.Generator, x: float, y: float, size: tuple[int, int], reach: float
) -> tuple[float, float]:
    beyond = float(rng.uniform(-0.25, 0.45)) * reach
    side = int(rng.integers(0, 4))
    if side == 0:
        return -beyond, y
    if side == 1:
        return size[0] + beyond, y
    return (x, -beyond) if side == 2 else (x, size[1] + beyond)
