"""The colours that carry meaning, in one place. Each comes with a word and a shape: no colour speaks alone.

The four verdicts are a blue, a vermilion, an amber and a slate: they stay apart for protanopes, deuteranopes and
tritanopes (tests/ui/test_palette.py simulates all three after Machado et al. 2009), and their text has a contrast of
at least 4.5 to 1 in both themes because it stands on the verdict's own colour.
"""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from inspection.types import U8, VerdictKind


@dataclass(frozen=True, slots=True)
class VerdictStyle:
    fill: str  # "#rrggbb"
    text: str  # on the fill
    icon: str  # a Material symbol, as Streamlit names it
    path: str  # the same shape as an SVG path in a 24×24 field, for HTML that has no icon font
    meaning: str


VERDICT_STYLES: dict[VerdictKind, VerdictStyle] = {
    VerdictKind.PASS: VerdictStyle(
        fill="#0B5FA5",
        text="#FFFFFF",
        icon=":material/check_circle:",
        path="M5 12.5 10 17.5 19.5 7",
        meaning="The part is good.",
    ),
    VerdictKind.REJECT: VerdictStyle(
        fill="#B93A0B",
        text="#FFFFFF",
        icon=":material/cancel:",
        path="M6 6 18 18 M18 6 6 18",
        meaning="The part has a defect.",
    ),
    VerdictKind.REVIEW: VerdictStyle(
        fill="#F2B705",
        text="#1B1300",
        icon=":material/visibility:",
        path="M12 5V14 M12 17.5V19",
        meaning="The line leaves it to a person; why stands in the path of its decision.",
    ),
    VerdictKind.NO_PART: VerdictStyle(
        fill="#434D57",
        text="#FFFFFF",
        icon=":material/crop_free:",
        path="M4 9V4H9 M15 4H20V9 M20 15V20H15 M9 20H4V15",
        meaning="No part was found in the picture.",
    ),
}
REFUSED_ICON = ":material/block:"
NEUTRAL = "#8A96A1"  # bars that are not the answer; readable on both grounds
STAGE_COLOURS = {
    "decode": "#8A96A1",
    "locate": "#D9822B",
    "classify": "#2F7FBF",
    "explain": "#0F8F83",
    "mark": "#7A5BA8",
}
BOX_COLOUR = "#19D3C5"  # the product's box: a colour that metal and heat do not have


def hex_to_rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


@lru_cache(maxsize=1)
def heat_colours() -> U8:
    """(256, 3) RGB, "inferno": its lightness only rises, so it reads without hue and in grey print."""
    ramp = np.arange(256, dtype=np.uint8)[:, None]
    bgr = cv2.applyColorMap(ramp, cv2.COLORMAP_INFERNO)
    return np.ascontiguousarray(bgr[:, 0, ::-1])


def heat_gradient_css(stops: int = 9) -> str:
    """The legend's bar, left = no heat; drawn with the transparency of the map so that both look the same."""
    colours = heat_colours()
    parts = []
    for index in range(stops):
        value = index / (stops - 1)
        red, green, blue = colours[round(value * 255)]
        parts.append(f"rgba({red},{green},{blue},{heat_alpha(value):.2f}) {value * 100:.0f}%")
    return f"linear-gradient(to right, {', '.join(parts)})"


def heat_alpha(value_0_1: float) -> float:
    """No heat is clear and shows the metal; the ramp is quick so that a faint map is seen as faint, not as absent."""
    return float(min(1.0, max(0.0, value_0_1)) ** 0.6)
