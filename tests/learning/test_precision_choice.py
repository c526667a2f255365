"""In which precision a network is trained: as the machine is faster, and as the run began."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from inspection.learning import pace
from inspection.learning.config import TrainConfig
from inspection.learning.pace import settle_precision
from inspection.learning.recipes import make_config


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """A machine that takes twice as long in bfloat16; which precisions it was asked for."""
    precisions: list[bool] = []

    def measure(config: TrainConfig, side: int, steps: int, *, clock: object) -> float:
        precisions.append(config.bf16)
        return 0.02 if config.bf16 else 0.01

    monkeypatch.setattr(pace, "measure_side", measure)
    return precisions


def plan(**changes: object) -> TrainConfig:
    told = {"bf16": True, **changes}
    return make_config("casting", "resnet18_cbam", ("ok", "defective"), epochs=2, **told)


def test_a_machine_that_is_slower_in_bfloat16_trains_in_float32(asked: list[bool], tmp_path: Path) -> None:
    said: list[str] = []
    settled = settle_precision(plan(), tmp_path, tell=said.append)
    assert settled == replace(plan(), bf16=False)
    assert set(asked) == {True, False}, "each was measured"
    assert said == [
        "trains in float32: a picture of 224 px takes 20.0 ms of processor time in bfloat16 here, 10.0 ms in float32"
    ]


def test_what_must_not_learn_in_bfloat16_is_not_asked(asked: list[bool], tmp_path: Path) -> None:
    assert settle_precision(plan(bf16=False), tmp_path).bf16 is False
    detector = make_config("aluminium", "yolov5n", ("part",), epochs=2, bf16=True)
    assert settle_precision(detector, tmp_path) is detector
    assert not asked


@pytest.mark.parametrize("bf16", [True, False])
def test_a_run_goes_on_as_it_began(bf16: bool, asked: list[bool], tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(plan(bf16=bf16).to_dict()))
    assert settle_precision(plan(), tmp_path).bf16 is bf16
    assert not asked


@pytest.mark.parametrize("change", [{"threads": 3}, {"device": "cuda"}])
def test_a_run_goes_on_in_its_precision_with_other_threads_or_on_another_device(
    change: dict[str, object], asked: list[bool], tmp_path: Path
) -> None:
    (tmp_path / "config.json").write_text(json.dumps(plan(bf16=False).to_dict()))
    assert settle_precision(plan(**change), tmp_path) == plan(bf16=False, **change)
    assert not asked


def test_a_run_begun_in_bfloat16_ends_in_it_where_new_ones_would_not(
    asked: list[bool], tmp_path: Path
) -> None:
    """It began on a GPU, say, and goes on where bfloat16 is emulated: slow, but the same run."""
    (tmp_path / "config.json").write_text(json.dumps(plan(bf16=True, device="cuda").to_dict()))
    assert settle_precision(plan(bf16=False), tmp_path) == plan(bf16=True)
    assert not asked


def test_another_plan_in_the_same_folder_is_measured(asked: list[bool], tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(plan(seed=7).to_dict()))
    assert settle_precision(plan(), tmp_path).bf16 is False
    assert asked


def test_the_steps_are_really_taken(tmp_path: Path) -> None:
    small = make_config(
        "casting", "mobilenetv2", ("ok", "defective"), sizes=((1, 32),), batch_size=2, bf16=True
    )
    assert settle_precision(small, tmp_path) in (small, replace(small, bf16=False))
