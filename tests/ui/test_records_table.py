"""Turning the pages of a search."""

from inspection.records.search import Cursor, Search
from inspection.ui.records_table import Trail


def test_a_second_press_before_the_page_is_drawn_anew_turns_no_further() -> None:
    trail = Trail(Search(), [None, Cursor(2, 2)])
    newer, older = trail.places[:-1], [*trail.places, Cursor(1, 1)]
    for _ in range(2):
        trail.turn_to(newer)
    assert trail.places == [None]
    for _ in range(2):
        trail.turn_to(older)
    assert trail.places == [None, Cursor(2, 2), Cursor(1, 1)]
