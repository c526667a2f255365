"""What a job leaves behind when it is killed and gone on with."""

import json
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from inspection.config import Settings, load_settings
from inspection.jobs.job import Asked, Job, Standing
from inspection.jobs.works import plan_rival, train_rival
from inspection.learning.config import TrainConfig
from inspection.learning.starts import AUTOMATIC
from inspection.lines import load_line
from models.card import Card, write_card
from tests.models.cards import make_card
from tests.ui.conftest import write_lines

ARGUMENTS = {
    "data": "set",
    "line": "aluminium",
    "model": "mobilenetv2",
    "epochs": 1,
    "recipe": None,
    "warm_start": None,
    "seed": 0,
}


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    write_lines(tmp_path / "lines")
    found = replace(
        load_settings(),
        lines_dir=tmp_path / "lines",
        weights_dir=tmp_path / "weights",
        var_dir=tmp_path / "var",
    )
    monkeypatch.setattr("inspection.jobs.works.load_settings", lambda: found)
    monkeypatch.setattr("inspection.jobs.works.resolve_folder", lambda *_: tmp_path)
    return found


def go_on(folder: Path, card: Card, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """The work once more, after its training: its weights lie staged."""
    job = Job(Asked("a1", "train", "", ARGUMENTS, "ada", 0.0), Standing(), folder)
    staged = folder / "weights" / "aluminium"
    write_card(card, staged / "mobilenetv2.json")
    for name in ("mobilenetv2.safetensors", "mobilenetv2.parquet"):
        (staged / name).write_bytes(b"new")
    monkeypatch.setattr("inspection.commands.training_runs.train_classification", lambda *_, **__: card)
    return train_rival(job, lambda *_: None)


def list_rivals(settings: Settings) -> list[str]:
    table = tomllib.loads((settings.lines_dir / "aluminium.toml").read_text())
    return list(table["models"]["rivals"])


def test_a_rival_that_was_installed_when_the_job_was_killed_is_named_when_it_goes_on(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = replace(make_card(model="mobilenetv2"), weights_sha256="cd" * 32)
    write_card(card, settings.weights_dir / "aluminium" / "mobilenetv2.json")  # installed, and then the kill
    assert "mobilenetv2" not in list_rivals(settings)
    assert go_on(tmp_path / "job", card, monkeypatch)["installed"] is True
    assert "mobilenetv2" in list_rivals(settings)


def test_what_is_in_use_is_not_replaced_unasked(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = make_card(model="mobilenetv2")
    write_card(used, settings.weights_dir / "aluminium" / "mobilenetv2.json")
    found = go_on(tmp_path / "job", replace(used, weights_sha256="cd" * 32), monkeypatch)
    assert found["installed"] is False and "mobilenetv2" not in list_rivals(settings)


def put_start(settings: Settings, line: str, accuracy: float) -> str:
    weights = settings.weights_dir / line / "mobilenetv2.safetensors"
    weights.parent.mkdir(parents=True, exist_ok=True)
    weights.touch()
    figures = {"validation": {"f32": {"accuracy": accuracy}}}
    weights.with_suffix(".json").write_text(json.dumps({"figures": figures}))
    return str(weights)


def plan(settings: Settings, run: Path, **asked: object) -> TrainConfig:
    return plan_rival(load_line("aluminium", settings), {**ARGUMENTS, **asked}, settings, run)


def test_a_stopped_training_goes_on_from_its_own_start_though_a_better_one_came(
    settings: Settings, tmp_path: Path
) -> None:
    """Its checkpoint belongs to these settings: it was refused with “other settings”, and lost."""
    first = put_start(settings, "cloth", 0.91)
    began = plan(settings, tmp_path / "run", warm_start=AUTOMATIC)
    assert began.warm_start == first
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").write_text(json.dumps(began.to_dict()))
    better = put_start(settings, "glass", 0.99)
    assert plan(settings, tmp_path / "run", warm_start=AUTOMATIC).digest == began.digest
    assert plan(settings, tmp_path / "another", warm_start=AUTOMATIC).warm_start == better
    # what is named is taken, and what the run then says to it is right
    assert plan(settings, tmp_path / "run", warm_start="glass/mobilenetv2").warm_start == better
