"""A line's classifiers are timed in turn, on the pictures of their cards; what they answered stays."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from inspection.__main__ import app
from inspection.config import load_settings
from inspection.errors import DataInvalid
from inspection.learning import timing
from inspection.learning.arrays import ArraySet
from inspection.learning.evaluate import Evaluation, read_released, write_evaluations
from inspection.learning.line_sides import split_line
from inspection.learning.timed import TIMED_SPLITS, find_timed, say_timed
from inspection.learning.timing import Runner, check_alike, time_classifiers, time_in_turn
from inspection.lines import load_line
from inspection.types import U8, EngineLabel, EngineOutput
from models.card import read_card, write_card
from tests.models.cards import make_card

MODELS = ("compact_cnn", "plain_cnn")


class Stub:
    """Notes who was asked, in order."""

    label = EngineLabel("stub", "1", "f32", "CPU")

    def __init__(self, name: str, asked: list[str]) -> None:
        self.name, self.asked = name, asked

    def run(self, _: U8) -> EngineOutput:
        self.asked.append(self.name)
        return EngineOutput((np.zeros((1, 2), np.float32),))


def make_set(count: int) -> ArraySet:
    return ArraySet(
        np.zeros((count, 8, 8, 3), np.uint8), np.zeros(count, np.int64), tuple(map(str, range(count)))
    )


def test_each_picture_is_shown_to_all_before_the_next_and_another_begins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(timing, "WARM", 0)
    asked: list[str] = []
    pictures = {"validation": make_set(2), "test": make_set(1)}
    runners = [Runner(name, "f32", Stub(name, asked), 3, pictures) for name in "ab"]
    ticks: list[tuple[int, int]] = []
    taken = time_in_turn(runners, tick=lambda done, of: ticks.append((done, of)))
    assert asked == ["a", "b", "b", "a", "a", "b"] and ticks == [(1, 3), (2, 3), (3, 3)]
    assert {key: len(each) for key, each in taken.items()} == {
        (name, "f32", split): len(pictures[split]) for name in "ab" for split in TIMED_SPLITS
    }
    assert all((each > 0).all() for each in taken.values())


TOML = """title = "Plates"
part = "plate"
classes = ["ok", "defective"]
good = "ok"
[models]
champion = "compact_cnn"
rivals = ["plain_cnn"]
"""


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Only the cache is written here: what was made ready for one test is ready for the next."""
    return tmp_path_factory.mktemp("var")


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    rng = np.random.default_rng(3)
    for name in ("ok", "defective"):
        folder = tmp_path / "pictures" / name
        folder.mkdir(parents=True)
        for number in range(12):
            cv2.imwrite(str(folder / f"{number:02}.png"), rng.integers(60, 200, (64, 64), dtype=np.uint8))
    return tmp_path / "pictures"


@pytest.fixture
def weights(tmp_path: Path, var: Path, monkeypatch: pytest.MonkeyPatch, pictures: Path) -> Iterator[Path]:
    """Two shipped classifiers, the quickest to quantise, as if they had been trained from these pictures."""
    shipped, home = load_settings().weights_dir / "casting", tmp_path / "weights" / "plates"
    home.mkdir(parents=True)
    (tmp_path / "lines").mkdir()
    (tmp_path / "lines" / "plates.toml").write_text(TOML)
    for variable, folder in (
        ("ASSAY_LINES", tmp_path / "lines"),
        ("ASSAY_WEIGHTS", home.parent),
        ("ASSAY_VAR", var),
    ):
        monkeypatch.setenv(variable, str(folder))
    load_settings.cache_clear()
    line = load_line("plates")
    sides = split_line(line, pictures)
    facts = sides.facts(line, pictures)
    keys = {split: getattr(sides.split, split) for split in TIMED_SPLITS}
    rng = np.random.default_rng(1)
    for model in MODELS:
        for path in shipped.glob(f"{model}.*safetensors"):
            (home / path.name).write_bytes(path.read_bytes())
        card = read_card(shipped / f"{model}.json")
        write_card(replace(card, line="plates", data=facts, files={}), home / f"{model}.json")
        rows = [
            Evaluation(
                split,
                precision,
                names,
                np.arange(len(names)) % 2,
                rng.normal(size=(len(names), 2)).astype(np.float32),
                np.full(len(names), 1e6, np.float32),
            )
            for split, names in (*keys.items(), ("more parts", tuple(map(str, range(6)))))
            for precision in ("f32", "int8")
        ]
        write_evaluations(rows, home / f"{model}.parquet")
    yield home
    load_settings.cache_clear()


def test_times_are_kept_and_answers_stay(weights: Path, pictures: Path) -> None:
    before = {
        model: read_released(read_card(weights / f"{model}.json"), weights / f"{model}.parquet")
        for model in MODELS
    }
    done = CliRunner().invoke(
        app, ["measure-times", "plates", "--data", str(pictures)], catch_exceptions=False
    )
    assert done.exit_code == 0 and "median, ms" in done.output, done.output
    for model in MODELS:
        card = read_card(weights / f"{model}.json")
        for key, rows in read_released(card, weights / f"{model}.parquet").items():
            then = before[model][key]
            assert rows.keys == then.keys and np.array_equal(rows.logits, then.logits)
            assert (rows.classify_ms < 1e6).all() == (key[0] in TIMED_SPLITS), "the others keep what they had"
        told = find_timed(card)
        assert told is not None and told["beside"] == sorted(MODELS) and told["machine"]["cores"] >= 1
        assert card.precisions["int8"]["calibration_sha256"], "what the release said of INT8 stays"


def test_pictures_that_the_cards_do_not_name_are_refused(weights: Path, pictures: Path) -> None:
    next((pictures / "ok").iterdir()).unlink()
    with pytest.raises(DataInvalid, match="the split that compact_cnn was trained on"):
        time_classifiers(load_line("plates"), pictures, load_settings())


def test_rows_of_other_pictures_are_refused_before_anything_is_timed(
    weights: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timing, "time_in_turn", lambda *_, **__: pytest.fail("timed"))
    path = weights / "plain_cnn.parquet"
    rows = read_released(read_card(path.with_suffix(".json")), path)
    moved = [replace(each, keys=each.keys[::-1]) for each in rows.values()]
    write_evaluations(moved, path)
    with pytest.raises(DataInvalid, match="that plain_cnn was evaluated on"):
        time_classifiers(load_line("plates"), pictures, load_settings())


def test_networks_that_other_pictures_judge_are_not_timed_side_by_side() -> None:
    runners = [
        Runner(name, "f32", Stub(name, []), 3, {"validation": make_set(2), "test": make_set(count)})
        for name, count in (("a", 3), ("b", 4))
    ]
    check_alike(runners[:1])
    with pytest.raises(DataInvalid, match="Expected b to be judged by the pictures that judge a"):
        check_alike(runners)


def test_a_line_without_evaluations_says_what_to_do(weights: Path, pictures: Path) -> None:
    for model in MODELS:
        (weights / f"{model}.parquet").unlink()
    with pytest.raises(DataInvalid, match="Train one first"):
        time_classifiers(load_line("plates"), pictures, load_settings())


def test_only_what_was_timed_together_is_said_to_be() -> None:
    def stamp(at: str) -> dict[str, object]:
        return {"at": at, "threads": 2, "machine": {"cpu": "a CPU"}}

    assert find_timed(make_card()) is None
    assert say_timed({"A": None, "B": None}).startswith("on the machine that released")
    assert (
        say_timed({"A": stamp("2"), "B": stamp("2")})
        == "of A, B in turn in one process with 2 threads (a CPU)"
    )
    told = say_timed({"A": stamp("2"), "B": stamp("1"), "C": None})
    assert told.startswith("of A in turn") and "of the others on the machine that released" in told
