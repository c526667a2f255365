"""The one-page sheet: one page, its words, its pictures."""

import re
import zlib
from base64 import a85decode
from datetime import UTC, datetime

import cv2
import numpy as np
import pytest

from inspection.explain_pdf import Panel, Sheet, printable, write_sheet
from inspection.ui.overlays import draw_legend


def make_jpeg(shade: int) -> bytes:
    done, encoded = cv2.imencode(".jpg", np.full((64, 48, 3), shade, np.uint8))
    assert done
    return encoded.tobytes()


def make_sheet(panels: int, lines: int = 5) -> bytes:
    facts = {"Picture": "part-01.png", "SHA-256": "ab" * 32, "Class explained": "cracked"}
    made = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    words = [f"line {index} of what there is to say about this map, at some length" for index in range(lines)]
    shown = [Panel(f"Map {index}", make_jpeg(20 * index), words) for index in range(panels)]
    return write_sheet(Sheet("REJECT: cracked, 98 %", facts, shown, "A map shows what a model used.", made))


def read_text(pdf: bytes) -> str:
    """The strings of the page's content stream."""
    contents = []
    for body in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.S):
        if body.rstrip().endswith(b"~>"):
            try:
                contents.append(zlib.decompress(a85decode(body.strip()[:-2])))
            except (zlib.error, ValueError):  # a picture's bytes
                continue
    return " ".join(re.findall(r"\(((?:\\.|[^\\)])*)\) Tj", b" ".join(contents).decode("latin-1")))


@pytest.mark.parametrize("panels", [1, 2, 4, 5, 9])
def test_it_is_one_page_whatever_is_on_it(panels: int) -> None:
    pdf = make_sheet(panels)
    assert pdf.startswith(b"%PDF-") and pdf.rstrip().endswith(b"%%EOF")
    assert len(re.findall(rb"/Type /Page\b(?!s)", pdf)) == 1
    assert len(re.findall(rb"/Subtype /Image", pdf)) == panels


def test_it_says_what_was_on_the_screen() -> None:
    said = read_text(make_sheet(2)).replace("\\", "")
    for words in (
        "REJECT: cracked, 98 %",
        "ab" * 32,
        "Map 1",
        "A map shows what a model used.",
        "2026-01-02 03:04:05 UTC",
    ):
        assert words in said


def test_the_legend_is_a_picture_more() -> None:
    made = datetime(2026, 1, 2, tzinfo=UTC)
    pdf = write_sheet(Sheet("PASS", {}, [Panel("Map", make_jpeg(9), [])], "", made, legend=draw_legend()))
    assert len(re.findall(rb"/Subtype /Image", pdf)) == 2 and "1 and above" in read_text(pdf)


def test_the_same_sheet_is_the_same_file() -> None:
    assert make_sheet(3) == make_sheet(3)


def test_too_much_to_say_does_not_leave_the_page() -> None:
    assert len(re.findall(rb"/Type /Page\b(?!s)", make_sheet(8, lines=60))) == 1


@pytest.mark.parametrize(
    ("text", "shown"), [("≥ 1 − x", ">= 1 - x"), ("7×7 R²", "7×7 R²"), ("部品.png", "??.png")]
)
def test_letters_that_the_fonts_lack(text: str, shown: str) -> None:
    assert printable(text) == shown


@pytest.mark.parametrize("panels", [4, 5, 9])
def test_what_is_said_under_each_map_is_on_the_page(panels: int) -> None:
    """The foot says that each scale is stated under its map: from the fifth panel on most of it had been dropped."""
    words = [
        "Shows: How much each place of the last feature map adds to the class's score.",
        "Evidence: estimated from 258 runs of the engine, R² of the stand-in 0.91; 12% of what was found speaks against the "
        "class and is not drawn. Against its blurred self the picture has +3.4 log-odds of this class.",
        "On the defect: 62.1 % of the heat on 1.3 % of the area: lift 47.8 where chance is 1; the warmest cell touches it.",
        "Scale: raw maximum 2.31; drawn as 1: 4 in log-odds, what parts 98 % from even odds: the same for every picture.",
        "Cost: 812 ms, 258 runs of the network.",
    ]
    shown = [Panel(f"Map {index}", make_jpeg(20 * index), words) for index in range(panels)]
    facts = {f"Judged by {name}": "REJECT: cracked, 98 %; openvino, INT8, weights 12" for name in "abcd"}
    said = read_text(write_sheet(Sheet("REJECT", facts, shown, "", datetime(2026, 1, 2, tzinfo=UTC))))
    assert said.count("258 runs of the network.") == panels
    assert "room for here" not in said


def test_what_does_not_fit_is_said_to_be_left_out() -> None:
    assert read_text(make_sheet(8, lines=60)).count("more on the screen than there is room for here") == 8


def test_a_long_name_under_a_map_is_broken_where_its_column_ends() -> None:
    shown = [Panel("Map", make_jpeg(9), ["Outlined: " + "x" * 300])] * 4
    said = read_text(write_sheet(Sheet("PASS", {}, shown, "", datetime(2026, 1, 2, tzinfo=UTC))))
    assert "x" * 300 not in said and said.count("x") == 1200
