"""A classifier is judged by more made parts than the test side holds, and calibrated by more than validation holds."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from inspection.__main__ import app
from inspection.config import load_settings
from inspection.errors import DataInvalid, WeightsRefused
from inspection.hashing import hash_file
from inspection.learning.calibration import fit_temperature
from inspection.learning.evaluate import CALIBRATION_PARTS, MORE_PARTS, read_released
from inspection.learning.more_parts import CALIBRATING, JUDGING, Purpose, measure_more
from inspection.learning.results.gather import gather_line
from inspection.learning.results.line_sections import tabulate_classifiers
from inspection.learning.synthesis import HELD_OUT_DESIGNS
from inspection.learning.synthesis.dataset import TRAINED_DESIGNS
from inspection.learning.synthesis.making import plan_side, plan_sides
from inspection.learning.trial import say_policy
from inspection.lines import load_line
from inspection.records.champions import Champion
from inspection.records.shelf import Release
from models.card import read_card

LINE, MODEL = load_line("aluminium"), "compact_cnn"


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of all tests here: the network is quantised once."""
    return tmp_path_factory.mktemp("var")


@pytest.fixture
def card(tmp_path: Path, var: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Of shipped weights, copied to where they may be written."""
    shipped, home = load_settings().weights_dir / "aluminium", tmp_path / "weights" / "aluminium"
    home.mkdir(parents=True)
    for path in shipped.glob(f"{MODEL}.*"):
        if "trial" not in path.name:
            (home / path.name).write_bytes(path.read_bytes())
    monkeypatch.setenv("ASSAY_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setenv("ASSAY_VAR", str(var))
    load_settings.cache_clear()
    yield home / f"{MODEL}.json"
    load_settings.cache_clear()


@pytest.mark.parametrize(
    ("purpose", "other", "designs"),
    [(JUDGING, CALIBRATING, HELD_OUT_DESIGNS), (CALIBRATING, JUDGING, TRAINED_DESIGNS)],
)
def test_the_parts_share_no_seed_with_those_that_teach_choose_or_judge(
    purpose: Purpose, other: Purpose, designs: Iterable[str]
) -> None:
    seeds = {scene.seed for scene in plan_side(purpose.plan(4000))}
    assert len(seeds) == 4000
    for side in (*plan_sides(train=60_000, validation=700, test=1200), other.plan(4000)):
        assert side.seed != purpose.seed and not seeds & {scene.seed for scene in plan_side(side)}
    plan = plan_side(purpose.plan(100))
    assert {scene.design for scene in plan} <= set(designs)
    counts = np.unique([scene.condition for scene in plan], return_counts=True)[1]
    assert counts.tolist() == [20] * 5, "every one is a part, as many of each class"


def test_rows_and_figures_join_those_of_the_release(card: Path) -> None:
    before, weights = read_card(card), hash_file(card.with_suffix(".safetensors"))
    stored = read_released(before, card.with_suffix(".parquet"))
    told = ["judge-more", "aluminium", "--model", MODEL, "--parts", "10", "--workers", "1"]
    done = CliRunner().invoke(app, told, catch_exceptions=False)
    assert done.exit_code == 0 and "calibration error" in done.output, done.output
    after = read_card(card)
    rows = read_released(after, card.with_suffix(".parquet"))
    assert hash_file(card.with_suffix(".safetensors")) == weights == after.weights_sha256
    assert set(rows) == {*stored, (MORE_PARTS, "f32"), (MORE_PARTS, "int8")}
    for place, kept in stored.items():
        assert kept.keys == rows[place].keys and np.array_equal(kept.logits, rows[place].logits)
    made = rows[MORE_PARTS, "f32"]
    pictures = load_settings().var_dir / "data" / "aluminium-more"
    assert all((pictures / key).is_file() for key in made.keys), "where Metrics looks for them"
    assert len(made) == 10 and sorted(made.labels) == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert after.figures[MORE_PARTS]["int8"]["n"] == 10 and after.figures["test"] == before.figures["test"]
    assert after.data["more_parts"]["seed"] == JUDGING.seed and after.temperature == before.temperature
    assert after.withheld == before.withheld, "validation decides that, and nothing else"
    assert "made to judge by" in tabulate_classifiers(gather_line(LINE, load_settings()))


def test_the_temperature_is_fitted_to_parts_made_for_it_and_all_figures_are_at_it(card: Path) -> None:
    before = read_card(card)
    told = ["calibrate", "aluminium", "--model", MODEL, "--parts", "10", "--workers", "1"]
    done = CliRunner().invoke(app, told, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    after = read_card(card)
    rows = read_released(after, card.with_suffix(".parquet"))
    made = rows[CALIBRATION_PARTS, "f32"]
    assert after.temperature == pytest.approx(fit_temperature(made.logits, made.labels, doubt_0_1=1 / 12))
    assert after.temperature != before.temperature and f"{after.temperature:.3f}" in done.output
    assert after.data["calibration_parts"]["designs"] == list(TRAINED_DESIGNS)
    for (split, precision), measured in rows.items():
        now = measured.figures(after.class_names, good=LINE.good, temperature=after.temperature).to_dict()
        assert after.figures[split][precision] == json.loads(json.dumps(now))
    test = "test", "f32"
    then, now = (each.figures["test"]["f32"] for each in (before, after))
    assert now["accuracy"] == then["accuracy"], "what it says stays"
    assert now["calibration_error"] != then["calibration_error"] and len(rows[test]) == now["n"]
    assert after.withheld == before.withheld
    assert say_policy(LINE, before, None) != say_policy(LINE, after, None), "a trial is of the past then"


def test_a_detector_and_a_line_of_photographs_are_refused(card: Path) -> None:
    with pytest.raises(DataInvalid, match="finds boxes"):
        measure_more(LINE, "yolov5n", 10, load_settings(), JUDGING)
    with pytest.raises(DataInvalid, match="synthesised"):
        CliRunner().invoke(app, ["judge-more", "casting"], catch_exceptions=False)


@pytest.mark.parametrize("asked", [(), ("--model", MODEL)])
def test_promoted_weights_are_not_worked_on(
    card: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: tuple[str, ...]
) -> None:
    release = Release("aluminium", MODEL, "0" * 64, {})
    promoted = Champion(MODEL, tmp_path, release, 7)
    monkeypatch.setattr("inspection.records.champions.find_serving_champion", lambda *_: promoted)
    before = card.read_bytes()
    with pytest.raises(WeightsRefused, match="record 7 promoted those that run line aluminium"):
        CliRunner().invoke(app, ["calibrate", "aluminium", *asked], catch_exceptions=False)
    assert card.read_bytes() == before
