"""The rules of the review: dated, in the chain, and changed by one person at a time."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from inspection.records.errors import RecordRefused
from inspection.records.record import Kind
from inspection.records.review_rules import (
    ReviewRules,
    change_rules,
    place_rules,
    read_dated_rules,
    read_rules,
    share_below,
)
from inspection.records.search import Search
from inspection.records.store import RecordStore


@pytest.mark.parametrize("share", [0.0, 0.03, 0.5, 1.0])
def test_a_share_is_that_part_of_all_uids(share: float) -> None:
    below = share_below(share)
    uids = [bytes([first, second]) + b"\xff" * 14 for first in range(256) for second in range(256)]
    assert sum(uid < below for uid in uids) / len(uids) == pytest.approx(share, abs=2e-5)


def test_rules_are_dated_and_stand_in_the_chain(any_store: RecordStore) -> None:
    assert read_rules(any_store.database) == ReviewRules()
    note = change_rules(any_store, ReviewRules(sample_0_1=0.2), person="ada")
    assert note.kind is Kind.EVENT and note.body["details"]["new"]["sample_0_1"] == 0.2
    assert [(each.after, each.rules.sample_0_1) for each in place_rules(any_store.database)] == [
        (0, 0.03),
        (note.id, 0.2),
    ]
    assert read_dated_rules(any_store.database).person == "ada"
    with pytest.raises(RecordRefused, match="0 to 1"):
        ReviewRules(sample_0_1=3)


def test_rules_that_another_changed_meanwhile_are_not_taken_back(any_store: RecordStore) -> None:
    seen = read_dated_rules(any_store.database).id
    change_rules(any_store, ReviewRules(sample_0_1=0.2), person="ada", seen=seen)
    notes = any_store.count(Search(kinds=(Kind.EVENT,)))
    with pytest.raises(RecordRefused, match="ada changed them meanwhile. Nothing was changed"):
        change_rules(any_store, ReviewRules(second_0_1=0.5), person="bo", seen=seen)
    assert read_rules(any_store.database) == ReviewRules(sample_0_1=0.2)
    assert any_store.count(Search(kinds=(Kind.EVENT,))) == notes


def test_of_two_who_change_the_rules_at_once_one_is_refused(any_store: RecordStore) -> None:
    """Both looked at the same rules; the refusal is decided where writers take turns."""
    seen, start = read_dated_rules(any_store.database).id, threading.Barrier(6)

    def change(number: int) -> bool:
        start.wait()
        try:
            change_rules(any_store, ReviewRules(sample_0_1=number / 10), person=f"p{number}", seen=seen)
        except RecordRefused:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        done = list(pool.map(change, range(6)))
    assert sum(done) == 1 and read_rules(any_store.database).sample_0_1 == done.index(True) / 10
    assert len(place_rules(any_store.database)) == 2 == any_store.count(Search(kinds=(Kind.EVENT,))) + 1
