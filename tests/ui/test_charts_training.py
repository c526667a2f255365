"""The curves of a training on their data, and how long it takes in words."""

import json
from pathlib import Path

import pytest

from inspection.ui.charts_training import build_live_curves, read_epochs, say_curves
from inspection.ui.train_live import say_span
from tests.ui.training import ROWS


def test_curves_grow_and_nothing_moves(tmp_path: Path) -> None:
    (tmp_path / "epochs.jsonl").write_text(
        "".join(json.dumps(row) + "\n" for row in ROWS) + '{"epoch": 3, "tr'
    )
    rows = read_epochs(tmp_path)
    assert rows == ROWS and read_epochs(None) == [] and read_epochs(tmp_path / "none") == []
    early, late = build_live_curves(rows[:1], epochs=8), build_live_curves(rows, epochs=8)
    assert early["xAxis"] == late["xAxis"] and early["yAxis"] == late["yAxis"]
    assert late["xAxis"]["max"] == 8
    points = {series["name"]: series["data"] for series in late["series"]}
    assert points["training loss, left"] == [[1, 1.5], [2, 0.7]]
    assert points["validation accuracy, %"] == [[2, 87.5]]
    assert {series["yAxisIndex"] for series in late["series"] if "loss" in series["name"]} == {0}
    assert say_curves(rows) == "Training loss went from 1.50 to 0.70 in 2 epochs, best validation score 87.5%"
    assert say_curves(rows[:1]) == "Training loss 1.50 in 1 epoch"


@pytest.mark.parametrize(
    ("seconds", "words"), [(3.2, "3 s"), (89, "89 s"), (90, "2 min"), (5300, "88 min"), (5400, "1 h 30 min")]
)
def test_spans_are_said(seconds: float, words: str) -> None:
    assert say_span(seconds) == words
