"""bench says whose chain it measured."""

from typing import Any

import pytest
from typer.testing import CliRunner

from inspection.__main__ import app
from inspection.lines import Line

CHAIN = {
    "networks": ["yolov5n", "resnet50"], "plain_ms": 100.0, "ours_ms": 20.0, "ours_p95_ms": 25.0, "ratio": 5.0,
    "precision": "int8", "rounds": 60, "trained_weights": True, "threads_agree": True,
    "stages": {"decode": {"plain_ms": 3.0, "ours_ms": 2.0}, "overlay": {"plain_ms": 4.0, "ours_ms": None}},
}  # fmt: skip


def measure_nothing(chain: Line, line: Line, models: list[str], *_: object, **__: object) -> dict[str, Any]:
    timing = {
        "model": models[0],
        "precision": "int8",
        "batch": 1,
        "p50_ms": 1.0,
        "p95_ms": 2.0,
        "images_per_s": 1000.0,
    }
    return {
        "machine": {"cpu": "a CPU", "threads": 2, "instructions": ["avx2"]},
        "engines": {"openvino": "1", "torch": "2"},
        "chain": {"line": chain.name, **CHAIN},
        "explain_overhead": 1.0,
        "classify_overhead": 1.0,
        "models": [timing],
        "peak_memory_mib": 1.0,
    }


@pytest.mark.parametrize(("line", "lent"), [("aluminium", False), ("casting", True)])
def test_a_line_that_is_lent_a_chain_is_told_whose(
    line: str, lent: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table of casting had been aluminium's, without a word."""
    monkeypatch.setattr("inspection.engines.benchmark.run_benchmark", measure_nothing)
    monkeypatch.setattr("inspection.commands.bench.load_pictures", lambda chain: [])
    told = CliRunner().invoke(app, ["bench", "--line", line])
    assert told.exit_code == 0
    assert "aluminium, yolov5n and resnet50: one 640×480 JPEG → verdict" in told.output
    assert ("no detector finds the part of line casting" in told.output) is lent
