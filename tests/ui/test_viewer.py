"""What the viewer is told: every length a fraction of the picture, every fact in words too."""

from dataclasses import replace

import numpy as np
import pytest

from inspection.images import decode
from inspection.types import Box, Finding, Inspection
from inspection.ui.viewer import View, describe_view, find_hottest
from tests.ui.fakes import NOTHING, UNSURE, FakeInspector, code_of, make_png


def inspect(code: int) -> Inspection:
    return FakeInspector().inspect(decode(make_png(code), name="part.png"))


def view(inspection: Inspection) -> dict:
    return describe_view(View(b"\xff\xd8", (320, 240), inspection))


def test_lengths_are_fractions() -> None:
    described = view(inspect(code_of("cracked")))
    (box,) = described["boxes"]
    assert (box["x"], box["y"], box["w"], box["h"]) == pytest.approx((0.25, 0.1, 0.5, 0.8))
    assert box["label"] == "part 91%"
    assert described["heat"]["w"] == pytest.approx(0.5)
    assert described["focus"] == {key: box[key] for key in "xywh"}


def test_the_legend_states_the_fixed_scale_and_this_pictures_peak() -> None:
    heat = view(inspect(code_of("cracked")))["heat"]
    assert heat["high"] == "≥ 4"
    assert heat["peak"] == pytest.approx(3.5 / 4)
    assert heat["cells"] == "Native 7×7"
    assert "cracked" in heat["note"] and "3.5" in heat["note"]


@pytest.mark.parametrize(
    ("code", "share_0_1", "said"),
    [
        (code_of("cracked"), 0.22, True),
        (code_of("cracked"), 0.0, True),
        (code_of("cracked"), 0.25, False),  # warm enough to see
        (code_of("flawless"), 0.1, False),  # nothing to wonder at: nothing is wrong with the part
        (UNSURE, 0.1, False),
    ],
)
def test_a_faint_map_under_a_sure_reject_is_explained(code: int, share_0_1: float, said: bool) -> None:
    found = inspect(code)
    assert found.heat_map is not None
    grid = np.full((7, 7), 4 * share_0_1, np.float32)
    note = view(replace(found, heat_map=replace(found.heat_map, grid=grid)))["heat"]["note"]
    assert ("This map is faint" in note) is said
    if said:
        assert (
            f"at most {share_0_1 * 100:.0f} % of the scale" in note and "takes nothing from the 97 %" in note
        )
        assert "open the Explain page" in note


def test_the_words_say_what_the_picture_shows() -> None:
    described = view(inspect(code_of("cracked")))
    assert described["alt"] == (
        "Picture part.png. REJECT: cracked, 97 %. The part is boxed. "
        "The heat map is warmest at the upper centre of the part."
    )


def test_no_part_says_why_there_is_no_map() -> None:
    described = view(inspect(NOTHING))
    assert described["heat"] is None and described["boxes"] == [] and described["focus"] is None
    assert "No part was found" in described["note"]


def test_defects_have_their_boxes() -> None:
    found = replace(inspect(code_of("dented")), findings=(Finding(Box(0, 0, 32, 24), "scratches", 0.5),))
    labels = [box["label"] for box in view(found)["boxes"]]
    assert labels == ["part 91%", "scratches 50%"]
    nearly = replace(found, box_score_0_1=0.9971, findings=(Finding(Box(0, 0, 32, 24), "scratches", 0.9962),))
    assert [box["label"] for box in view(nearly)["boxes"]] == ["part > 99%", "scratches > 99%"]


@pytest.mark.parametrize(
    ("row", "column", "words"),
    [(0, 0, "upper left"), (3, 3, "centre"), (3, 6, "middle right"), (6, 3, "lower centre")],
)
def test_where_it_is_hottest(row: int, column: int, words: str) -> None:
    heat_map = inspect(code_of("cracked")).heat_map
    assert heat_map is not None
    grid = np.zeros((7, 7), np.float32)
    grid[row, column] = 1
    assert find_hottest(replace(heat_map, grid=grid)) == words
