"""Average precision and counts on cases small enough to work out by hand."""

import json
from collections.abc import Sequence

import pytest

from inspection.learning.data import LabelledBox
from inspection.learning.detection_metrics import DetectionFigures, measure_detections, measure_iou
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
