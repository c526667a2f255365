"""Numbers in sentences."""

import pytest

from inspection.wording import (
    round_bound_up,
    round_percent,
    say_apart,
    say_limit,
    say_looks,
    say_number,
    say_work,
)


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 pictures"), (1, "1 picture"), (2, "2 pictures"), (1_050, "1,050 pictures")],
)
def test_one_thing_is_not_said_of_many(count: int, words: str) -> None:
    assert say_number(count, "picture") == words


def test_what_takes_no_s_and_a_verb_are_given() -> None:
    assert [say_number(count, "class", "classes") for count in (1, 3)] == ["1 class", "3 classes"]
    assert say_number(1, "file was", "files were") + " left out" == "1 file was left out"


TURNED = "looks 2 times, turned by a quarter from look to look"


@pytest.mark.parametrize(
    ("turns", "side", "words"),
    [
        (1, 224, ""),
        (2, 224, TURNED),
        (1, 256, "looks once, at 256 px instead of 224"),
        (2, 256, f"{TURNED}, at 256 px instead of 224"),
    ],
)
def test_who_looks_otherwise_than_usual_is_told_how(turns: int, side: int, words: str) -> None:
    assert say_looks(turns, side=side, own_side=224) == words


@pytest.mark.parametrize(
    ("turns", "side", "times"), [(2, 224, "2"), (1, 448, "4"), (2, 256, "2.6"), (1, 192, "0.73")]
)
def test_work_grows_with_looks_and_with_pixels(turns: int, side: int, times: str) -> None:
    told = say_work(turns, side=side, own_side=224)
    assert told == f"about {times} times the work of one look at 224 px"


@pytest.mark.parametrize(
    ("share", "digits", "words"),
    [
        (1.0, 0, "100"),
        (0.9961, 0, "> 99"),
        (0.994, 0, "99"),
        (0.99997, 1, "> 99.9"),
        (0.5, 1, "50.0"),
        (0.004, 0, "< 1"),
        (0.0004, 1, "< 0.1"),
        (0.0, 1, "0.0"),
    ],
)
def test_rounding_makes_neither_all_nor_nothing(share: float, digits: int, words: str) -> None:
    assert round_percent(share, digits) == words


@pytest.mark.parametrize(
    ("limit", "words"), [(0.8, "80%"), (0.07, "7%"), (0.925, "92.5%"), (0.0016, "0.16%")]
)
def test_a_limit_is_told_as_it_was_set(limit: float, words: str) -> None:
    assert say_limit(limit) == words


@pytest.mark.parametrize(
    ("value", "limit", "words"),
    [
        (0.55, 0.8, "55.0%"),
        (0.8999, 0.9, "89.99%"),
        (0.89996, 0.9, "89.996%"),
        (0.9241, 0.925, "92.4%"),
        (0.0204, 0.02, "2.04%"),
    ],
)
def test_on_which_side_of_a_limit_a_value_lies_is_seen(value: float, limit: float, words: str) -> None:
    assert say_apart(value, limit) == words


@pytest.mark.parametrize(
    ("bound", "words"),
    [
        (1.0, "100"),
        (0.997, "100"),
        (0.8647, "87"),
        (0.0484, "4.9"),
        (0.03, "3"),
        (0.000749, "0.075"),
        (0.0, "0"),
    ],
)
def test_a_bound_is_rounded_upwards_and_is_no_power_of_ten(bound: float, words: str) -> None:
    """Rounded down it would promise what was not shown; "1e+02 %" had stood there for all."""
    assert round_bound_up(bound) == words
