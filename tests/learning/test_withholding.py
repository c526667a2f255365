"""When INT8 is not fit to run a line."""

from pathlib import Path

import numpy as np
import pytest

from inspection import loading
from inspection.config import Settings, load_settings
from inspection.learning.arrays import BoxSet
from inspection.learning.evaluate import Evaluation, read_released
from inspection.learning.release import judge_strays, withhold_int8
from inspection.learning.release_detector import evaluate_detector
from inspection.learning.withholding import compare_findings, judge_int8, judge_reference
from inspection.types import Box, Finding
from models.card import read_card, write_card
from tests.fakes import FakeEngine, make_line
from tests.models.cards import make_card


def list_classifier_cards() -> list[Path]:
    cards = sorted(load_settings().weights_dir.glob("*/*.json"))
    return [path for path in cards if path.with_suffix(".parquet").is_file()]


@pytest.mark.parametrize(
    ("pictures", "changed", "lost", "complaint"),
    [
        (1000, 0, 0.0, None),
        (1000, 10, 0.005, None),  # at the bounds
        (1000, 11, 0.0, "changes 11 of 1000 validation pictures"),
        (1000, 10, 0.006, "loses 0.6 points of accuracy"),
        (1000, 10, -0.01, None),  # what is gained is not lost
        (11, 1, 1 / 11, None),  # one picture of few says nothing
        (11, 2, 0.0, "changes 2 of 11"),
        (0, 0, 0.0, None),
    ],
)
def test_int8_is_withheld_where_it_strays(pictures, changed, lost, complaint) -> None:
    told = judge_int8(pictures=pictures, changed=changed, lost=lost, figure="accuracy")
    assert told is None if complaint is None else told is not None and complaint in told


def make_evaluation(called: list[int], precision: str) -> Evaluation:
    """Half of the pictures are of the first class, half of the second."""
    logits = np.eye(3, dtype=np.float32)[called]
    labels = np.arange(len(called)) * 2 // len(called)
    keys = tuple(map(str, range(len(called))))
    return Evaluation("validation", precision, keys, labels, logits, np.ones(len(called), np.float32))  # type: ignore[arg-type]


def test_a_classifier_is_judged_by_its_calls() -> None:
    reference = make_evaluation([0] * 48 + [1] * 52, "f32")
    assert withhold_int8(reference, make_evaluation([0] * 47 + [1] * 53, "int8")) is None
    told = withhold_int8(reference, make_evaluation([0] * 46 + [1] * 54, "int8"))
    assert told is not None and "changes 2 of 100" in told and "loses 2 points" in told
    # errors that change sides cancel in the accuracy, not in the count
    swapped = make_evaluation([0] * 50 + [1] * 48 + [0] * 2, "int8")
    told = withhold_int8(reference, swapped)
    assert told is not None and "changes 4 of 100" in told and "loses" not in told


def test_pictures_that_the_network_cannot_tell_apart_say_nothing_of_int8() -> None:
    always = make_evaluation([1] * 100, "f32")
    assert withhold_int8(always, make_evaluation([1] * 100, "int8")) == (
        "INT8 cannot be judged by 100 validation pictures of which F32 names 50.0% right, where the same names given out at "
        "random would be right for 50.0%"
    )
    worse = make_evaluation([1] * 50 + [0] * 2 + [1] * 48, "f32")
    assert withhold_int8(worse, worse) is not None, "it names two classes, and none of the first"
    knows = make_evaluation([1] * 49 + [0] + [1] * 50, "f32")
    assert withhold_int8(knows, knows) is None, "one more than always the same is something"
    strays = make_evaluation([1] * 98 + [0] * 2, "int8")
    told = withhold_int8(always, strays)
    assert told is not None and "changes 2 of 100" in told and "; INT8 cannot be judged" in told
    assert "cannot be judged" not in (judge_strays(always, strays) or ""), "no calibration mends that"


@pytest.mark.parametrize(
    ("labels", "called"),
    [
        ([], []),
        ([0] * 3, [0] * 3),  # the few answers of a challenger may all be of one class
        (
            [0] * 95 + [1] * 5,
            [0] * 89 + [1] * 11,
        ),  # fewer right than always the same, and it finds every defect
    ],
)
def test_whoever_knows_something_can_be_judged(labels: list[int], called: list[int]) -> None:
    assert judge_reference(np.array(labels, np.int64), np.array(called, np.int64)) is None


@pytest.mark.parametrize("path", list_classifier_cards(), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_what_ships_is_withheld_by_the_rule_of_today(path: Path) -> None:
    card = read_card(path)
    rows = read_released(card, path.with_suffix(".parquet"))
    assert card.withheld == withhold_int8(rows["validation", "f32"], rows["validation", "int8"])


def find(*boxes: tuple[float, float]) -> list[Finding]:
    """(left edge, score) of squares of 10 pixels."""
    return [Finding(Box(x, 0, x + 10, 10), "part", score) for x, score in boxes]


def test_a_picture_is_changed_where_other_boxes_are_found() -> None:
    reference = [find((0, 0.9)), find((0, 0.9)), find((0, 0.9)), find((0, 0.6)), [], find((0, 0.4))]
    other = [find((1, 0.8)), find((8, 0.9)), find((0, 0.9), (30, 0.7)), find((0, 0.4)), [], find((0, 0.3))]
    told = compare_findings(reference, other, threshold_0_1=0.5)
    # moved a little: the same; moved away, one too many, lost: changed; none, and none that is sure: the same
    assert (told["n"], told["flipped"], told["disagreement"]) == (6, 3, 0.5)
    assert told["largest_score_difference"] == pytest.approx(0.2)


def candidates(score: float, *, left: float = 4) -> FakeEngine:
    return FakeEngine(np.array([[left, 4, left + 16, 20, score]], np.float32))


def make_boxes(count: int, *, each: int = 1) -> BoxSet:
    return BoxSet(
        np.zeros((count, 32, 32, 3), np.uint8),
        (np.array([[4, 4, 20, 20]] * each, np.float32).reshape(-1, 4),) * count,
        (np.zeros(each, np.int64),) * count,
        tuple(map(str, range(count))),
    )


def test_a_detectors_card_tells_how_far_int8_strays() -> None:
    sides = {"validation": make_boxes(20), "test": make_boxes(20)}
    figures, int8 = evaluate_detector(
        {"f32": candidates(0.6), "int8": candidates(0.58)}, sides, ("part",), threshold_0_1=0.5
    )
    assert figures["test"]["int8"]["map_50"] == 1.0 and int8["withheld"] is None
    _, int8 = evaluate_detector(
        {"f32": candidates(0.6), "int8": candidates(0.4)}, sides, ("part",), threshold_0_1=0.5
    )
    assert int8["against_f32"]["test"]["flipped"] == 20
    assert "changes 20 of 20" in int8["withheld"]


@pytest.mark.parametrize(
    ("left", "each", "complaint"),
    [
        (4, 1, None),
        (30, 1, "INT8 cannot be judged by 20 validation pictures in which F32 finds nothing that is there"),
        (30, 0, None),  # there is nothing to find
    ],
)
def test_a_detector_that_finds_nothing_says_nothing_of_int8(
    left: float, each: int, complaint: str | None
) -> None:
    engines = {"f32": candidates(0.6, left=left), "int8": candidates(0.6, left=left)}
    sides = {"validation": make_boxes(20, each=each)}
    _, int8 = evaluate_detector(engines, sides, ("part",), threshold_0_1=0.5)
    assert int8["withheld"] == complaint


@pytest.mark.parametrize("withheld", ["resnet50", "yolov5n", None])
def test_whoever_names_no_precision_gets_f32_where_int8_is_withheld(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, withheld: str | None
) -> None:
    line = make_line(detector=True)
    settings = Settings(tmp_path, tmp_path, tmp_path, 1, load_settings().max_picture_bytes, 10**6)
    for model in ("resnet50", "yolov5n"):
        reason = "INT8 changes 9 of 10" if model == withheld else None
        card = make_card(line="toy", model=model, precisions={"int8": {"withheld": reason}})
        write_card(card, tmp_path / "toy" / f"{model}.json")
    asked: list[str] = []
    monkeypatch.setattr(loading, "load_line", lambda *_: line)
    monkeypatch.setattr(
        loading, "build_inspector", lambda line, model, precision, *_: asked.append(precision)
    )
    loading.load_inspector("toy", settings=settings)
    loading.load_inspector("toy", precision="int8", settings=settings)
    assert asked == ["int8" if withheld is None else "f32", "int8"]
