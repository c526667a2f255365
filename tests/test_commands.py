"""The command line as a user meets it: a folder becomes a line, the line inspects, every refusal says what to do."""

import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from inspection.__main__ import app, main
from inspection.commands import listing
from inspection.config import load_settings
from inspection.learning.evaluate import read_evaluations
from inspection.lines import FoundLines
from models.card import read_card, write_card
from tests.fakes import make_line
from tests.models.cards import make_card

INSPECTION_KEYS = [
    "picture", "sha256", "line", "model", "model_sha256", "engine", "precision", "verdict", "class", "score",
    "probabilities", "box", "timings_ms",
]  # fmt: skip
EVALUATION_KEYS = [
    "line", "model", "precision", "n", "accuracy", "accuracy_interval", "macro_f1", "escapes", "false_rejects",
    "per_class",
]  # fmt: skip


def draw_texture(name: str, rng: np.random.Generator) -> np.ndarray:
    """ok is plain, striped has bars, dotted has discs: each picture differs enough to be no copy of another."""
    pixels = rng.normal(128, 14, (96, 96, 3))
    pixels += cv2.resize(rng.normal(0, 25, (6, 6, 3)), (96, 96), interpolation=cv2.INTER_CUBIC)
    canvas = np.clip(pixels, 0, 255).astype(np.uint8)
    if name == "striped":
        start = int(rng.integers(0, 12))
        for x in range(start, 96, 12):
            cv2.line(canvas, (x, 0), (x + int(rng.integers(-9, 9)), 96), (20, 20, 20), 3)
    if name == "dotted":
        for x, y in rng.integers(6, 90, (9, 2)):
            cv2.circle(canvas, (int(x), int(y)), 5, (240, 240, 240), -1)
    return canvas


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A machine of its own: no lines, no weights, and a folder of pictures."""
    folder = tmp_path_factory.mktemp("home")
    rng = np.random.default_rng(0)
    for name in ("ok", "striped", "dotted"):
        (folder / "data" / name).mkdir(parents=True)
        for number in range(24):
            cv2.imwrite(str(folder / "data" / name / f"{number:02d}.png"), draw_texture(name, rng))
    with pytest.MonkeyPatch.context() as patch:
        for variable, name in (("ASSAY_LINES", "lines"), ("ASSAY_WEIGHTS", "weights"), ("ASSAY_VAR", "var")):
            patch.setenv(variable, str(folder / name))
        load_settings.cache_clear()
        yield folder
    load_settings.cache_clear()


def run(*arguments: object) -> tuple[int, list[str]]:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    return done.exit_code, done.stdout.splitlines()


@pytest.fixture(scope="module")
def line(home: Path) -> str:
    code, told = run("new-line", "textures", "--data", home / "data", "--model", "compact_cnn", "--epochs", 8)
    assert code == 0, told
    assert "Line textures is ready" in told[-1]
    return "textures"


def test_a_folder_becomes_a_line(home, line):
    weights = home / "weights" / line / "compact_cnn.safetensors"
    card = read_card(weights.with_suffix(".json"))
    assert card.class_names[0] == "ok"
    assert card.data["split"]["kind"] == "grouped"
    assert card.figures["test"]["int8"]["n"] == card.data["split"]["test"]
    assert card.precisions["int8"]["against_f32"]["test"]["n"] == card.data["split"]["test"]
    assert len(card.curves) == 8
    rows = read_evaluations(weights.with_suffix(".parquet"))
    assert set(rows) == {
        (split, precision) for split in ("validation", "test") for precision in ("f32", "int8")
    }
    assert len(list((home / "lines" / line).iterdir())) == 9  # three sample pictures a class
    assert run("lines", "--json")[1][0].startswith('{"line": "textures"')


def test_a_picture_gets_a_verdict(home, line):
    picture = home / "data" / "striped" / "00.png"
    code, told = run("inspect", picture, "--line", line, "--json")
    assert code == 0
    (row,) = map(json.loads, told)
    assert list(row) == INSPECTION_KEYS
    assert row["picture"] == str(picture)
    assert row["precision"] == "int8"
    assert sum(row["probabilities"].values()) == pytest.approx(1, abs=1e-4)
    code, told = run("inspect", picture, "--line", line, "--precision", "f32")
    assert code == 0 and "f32" in told[0]


def test_a_refused_picture_does_not_stop_the_others(home, line):
    (home / "broken.jpg").write_bytes(b"<html>")
    good = home / "data" / "ok" / "00.png"
    code, told = run("inspect", home / "broken.jpg", home / "missing.png", good, "--line", line, "--json")
    assert code == 1
    rows = [json.loads(each) for each in told]
    assert [sorted(row) for row in rows[:2]] == [["error", "picture"]] * 2
    assert all(row["error"]["kind"] and row["error"]["message"] for row in rows[:2])
    assert list(rows[2]) == INSPECTION_KEYS


def test_a_labelled_folder_is_evaluated(home, line):
    code, told = run("evaluate", home / "data", "--line", line, "--json")
    assert code == 0
    (row,) = map(json.loads, told)
    assert list(row) == EVALUATION_KEYS
    assert row["n"] == 72
    assert row["accuracy_interval"][0] <= row["accuracy"] <= row["accuracy_interval"][1]
    assert {each["support"] for each in row["per_class"].values()} == {24}
    defective_called_good = row["escapes"]
    assert 0 <= defective_called_good <= 48


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("inspect", "x.png", "--line", "nowhere"), "Known lines: textures"),
        (("inspect", "x.png", "--line", "textures", "--model", "resnet50"), "Choose one of them"),
        (("evaluate", "nowhere", "--line", "textures"), "Expected a folder"),
        (("new-line", "textures", "--data", "DATA", "--model", "compact_cnn"), "exists"),
        (("new-line", "Bad Name", "--data", "DATA"), "Rename it"),
        (("new-line", "empty", "--data", "EMPTY"), "Expected"),
        (("train", "textures", "--model", "compact_cnn", "--data", "nowhere"), "Expected a folder"),
        (("results", "--out", "nowhere/RESULTS.md"), "Make it first"),
    ],
)
def test_what_cannot_be_done_is_told_with_what_to_do(home, line, arguments, complaint, monkeypatch, capsys):
    (home / "nothing").mkdir(exist_ok=True)
    places = {"DATA": str(home / "data"), "EMPTY": str(home / "nothing")}
    monkeypatch.setattr("sys.argv", ["inspection", *(places.get(each, each) for each in arguments)])
    assert main() == 2
    assert complaint in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "value", "complaint"),
    [
        ("--seed", "-1", "greater than or equal to 0"),
        ("--device", "gpu", "expected cpu or cuda, got gpu"),
        ("--device", "cuda", "leave it out to train on the CPU"),
    ],
)
@pytest.mark.parametrize("command", ["train", "folds"])
def test_an_option_that_cannot_be_had_is_refused_before_a_picture_is_read(
    line, monkeypatch, capsys, command, option, value, complaint
):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    arguments = (command, line, "--model", "compact_cnn", "--data", "nowhere", option, value)
    monkeypatch.setattr("sys.argv", ["inspection", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert complaint in " ".join(capsys.readouterr().err.split())


def test_check_data_finds_a_copy_across_sides(home, tmp_path):
    for side in ("train", "test"):
        for name in ("ok", "striped"):
            (tmp_path / side / name).mkdir(parents=True)
            for path in sorted((home / "data" / name).iterdir())[:: 2 if side == "train" else 3]:
                (tmp_path / side / name / path.name).write_bytes(path.read_bytes())
    code, told = run("check-data", tmp_path / "train", tmp_path / "test")
    assert code == 1
    assert "[stop]" in "\n".join(told)


def test_an_empty_record_chain_holds(home):
    code, told = run("verify", "--json")
    assert code == 0
    assert json.loads(told[0])["records"] == 0


def test_a_part_that_was_not_found_is_a_miss_and_no_escape():
    from inspection.commands.evaluate import summarise

    line = make_line()
    found = summarise(
        [0, 1, 2, 2],
        [0, 1, 3, 0],
        [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1], [1, 0, 0, 0]],
        classes=line.classes,
        good="fine",
    )
    assert (found["n"], found["accuracy"], found["escapes"], found["false_rejects"]) == (4, 0.5, 1, 0)
    assert found["per_class"]["torn"]["recall"] == 0
    assert found["macro_f1"] == pytest.approx((2 / 3 + 1 + 0) / 3)
    lost = summarise([0], [3], [[0, 0, 0, 1]], classes=line.classes, good="fine")
    assert lost["false_rejects"] == 0, "nobody rejected it"


def test_errors_and_classes_are_told_with_their_intervals(capsys):
    """“recall 1.00” had been told of 399 of 400, and escapes without what they are of."""
    from inspection.commands.evaluate import print_evaluation, summarise

    line = make_line()
    labels, called = [0] * 400 + [1] * 40, [0] * 399 + [1] + [1] * 38 + [0] * 2
    found = summarise(
        labels, called, [[*row, 0.0] for row in np.eye(3)[called]], classes=line.classes, good="fine"
    )
    print_evaluation({"line": "x", "model": "y", "precision": "f32", **found}, good="fine", unfound=0)
    told = capsys.readouterr().out
    assert "accuracy 99.32% (95 %: 98.01% to 99.77%)" in told
    assert "escapes 2 of 40 (95 %: 0.61% to 16.92%), false rejects 1 of 400 (95 %: 0.01% to 1.38%)" in told
    assert "99.75% (95 %: 98.60% to 99.96%)" in told and "1.00" not in told


def test_models_tells_at_which_size_each_lines_weights_judge(tmp_path, monkeypatch):
    """`models` had said 224 beside weights that judge at 256."""
    for name, side in (("aluminium", 256), ("casting", 224)):
        card = make_card(line=name, model="resnet50", input_size=side)
        write_card(card, tmp_path / name / "resnet50.json")
        (tmp_path / name / "resnet50.safetensors").touch()
    monkeypatch.setattr(listing, "check_lines", lambda: FoundLines(("aluminium", "casting"), {}))
    monkeypatch.setattr(listing, "load_served", lambda _name: (make_line(), lambda _model: tmp_path))
    rows = {row["model"]: row for row in map(json.loads, run("models", "--json")[1])}
    assert rows["resnet50"]["input"] == [3, 224, 224]
    assert rows["resnet50"]["line_inputs"] == {"aluminium": [3, 256, 256], "casting": [3, 224, 224]}
    assert rows["compact_cnn"]["line_inputs"] == {}
    assert listing.say_input(224, {"aluminium": 256, "casting": 224}) == "224 (256 on aluminium)"
    assert listing.say_input(224, {"casting": 224}) == "224"
    (tmp_path / "casting" / "resnet50.json").write_text("{")
    done = CliRunner().invoke(app, ["models", "--json"], catch_exceptions=False)
    assert done.exit_code == 1 and "casting: Expected JSON in resnet50.json" in done.stderr
    told = [json.loads(row) for row in done.stdout.splitlines()]
    assert [row["line_inputs"] for row in told if row["lines"]] == [{"aluminium": [3, 256, 256]}]
