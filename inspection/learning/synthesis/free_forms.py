"""Parts of no design: an outline drawn anew for each, with whatever bores, steps and slots there is room for.

Eight designs teach where the metal of eight designs ends. Outlines that never come twice teach that a defect looks the same on
any. They teach, and may help to choose; nothing that ships is judged, shown or calibrated by them, and none is like a design that judges.
"""

from collections.abc import Callable
from functools import partial

import cv2
import numpy as np

from inspection.learning.synthesis.apart import measure_likeness
from inspection.learning.synthesis.drawing import (
    FRAME,
    HALF,
    blank,
    draw_disc,
    draw_polygon,
    draw_rectangle,
    draw_slot,
    polar,
    round_corners,
    turn_points,
)
from inspection.learning.synthesis.parts import Blueprint, Step, pick_style
from inspection.types import F32, U8

_REACH = 203.0  # px from the centre, at most
_RIM = 7.0  # px of metal left beside a hole
_TRIES = 400
MOST_ALIKE = 0.85  # to an outline of a design that judges
Outline = Callable[[np.random.Generator], U8]


def _wave(rng: np.random.Generator) -> U8:
    """A smooth outline that runs about the centre."""
    angles = np.linspace(0, 2 * np.pi, 360, endpoint=False)
    swing = np.zeros_like(angles)
    for order in range(2, 8):
        swing += rng.normal(0, 0.22 / order) * np.cos(order * angles + rng.uniform(0, 2 * np.pi))
    radius = np.clip(1 + swing, 0.45, None)
    radius *= rng.uniform(185, _REACH) / radius.max()
    return draw_polygon(blank(), [polar(far, angle) for far, angle in zip(radius, angles, strict=True)])


def _plate(rng: np.random.Generator) -> U8:
    """Straight sides, four to nine of them, none like another."""
    corners = int(rng.integers(4, 10))
    angles = 2 * np.pi * (np.arange(corners) + rng.uniform(-0.32, 0.32, corners)) / corners
    radius = rng.uniform(130, _REACH, corners)
    outline = draw_polygon(blank(), [polar(far, angle) for far, angle in zip(radius, angles, strict=True)])
    return round_corners(outline, rng.uniform(3, 24))


def _patchwork(rng: np.random.Generator) -> U8:
    """Discs, bars and plates that lie across each other."""
    outline = draw_disc(blank(), 0, 0, rng.uniform(55, 115))
    for _ in range(int(rng.integers(2, 6))):
        way = rng.uniform(0, 2 * np.pi)
        kind = rng.choice(["disc", "bar", "plate"])
        if kind == "disc":
            size = rng.uniform(42, 95)
            far = min(rng.uniform(70, 150), _REACH - size)
            draw_disc(outline, *polar(far, way), size)
            draw_slot(outline, ((0, 0), polar(far, way)), size * rng.uniform(0.5, 0.9))
        elif kind == "bar":
            width = rng.uniform(34, 70)
            draw_slot(outline, ((0, 0), polar(rng.uniform(90, _REACH - width), way)), width)
        else:
            half_width, half_height = rng.uniform(80, 175), rng.uniform(40, 95)
            corners = [
                (side_x * half_width, side_y * half_height)
                for side_x, side_y in ((-1, -1), (1, -1), (1, 1), (-1, 1))
            ]
            draw_polygon(outline, turn_points(corners, way))
    return round_corners(outline, rng.uniform(5, 14))


def _measure_room(part: Blueprint) -> F32:
    """(FRAME, FRAME): how far the nearest edge is."""
    return np.asarray(cv2.distanceTransform((part.solid > 127).astype(np.uint8), cv2.DIST_L2, 5), np.float32)


def _find_place(rng: np.random.Generator, room: F32, radius: float) -> tuple[float, float] | None:
    """Anywhere that a hole of such a radius leaves a rim; none where nothing was found soon."""
    rows, columns = rng.integers(0, FRAME, (2, _TRIES))
    fits = np.flatnonzero(room[rows, columns] > radius + _RIM)
    if not len(fits):
        return None
    return float(columns[fits[0]] - HALF), float(rows[fits[0]] - HALF)


def _add_steps(rng: np.random.Generator, part: Blueprint) -> None:
    room = _measure_room(part)
    if rng.random() < 0.4:  # a pocket or a plateau that follows the outline
        wall = float(room.max()) * rng.uniform(0.2, 0.55)
        shape = round_corners(np.asarray((room > wall) * np.uint8(255), np.uint8), 4)
        part.steps.append(Step(shape, float(rng.choice([-1, 1]) * rng.uniform(5, 13)), 3))
    for _ in range(int(rng.integers(0, 3))):
        size = rng.uniform(24, 90)
        place = _find_place(rng, room, size * 0.7)
        if place is None:
            continue
        rise = float(rng.choice([-1, 1]) * rng.uniform(4, 13))
        if rng.random() < 0.5:
            part.steps.append(Step(draw_disc(blank(), *place, size), rise, 3))
        else:
            shape = draw_rectangle(
                blank(), *place, size, size * rng.uniform(0.4, 1), corner=rng.uniform(4, 16)
            )
            part.steps.append(Step(shape, rise, 3))


def _add_holes(rng: np.random.Generator, part: Blueprint) -> None:
    if rng.random() < 0.5:
        radius = rng.uniform(24, 70)
        if _measure_room(part)[int(HALF), int(HALF)] > radius + _RIM:
            part.bore(0, 0, radius)
    if rng.random() < 0.35:
        way, length, radius = rng.uniform(0, np.pi), rng.uniform(20, 70), rng.uniform(8, 17)
        place = _find_place(rng, _measure_room(part), length * 0.7)
        if place is not None:
            ahead = polar(length, way)
            ends = (
                (place[0] - ahead[0] / 2, place[1] - ahead[1] / 2),
                (place[0] + ahead[0] / 2, place[1] + ahead[1] / 2),
            )
            draw_slot(part.cuts, ends, radius)
    style, radius = pick_style(rng), rng.uniform(9, 22)
    for _ in range(int(rng.integers(0, 9))):
        place = _find_place(rng, _measure_room(part), radius)
        if place is not None:
            part.bore(*place, radius, style)


def _draw(rng: np.random.Generator, outline: Outline) -> Blueprint:
    drawn = outline(rng)
    while measure_likeness(drawn) > MOST_ALIKE:
        drawn = outline(rng)
    part = Blueprint(drawn, rng.uniform(14, 28), turned=bool(rng.random() < 0.4))
    _add_steps(rng, part)
    _add_holes(rng, part)
    return part


FREE_FORMS: dict[str, Callable[[np.random.Generator], Blueprint]] = {
    "free_wave": partial(_draw, outline=_wave),
    "free_plate": partial(_draw, outline=_plate),
    "free_patchwork": partial(_draw, outline=_patchwork),
}
