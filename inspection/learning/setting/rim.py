"""Where the rim of a round part lies whose middle is a dark pit: an impeller, seen from above.

The machined face can be as bright as the ground that it lies on, and burrs break the rim. The pit is always the darkest
thing, and it is round the same centre and stretched the same way as the rim: it gives a frame in which the rim is nearly a
circle of a radius that is nearly known, and there five numbers are left to be fitted to the edges.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection.types import F32, U8

ANGLES = np.linspace(0, 2 * np.pi, 240, endpoint=False)
# Radius of the rim over the angle: an ellipse a little off the centre, to the first order.
_BASIS = np.stack(
    [np.ones_like(ANGLES), np.cos(ANGLES), np.sin(ANGLES), np.cos(2 * ANGLES), np.sin(2 * ANGLES)], axis=1
)
_RADII = np.arange(1.4, 2.3, 0.012)  # in radii of the pit; rims were found between 1.74 and 1.86
_STRONG = 25.0  # grey levels a pixel; a burr is not to outvote the rim
_CUTS = (1.0, 0.8, 0.62, 0.48)  # of Otsu's threshold: a shaded face joins the pit at the higher ones
_WIDTHS = (0.16, 0.11, 0.08, 0.055, 0.04, 0.03)  # of the band that is looked at, narrower at each step

F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Ellipse:
    """A circle of radius 1 that was stretched by `shape`, a symmetric matrix, and moved to `centre`."""

    centre: F64  # (2,)
    shape: F64  # (2, 2)

    @property
    def radius(self) -> float:
        """Of the circle of the same area."""
        return float(np.sqrt(abs(np.linalg.det(self.shape))))

    @property
    def aspect(self) -> float:
        low, high = np.linalg.eigvalsh(self.shape)
        return float(low / high)

    def place(self, points: F64) -> F64:
        """(…, 2) in radii from the centre → on the picture."""
        return np.asarray(points @ self.shape.T + self.centre)

    def measure(self, points: F64) -> F64:
        """(n, 2) on the picture → (n,) distance from the centre, in radii."""
        return np.asarray(np.linalg.norm((points - self.centre) @ np.linalg.inv(self.shape).T, axis=1))


@dataclass(frozen=True, slots=True)
class Rim:
    ellipse: Ellipse
    contour: F64  # (240, 2) on the picture
    pit_misfit: float  # how far the pit is from an ellipse, in its radii
    pits: float  # the rim's radius in radii of the pit
    seen_0_1: float  # the share of the rim along which an edge is seen


def find_rim(grey: U8) -> Rim | None:
    """None where there is no dark pit in the middle."""
    pit = find_pit(grey)
    if pit is None:
        return None
    frame, misfit = pit
    points, edges = read_edges(grey, frame)
    model = _BASIS @ fit_rim(edges)
    nearest = np.clip(np.searchsorted(_RADII, model), 2, len(_RADII) - 3)
    strength = np.max([edges[np.arange(len(ANGLES)), nearest + step] for step in (-2, -1, 0, 1, 2)], axis=0)
    contour = frame.place(points * model[:, None])
    ellipse = to_ellipse(cv2.fitEllipse(contour.astype(np.float32)))
    return Rim(ellipse, contour, misfit, float(model.mean()), float((strength > 6).mean()))


def find_pit(grey: U8) -> tuple[Ellipse, float] | None:
    """The dark pit and its misfit; of several thresholds, the one whose pit is most like an ellipse."""
    height, width = grey.shape
    soft = cv2.GaussianBlur(grey, (0, 0), 1.5)
    middle = (slice(height * 3 // 10, height * 7 // 10), slice(width * 3 // 10, width * 7 // 10))
    inner = np.ascontiguousarray(soft[height // 4 : height * 3 // 4, width // 4 : width * 3 // 4])
    otsu, _ = cv2.threshold(inner, 0, 255, cv2.THRESH_OTSU)
    best: tuple[Ellipse, float] | None = None
    for cut in _CUTS:
        dark = cv2.morphologyEx((soft < otsu * cut).astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5)))
        _, labels = cv2.connectedComponents(dark)
        counts = np.bincount(labels[middle].ravel())
        counts[0] = 0
        if counts.max() < 0.05 * inner.size / 4:
            continue
        found = fit_pit(np.asarray(labels == counts.argmax(), np.uint8))
        if found is not None and (best is None or found[1] < best[1] - 0.02):
            best = found
        if best is not None and best[1] < 0.04:
            break
    return best


def fit_pit(mask: U8) -> tuple[Ellipse, float] | None:
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    hull = cv2.convexHull(max(contours, key=len))
    if len(hull) < 6:
        return None
    ellipse = to_ellipse(cv2.fitEllipse(hull))
    side = min(mask.shape)
    if not 0.1 * side < 2 * ellipse.radius < 0.75 * side or ellipse.aspect < 0.4:
        return None
    misfit = float(np.abs(ellipse.measure(hull[:, 0].astype(np.float64)) - 1).max())
    filled = float(mask.sum()) / (np.pi * ellipse.radius**2)  # the bore in its middle is bright
    return ellipse, misfit + max(0.0, 0.45 - filled)


def to_ellipse(told: tuple[Sequence[float], Sequence[float], float]) -> Ellipse:
    """From cv2's centre, full axes and degrees."""
    (x, y), (first, second), degrees = told
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn = np.array([[cos, -sin], [sin, cos]])
    return Ellipse(np.array([x, y]), turn @ np.diag([first / 2, second / 2]) @ turn.T)


def read_edges(grey: U8, frame: Ellipse) -> tuple[F64, F32]:
    """(240, 2) directions, and (240, radii) grey levels a pixel across them; nothing beyond the picture."""
    height, width = grey.shape
    soft = np.asarray(cv2.GaussianBlur(grey, (0, 0), 1.0), np.float32)
    directions = np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1)
    points = frame.place(directions[:, None] * _RADII[None, :, None]).astype(np.float32)
    x, y = np.ascontiguousarray(points[..., 0]), np.ascontiguousarray(points[..., 1])
    values = cv2.remap(soft, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    slopes = np.abs(np.gradient(values, axis=1)) / (0.012 * frame.radius)
    slopes[(x < 1) | (x > width - 2) | (y < 1) | (y > height - 2)] = 0
    return directions, np.minimum(slopes, _STRONG).astype(np.float32)


def fit_rim(edges: F32) -> F64:
    """The five numbers of `_BASIS`: first the circle with most edge, then weighted least squares in a shrinking band."""
    profile = cv2.GaussianBlur(edges.mean(axis=0)[None], (0, 0), sigmaX=2.5, sigmaY=0.01)[0]
    numbers = np.array([_RADII[8 + int(profile[8:-4].argmax())], 0, 0, 0, 0])
    for width in _WIDTHS:
        model = _BASIS @ numbers
        near = edges * np.exp(-(((_RADII[None] - model[:, None]) / width) ** 2))
        mass = near.sum(axis=1) + 1e-6
        place = (near * _RADII).sum(axis=1) / mass
        weighted = np.minimum(mass, np.percentile(mass, 70))[:, None] * _BASIS
        numbers = np.linalg.solve(_BASIS.T @ weighted + 1e-6 * np.eye(5), weighted.T @ place)
    return np.asarray(numbers)
