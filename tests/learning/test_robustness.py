"""Accuracy under worse pictures, through the line as it serves, into the card."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from inspection.errors import DataInvalid
from inspection.learning.corruptions import CORRUPTIONS
from inspection.learning.data import Sample
from inspection.learning.robustness import (
    UNTOUCHED,
    choose_samples,
    corrupt_picture,
    keep_robustness,
    measure_robustness,
)
from inspection.lines import Policy
from inspection.pipeline import Classifying, Detecting, Inspector
from inspection.types import F32, U8, EngineOutput
from inspection.ui.tables_metrics import tabulate_robustness
from models.card import read_card, write_card
from models.heads import LinearHead
from tests.fakes import LABEL, FakeEngine, make_line, make_picture
from tests.models.cards import make_card

BY_NAME = {each.name: each for each in CORRUPTIONS}
HEAD = LinearHead(np.zeros((3, 2), np.float32), np.zeros(3, np.float32))


class LightMeter:
    """Calls a bright picture fine, a middling one bent and a dark one torn."""

    label = LABEL
    cold_start_ms = 0.0

    def run(self, batch: U8) -> EngineOutput:
        light = batch.reshape(len(batch), -1).mean(axis=1)
        called = np.digitize(light, [80.0, 160.0])
        logits: F32 = 9 * np.eye(3, dtype=np.float32)[2 - called]
        return EngineOutput((logits, np.zeros((len(batch), 2, 2, 2), np.float32)))


def make_inspector(*, found: bool = True, detector: bool = False) -> Inspector:
    classifying = Classifying(LightMeter(), HEAD, "resnet50", "ab" * 32, 32, 3, 1.0, 0.5)
    candidates = np.array([[4, 8, 20, 20, 0.9 if found else 0.1]], np.float32)
    locating = Detecting(FakeEngine(candidates), 32, ("part",)) if detector else None
    line = make_line(detector=detector, policy=Policy(0.8, 0.2, retest=False))
    return Inspector(line, classifying, locating=locating)


@pytest.fixture
def samples(tmp_path: Path) -> tuple[Sample, ...]:
    """Four pictures a class, of one grey each."""
    made = []
    for name, grey in (("fine", 200), ("bent", 120), ("torn", 40)):
        for number in range(4):
            path = tmp_path / name / f"{number}.png"
            path.parent.mkdir(exist_ok=True)
            assert cv2.imwrite(str(path), np.full((40, 48, 3), grey + number, np.uint8))
            made.append(Sample(path, name))
    return tuple(made)


def test_curves_begin_at_the_untouched_picture_and_tell_what_was_right(samples: tuple[Sample, ...]) -> None:
    rows = measure_robustness(make_inspector(), samples, corruptions=(BY_NAME["darker"], BY_NAME["noise"]))
    right = {(row.condition, row.severity): row.right for row in rows}
    assert right["darker", 0] == right["noise", 0] == 12
    # at 0.8 each grey stays on its side; at 0.6 the 200s are called bent and the 120s torn, and the torn stay torn
    assert [right["darker", level] for level in range(1, 6)] == [12, 4, 4, 4, 4]
    assert [right["noise", level] for level in range(1, 6)] == [12] * 5
    assert rows[0].strength == UNTOUCHED and rows[1].strength == "light × 0.8"
    assert {row.n for row in rows} == {12}


def test_a_part_that_is_not_found_is_a_wrong_answer(samples: tuple[Sample, ...]) -> None:
    rows = measure_robustness(
        make_inspector(found=False, detector=True), samples, corruptions=(BY_NAME["blur"],)
    )
    assert {(row.right, row.unfound) for row in rows} == {(0, 12)}
    rows = measure_robustness(make_inspector(detector=True), samples, corruptions=(BY_NAME["blur"],))
    assert {(row.right, row.unfound) for row in rows} == {(12, 0)}


def test_the_choice_is_seeded_and_takes_the_classes_by_turns(samples: tuple[Sample, ...]) -> None:
    chosen = choose_samples(samples, 7, seed=3)
    assert chosen == choose_samples(samples, 7, seed=3)
    assert sorted(sum(each.class_name == name for each in chosen) for name in ("fine", "bent", "torn")) == [
        2,
        2,
        3,
    ]
    assert {choose_samples(samples, 7, seed=seed) for seed in range(5)} != {chosen}
    assert choose_samples(samples, 0, seed=3) == samples == choose_samples(samples, 99, seed=3)


def test_a_pictures_noise_is_its_own() -> None:
    first, other = make_picture(seed=0), make_picture(seed=1)
    noise = BY_NAME["noise"]
    again = [corrupt_picture(first, noise, 3, seed=0).pixels for _ in range(2)]
    np.testing.assert_array_equal(*again)
    moved = corrupt_picture(first, noise, 3, seed=1).pixels
    assert not np.array_equal(again[0], moved)
    assert corrupt_picture(other, noise, 3, seed=0).sha256 == other.sha256


def test_rows_go_into_the_card_as_the_metrics_page_reads_them(
    samples: tuple[Sample, ...], tmp_path: Path
) -> None:
    path = tmp_path / "resnet50.json"
    write_card(make_card(weights_sha256="ab" * 32, figures={"test": {"f32": {"n": 12}}}), path)
    rows = measure_robustness(make_inspector(), samples, corruptions=(BY_NAME["darker"],))
    keep_robustness(rows, path, weights_sha256="ab" * 32)
    card = read_card(path)
    told = tabulate_robustness(card.figures)
    assert [(row["severity"], row["accuracy"]) for row in told] == [(r.severity, r.right / 12) for r in rows]
    assert told[0]["accuracy_interval"][1] == 1.0 and card.figures["test"] == {"f32": {"n": 12}}
    assert [each.name for each in tmp_path.iterdir() if each.is_file()] == ["resnet50.json"]


def test_a_card_of_other_weights_is_left_alone(samples: tuple[Sample, ...], tmp_path: Path) -> None:
    path = tmp_path / "resnet50.json"
    write_card(make_card(weights_sha256="cd" * 32), path)
    before = path.read_bytes()
    rows = measure_robustness(make_inspector(), samples[:1], corruptions=(BY_NAME["blur"],))
    with pytest.raises(DataInvalid, match="Measure again"):
        keep_robustness(rows, path, weights_sha256="ab" * 32)
    assert path.read_bytes() == before
