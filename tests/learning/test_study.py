"""Folds: every picture judged once, by a network that saw no picture of its part; pooled, kept, gone on with."""

import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from inspection.commands.folds import check_start, run_folds
from inspection.config import load_settings
from inspection.errors import DataInvalid
from inspection.learning.evaluate import Evaluation
from inspection.learning.new_line import render_toml
from inspection.learning.recipes import make_config
from inspection.learning.run_study import load_pictures, run_study
from inspection.learning.study import (
    Study,
    StudyPart,
    count_by_group,
    list_studies,
    read_study,
    study_path,
    write_study,
)
from inspection.lines import load_line
from models.card import write_card
from tests.models.cards import make_card

CLASSES = ("ok", "bad")


def make_part(part: int, variant: int, name: str) -> np.ndarray:
    """A light plate or a dark one; variants differ in their noise."""
    pixels = np.full((64, 64, 3), 190 if name == "ok" else 60, np.float64)
    return (
        (pixels + np.random.default_rng([part, variant]).normal(0, 10, pixels.shape))
        .clip(0, 255)
        .astype(np.uint8)
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A line of six parts a class, two variants each, with its groups."""
    folder = tmp_path_factory.mktemp("folds")
    (folder / "lines").mkdir()
    rows = ["key,group"]
    for name in CLASSES:
        (folder / "data" / name).mkdir(parents=True)
        for part in range(6):
            for variant in range(2):
                key = f"{name}/{part}_{variant}.png"
                assert cv2.imwrite(str(folder / "data" / key), make_part(part, variant, name))
                rows.append(f"{key},{name}{part}")
    (folder / "lines" / "plates.groups.csv").write_text("\n".join(rows) + "\n")
    table = {
        "title": "Plates",
        "part": "plate",
        "classes": list(CLASSES),
        "good": "ok",
        "locate": {"mode": "frame"},
        "models": {"champion": "compact_cnn", "rivals": []},
        "data": {"split_seed": 1, "groups": "plates.groups.csv"},
    }
    (folder / "lines" / "plates.toml").write_text(render_toml(table))
    with pytest.MonkeyPatch.context() as patch:
        for variable, name in (("ASSAY_LINES", "lines"), ("ASSAY_WEIGHTS", "weights"), ("ASSAY_VAR", "var")):
            patch.setenv(variable, str(folder / name))
        patch.setenv("ASSAY_THREADS", "1")
        load_settings.cache_clear()
        yield folder
    load_settings.cache_clear()


def run(home: Path, *arguments: str) -> str:
    import typer

    app = typer.Typer()
    app.command()(run_folds)
    told = [
        "plates",
        "--model",
        "compact_cnn",
        "--data",
        str(home / "data"),
        "--epochs",
        "1",
        "--threads",
        "1",
    ]
    done = CliRunner().invoke(app, [*told, *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_folds_are_trained_pooled_and_gone_on_with(home: Path) -> None:
    told = run(home, "--k", "3")
    study = read_study(study_path(home / "weights" / "plates", "compact_cnn", "3-fold"))
    assert [part.name for part in study.parts] == ["fold-1", "fold-2", "fold-3"] and study.grouped
    rows, probabilities = study.pool("f32")
    assert sorted(rows.keys) == sorted(
        f"{n}/{p}_{v}.png" for n in CLASSES for p in range(6) for v in range(2)
    )
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert study.figures("int8", good="ok").n == 24
    assert "3-fold at f32: 24 pictures" in told and "12 parts" in told
    for number, part in enumerate(study.parts, start=1):
        judged = {key.rsplit("_", 1)[0] for key in study.evaluations[f"fold-{number}", "f32"].keys}
        assert part.test == 2 * len(judged) and part.train + part.validation + part.test == 24

    # a second call trains nothing; a fold that was lost is made again and comes out the same
    runs = home / "var" / "runs" / "plates" / "studies" / "compact_cnn"
    made = {path: path.stat().st_mtime_ns for path in runs.rglob("last.pt")}
    (runs / "fold-2" / "part.json").unlink()
    run(home, "--k", "3")
    assert {path: path.stat().st_mtime_ns for path in runs.rglob("last.pt")} == made
    again = read_study(study_path(home / "weights" / "plates", "compact_cnn", "3-fold"))
    np.testing.assert_allclose(again.pool("f32")[0].logits, rows.logits, atol=1e-5)


def test_the_grouped_split_is_a_study_of_one_part(home: Path) -> None:
    told = run(home, "--split", "grouped", "--batch", "4", "--rate", "0.002")
    assert "grouped at int8" in told
    study = read_study(study_path(home / "weights" / "plates", "compact_cnn", "grouped"))
    assert [part.name for part in study.parts] == ["grouped"]
    assert (study.recipe["batch_size"], study.recipe["learning_rate"]) == (4, 0.002)
    with pytest.raises(DataInvalid, match="make the 1 of --epochs, got 2"):
        run(home, "--split", "grouped", "--sizes", "2x256")
    assert "grouped" in [each.name for each in list_studies(home / "weights" / "plates")]
    # a picture is another under its old name: what was judged before is not told as a figure of these pictures
    changed = home / "data" / "ok" / "0_0.png"
    before = changed.read_bytes()
    assert cv2.imwrite(str(changed), make_part(0, 9, "ok"))
    with pytest.raises(DataInvalid, match="Move that folder away"):
        run(home, "--split", "grouped", "--batch", "4", "--rate", "0.002")
    changed.write_bytes(before)
    pinned = home / "var" / "runs" / "plates" / "studies" / "compact_cnn" / "grouped" / "pictures.sha256"
    pinned.write_text("0" * 64)
    (pinned.parent / "part.json").unlink()
    with pytest.raises(DataInvalid, match="Move that folder away"):
        run(home, "--split", "grouped", "--batch", "4", "--rate", "0.002")


@pytest.mark.parametrize(
    ("name", "grouped"), [("5-fold", True), ("grouped", True), ("official", False), ("stratified", False)]
)
def test_a_study_says_whether_variants_of_a_part_stayed_together(
    home: Path, tmp_path: Path, name: str, grouped: bool
) -> None:
    line = load_line("plates")
    pictures = load_pictures(line, home / "data", size=8, cache_dir=tmp_path)
    config = make_config("plates", "compact_cnn", CLASSES, epochs=1)
    study = run_study(line, name, {}, config, pictures, tmp_path, load_settings())
    assert study.grouped is grouped


def test_folds_do_not_start_from_weights_that_their_pictures_taught(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = tmp_path / "compact_cnn.safetensors"
    with pytest.raises(DataInvalid, match="Expected a file of weights .* found none"):
        check_start(weights, "plates")
    weights.write_bytes(b"weights")
    check_start(weights, "plates")
    assert "is not known, as no card lies beside it" in " ".join(capsys.readouterr().err.split())
    write_card(make_card(line="casting"), weights.with_suffix(".json"))
    check_start(weights, "plates")
    assert capsys.readouterr().err == ""
    with pytest.raises(DataInvalid, match="taught its start. Name weights of another line"):
        check_start(weights, "casting")


def make_study(wrong: dict[str, list[int]]) -> Study:
    """Two folds of six pictures; `wrong`: fold → places that are called the other class."""
    evaluations, parts = {}, []
    for name in ("fold-1", "fold-2"):
        labels = np.array([0, 0, 0, 1, 1, 1])
        called = labels.copy()
        called[wrong.get(name, [])] ^= 1
        keys = tuple(f"{name}/{place}" for place in range(6))
        logits = 4 * np.eye(2, dtype=np.float32)[called]
        evaluations[name, "f32"] = Evaluation(name, "f32", keys, labels, logits, np.ones(6, np.float32))
        parts.append(StudyPart(name, "0" * 64, 20, 6, 6, 2.0 if name == "fold-1" else 4.0, 1.0, 3))
    return Study(
        "toy", "compact_cnn", "5-fold", CLASSES, 5433, True, "1" * 64, 42, {"epochs": 3}, tuple(parts), "CC0", "abc",
        evaluations,
    )  # fmt: skip


def test_pooled_figures_are_those_of_all_rows() -> None:
    study = make_study({"fold-1": [0], "fold-2": [3, 4]})
    figures = study.figures("f32", good="ok")
    assert (figures.n, figures.accuracy) == (12, 0.75)
    assert figures.decision is not None
    assert (figures.decision.escapes, figures.decision.false_rejects) == (2, 1)
    assert [(name, right, n) for name, right, n, _ in study.accuracies("f32")] == [
        ("fold-1", 5, 6),
        ("fold-2", 4, 6),
    ]
    _, probabilities = study.pool("f32")  # each fold at its own temperature
    assert probabilities[1, 0] == pytest.approx(1 / (1 + np.exp(-2))) and probabilities[
        6, 0
    ] == pytest.approx(1 / (1 + np.exp(-1)))


def test_a_study_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    study = make_study({"fold-2": [1]})
    path = write_study(study, tmp_path)
    read = read_study(path)
    assert read.figures("f32", good="ok") == study.figures("f32", good="ok")
    assert (read.parts, read.recipe, read.class_names) == (study.parts, study.recipe, study.class_names)
    told = json.loads(path.read_text())
    path.write_text(json.dumps({**told, "surprise": 1}))
    with pytest.raises(DataInvalid, match="Expected a study"):
        read_study(path)


def test_variants_of_a_part_are_counted_as_one() -> None:
    rows, _ = make_study({"fold-1": [0, 1]}).pool("f32")
    groups = {key: f"part{number // 2}" for number, key in enumerate(rows.keys)}
    counted = count_by_group(rows, groups)
    assert (counted.parts, counted.parts_with_errors) == (6, 1)  # two wrong variants are one part
    assert counted.errors == (("part0", 2, 2),)
    assert counted.accuracy_interval is not None
    lone = count_by_group(rows, {key: key for key in rows.keys}).accuracy_interval
    assert lone is not None
    width = counted.accuracy_interval.high - counted.accuracy_interval.low
    assert width > lone.high - lone.low  # fewer independent trials, a wider interval
    alone = count_by_group(rows, {key: part for key, part in groups.items() if part != "part0"})
    assert (alone.parts, alone.parts_with_errors) == (7, 2), "pictures that no group names"
    flawless = count_by_group(make_study({}).pool("f32")[0], groups)
    assert (flawless.parts_with_errors, flawless.accuracy_interval) == (0, None)
