"""A training that is released later: what `train --later` leaves, and what `release` makes of it."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from inspection.__main__ import app
from inspection.config import load_settings
from inspection.learning.config import MADE_SEED
from inspection.learning.synthesis.making import make_side, plan_sides
from models.card import read_card

MODEL = "compact_cnn"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("aluminium")
    for side in plan_sides(train=20, validation=20, test=20):
        make_side(folder, side, workers=2)
    return folder


@pytest.fixture(scope="module")
def run(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder that a training left, as on another machine: without the checkpoint, which is large."""
    home = tmp_path_factory.mktemp("elsewhere")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASSAY_VAR", str(home))
        patch.setenv("ASSAY_COMMIT", "0123456789ab")
        load_settings.cache_clear()
        options = ("--made", 16, "--batch", 8, "--sizes", "1x64", "--recipe", "guided", "--threads", 1)
        said = invoke("train", "aluminium", "--model", MODEL, "--data", data, *options, "--later")
        assert (
            "16 parts that are made meanwhile teach" in said
            and "python -m inspection release aluminium" in said
        )
        folder = home / "runs" / "aluminium" / MODEL
        (folder / "last.pt").unlink()
        yield folder
    load_settings.cache_clear()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for variable, name in (("ASSAY_WEIGHTS", "weights"), ("ASSAY_VAR", "var")):
        monkeypatch.setenv(variable, str(tmp_path / name))
    load_settings.cache_clear()
    yield tmp_path
    load_settings.cache_clear()


def invoke(*arguments: object, status: int = 0) -> str:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == status or (status and done.exception is not None), done.output
    return f"{done.output} {done.exception or ''}"


def test_what_was_learnt_elsewhere_ships_with_its_card(run: Path, data: Path, home: Path) -> None:
    said = invoke("release", "aluminium", "--run", run, "--data", data, "--turns", 2, "--note", "of a test")
    assert f"{MODEL}.safetensors" in said
    card = read_card(home / "weights" / "aluminium" / f"{MODEL}.json")
    assert card.data["made"]["parts"] == 16 and card.data["made"]["seed"] == MADE_SEED
    assert len(card.data["made"]["designs"]) == 8
    assert card.recipe["made"] == 16 and card.commit == "0123456789ab" and card.turns == 2
    assert list(card.notes) == ["of a test"] and card.figures["test"]["f32"]["n"] == 18
    assert card.curves[0]["parts_made"] == 16


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda folder: (folder / "best.safetensors").unlink(), "got less"),
        (lambda folder: (folder / "status.json").unlink(), "got less"),
        (lambda folder: rewrite(folder / "status.json", state="cancelled"), "one that is cancelled"),
        (lambda folder: rewrite(folder / "config.json", line="steel"), "of steel"),
        (lambda folder: rewrite(folder / "config.json", class_names=["good", "bad"]), "good, bad"),
        (lambda folder: rewrite(folder / "config.json", model="yolov5n"), "yolov5n"),
    ],
)
def test_what_is_no_finished_training_of_the_line_is_refused(
    change: object, word: str, run: Path, data: Path, home: Path
) -> None:
    folder = home / "run"
    shutil.copytree(run, folder)
    assert callable(change)
    change(folder)
    said = invoke("release", "aluminium", "--run", folder, "--data", data, status=3)
    assert word in said
    assert not (home / "weights").exists()


def rewrite(path: Path, **changes: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@pytest.mark.parametrize(
    ("line", "model", "options", "word"),
    [
        ("steel", "mobilenetv2", ("--made", 100), "synthesised"),
        ("aluminium", "yolov5n", ("--made", 100), "--made"),
        ("aluminium", "yolov5n", ("--later",), "--later"),
        ("aluminium", MODEL, ("--made", 100, "--patches"), "--patches or --made"),
    ],
)
def test_made_and_later_are_refused_where_they_mean_nothing(
    line: str, model: str, options: tuple[object, ...], word: str, data: Path
) -> None:
    assert word in invoke("train", line, "--model", model, "--data", data, *options, status=3)
