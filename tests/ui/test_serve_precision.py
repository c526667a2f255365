"""INT8 that the release withholds, or that this machine refuses, is not what a page judges with."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from inspection import loading
from inspection.config import load_settings
from inspection.errors import PrecisionUnavailable, WeightsMissing
from inspection.lines import load_line
from inspection.ui import inspectors, judge_choice, resources
from models.card import Card, read_card, write_card
from server import warm
from tests.models.cards import make_card
from tests.ui.fakes import CLASSES, FakeInspector
from tests.ui.test_inspect_page import words

WHY = "INT8 changes 14 of 630 validation pictures"
REFUSED = "Expected the replayed INT8 model to answer the probe within 0.05, got 3.1. Use f32."
SAID = "this machine refuses it. " + REFUSED.removesuffix(".")
Load = Callable[[str, str, str], FakeInspector]


def withhold(card: Card, why: str | None) -> Card:
    return replace(card, precisions={**card.precisions, "int8": {"withheld": why}})


@pytest.mark.parametrize(
    ("withheld", "wanted", "served"),
    [
        ({"resnet18_cbam"}, "int8", ("f32", WHY)),
        ({"yolov5n"}, "int8", ("f32", WHY)),
        ({"resnet18_cbam"}, "bf16", ("bf16", None)),
        (set(), "int8", ("int8", None)),
    ],
)
def test_withheld_int8_gives_way_to_f32(
    monkeypatch: pytest.MonkeyPatch, withheld: set[str], wanted: str, served: tuple[str, str | None]
) -> None:
    line = load_line("aluminium")
    home = load_settings().weights_dir / "aluminium"

    def get_card(_: str, model: str) -> Card:
        return withhold(read_card(home / f"{model}.json"), WHY if model in withheld else None)

    monkeypatch.setattr(resources, "get_card", get_card)
    assert inspectors.serve_precision(line, "resnet18_cbam", wanted) == served  # type: ignore[arg-type]


@pytest.fixture
def asked(loaded: list[FakeInspector], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The precisions that were loaded, in order, on a machine that refuses INT8."""
    load: Load = loading.load_inspector  # type: ignore[assignment]
    precisions: list[str] = []

    def refuse(line: str, model: str, precision: str) -> FakeInspector:
        precisions.append(precision)
        if precision == "int8":
            raise PrecisionUnavailable(REFUSED)
        return load(line, model, precision)

    monkeypatch.setattr("inspection.loading.load_inspector", refuse)
    return precisions


def test_int8_that_is_refused_here_is_tried_once_and_told(asked: list[str]) -> None:
    line = resources.get_line("aluminium")
    assert inspectors.serve_precision(line, line.champion, "int8") == ("int8", None), (
        "nothing is loaded to tell"
    )
    assert not asked
    for _ in range(2):
        with pytest.raises(PrecisionUnavailable, match="the probe"):  # whoever asks for INT8 gets no other
            inspectors.get_inspector("aluminium", line.champion, "int8")
    assert asked == ["int8"]
    assert inspectors.serve_precision(line, line.champion, "int8") == ("f32", SAID)
    assert inspectors.serve_precision(line, line.champion, "bf16") == ("bf16", None)
    assert inspectors.serve_precision(line, "compact_cnn", "int8") == ("int8", None), "another model may run"


@pytest.mark.parametrize("model", ["resnet50", "yolov5n"])
def test_a_new_calibration_is_tried_without_a_restart(asked: list[str], tmp_path: Path, model: str) -> None:
    line = resources.get_line("aluminium")
    assert inspectors.learn_precision(line, line.champion, "int8") == ("f32", SAID)
    card = make_card(model=model, class_names=CLASSES, precisions={"int8": {"calibration_sha256": "ab" * 32}})
    write_card(card, tmp_path / "weights" / "aluminium" / f"{model}.json")
    assert inspectors.serve_precision(line, line.champion, "int8") == ("int8", None)


def test_the_champion_is_loaded_and_warmed_at_f32_where_int8_is_refused(asked: list[str]) -> None:
    warm()
    assert asked == ["int8", "f32"]
    assert inspectors.get_serving_inspector(resources.get_line("aluminium")).precision == "f32"  # type: ignore[attr-defined]
    assert asked == ["int8", "f32"]


def test_a_page_judges_at_f32_and_says_why(
    app: AppTest, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspectors, "doubts_int8", lambda: True)
    app.run()
    assert not app.exception and not app.error and asked == ["int8", "f32"]
    assert app.segmented_control(key="inspect.precision.aluminium").value == "f32"
    assert not app.query_params.get("precision")
    app.segmented_control(key="inspect.precision.aluminium").set_value("int8").run()
    assert not app.exception and not app.error and asked == ["int8", "f32"]
    assert "INT8 is withheld: this machine refuses it." in words(app).replace("\\", "")


def test_nothing_is_loaded_ahead_where_int8_runs(
    loaded: list[FakeInspector], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspectors, "doubts_int8", lambda: False)
    assert judge_choice.pick_served(resources.get_line("aluminium")) == "int8" and not loaded


def test_what_else_is_amiss_is_not_told_by_the_choice(
    loaded: list[FakeInspector], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: str, **__: str) -> FakeInspector:
        raise WeightsMissing("Expected a card, found none. Train the model.")

    monkeypatch.setattr("inspection.loading.load_inspector", refuse)
    line = resources.get_line("aluminium")
    assert inspectors.learn_precision(line, line.champion, "int8") == ("int8", None)
