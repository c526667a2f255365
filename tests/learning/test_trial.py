"""A trial: what the whole line decided about known pictures, kept and read back, and what it refuses."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from inspection.errors import DataInvalid
from inspection.learning.data import EMPTY_CLASS, Sample
from inspection.learning.trial import (
    MADE,
    Trial,
    read_trial,
    run_trial,
    say_policy,
    tabulate,
    tabulate_severities,
    write_trial,
)
from inspection.lines import load_line
from inspection.types import VerdictKind
from tests.learning.test_robustness import make_inspector
from tests.models.cards import make_card

GREYS = {"fine": 200, "bent": 120, "torn": 40}


@pytest.fixture
def samples(tmp_path: Path) -> tuple[Sample, ...]:
    """Three of each class, but one bent part is so bright that the light meter calls it fine; one empty belt."""
    made = []
    for name, grey in (*GREYS.items(), (EMPTY_CLASS, 40)):
        for number in range(1 if name == EMPTY_CLASS else 3):
            level = 220 if (name, number) == ("bent", 2) else grey
            path = tmp_path / name / f"{number}.png"
            path.parent.mkdir(exist_ok=True)
            assert cv2.imwrite(str(path), np.full((40, 48, 3), level, np.uint8))
            made.append(Sample(path, name))
    return tuple(made)


def try_samples(samples: tuple[Sample, ...], *, found: bool = True) -> Trial:
    keys = [f"{sample.class_name}/{sample.path.name}" for sample in samples]
    return run_trial(make_inspector(found=found, detector=True), samples, keys, policy="sure from 80%")


def test_an_escape_is_a_defective_part_that_was_passed(samples: tuple[Sample, ...]) -> None:
    trial = try_samples(samples)
    table = dict(tabulate(trial))
    assert table["fine"][VerdictKind.PASS] == 3 and trial.false_rejects == 0
    assert table["bent"] == {**dict.fromkeys(VerdictKind, 0), VerdictKind.PASS: 1, VerdictKind.REJECT: 2}
    assert trial.escapes == 1
    # the fake detector finds a part on the empty belt too
    assert table["no part"][VerdictKind.NO_PART] == 0 and sum(table["no part"].values()) == 1
    figures = trial.figures()
    assert (figures.n, figures.accuracy) == (9, pytest.approx(8 / 9))


def test_a_part_that_is_not_found_is_wrong_and_no_escape(samples: tuple[Sample, ...]) -> None:
    trial = try_samples(samples, found=False)
    assert trial.escapes == 0 and trial.figures().accuracy == 0.0
    assert all(counts[VerdictKind.NO_PART] == sum(counts.values()) for _, counts in tabulate(trial))


def test_what_is_kept_comes_back(samples: tuple[Sample, ...], tmp_path: Path) -> None:
    trial = try_samples(samples)
    path = write_trial(trial, tmp_path)
    again = read_trial(path, weights_sha256=trial.weights_sha256)
    assert tabulate(again) == tabulate(trial) and again.policy == trial.policy
    assert [row.key for row in again.rows] == [row.key for row in trial.rows]
    assert again.median_ms == pytest.approx(trial.median_ms, abs=0.01)


def test_empty_belts_do_not_hide_what_a_part_takes(samples: tuple[Sample, ...]) -> None:
    trial = try_samples(samples)
    slow = tuple(replace(row, total_ms=100.0 if row in trial.parts else 1.0) for row in trial.rows)
    belts = tuple(row for row in slow if row.total_ms == 1.0) * 50
    assert belts
    told = replace(trial, rows=(*slow, *belts))
    assert (told.median_ms, told.p95_ms) == (100.0, 100.0)


def test_a_trial_of_other_weights_is_refused(samples: tuple[Sample, ...], tmp_path: Path) -> None:
    path = write_trial(try_samples(samples), tmp_path)
    with pytest.raises(DataInvalid, match="trained anew"):
        read_trial(path, weights_sha256="cd" * 32)


def test_a_gross_defect_is_told_apart_from_one_hardly_seen(samples: tuple[Sample, ...]) -> None:
    levels = {"bent": (0.05, 0.2, 0.95)}  # the third is the one called fine
    made = [
        replace(sample, severity_0_1=levels[sample.class_name][int(sample.path.stem)])
        if sample.class_name in levels
        else sample
        for sample in samples
    ]
    assert tabulate_severities(try_samples(tuple(made))) == [("bent", [(1, 1), (1, 1), (0, 0), (0, 1)])]


def test_belts_made_for_the_trial_are_counted_apart(samples: tuple[Sample, ...]) -> None:
    trial = try_samples(samples)
    rows = (*trial.rows, replace(trial.rows[-1], key=f"{MADE}1", verdict=VerdictKind.NO_PART))
    counts = dict(tabulate(replace(trial, rows=rows)))
    assert sum(counts["no part"].values()) == 1
    assert counts["empty belt, made for the trial"][VerdictKind.NO_PART] == 1


def test_all_that_decides_is_in_the_policy() -> None:
    line = load_line("aluminium")
    card = make_card(line="aluminium", weights_sha256="ab" * 32)
    fitted = replace(card, data={**card.data, "novelty": {"sha256": "cd" * 32}})
    detector = replace(card, model="yolov5n")
    plain = say_policy(line, card, detector)
    assert plain.endswith(
        "with a second look, without a novelty check, found by yolov5n abababab, with parts that the picture cuts off to a "
        "person"
    )
    taking = replace(line, policy=replace(line.policy, whole=False))
    assert say_policy(taking, card, detector).endswith("found by yolov5n abababab")
    assert "novel below 1.0% (cdcdcdcd)" in say_policy(line, fitted, detector)
    assert say_policy(line, card, replace(detector, weights_sha256="ef" * 32)) != plain
    assert "found by" not in say_policy(load_line("casting"), card, None)


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("policy", {"confidence_0_1": 0.804}),
        ("policy", {"lead_0_1": 0.2049}),
        ("policy", {"novelty_0_1": 0.0104}),
        ("locate", {"threshold_0_1": 0.3}),
        ("locate", {"margin": 0.1}),
    ],
)
def test_whatever_changes_a_decision_changes_the_words(table: str, change: dict[str, float]) -> None:
    """Rounded to whole percent a rule that was changed a little left a trial as of now."""
    line = load_line("aluminium")
    card = make_card(line="aluminium", weights_sha256="ab" * 32)
    fitted = replace(card, data={**card.data, "novelty": {"sha256": "cd" * 32}})
    other = replace(line, **{table: replace(getattr(line, table), **change)})
    assert say_policy(other, fitted, None) != say_policy(line, fitted, None)
