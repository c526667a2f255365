"""How alike an outline is to those of the designs that judge: a part drawn at random might be one of them by chance."""

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection.learning.synthesis.parts import BLUEPRINTS, HELD_OUT_DESIGNS
from inspection.types import U8

_SIDE, _AREA = 64, 900.0  # of the small picture that an outline is compared in; both in pixels
_TURNS = 48
_PARTS = 3  # of each design: their sizes differ a little


def measure_likeness(outline: U8) -> float:
    """The largest overlap, intersection over union, with any of them when both have one centre and one area, however turned.

    Of 400 parts of each such design all but one T plate (0.847) have more than 0.85, those of the designs that teach at most 0.76.
    """
    known, own = _draw_held_out(), _bring_to_size(outline, 0.0)
    shared, either = np.count_nonzero(known & own, axis=1), np.count_nonzero(known | own, axis=1)
    return float((shared / either).max())


@cache
def _draw_held_out() -> NDArray[np.bool_]:
    """(outlines, pixels)"""
    outlines = [
        BLUEPRINTS[design](np.random.default_rng(number)).outline
        for design in HELD_OUT_DESIGNS
        for number in range(_PARTS)
    ]
    angles = np.linspace(0, 2 * np.pi, _TURNS, endpoint=False)
    return np.stack([_bring_to_size(outline, float(angle)) for outline in outlines for angle in angles])


def _bring_to_size(outline: U8, angle_rad: float) -> NDArray[np.bool_]:
    moments = cv2.moments(outline)
    x, y = moments["m10"] / moments["m00"], moments["m01"] / moments["m00"]
    scale = np.sqrt(_AREA / (moments["m00"] / 255))
    cos, sin = np.cos(angle_rad) * scale, np.sin(angle_rad) * scale
    move = np.array([[cos, -sin, _SIDE / 2 - cos * x + sin * y], [sin, cos, _SIDE / 2 - sin * x - cos * y]])
    small = cv2.warpAffine(outline, move, (_SIDE, _SIDE), flags=cv2.INTER_AREA)
    return np.asarray(small > 127).ravel()
