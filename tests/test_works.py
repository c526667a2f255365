"""What a job leaves behind when it is killed and gone on with."""

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from inspection.config import Settings, load_settings
from inspection.jobs.job import Asked, Job, Standing
from inspection.jobs.works import train_rival
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
    monkeypatch.setattr("inspection.commands.train.train_classification", lambda *_, **__: card)
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
