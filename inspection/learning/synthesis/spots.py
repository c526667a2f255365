"""Where a defect sits on a part, and how large its neighbourhood is. All in frame pixels."""

from dataclasses import dataclass

import cv2
import numpy as np

from inspection.learning.synthesis.drawing import FRAME
from inspection.learning.synthesis.surfaces import Surface, Window
from inspection.types import F32, U8


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a defect is to sit, chosen before its severity so that only its size changes with it."""

    x: float  # frame pixels from the upper left corner
    y: float
    inward: float  # heading into the material


def mix(low: float, high: float, severity_0_1: float) -> float:
    return low + (high - low) * severity_0_1


def window_around(x: float, y: float, reach: float) -> Window:
    left, top = int(np.clip(x - reach, 0, FRAME - 2)), int(np.clip(y - reach, 0, FRAME - 2))
    right, bottom = int(np.clip(x + reach + 1, left + 1, FRAME)), int(np.clip(y + reach + 1, top + 1, FRAME))
    return slice(top, bottom), slice(left, right)


def pick_face_spot(rng: np.random.Generator, distance_px: F32, low: float, high: float) -> Spot:
    """A place on the face whose distance to the edge lies between the bounds, or the best of many tries."""
    rows, columns = rng.integers(40, FRAME - 40, (2, 160))
    away = distance_px[rows, columns]
    fits = np.flatnonzero((away >= low) & (away <= high))
    index = int(fits[0]) if fits.size else int(np.argmax(np.where(away <= high, away, -1)))
    return Spot(float(columns[index]), float(rows[index]), float(rng.uniform(0, 2 * np.pi)))


def outline_runs(solid: U8) -> list[F32]:
    """Closed contours of the material, holes as well: each (n, 2)."""
    contours, _ = cv2.findContours((solid > 127).astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    return [np.asarray(c[:, 0], np.float32) for c in contours if len(c) > 60]


def pick_edge_spot(rng: np.random.Generator, surface: Surface) -> Spot:
    runs = outline_runs(surface.solid)
    lengths = np.array([len(run) for run in runs], np.float64)
    run = runs[int(rng.choice(len(runs), p=lengths / lengths.sum()))]
    x, y = (float(v) for v in run[int(rng.integers(len(run)))])
    window = window_around(x, y, 6)
    slope_x = cv2.Sobel(surface.distance_px[window], cv2.CV_32F, 1, 0, ksize=3).mean()
    slope_y = cv2.Sobel(surface.distance_px[window], cv2.CV_32F, 0, 1, ksize=3).mean()
    return Spot(x, y, float(np.arctan2(slope_y, slope_x)))
