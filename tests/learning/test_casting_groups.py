"""What RESULTS.md says of casting's labels: counted from the groups, not written by hand."""

import pytest

from inspection.learning.results.casting_groups import say_contradictions
from inspection.lines import load_line

LABELS = {
    "train/ok_front/1": "g1",
    "train/ok_front/2": "g1",
    "test/def_front/3": "g1",
    "test/ok_front/4": "g1",
    "test/def_front/5": "g2",
}


def test_a_photograph_with_both_labels_bounds_what_can_be_reached() -> None:
    said = say_contradictions(
        ["test/def_front/3", "test/ok_front/4", "test/def_front/5"], 5, LABELS, load_line("casting")
    )
    assert "Photographs with both labels: 1 (3 ok, 1 defective)" in said
    assert "at least 1 of the 5 pictures" in said
    assert "1 of the 3 of the grouped test side: 66.67 % is the most" in said


@pytest.mark.parametrize("photograph", ["g2", "g3"])
def test_labels_that_agree_are_not_spoken_of(photograph: str) -> None:
    agreed = {**LABELS, "test/def_front/3": photograph}
    assert say_contradictions(list(agreed), 5, agreed, load_line("casting")) == ""
