"""A line that knows no more than which class is common says so."""

from inspection.learning.intervals import find_wilson_interval
from inspection.learning.worth import say_doubt


def figures(confusion: list[list[int]]) -> dict[str, object]:
    right, n = sum(confusion[place][place] for place in range(len(confusion))), sum(map(sum, confusion))
    found = find_wilson_interval(right, n)
    assert found is not None
    return {
        "confusion": confusion,
        "class_names": ["ok", "bad"],
        "accuracy_interval": {"low": found.low, "high": found.high},
    }


def test_what_is_no_better_than_the_commonest_class_is_doubted() -> None:
    said = say_doubt(figures([[20, 60], [14, 128]]))  # 67 % right, 64 % are bad
    assert (
        said is not None
        and "call every part “bad”" in said
        and "64%" in said
        and "more different parts" in said
    )


def test_what_is_better_is_not_doubted() -> None:
    assert say_doubt(figures([[70, 10], [5, 137]])) is None


def test_a_detector_has_no_such_figures() -> None:
    assert say_doubt({"map_50": 0.9}) is None


def test_nearly_all_is_not_all() -> None:
    told = say_doubt(
        {
            "confusion": [[996, 0], [4, 0]],
            "class_names": ["ok", "torn"],
            "accuracy_interval": {"low": 0.99, "high": 1.0},
        }
    )
    assert told is not None and "right for > 99%" in told
