"""The Explain page, clicked through with a fake inspector whose network is three colours."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from inspection.config import load_settings
from inspection.explain_methods import METHODS
from inspection.explain_subject import Explanation
from inspection.lines import load_line
from inspection.types import Box, HeatMap, Precision
from inspection.ui.explain_cards import say_scale
from inspection.ui.explaining import Shelf
from models.card import write_card
from models.heads import FlattenMlpHead
from tests.explaining.toys import ColourEngine
from tests.ui.fakes import NOTHING, FakeInspector, code_of, make_png
from tests.ui.measured import make_measured_card


def words(app: AppTest) -> str:
    parts = [*app.markdown, *app.caption, *app.info, *app.warning, *app.error]
    return re.sub(r"\\(.)", r"\1", " ".join(str(element.value) for element in parts))


def open_explain(app: AppTest) -> AppTest:
    app.run()
    app.switch_page("screens/explain.py").run()
    assert not app.exception
    return app


def titles(app: AppTest) -> list[str]:
    known = {spec.title for spec in METHODS.values()} | {"ResNet50", "Compact CNN, grey"}
    shown = [re.sub(r"\\(.)", r"\1", str(element.value)).strip("*") for element in app.markdown]
    return [title for title in shown if title in known]


def test_three_methods_stand_side_by_side(app: AppTest) -> None:
    open_explain(app)
    assert titles(app) == ["Grad-CAM", "Ablation-CAM", "Occlusion 7×7"]
    assert len(app.image) == 3
    said = words(app)
    assert "ResNet50: REJECT: cracked, 97 %; cracked 97.0 %" in said
    assert "51 runs of the network" in said and "no further run of the network" in said
    assert "one map by construction" in said


def test_samples_that_share_all_but_their_ending_are_both_offered(
    app: AppTest, loaded: list[FakeInspector]
) -> None:
    """Inspect shows both, and its link leads to the one that it speaks of."""
    folder = load_settings().lines_dir / "aluminium"
    (folder / "cracked-01.jpg").write_bytes(make_png(code_of("flawless")))
    app.run()
    app.button(key="sample.cracked-01.jpg").click().run()
    next(button for button in app.button if "Explain" in button.label).click().run()
    assert app.selectbox(key="explain.picture.aluminium").value == "cracked-01.jpg"
    assert not app.exception and loaded[0].seen[-1] == "cracked-01.jpg"
    assert "ResNet50: PASS: flawless" in words(app)


def test_a_line_without_pictures_leads_to_inspect(app: AppTest) -> None:
    app.run()
    app.query_params["line"] = "bare"
    app.switch_page("screens/explain.py").run()
    assert not app.exception
    assert "Inspect a picture first" in words(app)


def test_any_method_can_be_asked_for(app: AppTest) -> None:
    open_explain(app).pills(key="explain.methods").set_value(list(METHODS)).run()
    assert not app.exception
    assert titles(app) == [spec.title for spec in METHODS.values()]
    assert "It knows no class" in words(app)


def test_any_class_can_be_the_target(app: AppTest) -> None:
    open_explain(app)
    app.selectbox(key="explain.class.aluminium.cracked-01.resnet50").select("stained").run()
    assert "stained 0.8 %" in words(app)


def test_a_map_is_made_once(app: AppTest, loaded: list[FakeInspector]) -> None:
    open_explain(app)
    runs = len(loaded[0].classifying.engine.sizes)
    app.slider(key="explain.opacity").set_value(30).run()
    app.segmented_control(key="explain.grid").set_value("Native").run()
    assert len(loaded[0].classifying.engine.sizes) == runs


def test_weights_that_were_promoted_meanwhile_explain_anew(app: AppTest, loaded: list[FakeInspector]) -> None:
    open_explain(app)
    judged = len(loaded[0].seen)
    app.run()
    assert len(loaded[0].seen) == judged
    loaded[0].classifying = replace(loaded[0].classifying, weights_sha256="1" * 64)
    app.run()
    assert len(loaded[0].seen) == judged + 1 and not app.exception


def test_models_stand_side_by_side(app: AppTest, loaded: list[FakeInspector]) -> None:
    open_explain(app).segmented_control(key="explain.side").set_value("Models").run()
    assert not app.exception
    assert titles(app) == ["ResNet50", "Compact CNN, grey"]
    assert {inspector.model for inspector in loaded} == {"resnet50", "compact_cnn"}


def test_a_model_whose_int8_is_withheld_is_explained_at_f32(
    app: AppTest, loaded: list[FakeInspector], tmp_path: Path
) -> None:
    told = {"int8": {"withheld": "it changes 14 of 630 pictures"}, "f32": {}}
    card = make_measured_card("compact_cnn", precisions=told)
    write_card(card, tmp_path / "weights" / "aluminium" / "compact_cnn.json")
    open_explain(app).segmented_control(key="explain.side").set_value("Models").run()
    assert not app.exception
    assert {(each.model, each.precision) for each in loaded} == {("resnet50", "int8"), ("compact_cnn", "f32")}
    assert "INT8 of Compact CNN, grey is withheld: it changes 14 of 630 pictures" in words(app)


def test_a_model_without_weights_does_not_hide_the_others(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    from inspection import loading
    from inspection.errors import WeightsMissing

    load = loading.load_inspector

    def refuse(line: str, model: str, precision: str) -> FakeInspector:
        if model == "compact_cnn":
            raise WeightsMissing("Expected a card, found none. Train the model.")
        return load(line, model=model, precision=precision)  # type: ignore[return-value, arg-type]

    monkeypatch.setattr("inspection.loading.load_inspector", refuse)
    open_explain(app).segmented_control(key="explain.side").set_value("Models").run()
    assert len(app.image) == 1 and "Train the model." in app.warning[0].value.replace("\\", "")


def test_a_model_that_has_no_such_map_says_so_and_the_others_show_theirs(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(line: str, model: str, precision: Precision) -> FakeInspector:
        inspector = FakeInspector(load_line(line), model, precision)
        if model == "compact_cnn":
            head = make_flat_head()
            flat = replace(inspector.classifying, head=head, engine=ColourEngine(head))  # type: ignore[arg-type]
            inspector.classifying = flat
        return inspector

    monkeypatch.setattr("inspection.loading.load_inspector", load)
    open_explain(app).segmented_control(key="explain.side").set_value("Models").run()
    assert len(app.image) == 2 and not app.warning
    app.selectbox(key="explain.method").select("grad_cam_pp").run()
    assert not app.exception and not app.error
    assert titles(app) == ["ResNet50", "Compact CNN, grey"] and len(app.image) == 1
    assert "This model's head does not pool, so it has no closed form here." in words(app)
    assert [button.label for button in app.download_button] == ["One-page PDF"]


def make_flat_head() -> FlattenMlpHead:
    """It looks at each place of the 3 × 7 × 7 features by itself."""
    bias, square = np.zeros(4, np.float32), np.eye(4, dtype=np.float32)
    first, last = np.full((4, 147), 1 / 147, np.float32), np.ones((5, 4), np.float32)
    return FlattenMlpHead(first, bias, square, bias, last, np.zeros(5, np.float32))


def test_an_uploaded_picture_comes_over_from_inspect(app: AppTest) -> None:
    app.run()
    app.segmented_control(key="inspect.source").set_value("Upload").run()
    app.file_uploader(key="inspect.upload").upload("mine.png", make_png(code_of("dented"))).run()
    app.switch_page("screens/explain.py").run()
    assert app.selectbox(key="explain.picture.aluminium").options[0] == "mine.png (from Inspect)"
    assert "REJECT: dented" in words(app)


def test_a_picture_with_the_bytes_of_a_sample_is_not_given_its_mask(
    app: AppTest, loaded: list[FakeInspector], tmp_path: Path
) -> None:
    masks = tmp_path / "lines" / "aluminium" / "masks"
    masks.mkdir()
    (masks / "cracked-01.png").write_bytes(make_png(0, width=320, height=240))
    app.run()
    app.segmented_control(key="inspect.source").set_value("Upload").run()
    app.file_uploader(key="inspect.upload").upload("mine.png", make_png(code_of("cracked"))).run()
    app.switch_page("screens/explain.py").run()
    assert "On the defect" not in words(app)
    app.selectbox(key="explain.picture.aluminium").select("cracked-01").run()
    assert "On the defect" in words(app) and loaded[0].seen[-1] == "cracked-01.png"
    app.selectbox(key="explain.picture.aluminium").select("mine-0").run()
    assert "On the defect" not in words(app)


def test_a_sample_that_cannot_be_read_ends_nothing_for_uploads(app: AppTest, tmp_path: Path) -> None:
    (tmp_path / "lines" / "aluminium" / "damaged_01.png").write_bytes(b"no picture")
    app.run()
    assert "damaged_01.png" in words(app) and not app.error  # Inspect goes on too
    app.segmented_control(key="inspect.source").set_value("Upload").run()
    app.file_uploader(key="inspect.upload").upload("mine.png", make_png(code_of("dented"))).run()
    app.switch_page("screens/explain.py").run()
    assert "REJECT: dented" in words(app) and not app.error
    assert "damaged_01.png: expected" in words(app) and str(tmp_path) not in words(app)
    assert len(app.selectbox(key="explain.picture.aluminium").options) == 4


def test_the_report_leads_here(app: AppTest) -> None:
    app.run()
    app.button(key="sample.flawless-01").click().run()
    app.segmented_control(key="inspect.precision.aluminium").set_value("f32").run()
    app.button[[button.label for button in app.button].index("Explain this verdict")].click().run()
    assert not app.exception
    assert app.title[0].value == "Explain"
    assert "PASS: flawless" in words(app)
    assert app.segmented_control(key="explain.precision.aluminium").value == "f32"


def test_a_link_leads_to_a_picture(app: AppTest) -> None:
    app.run()
    app.query_params.update({"line": "aluminium", "model": "compact_cnn", "sample": "flawless-01"})
    app.switch_page("screens/explain.py").run()
    assert "Compact CNN, grey: PASS: flawless" in words(app)


def test_the_choice_goes_along_and_comes_back(app: AppTest, loaded: list[FakeInspector]) -> None:
    app.run()
    app.selectbox(key="inspect.model.aluminium").select("compact_cnn").run()
    app.switch_page("screens/explain.py").run()
    assert app.selectbox(key="explain.model.aluminium").value == "compact_cnn"
    app.selectbox(key="explain.model.aluminium").select("resnet50").run()
    app.switch_page("screens/inspect.py").run()
    assert app.selectbox(key="inspect.model.aluminium").value == "resnet50"
    assert [inspector.precision for inspector in loaded] == ["int8"] * 2


def test_a_picture_without_a_part_says_why_there_is_nothing(app: AppTest) -> None:
    app.run()
    app.segmented_control(key="inspect.source").set_value("Upload").run()
    app.file_uploader(key="inspect.upload").upload("belt.png", make_png(NOTHING)).run()
    app.switch_page("screens/explain.py").run()
    assert not app.exception
    assert "nothing to explain" in words(app)


def test_a_line_without_pictures_points_to_inspect(app: AppTest) -> None:
    open_explain(app).selectbox(key="explain.line").select("bare").run()
    assert not app.exception
    assert "Inspect a picture first" in words(app)


def test_the_sheet_is_offered(app: AppTest) -> None:
    open_explain(app)
    assert [button.label for button in app.download_button] == ["One-page PDF"]


@pytest.mark.parametrize(("peak", "faint"), [(0.0, True), (0.3, True), (0.4, False), (4.0, False)])
def test_a_map_without_heat_on_the_fixed_scale_says_so(peak: float, faint: bool) -> None:
    grid = np.full((7, 7), peak, np.float32)
    heat_map = HeatMap(grid, "cracked", "Grad-CAM", True, 0.0, 4.0, Box(0, 0, 7, 7))
    words = say_scale(Explanation("grad-cam", heat_map, "exact", "one scale, 4", 1.0, 0))
    assert ("hardly any heat" in words) is faint


def test_a_shelf_keeps_the_latest() -> None:
    shelf: Shelf[int] = Shelf(2)
    for key in "ab":
        shelf.put(key, ord(key))
    assert shelf.get("a") == ord("a")  # used: "b" is now the oldest
    shelf.put("c", 1)
    assert shelf.get("b") is None and shelf.get("a") == ord("a") and len(shelf) == 2
