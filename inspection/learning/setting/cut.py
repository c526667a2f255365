"""A round part cut out of its plain ground, with the burrs that hang on its rim."""

from dataclasses import dataclass

import cv2
import numpy as np

from inspection.learning.setting.rim import Ellipse, Rim, find_rim
from inspection.types import F32, U8, Box

_ROUGH, _HARD = (
    4.0,
    9.0,
)  # curvature of the grey levels: shadows are soft and stay below, burrs reach the second
_OUTLINE_PX = 1.3  # the fit lies on the inner edge of the dark line round the rim, which belongs to the part
_REACH = 0.2  # of the radius: how far burrs stand out


@dataclass(frozen=True, slots=True)
class Cut:
    pixels: F32  # (height, width), grey 0..255; outside the part its own border goes on, so that no fringe is left
    alpha: F32  # (height, width), 0..1
    box: Box  # tight round what is at least half covered
    ellipse: Ellipse  # of the rim
    lit_from_rad: float | None  # where the light comes from, told by the shadow; None where it tells nothing
    faults: tuple[str, ...]  # why this cut is not to be trusted


def cut_part(pixels: U8) -> Cut | None:
    """pixels: (height, width[, 3]). None where no round part with a dark middle is found."""
    grey = pixels if pixels.ndim == 2 else np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)
    rim = find_rim(grey)
    if rim is None:
        return None
    disc = np.zeros(grey.shape, np.uint8)
    cv2.fillPoly(disc, [np.round(rim.contour * 16).astype(np.int32)], 255, cv2.LINE_8, 4)
    away = np.asarray(cv2.distanceTransform(255 - disc, cv2.DIST_L2, 3), np.float32)
    burrs = find_burrs(grey, away, reach_px=_REACH * rim.ellipse.radius)
    solid = np.asarray((away < _OUTLINE_PX) | (burrs > 0), np.uint8)
    if burrs.any():
        solid = np.asarray(cv2.morphologyEx(solid, cv2.MORPH_CLOSE, _disc(4)), np.uint8)
    alpha = np.asarray(cv2.GaussianBlur(solid.astype(np.float32), (0, 0), 0.7), np.float32)
    left, top, width, height = cv2.boundingRect(solid)
    box = Box(float(left), float(top), float(left + width), float(top + height))
    faults = find_faults(rim, grey.shape, burr_share=float(burrs.sum()) / max(1.0, float(solid.sum())))
    return Cut(extend_border(grey, solid), alpha, box, rim.ellipse, find_light(grey, away, rim), faults)


def find_burrs(grey: U8, away: F32, *, reach_px: float) -> U8:
    """Flash and rough scraps outside the rim: sharp in themselves, unlike the shadow they lie in."""
    soft = cv2.GaussianBlur(grey, (0, 0), 1.0).astype(np.float32)
    across, down, mixed = (
        cv2.Sobel(soft, cv2.CV_32F, *order, scale=1 / 4) for order in ((2, 0), (0, 2), (1, 1))
    )
    curved = np.sqrt(across**2 + down**2 + 2 * mixed**2)
    rough = ((curved > _ROUGH) & (away < reach_px)).astype(np.uint8)
    rough = cv2.morphologyEx(rough, cv2.MORPH_CLOSE, _disc(2))
    outside = cv2.morphologyEx(rough & (away > 2.4).astype(np.uint8), cv2.MORPH_OPEN, _disc(1))
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(outside)
    burrs = np.zeros_like(outside)
    for number in range(1, count):
        left, top, width, height, _ = boxes[number]
        window = (slice(top, top + height), slice(left, left + width))
        own = labels[window] == number
        touches = away[window][own].min() < 5
        # the outline's own edge is as sharp, but does not reach this far
        if touches and (own & (curved[window] > _HARD) & (away[window] > 4.5)).sum() >= 3:
            burrs[window][own] = 1
    return np.asarray(burrs, np.uint8)


def extend_border(grey: U8, solid: U8) -> F32:
    """The part's grey levels, carried on beyond its border: half covered pixels must not show the old ground."""
    inside = cv2.erode(solid, _disc(1)).astype(np.float32)
    level = grey.astype(np.float32)
    weight = cv2.GaussianBlur(inside, (0, 0), 2.0)
    spread = cv2.GaussianBlur(level * inside, (0, 0), 2.0) / np.maximum(weight, 1e-4)
    return np.asarray(np.where(solid > 0, level, spread), np.float32)


def find_light(grey: U8, away: F32, rim: Rim) -> float | None:
    """The ground is darkest where the part's shadow falls; the light stands on the other side."""
    ring = (away > 4) & (away < 0.2 * rim.ellipse.radius)
    rows, columns = np.nonzero(ring)
    offset = np.stack([columns, rows], axis=1) - rim.ellipse.centre
    toward = offset / np.linalg.norm(offset, axis=1, keepdims=True)
    level = grey[ring].astype(np.float64)
    if len(level) < 200:
        return None
    design = np.column_stack([np.ones(len(level)), toward])
    _, x, y = np.linalg.lstsq(design, level, rcond=None)[0]
    return float(np.arctan2(y, x)) if np.hypot(x, y) > 3 else None


def find_faults(rim: Rim, shape: tuple[int, ...], *, burr_share: float) -> tuple[str, ...]:
    """What a good cut of this part never shows."""
    height, width = shape[:2]
    x, y = rim.contour.T
    inside = ((x > 1) & (x < width - 2) & (y > 1) & (y < height - 2)).mean()
    checks = {
        "the pit is no ellipse": rim.pit_misfit > 0.06,
        "the rim is at an odd distance from the pit": not 1.68 < rim.pits < 1.95,
        "the rim is seen too little": rim.seen_0_1 < 0.45,
        "the picture cuts the part off": inside < 1.0,
        "the part is too small": rim.ellipse.radius < 0.25 * min(height, width),
        "too much hangs on the rim": burr_share > 0.2,
    }
    return tuple(fault for fault, found in checks.items() if found)


def _disc(radius: int) -> U8:
    side = 2 * radius + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), np.uint8)
