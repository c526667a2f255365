"""The five conditions, and the promise that a defect changes what the camera sees."""

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np

from inspection.learning.synthesis.cracks import add_crack
from inspection.learning.synthesis.dents import add_dent
from inspection.learning.synthesis.drawing import FRAME, blank
from inspection.learning.synthesis.excess import add_droplets, draw_curl, draw_flash
from inspection.learning.synthesis.light import Light
from inspection.learning.synthesis.spots import pick_edge_spot
from inspection.learning.synthesis.stains import add_stain
from inspection.learning.synthesis.surfaces import Surface, shade
from inspection.types import U8

CONDITIONS: tuple[str, ...] = ("flawless", "excess", "cracked", "stained", "dented")
_PAINTERS = {"cracked": add_crack, "stained": add_stain, "dented": add_dent, "excess": add_droplets}
# Mean change inside the mask, in square-root values of a part exposed to 0.46; sensor noise is 0.004 to 0.016.
_LEAST_CHANGE = {"cracked": 0.075, "stained": 0.06, "dented": 0.055, "excess": 0.06}
_LEAST_AREA_PX = 40  # in the picture
_ATTEMPTS = 9


def add_defect(
    renew: Callable[[], np.random.Generator],
    surface: Surface,
    condition: str,
    severity_0_1: float,
    *,
    scale: float,
    light: Light,
) -> U8:
    """`renew` gives the defect's random stream from its start; `scale` is picture pixels a frame pixel.

    A shallow dent under a flat part of the room can be invisible: it is made again, stronger and at last elsewhere,
    until a careful person could see it. The light is in the part's frame.
    """
    if condition == "flawless":
        return blank()
    if condition == "excess" and renew().random() > 0.34:
        return _add_edge_material(renew, surface, severity_0_1, scale)
    before = replace(
        surface, height_px=surface.height_px.copy(), micro=surface.micro.copy(), gain=surface.gain.copy()
    )
    mask = blank()
    for attempt in range(_ATTEMPTS):
        rng = renew()
        rng.random(1 if attempt < 3 else attempt)  # the choice made above; late tries move to another place
        mask = _PAINTERS[condition](rng, surface, severity_0_1, scale=scale, strength=1.45 ** (attempt % 3))
        large = np.count_nonzero(mask) * scale**2 >= _LEAST_AREA_PX
        if large and _measure_change(before, surface, mask, light, scale) >= _LEAST_CHANGE[condition]:
            break
        if attempt < _ATTEMPTS - 1:
            surface.restore(before)
    return mask


def _measure_change(before: Surface, after: Surface, mask: U8, light: Light, scale: float) -> float:
    left, top, width, height = cv2.boundingRect(mask)
    if width == 0:
        return 0.0
    window = (
        slice(max(0, top - 4), min(FRAME, top + height + 4)),
        slice(max(0, left - 4), min(FRAME, left + width + 4)),
    )
    old, new = shade(before, light, window), shade(after, light, window)
    soft = 0.5 / scale  # the lens
    old = np.asarray(cv2.GaussianBlur(old, (0, 0), soft), np.float32)
    new = np.asarray(cv2.GaussianBlur(new, (0, 0), soft), np.float32)
    inside = mask[window] > 0
    level = max(1e-3, float(old[inside].mean()))
    change = np.abs(np.sqrt(np.maximum(old, 0)) - np.sqrt(np.maximum(new, 0)))[inside].mean()
    return float(change / level**0.5 * 0.68)


def _add_edge_material(
    renew: Callable[[], np.random.Generator], surface: Surface, severity_0_1: float, scale: float
) -> U8:
    """A burr, or a chip that still hangs on; it changes the part's silhouette."""
    before = surface.solid
    grown, beyond = before, blank()
    for attempt in range(_ATTEMPTS):
        rng = renew()
        curl = rng.random(1 + attempt)[0] > 0.84
        if curl:
            grown = draw_curl(rng, pick_edge_spot(rng, surface), severity_0_1)
        else:
            grown = draw_flash(rng, before, severity_0_1, scale)
        beyond = ((grown > 60) & (before < 200)).astype(np.uint8) * np.uint8(255)
        if np.count_nonzero(beyond) * scale**2 >= _LEAST_AREA_PX:
            break
    surface.add_flash(rng, grown)
    return np.asarray(cv2.dilate(beyond, np.ones((3, 3), np.uint8)), np.uint8)
