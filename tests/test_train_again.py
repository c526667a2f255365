"""What new-line advises at its end: pictures are added to the folder, and the line is trained again."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from inspection.__main__ import app
from inspection.config import load_settings
from inspection.learning.line_sides import split_line
from inspection.learning.new_line import NewLine, check_pictures, draft_files, draft_line, publish_line
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
    """It was refused, with advice that no command took."""
    judged = found_line(home, "resnet50")
    put_parts(home / "data", 100, 10)
    asked = ("--data", home / "data", "--epochs", 1, "--sizes", "1x64", "--threads", 1)
    _, told = run("train", "mine", "--model", "compact_cnn", *asked)
    assert "20 pictures were added since the groups of mine were recovered" in told
    split = read_card(home / "weights" / "mine" / "compact_cnn.json").data["split"]
    assert split["added"] == 20 and split["left_out"] == 0
    assert sum(split[side] for side in ("train", "validation", "test")) == 80 and split["test"] > judged
