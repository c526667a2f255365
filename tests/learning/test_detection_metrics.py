"""Average precision and counts on cases small enough to work out by hand."""

import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from inspection.learning.data import LabelledBox
from inspection.learning.detection_metrics import (
    DetectionFigures,
    average_defined,
    evaluate_coco,
    measure_detections,
    measure_iou,
)
from inspection.learning.map_interval import average_precisions
from inspection.types import Box, Finding

FIRST, SECOND = Box(0, 0, 10, 10), Box(50, 50, 90, 90)
HALF = Box(0, 0, 10, 7)  # IoU 0.7 with FIRST
FAR = Box(200, 200, 220, 220)


def mark(*boxes: Box, name: str = "part") -> list[LabelledBox]:
    return [LabelledBox(box, name) for box in boxes]


def find(*boxes: tuple[Box, float], name: str = "part") -> list[Finding]:
    return [Finding(box, name, score) for box, score in boxes]


def measure(
    truths: Sequence[list[LabelledBox]],
    findings: Sequence[list[Finding]],
    names: tuple[str, ...] = ("part",),
) -> DetectionFigures:
    return measure_detections(truths, findings, class_names=names)


def test_all_found_exactly() -> None:
    figures = measure([mark(FIRST), mark(SECOND)], [find((FIRST, 0.9)), find((SECOND, 0.8))])
    assert figures.map_50 == pytest.approx(1.0) and figures.map_50_95 == pytest.approx(1.0)
    assert (figures.precision, figures.recall, figures.empty_called_part_rate) == (1.0, 1.0, None)


def test_a_loose_box_counts_at_low_thresholds_only() -> None:
    figures = measure([mark(FIRST)], [find((HALF, 0.9))])
    assert figures.map_50 == pytest.approx(1.0)
    assert figures.map_50_95 == pytest.approx(0.5)  # right at IoU 0.50, 0.55, 0.60, 0.65 and 0.70 of ten


def test_a_wrong_box_above_a_right_one() -> None:
    # by falling score: wrong, right, and one box missed. Precision 1/2 up to recall 1/2, then nothing:
    # 51 of the 101 recalls 0, 0.01 … 1 are ≤ 0.5
    figures = measure([mark(FIRST, SECOND)], [find((FAR, 0.9), (FIRST, 0.8))])
    assert figures.map_50 == pytest.approx(0.5 * 51 / 101)
    assert (figures.found, figures.precision, figures.recall) == (2, 0.5, 0.5)


def test_classes_are_kept_apart() -> None:
    figures = measure(
        [mark(FIRST, name="dent") + mark(SECOND, name="stain")],
        [find((FIRST, 0.9), name="stain") + find((SECOND, 0.9), name="stain")],
        ("dent", "stain", "crack"),
    )
    assert figures.per_class_ap_50["dent"] == 0.0 and figures.per_class_ap_50["crack"] is None
    assert figures.map_50 == pytest.approx(
        sum(v for v in figures.per_class_ap_50.values() if v is not None) / 2
    )
    assert figures.recall == 0.5


def test_one_true_box_is_found_once() -> None:
    figures = measure([mark(FIRST)], [find((FIRST, 0.9), (FIRST, 0.8))])
    assert (figures.precision, figures.recall) == (0.5, 1.0)


def test_the_threshold_cuts_counts_but_not_average_precision() -> None:
    figures = measure([mark(FIRST)], [find((FIRST, 0.3))])
    assert (figures.found, figures.precision, figures.recall) == (0, None, 0.0)
    assert figures.map_50 == pytest.approx(1.0)


def test_empty_pictures_called_a_part() -> None:
    figures = measure([mark(FIRST), [], [], []], [find((FIRST, 0.9)), find((FAR, 0.7)), find((FAR, 0.2)), []])
    assert (figures.empty_pictures, figures.empty_called_part) == (3, 1)
    assert figures.empty_called_part_rate == pytest.approx(1 / 3)
    assert figures.empty_called_part_interval is not None
    assert figures.empty_called_part_interval.as_list() == pytest.approx([0.00840, 0.90571], abs=1e-4)


def test_nothing_found_and_nothing_to_find() -> None:
    missed = measure([mark(FIRST), []], [[], []])
    assert (missed.map_50, missed.map_50_95, missed.recall, missed.precision) == (0.0, 0.0, 0.0, None)
    nothing = measure([[], []], [[], find((FAR, 0.9))])
    assert (nothing.map_50, nothing.recall, nothing.empty_called_part) == (None, None, 1)
    assert json.loads(json.dumps(nothing.to_dict(), allow_nan=False))["boxes"] == 0


def test_it_is_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    measure([mark(FIRST)], [find((FIRST, 0.9))])
    assert capsys.readouterr().out == ""


def test_each_picture_needs_its_findings() -> None:
    with pytest.raises(ValueError, match="for 2 pictures"):
        measure([[], []], [[]])


def test_iou() -> None:
    assert measure_iou(FIRST.as_list(), HALF.as_list()) == pytest.approx(0.7)
    assert measure_iou(FIRST.as_list(), [10, 0, 20, 10]) == 0.0  # touching is no overlap


def make_scenes(seed: int, pictures: int) -> tuple[list[list[LabelledBox]], list[list[Finding]]]:
    """Boxes that are found loosely, by faint scores or not at all, of two classes, with some found where nothing is."""
    rng = np.random.default_rng(seed)
    truths, findings = [], []
    for _ in range(pictures):
        corners = rng.uniform(0, 80, (rng.integers(0, 4), 2))
        names = rng.choice(["dent", "stain"], len(corners))
        truth = [
            LabelledBox(Box(x, y, x + 20, y + 20), str(name))
            for (x, y), name in zip(corners, names, strict=True)
        ]
        found = [
            Finding(
                Box(each.box.x1 + shift, each.box.y1, each.box.x2 + shift, each.box.y2),
                each.class_name,
                float(rng.uniform(0.1, 1)),
            )
            for each, shift in zip(truth, rng.uniform(0, 9, len(truth)), strict=True)
            if rng.random() < 0.8
        ]
        if rng.random() < 0.3:
            found.append(Finding(FAR, "dent", float(rng.uniform(0.1, 1))))
        truths.append(truth)
        findings.append(found)
    return truths, findings


@pytest.mark.parametrize("seed", range(3))
def test_each_picture_once_is_the_figure_that_coco_gives(seed: int) -> None:
    truths, findings = make_scenes(seed, 40)
    precision, matches = evaluate_coco(truths, findings, ("dent", "stain"))
    own = average_precisions(matches, np.ones(40, np.int64))
    assert own == pytest.approx([average_defined(precision[step : step + 1]) for step in range(10)])


def test_a_picture_that_counts_twice_is_as_two_pictures() -> None:
    truths, findings = make_scenes(5, 12)
    _, matches = evaluate_coco(truths, findings, ("dent", "stain"))
    times = np.array([2, 0, 1, 1, 3, 0, 1, 1, 2, 1, 0, 1])
    again = [index for index, count in enumerate(times) for _ in range(count)]
    # scores are made distinct by less than anything, since equal ones of a picture's copies may be read in any order
    told = [
        [replace(each, score_0_1=each.score_0_1 - 1e-9 * place) for each in findings[index]]
        for place, index in enumerate(again)
    ]
    expected, _ = evaluate_coco([truths[index] for index in again], told, ("dent", "stain"))
    assert average_precisions(matches, times)[0] == pytest.approx(average_defined(expected[:1]), abs=1e-9)


def test_a_class_that_was_not_drawn_says_nothing() -> None:
    truths = [mark(FIRST, name="dent"), mark(FIRST, name="stain")]
    findings = [find((FIRST, 0.9), name="dent"), find((FAR, 0.9), name="stain")]
    _, matches = evaluate_coco(truths, findings, ("dent", "stain"))
    assert average_precisions(matches, np.array([1, 1]))[0] == pytest.approx(0.5)
    assert average_precisions(matches, np.array([2, 0]))[0] == pytest.approx(1.0)


def test_the_interval_narrows_with_the_pictures_and_holds_the_figure() -> None:
    widths = []
    for pictures in (30, 480):
        figures = measure(*make_scenes(7, pictures), ("dent", "stain"))
        assert figures.map_50 is not None and figures.map_50_interval is not None
        assert figures.map_50_interval.low < figures.map_50 < figures.map_50_interval.high
        assert figures.map_50_95 is not None and figures.map_50_95_interval is not None
        assert figures.map_50_95_interval.low < figures.map_50_95 < figures.map_50_95_interval.high
        widths.append(figures.map_50_interval.high - figures.map_50_interval.low)
    assert widths[1] < widths[0] / 2


def test_without_an_error_or_with_one_picture_there_is_no_interval() -> None:
    flawless = measure([mark(FIRST), mark(SECOND)], [find((FIRST, 0.9)), find((SECOND, 0.8))])
    alone = measure([mark(FIRST, SECOND)], [find((FIRST, 0.9))])
    assert flawless.map_50_interval is None and alone.map_50_interval is None
