"""Verdict colours stay apart for people who do not see all colours."""

import re
import tomllib
from itertools import combinations

import cv2
import numpy as np
import pytest

from inspection.config import ROOT
from inspection.types import VerdictKind
from inspection.ui.charts_metrics import CELL, FAINT, FAINTEST, ON_FULL, STRONG
from inspection.ui.palette import STAGE_COLOURS, VERDICT_STYLES, heat_alpha, heat_colours, hex_to_rgb
from inspection.ui.widgets import STYLE

# Machado, Oliveira and Fernandes 2009, severity 1.0; on linear RGB
VISIONS = {
    "full": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}


def linear(colour: str) -> np.ndarray:
    value = np.array(hex_to_rgb(colour)) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def lab(colour: str, vision: np.ndarray) -> np.ndarray:
    seen = np.clip(vision @ linear(colour), 0, 1)
    encoded = np.where(seen <= 0.0031308, seen * 12.92, 1.055 * seen ** (1 / 2.4) - 0.055)
    return cv2.cvtColor(encoded.astype(np.float32)[None, None], cv2.COLOR_RGB2LAB)[0, 0]


def contrast(first: str, second: str) -> float:
    """WCAG 2: relative luminance, 1 to 21."""
    light, dark = sorted((float(linear(c) @ [0.2126, 0.7152, 0.0722]) for c in (first, second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("pair", list(combinations(VerdictKind, 2)), ids=lambda pair: "-".join(pair))
def test_verdicts_differ_in_every_vision(vision: str, pair: tuple[VerdictKind, VerdictKind]) -> None:
    first, second = (lab(VERDICT_STYLES[kind].fill, VISIONS[vision]) for kind in pair)
    assert np.linalg.norm(first - second) > 20  # 2.3 is the least that a person notices


@pytest.mark.parametrize("kind", VerdictKind)
def test_the_words_on_a_verdict_can_be_read(kind: VerdictKind) -> None:
    assert contrast(VERDICT_STYLES[kind].fill, VERDICT_STYLES[kind].text) >= 4.5


@pytest.mark.parametrize(("place", "theme"), enumerate(("light", "dark")))
def test_the_words_of_a_chart_can_be_read_on_every_ground(place: int, theme: str) -> None:
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
    style = STYLE.read_text(encoding="utf-8")
    *_, of_charts = re.findall(r"light-dark\((#\w+), (#\w+)\)", style)
    spared = ", ".join(map(str, hex_to_rgb(ON_FULL)))
    assert f'[style*="{spared}"]' in style, "the numbers on full cells keep their own colour"
    ground = np.array(hex_to_rgb(config["theme"][theme]["backgroundColor"]))
    cell = np.array([int(each) for each in CELL.split(", ")])

    def mix(opacity: float) -> str:
        return "#" + "".join(f"{round(each):02x}" for each in ground + (cell - ground) * opacity)

    for opacity in (0.0, *np.linspace(FAINTEST, FAINT, 10)):
        assert contrast(mix(opacity), of_charts[place]) >= 4.5
    for opacity in np.linspace(STRONG, 1, 10):
        assert contrast(mix(opacity), ON_FULL) >= 4.5


def test_every_verdict_has_its_own_icon_and_shape() -> None:
    assert len({style.icon for style in VERDICT_STYLES.values()}) == len(VerdictKind)
    assert len({style.path for style in VERDICT_STYLES.values()}) == len(VerdictKind)


def test_heat_only_gets_lighter() -> None:
    lightness = [lab("#{:02x}{:02x}{:02x}".format(*colour), np.eye(3))[0] for colour in heat_colours()[::8]]
    assert all(later > earlier for earlier, later in zip(lightness, lightness[1:], strict=False))


def test_no_heat_is_clear() -> None:
    assert heat_alpha(0) == 0
    assert heat_alpha(1) == heat_alpha(3) == 1
    assert heat_alpha(0.1) < heat_alpha(0.2)


def test_stage_colours_are_distinct() -> None:
    assert len(set(STAGE_COLOURS.values())) == len(STAGE_COLOURS)


def test_charts_have_the_ten_colours_that_plotly_asks_for() -> None:
    theme = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["theme"]
    for mode in ("light", "dark"):
        colours = theme[mode]["chartCategoricalColors"]
        assert len(colours) == len(set(colours)) == 10
        ground = theme[mode]["backgroundColor"]
        assert all(contrast(colour, ground) > 2.3 for colour in colours), mode


def test_what_is_chosen_can_be_read_in_both_themes() -> None:
    theme = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["theme"]
    words, pressed, *_ = re.findall(r"light-dark\((#\w+), (#\w+)\)", STYLE.read_text(encoding="utf-8"))
    for place, mode in enumerate(("light", "dark")):
        accent, ground = (hex_to_rgb(theme[mode][name]) for name in ("primaryColor", "backgroundColor"))
        tint = "#{:02x}{:02x}{:02x}".format(
            *(round(0.1 * mine + 0.9 * under) for mine, under in zip(accent, ground, strict=True))
        )
        assert contrast(words[place], tint) >= 4.5, "a chosen segment stands on a tenth of the accent"
        assert contrast(pressed[place], "#FFFFFF") >= 4.5, "a main button's words are white"


def test_words_can_be_read_in_both_themes() -> None:
    theme = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["theme"]
    for mode in ("light", "dark"):
        colours = theme[mode]
        assert contrast(colours["textColor"], colours["backgroundColor"]) > 10
        assert contrast(colours["primaryColor"], "#FFFFFF") > 3.5  # the words on a pressed button
        for name in ("linkColor", "blueColor", "redColor", "primaryColor"):
            assert contrast(colours[name], colours["backgroundColor"]) >= 4.5, (mode, name)
