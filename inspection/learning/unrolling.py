"""A picture as rings around a centre: turning it becomes a shift along the angle, mirroring a reversal.

Rows are radii in equal ratios, so that zooming becomes a shift along the rows. Two frames say where the centre lies: the
whole picture, and, on parts such as pump impellers, the dark round opening in their middle. The opening is an
ellipse wherever the picture was stretched or sheared; measured in its own axes, it is a circle again.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from inspection.learning.registration import root
from inspection.types import F32, U8

ROWS, ANGLES = 20, 180
SIDE = 300  # pictures are brought to this size first
_THRESHOLDS = (0.45, 0.35, 0.25, 0.15)  # between dark and mid grey; lower ones part the opening from a shadow
_LEAST_FILL = 0.985  # area of the hull against that of its ellipse; hulls of openings reach 0.99


@dataclass(frozen=True, slots=True)
class Frame:
    """An ellipse in pixels: centre, whole axes and the angle of the first axis."""

    center_x: float
    center_y: float
    axis_a: float
    axis_b: float
    angle_degrees: float
    inner: float  # the rings to look at, in half axes
    outer: float
    window: tuple[int, int]  # degrees, radii: detail is what differs from the mean of this neighbourhood


def shrink(pixels: U8) -> U8:
    """(height, width[, 3]) → (300, 300) grey. Both sides are brought to the same length: a frame is an ellipse anyway."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY) if pixels.ndim == 3 else pixels
    if grey.shape == (SIDE, SIDE):
        return np.asarray(grey)
    smaller = max(grey.shape) > SIDE
    return np.asarray(
        cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)
    )


def frame_picture() -> Frame:
    """The circle that touches the four edges. Its window is wide: coarse shapes bear it when the centre is off."""
    centre = (SIDE - 1) / 2
    return Frame(centre, centre, SIDE, SIDE, 0.0, inner=0.12, outer=1.0, window=(91, 39))


def fit_opening(grey: U8) -> Frame | None:
    """The dark round opening near the middle of a (300, 300) picture, if there is one."""
    smooth = cv2.GaussianBlur(grey, (5, 5), 0)
    dark, middle = np.percentile(smooth, (2, 60))
    best: tuple[float, Frame] | None = None
    for threshold in _THRESHOLDS:
        mask = (smooth < dark + threshold * (middle - dark)).astype(np.uint8)
        outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        for outline in outlines:
            found = fit_ellipse(outline)
            if found is not None and (best is None or found[0] > best[0]):
                best = found
        if best is not None and best[0] >= _LEAST_FILL:
            return best[1]
    return None


def fit_ellipse(outline: np.ndarray) -> tuple[float, Frame] | None:
    """(fill, frame) of an outline's hull: inside the hull, blades and reflections do not matter."""
    hull = cv2.convexHull(outline)
    if len(outline) < 100 or len(hull) < 8:
        return None
    (x, y), (a, b), angle = cv2.fitEllipse(hull)
    off_centre = max(abs(x - SIDE / 2), abs(y - SIDE / 2)) > 0.2 * SIDE
    if off_centre or min(a, b) < 0.3 * SIDE or max(a, b) > min(0.65 * SIDE, 1.5 * min(a, b)):
        return None
    fill = cv2.contourArea(hull) / (np.pi * a * b / 4)
    # 0.35: beyond the hub, which reflects · 1.62: up to the rim, before burrs and background
    return min(fill, 1 / fill), Frame(x, y, a, b, angle, inner=0.35, outer=1.62, window=(31, 3))


def unroll(grey: U8, frame: Frame) -> F32:
    """(20, 180): rows are radii from inner to outer, columns angles."""
    rings = whiten(sample_rings(grey, frame, rows=2 * ROWS, angles=2 * ANGLES), frame.window)
    return np.asarray(rings.reshape(ROWS, 2, ANGLES, 2).mean(axis=(1, 3), dtype=np.float32))


def sample_rings(grey: U8, frame: Frame, *, rows: int, angles: int) -> U8:
    """(rows, angles): the grey values themselves."""
    around = np.arange(angles) * 2 * np.pi / angles
    radii = np.geomspace(frame.inner, frame.outer, rows)
    turn = np.deg2rad(frame.angle_degrees)
    axes = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    # the symmetric root of the ellipse's matrix: it stretches the unit circle without turning it
    stretch = axes @ np.diag([frame.axis_a / 2, frame.axis_b / 2]) @ axes.T
    x, y = stretch @ np.stack([np.cos(around), np.sin(around)])
    columns = (frame.center_x + radii[:, None] * x).astype(np.float32)
    lines = (frame.center_y + radii[:, None] * y).astype(np.float32)
    return np.asarray(cv2.remap(grey, columns, lines, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


def whiten(rings: U8, window: tuple[int, int]) -> F32:
    """What is left without brightness, contrast, slow light and the rings that all parts share; clipped at 3 σ."""
    values = rings.astype(np.float32)
    detail = values - blur_around(values, window)
    detail -= detail.mean(axis=1, keepdims=True)
    # + 2 grey levels: noise in flat places stays small
    spread = root(blur_around(detail**2, (window[0], max(9, window[1])))) + 2.0
    return np.asarray(np.clip(detail / spread, -3.0, 3.0), dtype=np.float32)


def blur_around(values: F32, size: tuple[int, int]) -> F32:
    """A box blur that closes the circle."""
    margin = size[0] // 2
    closed = np.hstack([values[:, -margin:], values, values[:, :margin]])
    return np.asarray(cv2.blur(closed, size)[:, margin:-margin])
