"""Fitting novelty on clouds of points whose place is known: what was left out must be found, and no more than that."""

import json
from pathlib import Path

import numpy as np
import pytest

from inspection.commands.novelty import print_report
from inspection.errors import DataInvalid
from inspection.learning.arrays import ArraySet
from inspection.learning.novelty_fit import (
    FOREIGN,
    FOREIGN_TEST,
    Seen,
    compare_methods,
    count_alarms,
    fit_mahalanobis,
    fit_rater,
    group_known,
    measure_auroc,
    spread_rows,
)
from inspection.learning.novelty_release import Released, divide_foreign, spread_evenly
from inspection.novelty import ANY, DEFECT, GOOD, RATERS, NoveltyModel

CLASSES = ("good", "bent", "torn")
CENTRES = np.array([[9, 0, 0, 0], [0, 9, 0, 0], [0, 0, 9, 0]], np.float32)


def make_seen(each: int, seed: int, *, spread: float = 1.0) -> Seen:
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(3), each)
    features = CENTRES[labels] + rng.normal(0, spread, (len(labels), 4)).astype(np.float32)
    return Seen(features, (features[:, :3] - 4).astype(np.float32), labels)


SIDES = {"train": make_seen(150, 1), "validation": make_seen(150, 2), "test": make_seen(150, 3)}


def test_a_class_that_was_left_out_is_found_by_distance() -> None:
    trials = compare_methods(SIDES, class_names=CLASSES, good="good", threshold_0_1=0.01)
    assert {trial.method for trial in trials} == set(RATERS)
    best = trials[0]
    assert best.method != "energy" and best.mean_auroc is not None and best.mean_auroc > 0.99
    assert [each.class_name for each in best.left_out] == ["bent", "torn"]
    for each in best.left_out:
        assert (each.found.n, each.false_alarms.n) == (150, 300)
        assert each.found.count > 100
        assert each.false_alarms.count <= 12  # 1 % expected, 3 of 300


def test_a_line_without_a_good_class_leaves_each_out() -> None:
    trials = compare_methods(SIDES, class_names=CLASSES, good=None, threshold_0_1=0.01)
    assert [each.class_name for each in trials[0].left_out] == list(CLASSES)


def test_two_classes_leave_surprise_nothing_to_compare_with() -> None:
    pair = {side: seen.without(2) for side, seen in SIDES.items()}
    trials = compare_methods(pair, class_names=CLASSES[:2], good="good", threshold_0_1=0.01)
    assert "surprise" not in {trial.method for trial in trials}
    assert "surprise" in {
        trial.method for trial in compare_methods(SIDES, class_names=CLASSES, good=None, threshold_0_1=0.01)
    }


def test_foreign_pictures_count_as_much_as_types_left_out() -> None:
    """Loud and far away: the energy takes it for a part like any other."""
    foreign = Seen(np.full((50, 4), 60, np.float32), np.full((50, 3), 60, np.float32), np.zeros(50, np.int64))
    trials = compare_methods(
        SIDES | {FOREIGN: foreign, FOREIGN_TEST: foreign},
        class_names=CLASSES,
        good="good",
        threshold_0_1=0.01,
    )
    found = {trial.method: trial.foreign.count for trial in trials}
    assert found["energy"] == 0 and found["mahalanobis_by_class"] == 50
    assert found[trials[0].method] == 50
    assert trials[0].to_dict()["foreign"]["n"] == 50


def test_the_half_that_reports_chooses_nothing() -> None:
    """Whatever lies in it, the same method is kept, and what is told of it was measured on that half alone."""
    far = Seen(np.full((50, 4), 60, np.float32), np.full((50, 3), 60, np.float32), np.zeros(50, np.int64))
    near = SIDES["test"]
    kept = []
    for reporting in (far, near):
        trials = compare_methods(
            SIDES | {FOREIGN: far, FOREIGN_TEST: reporting},
            class_names=CLASSES,
            good="good",
            threshold_0_1=0.01,
        )
        kept.append([(trial.method, trial.worth) for trial in trials])
        assert trials[0].foreign.n == len(reporting) and trials[0].foreign_chose.n == 50
    assert kept[0] == kept[1]
    assert trials[0].foreign.share < 0.05 < trials[0].foreign_chose.share


def test_a_foreign_picture_lies_in_one_half_whatever_its_names(tmp_path: Path) -> None:
    for number in range(40):
        (tmp_path / f"{number:02d}.png").write_bytes(bytes([number]))
        (tmp_path / f"again-{number:02d}.png").write_bytes(bytes([number]))
    halves = {name: {path.read_bytes() for path in paths} for name, paths in divide_foreign(tmp_path).items()}
    assert not halves[FOREIGN] & halves[FOREIGN_TEST]
    assert len(halves[FOREIGN]) + len(halves[FOREIGN_TEST]) == 40 and min(map(len, halves.values())) >= 10
    assert divide_foreign(tmp_path) == divide_foreign(tmp_path) != divide_foreign(tmp_path, seed=1)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataInvalid, match="to choose by and others to report on"):
        divide_foreign(tmp_path / "empty")


def test_to_leave_out_takes_parts_logit_and_number() -> None:
    rest = SIDES["train"].without(1)
    assert (len(rest), rest.logits.shape, set(rest.labels)) == (300, (300, 2), {0, 1})
    assert rest.logits[:, 1] == pytest.approx(SIDES["train"].logits[SIDES["train"].labels != 1, 2])
    only = SIDES["train"].only(1)
    assert (len(only), only.logits.shape) == (150, (150, 2))


def test_known_parts_are_grouped_where_there_are_enough() -> None:
    seen = SIDES["validation"]
    scores = np.arange(len(seen), dtype=np.float32)
    groups = group_known(scores, seen, good_index=0, threshold_0_1=0.01)
    assert {name: len(one) for name, one in groups.items()} == {GOOD: 150, DEFECT: 300}
    pooled = group_known(scores, seen, good_index=0, threshold_0_1=0.004)
    assert {name: len(one) for name, one in pooled.items()} == {ANY: 450}
    with pytest.raises(DataInvalid, match="at least 1000 validation parts"):
        group_known(scores, seen, good_index=0, threshold_0_1=0.001)


def test_the_false_alarm_rate_is_what_was_promised() -> None:
    rater = fit_rater("knn", SIDES["train"])
    assert rater is not None
    known = group_known(
        rater.rate(SIDES["validation"].features, SIDES["validation"].logits),
        SIDES["validation"],
        good_index=0,
        threshold_0_1=0.05,
    )
    model = NoveltyModel("knn", rater, known, 0)
    rate = count_alarms(model, make_seen(400, 9), 0.05)
    assert rate.n == 1200 and 0.02 < rate.count / rate.n < 0.09
    assert rate.to_dict()["interval"][0] < rate.count / rate.n < rate.to_dict()["interval"][1]
    assert count_alarms(model, make_seen(50, 9, spread=8.0), 0.05).count > 60


def test_rows_are_spread_over_the_cloud() -> None:
    rows = np.concatenate([np.zeros((500, 2)), [[5.0, 0.0], [0.0, 5.0]]]).astype(np.float32)
    chosen = spread_rows(rows, 3)
    assert {tuple(rows[index]) for index in chosen} == {(0.0, 0.0), (5.0, 0.0), (0.0, 5.0)}
    assert len(spread_rows(rows, 10_000)) == 502


def test_of_a_large_line_as_many_parts_of_each_class_in_proportion() -> None:
    labels = np.repeat([0, 1, 2], [600, 300, 100])
    pixels = np.arange(1000, dtype=np.int64).reshape(-1, 1, 1, 1).repeat(3, axis=3).astype(np.uint8)
    pictures = ArraySet(pixels, labels, tuple(map(str, range(1000))))
    few = spread_evenly(pictures, 100)
    assert np.bincount(few.labels).tolist() == [60, 30, 10] and len(set(few.keys)) == 100
    assert all(few.pixels[row, 0, 0, 0] == int(key) % 256 for row, key in enumerate(few.keys))
    assert spread_evenly(pictures, 1000) is pictures


def test_mahalanobis_measures_in_units_of_spread() -> None:
    rng = np.random.default_rng(0)
    features = (rng.normal(size=(4000, 3)) * [1.0, 3.0, 0.5]).astype(np.float32)
    rater = fit_mahalanobis(features, np.zeros(4000, np.int64), 64)
    far = rater.rate(np.diag([2.0, 6.0, 1.0]).astype(np.float32), np.zeros((3, 2), np.float32))
    assert far == pytest.approx([2.0, 2.0, 2.0], rel=0.1)


@pytest.mark.parametrize(
    ("novel", "familiar", "expected"),
    [([3, 4], [1, 2], 1.0), ([1, 2], [3, 4], 0.0), ([1, 1], [1, 1], 0.5), ([2, 5], [1, 3], 0.75)],
)
def test_auroc_counts_pairs(novel: list[float], familiar: list[float], expected: float) -> None:
    assert measure_auroc(np.array(novel, np.float32), np.array(familiar, np.float32)) == expected


def test_a_type_that_no_test_part_shows_has_no_figure(capsys: pytest.CaptureFixture[str]) -> None:
    """Its AUROC had been no number, which no card can hold: the fit was lost at its end, with a traceback."""
    test = SIDES["test"]
    shown = test.labels != 2
    some = {**SIDES, "test": Seen(test.features[shown], test.logits[shown], test.labels[shown])}
    trials = compare_methods(some, class_names=CLASSES, good="good", threshold_0_1=0.01)
    told = json.loads(json.dumps(trials[0].to_dict(), allow_nan=False))
    assert told["auroc_by_type"]["torn"] is None and told["found_by_type"]["torn"] == [0, 0]
    assert trials[0].mean_auroc == told["auroc_worst"] == told["auroc_by_type"]["bent"] > 0.99
    report = {
        "method": trials[0].method,
        "threshold": 0.01,
        "false_alarms": {},
        "caveats": (),
        "bytes": 9,
        "rate_ms": 0.1,
    }
    print_report(Released(report, tuple(trials), Path("toy.novelty.safetensors")))
    assert "bent" in capsys.readouterr().out
    assert measure_auroc(np.zeros(0, np.float32), np.ones(3, np.float32)) is None
