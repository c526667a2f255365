"""What new-line advises at its end: pictures are added to the folder, and the line is trained again."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from inspection.__main__ import app
from inspection.commands.naming import name_rival
from inspection.config import ROOT, load_settings
from inspection.learning.line_sides import split_line
from inspection.learning.new_line import NewLine, check_pictures, draft_files, draft_line, publish_line
from inspection.lines import load_line
from models.card import read_card

CLASSES = ("good", "torn")


def put_parts(data: Path, first: int, count: int) -> None:
    for place, name in enumerate(CLASSES):
        (data / name).mkdir(parents=True, exist_ok=True)
        for number in range(first, first + count):
            coarse = np.random.default_rng(1000 * place + number).integers(0, 255, (10, 10, 3), np.uint8)
            pixels = cv2.resize(coarse, (64, 64), interpolation=cv2.INTER_CUBIC)
            assert cv2.imwrite(str(data / name / f"{number:03}.bmp"), pixels)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for variable, name in (("ASSAY_LINES", "lines"), ("ASSAY_WEIGHTS", "weights"), ("ASSAY_VAR", "var")):
        monkeypatch.setenv(variable, str(tmp_path / name))
    load_settings.cache_clear()
    put_parts(tmp_path / "data", 0, 30)
    yield tmp_path
    load_settings.cache_clear()


def run(*arguments: object) -> tuple[str, str]:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout, done.stderr


def found_line(home: Path, champion: str) -> int:
    """As new-line does, without the training: how many pictures judge."""
    plan = NewLine("mine", home / "data")
    table = draft_line(plan, champion=champion)
    line = draft_files(plan, table, check_pictures(plan.data), home / "drafts")
    publish_line(line, table, home / "drafts", plan.data, load_settings())
    return len(split_line(line, plan.data).split.test)


def test_pictures_are_added_and_the_line_is_trained_again(home: Path) -> None:
    """It was refused, with advice that no command took; and the new model could not be asked for."""
    judged = found_line(home, "resnet50")
    put_parts(home / "data", 100, 10)
    asked = ("--data", home / "data", "--epochs", 1, "--sizes", "1x64", "--threads", 1)
    _, told = run("train", "mine", "--model", "compact_cnn", *asked)
    assert "20 pictures were added since the groups of mine were recovered" in told
    assert "compact_cnn is a rival of line mine now" in told
    split = read_card(home / "weights" / "mine" / "compact_cnn.json").data["split"]
    assert split["added"] == 20 and split["left_out"] == 0
    assert sum(split[side] for side in ("train", "validation", "test")) == 80 and split["test"] > judged
    picture = home / "data" / "torn" / "100.bmp"
    (row,) = run("inspect", picture, "--line", "mine", "--model", "compact_cnn", "--json")[0].splitlines()
    assert json.loads(row)["model"] == "compact_cnn"


TOML = """title = "Cloth"
part = "cloth"
classes = ["fine", "torn"]
[models]
champion = "resnet50"
{rivals}
"""


@pytest.mark.parametrize(
    ("model", "rivals", "said"),
    [
        ("resnet50", "rivals = []", None),
        ("mobilenetv2", "rivals = []", "mobilenetv2 is a rival of line cloth now"),
        ("mobilenetv2", "", "add it to rivals in cloth.toml"),
        ("yolov5n", "rivals = []", r"write it into cloth.toml, under [locate] or as defect_detector"),
    ],
)
def test_a_model_that_was_trained_is_named_or_it_is_said_how(
    home: Path, model: str, rivals: str, said: str | None
) -> None:
    file = home / "lines" / "cloth.toml"
    file.parent.mkdir()
    file.write_text(TOML.format(rivals=rivals))
    told = name_rival(load_line("cloth"), model, load_settings())
    assert told is None if said is None else said in (told or "")
    assert (model in load_line("cloth").rivals) == ("is a rival" in (told or ""))


def test_the_lines_that_come_with_assay_are_left_as_they_are() -> None:
    """load_settings of the tests names other folders or none: the repository's own are named here."""
    ours = replace(load_settings(), lines_dir=ROOT / "models" / "lines")
    before = (ours.lines_dir / "steel.toml").read_bytes()
    told = name_rival(load_line("steel", ours), "vit_small", ours)
    assert told is not None and "add it to rivals in steel.toml" in told
    assert (ours.lines_dir / "steel.toml").read_bytes() == before
