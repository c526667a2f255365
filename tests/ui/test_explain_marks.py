"""Where the defect lies on the Explain page: what a mask says, what the detector guesses, and that nobody mixes them."""

import re
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from inspection.explain_methods import explain_with
from inspection.explain_subject import make_subject
from inspection.explain_trust import Overlap
from inspection.images import decode
from inspection.lines import load_line
from inspection.types import U8, Box, Finding, Inspection, Picture, Precision
from inspection.ui.explain_cards import make_sheet, say_overlap
from inspection.ui.explaining import Case, Look, Marked, find_marked
from inspection.ui.state import Choice
from tests.explaining.test_pdf import read_text
from tests.ui.fakes import FakeInspector, code_of, make_png
from tests.ui.test_explain_page import open_explain, words


def test_a_mask_measures_the_maps(app: AppTest) -> None:
    open_explain(app)
    assert "On the defect" not in words(app)
    mask = make_png(0, width=320, height=240)  # bright wherever the fake part is
    app.file_uploader(key="explain.mask.aluminium.cracked-01").upload("mask.png", mask).run()
    assert not app.exception
    assert "of the heat on" in words(app) and "lift" in words(app)


def test_a_mask_and_a_class_stay_with_the_line_whose_picture_they_were_given_for(
    app: AppTest, tmp_path: Path
) -> None:
    """Two lines may have samples of one name."""
    lines = tmp_path / "lines"
    twin = (lines / "aluminium.toml").read_text().replace("Fake aluminium", "Twin")
    (lines / "twin.toml").write_text(twin)
    open_explain(app).file_uploader(key="explain.mask.aluminium.cracked-01").upload(
        "mask.png", make_png(0, width=320, height=240)
    ).run()
    app.selectbox(key="explain.class.aluminium.cracked-01.resnet50").select("stained").run()
    assert "On the defect" in words(app)
    next(box for box in app.selectbox if box.label == "Line").set_value("twin").run()
    assert not app.exception
    assert app.selectbox(key="explain.picture.twin").value == "cracked-01"
    assert app.selectbox(key="explain.class.twin.cracked-01.resnet50").value == "cracked"
    assert "On the defect" not in words(app)


def test_the_transparent_ground_of_a_mask_is_no_defect(app: AppTest) -> None:
    ink = np.full((240, 320, 4), 255, np.uint8)
    ink[..., 3] = 0
    ink[100:120, 150:170, 3] = 255
    done, encoded = cv2.imencode(".png", ink)
    assert done
    key = "explain.mask.aluminium.cracked-01"
    open_explain(app).file_uploader(key=key).upload("mask.png", encoded.tobytes()).run()
    assert not app.error and "on 1.3 % of the area" in words(app)


BOXED = (
    Finding(Box(90, 40, 130, 80), "cracked", 0.83),
    Finding(Box(150, 90, 230, 200), "stained", 0.31),
)


class BoxingInspector(FakeInspector):
    """The line's detector boxes two classes, of which the verdict names one."""

    def inspect(self, picture: Picture, *, explained: bool = True, target: str | None = None) -> Inspection:
        return replace(super().inspect(picture, explained=explained, target=target), findings=BOXED)


@pytest.fixture
def boxing(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    def load(line: str, model: str, precision: Precision) -> FakeInspector:
        return BoxingInspector(load_line(line), model, precision)

    monkeypatch.setattr("inspection.loading.load_inspector", load)
    return open_explain(app)


def make_case(mask: U8 | None = None) -> Case:
    inspector = BoxingInspector()
    picture = decode(make_png(code_of("cracked")), name="part.png")
    inspection = inspector.inspect(picture)
    subject = make_subject(inspector, picture, inspection)  # type: ignore[arg-type]
    choice = Choice("aluminium", "resnet50", "int8")
    return Case(choice, inspection, subject, subject.crop, (picture.width, picture.height), mask)


def test_boxes_of_the_detector_are_not_called_a_known_defect(boxing: AppTest) -> None:
    said = words(boxing)
    assert "On the detector's boxes" in said and "guess at cracked" in said and "On the defect" not in said
    assert boxing.toggle(key="explain.outline").label == "Outline the detector's boxes"
    mask = make_png(0, width=320, height=240)
    boxing.file_uploader(key="explain.mask.aluminium.cracked-01").upload("mask.png", mask).run()
    assert "On the defect" in words(boxing) and "detector's boxes" not in words(boxing)
    assert boxing.toggle(key="explain.outline").label == "Outline the known defect"


def test_a_class_without_a_box_has_no_figure_of_boxes(boxing: AppTest) -> None:
    boxing.selectbox(key="explain.class.aluminium.cracked-01.resnet50").select("dented").run()
    assert not boxing.exception and len(boxing.image) == 3
    assert "the heat on" not in words(boxing) and boxing.toggle(key="explain.outline").disabled


@pytest.mark.parametrize(("class_name", "area"), [("cracked", 40 * 40), ("stained", 80 * 110)])
def test_only_boxes_of_the_class_explained_are_marked(class_name: str, area: int) -> None:
    marked = find_marked(make_case(), class_name)
    assert marked is not None and not marked.known and (marked.mask > 0).sum() == area
    assert find_marked(make_case(), "dented") is None


def test_a_mask_is_the_defect_whichever_class_is_explained() -> None:
    mask = np.full((240, 320), 255, np.uint8)
    assert find_marked(make_case(mask), "dented") == Marked(mask, known=True)


@pytest.mark.parametrize("known", [False, True])
def test_the_sheet_says_who_marked_the_defect(known: bool) -> None:
    case = make_case(np.full((240, 320), 255, np.uint8) if known else None)
    shown = [("Grad-CAM", case, explain_with("grad_cam", case.subject, "cracked"))]
    pdf = make_sheet(shown, "cracked", Look(0.7, smooth=True, outline=True))
    said = re.sub(r"\\(.)", r"\1", read_text(pdf))
    expected = ("Outlined: the known defect.", "On the defect:")
    boxes = ("Outlined: the detector's boxes.", "On the detector's boxes:")
    assert [words in said for words in (*expected, *boxes)] == [known, known, not known, not known]


def test_a_mask_of_another_size_is_refused(app: AppTest) -> None:
    open_explain(app).file_uploader(key="explain.mask.aluminium.cracked-01").upload(
        "m.png", make_png(0, width=64, height=64)
    ).run()
    assert "Expected a mask of 320 × 240 pixels" in words(app)


def test_a_hair_crack_is_not_on_nothing() -> None:
    """“100% of the heat on 0.0% of the area” had been told of most of the heat on a fine crack."""
    words = say_overlap(Overlap(0.9961, 0.0004, True), known=True)
    assert words.startswith("99.6 % of the heat on < 0.1 % of the area: lift 2490.2 where chance is 1")
