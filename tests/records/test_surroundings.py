"""A record names the weights that judged, whatever lies on the disk when it is kept."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inspection.config import load_settings
from inspection.pipeline import Classifying, Detecting, Inspector
from inspection.records.surroundings import build_full_context, find_hashes
from models.card import write_card
from models.heads import LinearHead
from tests.fakes import FakeEngine, make_line
from tests.models.cards import make_card


def test_the_detectors_of_a_record_are_those_that_were_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSAY_WEIGHTS", str(tmp_path))
    load_settings.cache_clear()
    for model in ("yolov5n", "nanodet_plus_m"):  # trained anew since
        write_card(
            make_card(line="toy", model=model, weights_sha256="9" * 64), tmp_path / "toy" / f"{model}.json"
        )
    head = LinearHead(np.zeros((3, 2), np.float32), np.zeros(3, np.float32))
    classifying = Classifying(FakeEngine(), head, "resnet50", "a" * 64, 32, 3, 1.0, None)
    inspector = Inspector(
        replace(make_line(detector=True), defect_detector="nanodet_plus_m"),
        classifying,
        locating=Detecting(FakeEngine(), 32, ("part",), "1" * 64),
        marking=Detecting(FakeEngine(), 32, ("torn",), "2" * 64),
    )
    try:
        context = build_full_context(inspector, person="eva", source="upload")
    finally:
        load_settings.cache_clear()
    assert context.extra["detectors"] == {
        "locates": {"model": "yolov5n", "sha256": "1" * 64},
        "marks defects": {"model": "nanodet_plus_m", "sha256": "2" * 64},
    }


def test_weights_that_are_calibrated_anew_are_told_from_those_of_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or a server that runs would go on saying how sure it is by the old temperature."""
    monkeypatch.setenv("ASSAY_WEIGHTS", str(tmp_path))
    load_settings.cache_clear()
    path, card = tmp_path / "toy" / "resnet50.json", make_card(line="toy", model="resnet50")
    try:
        write_card(card, path)
        before = find_hashes("toy", "resnet50", load_settings())
        write_card(replace(card, temperature=card.temperature / 2), path)
        after = find_hashes("toy", "resnet50", load_settings())
    finally:
        load_settings.cache_clear()
    assert before != after and before.weights == after.weights
