"""A running server judges with the weights and by the rules that lie there now, and loads no engine twice for it."""

from pathlib import Path

import pytest

from inspection.ui import inspectors, resources
from models.card import write_card
from tests.models.cards import make_card
from tests.ui.fakes import CLASSES, FakeInspector


def ship(folder: Path, model: str, digit: str) -> None:
    card = make_card(line="aluminium", model=model, class_names=CLASSES, weights_sha256=digit * 64)
    write_card(card, folder / "weights" / "aluminium" / f"{model}.json")


def get_inspector() -> FakeInspector:
    return inspectors.get_inspector("aluminium", "resnet50", "f32")  # type: ignore[return-value]


def edit_line(folder: Path, before: str, after: str) -> None:
    path = folder / "lines" / "aluminium.toml"
    path.write_text(path.read_text().replace(before, after))
    resources.get_line.clear()  # what 60 seconds do


@pytest.mark.parametrize("model", ["resnet50", "yolov5n", "nanodet_plus_m"])
def test_other_weights_of_any_model_of_the_line_are_loaded(
    loaded: list[FakeInspector], tmp_path: Path, model: str
) -> None:
    edit_line(tmp_path, "[models]", '[models]\ndefect_detector = "nanodet_plus_m"')
    for name in ("resnet50", "yolov5n", "nanodet_plus_m"):
        ship(tmp_path, name, "1")
    before = get_inspector()
    assert get_inspector() is before and len(loaded) == 1
    ship(tmp_path, model, "2")
    assert get_inspector() is not before and len(loaded) == 2


def test_another_detector_in_the_lines_file_is_loaded(loaded: list[FakeInspector], tmp_path: Path) -> None:
    get_inspector()
    edit_line(tmp_path, "yolov5n", "nanodet_plus_m")
    assert get_inspector().line.locate.model == "nanodet_plus_m" and len(loaded) == 2


def test_an_edited_policy_is_judged_by_without_loading_anew(
    loaded: list[FakeInspector], tmp_path: Path
) -> None:
    before = get_inspector()
    edit_line(tmp_path, "[models]", "margin = 0.2\n[policy]\nconfidence = 0.99\nwhole = false\n[models]")
    after = get_inspector()
    assert (after.line.policy.confidence_0_1, after.line.policy.whole, after.line.locate.margin) == (
        0.99,
        False,
        0.2,
    )
    assert after.classifying is before.classifying and len(loaded) == 1
    assert before.line.policy.whole, "what others hold is not touched while they judge"
