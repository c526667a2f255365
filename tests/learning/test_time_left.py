"""What a run says of the time it still takes: sizes cost as they did, validations are counted apart."""

import pytest

from inspection.learning.config import TrainConfig
from inspection.learning.epochs import EpochRow
from inspection.learning.time_left import estimate_left
from tests.learning.toy import make_config


def plan(*sizes: tuple[int, int], validate_every: int = 1) -> TrainConfig:
    return make_config(sizes=sizes, validate_every=validate_every)


def make_row(size: int, train_s: float, validation_s: float | None = None) -> EpochRow:
    return EpochRow(
        epoch=1,
        epochs=9,
        size=size,
        learning_rate=1e-3,
        train_loss=1.0,
        seconds=train_s + (validation_s or 0.0),
        train_seconds=train_s,
        pictures_per_s=10.0,
        seconds_left=0.0,
        is_best=False,
        metrics={} if validation_s is None else {"score": 0.5},
    )


def test_nothing_is_said_before_the_first_epoch_and_nothing_is_left_after_the_last() -> None:
    assert estimate_left([], plan((2, 64))) is None
    assert estimate_left([make_row(64, 10, 5)] * 2, plan((2, 64))) == 0


def test_epochs_of_a_size_that_was_seen_cost_what_its_last_three_did() -> None:
    rows = [make_row(64, seconds) for seconds in (100, 10, 20, 30)]
    assert estimate_left(rows, plan((6, 64))) == pytest.approx(2 * 20)
    grown = [make_row(64, 10), make_row(96, 25)]
    assert estimate_left(grown, plan((1, 64), (3, 96))) == pytest.approx(2 * 25)


def test_a_size_that_is_still_to_come_is_scaled_from_the_nearest_one_seen() -> None:
    rows = [make_row(64, 7.0), make_row(96, 10.0)]
    left = estimate_left(rows, plan((1, 64), (1, 96), (1, 224)))
    assert left == pytest.approx(10 * (224 / 96) ** 1.6)
    assert left is not None and left < 10 * (224 / 96) ** 2, "less than its area says"


def test_validations_to_come_are_counted_and_cost_what_the_last_one_did() -> None:
    config = plan((4, 64), (2, 96), validate_every=3)  # epochs 3, 5 and 6 are validated
    rows = [make_row(64, 10), make_row(64, 10), make_row(64, 10, 40)]
    training = 10 + 2 * 10 * (96 / 64) ** 1.6
    assert estimate_left(rows, config) == pytest.approx(training + 2 * 40)
    unknown = estimate_left(rows[:2], config)
    assert unknown == pytest.approx(10 + training), "no validation yet, so none is counted"


def test_epochs_in_which_some_layers_are_frozen_say_what_such_epochs_cost() -> None:
    config = make_config(sizes=((6, 64),), trainable=((2, -1), (4, 3)))
    rows = [make_row(64, 20), make_row(64, 20), make_row(64, 8)]
    assert estimate_left(rows, config) == pytest.approx(3 * 8)
    assert estimate_left(rows[:2], config) == pytest.approx(4 * 20), "nothing else is known yet"
