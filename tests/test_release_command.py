"""A training that is released later: what `train --later` leaves, and what `release` makes of it."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from inspection.__main__ import app
from inspection.config import load_settings
from inspection.engines.openvino import OpenVinoEngine
from inspection.engines.prepare import prepare_model
from inspection.errors import DataInvalid
from inspection.hashing import hash_file
from inspection.learning.checkpoint import save_best
from inspection.learning.config import MADE_SEED
from inspection.learning.evaluate import evaluate_set, read_released
from inspection.learning.line_data import load_line_data
from inspection.learning.synthesis.making import make_side, plan_sides
from inspection.lines import load_line
from models.card import read_card
from models.loading import read_stored
from models.registry import find_spec

MODEL = "compact_cnn"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("aluminium")
    for side in plan_sides(train=10, validation=10, test=10):
        make_side(folder, side)
    return folder


@pytest.fixture(scope="module")
def run(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder that a training left, as on another machine: without the checkpoint, which is large."""
    home = tmp_path_factory.mktemp("elsewhere")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASSAY_VAR", str(home))
        patch.setenv("ASSAY_COMMIT", "0123456789ab")
        load_settings.cache_clear()
        options = (
            "--made",
            16,
            "--batch",
            8,
            "--sizes",
            "1x64",
            "--recipe",
            "guided",
            "--turns",
            2,
            "--side",
            288,
        )
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


def invoke(*arguments: object) -> str:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_what_was_learnt_elsewhere_ships_with_its_card(run: Path, data: Path, home: Path) -> None:
    said = invoke("release", "aluminium", "--run", run, "--data", data, "--note", "of a test")
    assert f"{MODEL}.safetensors" in said
    card = read_card(home / "weights" / "aluminium" / f"{MODEL}.json")
    assert card.data["made"]["parts"] == 16 and card.data["made"]["seed"] == MADE_SEED
    assert len(card.data["made"]["designs"]) == 8
    assert card.recipe["made"] == 16 and card.commit == "0123456789ab" and card.curves[0]["parts_made"] == 16
    assert list(card.notes) == ["of a test"] and card.figures["test"]["f32"]["n"] == 9
    assert (card.turns, card.input_size) == (2, 288), "as was said where it learnt"


def test_what_judges_larger_pictures_is_shown_them(run: Path, data: Path, home: Path) -> None:
    invoke("release", "aluminium", "--run", run, "--data", data, "--turns", 1, "--side", 320)
    stored = read_stored(home / "weights" / "aluminium" / f"{MODEL}.safetensors")
    prepared = prepare_model("aluminium", MODEL, "int8", load_settings())
    assert stored.side == prepared.input_size == 320
    assert list(prepared.read_graph().inputs[0].shape)[1:3] == [320, 320]
    card = read_card(home / "weights" / "aluminium" / f"{MODEL}.json")
    rows = read_released(card, home / "weights" / "aluminium" / f"{MODEL}.parquet")
    pictures = load_line_data(load_line("aluminium"), data, size=320, cache_dir=home / "cache").test
    engine = OpenVinoEngine(
        prepare_model("aluminium", MODEL, "f32", load_settings()).read_graph, precision="f32", threads=1
    )
    again = evaluate_set(engine, pictures, split="test", channels=find_spec(MODEL).channels)
    assert np.allclose(again.logits, rows["test", "f32"].logits, atol=1e-4)


def test_the_mean_of_trainings_ships_and_says_so(run: Path, data: Path, home: Path) -> None:
    other = home / "other"
    shutil.copytree(run, other)
    with pytest.raises(DataInvalid, match="Name each once"):
        invoke("release", "aluminium", "--run", run, "--data", data, "--mean-with", other)
    began = read_stored(run / "best.safetensors")
    moved = {
        name: tensor + 0.2 if tensor.is_floating_point() else tensor for name, tensor in began.tensors.items()
    }
    save_best(other / "best.safetensors", moved, began.class_names)
    invoke("release", "aluminium", "--run", run, "--data", data, "--mean-with", other, "--note", "of a test")
    shipped = read_stored(home / "weights" / "aluminium" / f"{MODEL}.safetensors").tensors
    for name, tensor in began.tensors.items():
        if tensor.is_floating_point():
            assert np.allclose(shipped[name], tensor + 0.1, rtol=0.01, atol=0.01), name
    card = read_card(home / "weights" / "aluminium" / f"{MODEL}.json")
    assert card.notes[0].startswith("The weights are the mean of those of 2 trainings: ")
    assert card.notes[1] == "of a test" and card.commit == "0123456789ab"
    [mixed] = card.recipe["mean_with"].values()
    assert mixed["weights_sha256"] == hash_file(other / "best.safetensors")
    change_file("status.json", state="cancelled")(other)
    with pytest.raises(DataInvalid, match="one that is cancelled"):
        invoke("release", "aluminium", "--run", run, "--data", data, "--mean-with", other)


def break_file(name: str, content: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text(content)


def change_file(name: str, **changes: object) -> Callable[[Path], object]:
    def change(folder: Path) -> None:
        told = json.loads((folder / name).read_text())
        (folder / name).write_text(json.dumps({**told, **changes}))

    return change


REFUSED = [
    (lambda folder: (folder / "best.safetensors").unlink(), "got no best.safetensors"),
    (lambda folder: (folder / "looks.json").unlink(), "got no looks.json"),
    (change_file("status.json", state="cancelled"), "one that is cancelled"),
    (change_file("config.json", line="steel"), "of steel"),
    (change_file("config.json", class_names=["good", "bad"]), "good, bad"),
    (change_file("config.json", model="yolov5n"), "yolov5n"),
    (change_file("config.json", model="mobilenetv3_large"), "lacks"),
    (change_file("config.json", made="many"), "as they were written"),
    (change_file("config.json", made_seed="7"), "as they were written"),
    (change_file("config.json", sizes="x"), "as they were written"),
    (change_file("config.json", made=0), "what judges might have taught"),
    (change_file("looks.json", turns="two"), "as they were written"),
    (break_file("config.json", "{"), "as they were written"),
    (break_file("config.json", "[]"), "as they were written"),
    (break_file("status.json", "null"), "as they were written"),
    (break_file("data.json", "["), "as they were written"),
    (break_file("epochs.jsonl", ""), "names no best epoch"),
    (break_file("epochs.jsonl", '{"is_best": true}'), "as they were written"),
    (break_file("epochs.jsonl", "null"), "as they were written"),
    (break_file("looks.json", "{}"), "as they were written"),
]


@pytest.mark.parametrize(("change", "word"), REFUSED)
def test_what_is_no_finished_training_of_the_line_is_refused(
    change: Callable[[Path], object], word: str, run: Path, data: Path, home: Path
) -> None:
    folder = home / "run"
    shutil.copytree(run, folder)
    (folder / "data.json").write_text('{"split": "another"}') if word.startswith("what judges") else None
    change(folder)
    with pytest.raises(DataInvalid, match=word):
        invoke("release", "aluminium", "--run", folder, "--data", data)
    assert not list((home / "weights").rglob("*.safetensors"))


@pytest.mark.parametrize(
    ("line", "model", "options", "word"),
    [
        ("steel", "mobilenetv2", ("--made", 100), "synthesised"),
        ("aluminium", "yolov5n", ("--made", 100), "--made, got yolov5n, which finds boxes"),
        ("aluminium", "yolov5n", ("--later",), "--later, got yolov5n, which finds boxes"),
        ("aluminium", "yolov5n", ("--side", 320), "--side, got yolov5n, which finds boxes"),
        ("aluminium", MODEL, ("--made", 100, "--patches"), "--patches or --made"),
        ("aluminium", MODEL, ("--later", "--patches"), "--patches or --later"),
        ("aluminium", MODEL, ("--made", 100, "--batch", 200), "at least a batch of 200"),
        ("aluminium", MODEL, ("--made", 100, "--recipe", "rough"), "line-rough"),
    ],
)
def test_options_are_refused_where_they_mean_nothing(
    line: str, model: str, options: tuple[object, ...], word: str, data: Path
) -> None:
    with pytest.raises(DataInvalid, match=word):
        invoke("train", line, "--model", model, "--data", data, *options)
