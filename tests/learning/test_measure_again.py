"""A detector that ships is measured again on its own pictures, and on no others."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from inspection.__main__ import app
from inspection.config import load_settings
from inspection.errors import DataInvalid, WeightsRefused
from inspection.hashing import hash_file
from inspection.learning.line_sides import split_line
from inspection.learning.measure_again import measure_boxes_again, tell_measured
from models.card import read_card, write_card
from tests.learning.steel_pictures import STEEL
from tests.models.cards import make_card


@pytest.fixture
def card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pictures: Path) -> Iterator[Path]:
    """The shipped detector's, as if it had been trained from these pictures."""
    shipped, home = load_settings().weights_dir / "steel", tmp_path / "weights" / "steel"
    home.mkdir(parents=True)
    for path in shipped.glob("yolov5n.*"):
        (home / path.name).write_bytes(path.read_bytes())
    monkeypatch.setenv("ASSAY_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setenv("ASSAY_VAR", str(tmp_path / "var"))
    load_settings.cache_clear()
    path = home / "yolov5n.json"
    facts = split_line(STEEL, pictures).facts(STEEL, pictures)
    card = read_card(path)
    kept = {"int8": {"calibration_sha256": card.precisions["int8"]["calibration_sha256"]}}
    write_card(replace(card, data=facts, figures={"robustness": []}, precisions=kept), path)
    yield path
    load_settings.cache_clear()


def test_the_card_tells_what_is_measured_today(card: Path, pictures: Path) -> None:
    weights = card.with_suffix(".safetensors")
    before = hash_file(weights)
    done = CliRunner().invoke(
        app, ["measure-boxes", "steel", "--model", "yolov5n", "--data", str(pictures)], catch_exceptions=False
    )
    assert done.exit_code == 0, done.output
    told = read_card(card)
    assert hash_file(weights) == before == told.weights_sha256
    figures = told.figures["test"]["f32"]
    assert figures["pictures"] == figures["boxes"] == 6 and "map_50_interval" in figures
    assert told.figures["robustness"] == []  # what was not measured again stays
    assert told.precisions["int8"]["against_f32"]["validation"]["n"] == 6
    assert "mAP@0.5 (95 %)" in done.output and "recall (95 %)" in done.output
    assert "takes each box for itself" in done.output
    assert ("INT8 is withheld" in done.output) == (told.withheld is not None)


def test_other_pictures_are_refused_and_the_card_stays(card: Path, pictures: Path) -> None:
    before = card.read_bytes()
    path = next((pictures / "images").iterdir())
    cv2.imwrite(str(path), np.zeros((200, 200), np.uint8))
    with pytest.raises(DataInvalid, match="yolov5n was trained on .* got "):
        CliRunner().invoke(
            app,
            ["measure-boxes", "steel", "--model", "yolov5n", "--data", str(pictures)],
            catch_exceptions=False,
        )
    assert card.read_bytes() == before


def test_a_classifier_has_no_boxes(card: Path, pictures: Path) -> None:
    with pytest.raises(DataInvalid, match="Expected a detector, got resnet50v2"):
        measure_boxes_again(STEEL, "resnet50v2", pictures, load_settings())


def test_classes_in_another_order_are_refused(card: Path, pictures: Path) -> None:
    turned = replace(STEEL, classes=STEEL.classes[::-1])
    with pytest.raises(DataInvalid, match="Expected the line's classes as yolov5n learnt them"):
        measure_boxes_again(turned, "yolov5n", pictures, load_settings(), tell=lambda _: None)


def test_what_others_wrote_meanwhile_stays_and_other_weights_are_refused() -> None:
    measured = make_card(model="yolov5n")
    today = replace(measured, notes=["written meanwhile"])
    told = tell_measured(today, measured, {"test": {}}, {"withheld": None}, {"sha256": "1" * 64})
    assert told.notes == ["written meanwhile"] and told.data["measured_sha256"] == "1" * 64
    with pytest.raises(WeightsRefused, match="replaced meanwhile"):
        tell_measured(replace(today, weights_sha256="f" * 64), measured, {}, {}, {"sha256": "1" * 64})
