"""Numbers in sentences."""

import pytest

from inspection.wording import say_number


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 pictures"), (1, "1 picture"), (2, "2 pictures"), (1_050, "1,050 pictures")],
)
def test_one_thing_is_not_said_of_many(count: int, words: str) -> None:
    assert say_number(count, "picture") == words


def test_what_takes_no_s_and_a_verb_are_given() -> None:
    assert [say_number(count, "class", "classes") for count in (1, 3)] == ["1 class", "3 classes"]
    assert say_number(1, "file was", "files were") + " left out" == "1 file was left out"
