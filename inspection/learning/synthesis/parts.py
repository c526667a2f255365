"""The designs: what a part's outline, holes, steps and pockets are, before any metal is laid over them."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from inspection.learning.synthesis.drawing import (
    blank,
    draw_disc,
    draw_polygon,
    draw_rectangle,
    draw_slot,
    polar,
    round_corners,
    turn_points,
)
from inspection.types import U8


@dataclass(frozen=True, slots=True)
class Step:
    """A raised boss (rise_px > 0) or a pocket (rise_px < 0) on the top face."""

    shape: U8
    rise_px: float
    edge_px: float = 2.5


@dataclass(frozen=True, slots=True)
class Bore:
    x: float
    y: float
    radius: float
    style: str  # "plain", "countersunk" or "threaded"


@dataclass(slots=True)
class Blueprint:
    """One part of a design; sizes differ a little from part number to part number."""

    outline: U8
    thickness_px: float
    turned: bool = False  # made on a lathe about the frame's centre
    steps: list[Step] = field(default_factory=list)
    bores: list[Bore] = field(default_factory=list)
    cuts: U8 = field(default_factory=blank)  # everything that goes right through

    def bore(self, x: float, y: float, radius: float, style: str = "plain") -> None:
        draw_disc(self.cuts, x, y, radius)
        self.bores.append(Bore(x, y, radius, style))

    @property
    def solid(self) -> U8:
        return np.asarray(np.minimum(self.outline, 255 - self.cuts), np.uint8)


def pick_style(rng: np.random.Generator) -> str:
    return str(rng.choice(["plain", "countersunk", "threaded"], p=[0.4, 0.35, 0.25]))


def _flange(rng: np.random.Generator) -> Blueprint:
    radius, holes = rng.uniform(185, 202), int(rng.integers(4, 9))
    part = Blueprint(draw_disc(blank(), 0, 0, radius), rng.uniform(16, 24), turned=True)
    hub = radius * rng.uniform(0.44, 0.56)
    part.steps.append(Step(draw_disc(blank(), 0, 0, hub), rng.uniform(7, 14), 3))
    if rng.random() < 0.5:
        part.steps.append(Step(draw_disc(blank(), 0, 0, hub * 0.78), -rng.uniform(4, 9)))
    part.bore(0, 0, hub * rng.uniform(0.42, 0.62))
    style, circle, size = pick_style(rng), (radius + hub) / 2, rng.uniform(10, 17)
    for index in range(holes):
        part.bore(*polar(circle, 2 * np.pi * index / holes), size, style)
    return part


def _slotted_bracket(rng: np.random.Generator) -> Blueprint:
    half_w, half_h = rng.uniform(180, 205), rng.uniform(95, 130)
    part = Blueprint(
        draw_rectangle(blank(), 0, 0, half_w, half_h, corner=rng.uniform(8, 40)), rng.uniform(14, 22)
    )
    slot_x, slot_y, slot_r = (
        half_w * rng.uniform(0.5, 0.66),
        half_h * rng.uniform(0.3, 0.45),
        rng.uniform(11, 17),
    )
    for x in (-slot_x, slot_x):
        draw_slot(part.cuts, ((x, -slot_y), (x, slot_y)), slot_r)
    style, size = pick_style(rng), rng.uniform(12, 20)
    if rng.random() < 0.5:
        part.bore(0, 0, half_h * rng.uniform(0.3, 0.45))
    else:
        part.steps.append(Step(draw_rectangle(blank(), 0, 0, half_w * 0.3, half_h * 0.62, corner=12), -6))
        part.bore(0, -half_h * 0.3, size, style)
        part.bore(0, half_h * 0.3, size, style)
    for x in (-half_w * 0.26, half_w * 0.26):
        part.bore(x, half_h * 0.74, size * 0.6, style)
        part.bore(x, -half_h * 0.74, size * 0.6, style)
    return part


def _l_bracket(rng: np.random.Generator) -> Blueprint:
    size, arm = rng.uniform(165, 185), rng.uniform(100, 135)
    shape = [
        (-size, -size),
        (-size + arm, -size),
        (-size + arm, size - arm),
        (size, size - arm),
        (size, size),
    ]
    outline = round_corners(draw_polygon(blank(), [*shape, (-size, size)]), rng.uniform(6, 18))
    part = Blueprint(outline, rng.uniform(14, 24))
    style, hole, mid = pick_style(rng), rng.uniform(13, 22), -size + arm / 2
    part.bore(mid, -size * 0.72, hole, style)
    part.bore(size * 0.72, -mid, hole, style)
    part.bore(mid, -mid, hole * 1.25)
    if rng.random() < 0.6:
        draw_slot(part.cuts, ((mid, -size * 0.28), (mid, size * 0.22)), hole * 0.7)
        draw_slot(part.cuts, ((size * 0.32, -mid), (-size * 0.2, -mid)), hole * 0.7)
    else:
        part.bore(mid, -size * 0.1, hole * 0.8, style)
        part.bore(size * 0.1, -mid, hole * 0.8, style)
    return part


def _gear(rng: np.random.Generator) -> Blueprint:
    teeth, outer = int(rng.integers(16, 29)), rng.uniform(188, 203)
    root = outer - rng.uniform(1.5, 1.9) * outer * 2 / (teeth + 2) / 1.15
    corners = []
    for index in range(teeth):
        for radius, share in ((root, -0.33), (root, -0.27), (outer, -0.13), (outer, 0.13), (root, 0.27)):
            corners.append(polar(radius, 2 * np.pi * (index + share) / teeth))
    part = Blueprint(round_corners(draw_polygon(blank(), corners), 2.5), rng.uniform(16, 26), turned=True)
    web, hub = root * 0.86, root * rng.uniform(0.3, 0.4)
    if rng.random() < 0.65:
        ring = draw_disc(draw_disc(blank(), 0, 0, web), 0, 0, hub, value=0)
        part.steps.append(Step(ring, -rng.uniform(5, 9), 3))
    bore = hub * rng.uniform(0.5, 0.66)
    part.bore(0, 0, bore)
    draw_rectangle(part.cuts, bore, 0, bore * 0.3, bore * 0.26)  # keyway
    holes, size = int(rng.integers(3, 7)), (web - hub) * rng.uniform(0.2, 0.33)
    for index in range(holes):
        part.bore(*polar((web + hub) / 2, 2 * np.pi * (index + 0.5) / holes), size)
    return part


def _link(rng: np.random.Generator) -> Blueprint:
    reach, big, small = rng.uniform(135, 150), rng.uniform(58, 72), rng.uniform(44, 58)
    waist = small * rng.uniform(0.62, 0.95)
    outline = draw_slot(blank(), ((-reach, 0), (reach, 0)), waist)
    draw_disc(outline, -reach, 0, big)
    draw_disc(outline, reach, 0, small)
    part = Blueprint(round_corners(outline, 9), rng.uniform(18, 28))
    if rng.random() < 0.7:
        pocket = draw_slot(blank(), ((-reach + big + 22, 0), (reach - small - 22, 0)), waist * 0.55)
        part.steps.append(Step(pocket, -rng.uniform(6, 10), 3))
    part.bore(-reach, 0, big * rng.uniform(0.5, 0.62))
    part.bore(reach, 0, small * rng.uniform(0.45, 0.6))
    return part


def _ring(rng: np.random.Generator) -> Blueprint:
    outer = rng.uniform(185, 203)
    inner = outer * rng.uniform(0.5, 0.66)
    part = Blueprint(draw_disc(blank(), 0, 0, outer), rng.uniform(14, 24), turned=True)
    part.bore(0, 0, inner)
    middle, band = (outer + inner) / 2, outer - inner
    if rng.random() < 0.5:
        groove = draw_disc(draw_disc(blank(), 0, 0, inner + band * 0.3), 0, 0, inner + band * 0.17, value=0)
        part.steps.append(Step(groove, -5, 2))
        middle += band * 0.12
    holes, style, size = int(rng.integers(3, 13)), pick_style(rng), band * rng.uniform(0.1, 0.16)
    for index in range(holes):
        part.bore(*polar(middle, 2 * np.pi * index / holes), size, style)
    return part


def _cover(rng: np.random.Generator) -> Blueprint:
    half_w, half_h, corner = rng.uniform(165, 190), rng.uniform(130, 165), rng.uniform(14, 30)
    part = Blueprint(draw_rectangle(blank(), 0, 0, half_w, half_h, corner=corner), rng.uniform(18, 28))
    wall = rng.uniform(38, 48)
    pocket = draw_rectangle(blank(), 0, 0, half_w - wall, half_h - wall, corner=corner * 0.7)
    hole_x, hole_y, style = half_w - wall * 0.52, half_h - wall * 0.52, pick_style(rng)
    for x in (-hole_x, hole_x):
        for y in (-hole_y, hole_y):
            draw_disc(pocket, x, y, wall * 0.8, value=0)  # meat around the corner screws
    part.steps.append(Step(pocket, -rng.uniform(9, 15), 3))
    for x in (-hole_x, hole_x):
        for y in (-hole_y, hole_y):
            part.bore(x, y, wall * 0.21, style)
    if rng.random() < 0.7:
        boss = rng.uniform(26, 40)
        part.steps.append(Step(draw_disc(blank(), half_w * 0.25, 0, boss), rng.uniform(6, 11), 3))
        part.bore(half_w * 0.25, 0, boss * 0.5, "threaded")
    draw_slot(
        part.cuts, ((-half_w * 0.42, -half_h * 0.25), (-half_w * 0.42, half_h * 0.25)), rng.uniform(8, 15)
    )
    return part


def _hex_plate(rng: np.random.Generator) -> Blueprint:
    size = rng.uniform(188, 204)
    corners = [polar(size, np.pi / 3 * index) for index in range(6)]
    part = Blueprint(round_corners(draw_polygon(blank(), corners), rng.uniform(4, 22)), rng.uniform(14, 24))
    if rng.random() < 0.6:
        part.steps.append(Step(draw_disc(blank(), 0, 0, size * 0.5), rng.choice([-7.0, 8.0]), 3))
    part.bore(0, 0, size * rng.uniform(0.2, 0.36))
    style, hole = pick_style(rng), rng.uniform(11, 20)
    for index in range(6):
        part.bore(*polar(size * 0.7, np.pi / 3 * index), hole, style)
    return part


def _t_plate(rng: np.random.Generator) -> Blueprint:
    half, arm, stem = rng.uniform(175, 195), rng.uniform(90, 115), rng.uniform(50, 64)
    top, foot = -half * 0.85, half * 0.85
    shape = [(-half, top), (half, top), (half, top + arm), (stem, top + arm), (stem, foot)]
    outline = draw_polygon(blank(), [*shape, (-stem, foot), (-stem, top + arm), (-half, top + arm)])
    part = Blueprint(round_corners(outline, rng.uniform(7, 18)), rng.uniform(14, 22))
    style, hole = pick_style(rng), rng.uniform(13, 20)
    for x in (-half * 0.74, 0.0, half * 0.74):
        part.bore(x, top + arm / 2, hole, style)
    draw_slot(part.cuts, ((0, top + arm + 45), (0, foot - 70)), hole * 0.8)
    part.bore(0, foot - 30, hole * 0.9, style)
    return part


def _tri_flange(rng: np.random.Generator) -> Blueprint:
    reach, lobe, body = rng.uniform(140, 152), rng.uniform(42, 50), rng.uniform(108, 125)
    outline = draw_disc(blank(), 0, 0, body)
    for index in range(3):
        tip = polar(reach, 2 * np.pi * index / 3)
        draw_disc(outline, *tip, lobe)
        sides = turn_points(
            [(0, -body * 0.86), (reach, -lobe), (reach, lobe), (0, body * 0.86)], 2 * np.pi * index / 3
        )
        draw_polygon(outline, sides)
    part = Blueprint(round_corners(outline, 8), rng.uniform(16, 24), turned=True)
    part.steps.append(Step(draw_disc(blank(), 0, 0, body * 0.72), rng.uniform(7, 12), 3))
    part.bore(0, 0, body * rng.uniform(0.36, 0.52))
    style, hole = pick_style(rng), lobe * rng.uniform(0.36, 0.5)
    for index in range(3):
        part.bore(*polar(reach, 2 * np.pi * index / 3), hole, style)
    return part


BLUEPRINTS: dict[str, Callable[[np.random.Generator], Blueprint]] = {
    "flange": _flange,
    "slotted_bracket": _slotted_bracket,
    "l_bracket": _l_bracket,
    "gear": _gear,
    "link": _link,
    "ring": _ring,
    "cover": _cover,
    "hex_plate": _hex_plate,
    "t_plate": _t_plate,
    "tri_flange": _tri_flange,
}
DESIGNS: tuple[str, ...] = tuple(BLUEPRINTS)
HELD_OUT_DESIGNS: tuple[str, ...] = DESIGNS[-2:]
