"""Two people at the queue, and one whose tab was lost: who has which part, and what is opened again."""

import pytest

from inspection.records.errors import RecordRefused
from inspection.records.leases import PartTaken
from inspection.records.opinions import list_unconfirmed
from inspection.records.store import RecordStore
from inspection.ui.review_sheet import Stage
from tests.ui import test_review_desk
from tests.ui.test_review_desk import CRACKED, Clock, answer, ask, list_decisions, sit_down

clock, store = test_review_desk.clock, test_review_desk.store  # fixtures


def test_two_people_at_two_desks(store: RecordStore, clock: Clock) -> None:
    first, second = ask(store, 2)
    ada, bo = sit_down(store, clock), sit_down(store, clock, "bo")
    assert ada.sheet is not None and bo.sheet is not None
    assert (ada.sheet.record.id, bo.sheet.record.id) == (first, second)
    ada.leave()
    bo.open_next()
    assert bo.sheet.record.id == first  # given back, so it is free
    bo.leave()


def test_a_desk_after_a_reload_begins_with_the_part_that_lay_there(store: RecordStore, clock: Clock) -> None:
    first, second = ask(store, 2)
    sit_down(store, clock)  # and its page is gone
    desk = sit_down(store, clock)
    assert desk.sheet is not None and (desk.sheet.record.id, desk.sheet.stage) == (first, Stage.BLIND)
    answer(desk, clock, CRACKED)
    assert desk.sheet.record.id == second


def test_a_desk_after_a_lost_tab_begins_with_the_map_that_was_not_seen(
    store: RecordStore, clock: Clock
) -> None:
    """The queue has the part as answered, and a blind answer alone teaches nothing."""
    first, second = ask(store, 2)
    lost = sit_down(store, clock)
    lost.choose(CRACKED)
    lost.confirm()
    desk = sit_down(store, clock)
    assert desk.sheet is not None and (desk.sheet.record.id, desk.sheet.stage) == (first, Stage.SHOWN)
    assert desk.sheet.chosen == CRACKED
    clock.now += 2.0
    desk.confirm()
    assert [each.body["saw_map"] for each in list_decisions(store, first)] == [False, True]
    assert desk.sheet is not None and desk.sheet.record.id == second
    assert sit_down(store, clock).sheet.record.id == second, "what is done does not come back"  # type: ignore[union-attr]
    others = sit_down(store, clock, "bea").sheet
    assert others is None or others.stage is Stage.BLIND, "it is nobody else's"


def test_a_desk_begins_with_every_map_that_was_not_confirmed(store: RecordStore, clock: Clock) -> None:
    """As it was left by tabs that were lost, one after the other: the oldest first, then the queue."""
    parts = ask(store, 4)
    for part in parts[:3]:
        store.decide(part, CRACKED, person="ada", saw_map=False, took_ms=1)
    store.decide(parts[3], CRACKED, person="bo", saw_map=False, took_ms=1)
    assert list(list_unconfirmed(store.database, person="ada")) == parts[:3]
    assert list_unconfirmed(store.database, person="ada", lines=("steel",)) == {}
    fresh = ask(store, 1)[0]
    desk, seen = sit_down(store, clock), []
    while desk.sheet is not None and desk.sheet.stage is Stage.SHOWN:
        seen.append(desk.sheet.record.id)
        clock.now += 1
        desk.open_next()
    assert seen == parts[:3] and list_unconfirmed(store.database, person="ada") == {}
    assert desk.sheet is not None and (desk.sheet.record.id, desk.sheet.stage) == (fresh, Stage.BLIND)
    assert desk.answered == parts[:3] and desk.skipped == [fresh]


def test_a_part_that_went_to_another_is_not_answered_twice(store: RecordStore, clock: Clock) -> None:
    (part,) = ask(store, 1)
    ada = sit_down(store, clock)
    ada.leases.give_back(ada.token)  # as when the lease ran out
    bo = sit_down(store, clock, "bo")
    ada.choose(CRACKED)
    with pytest.raises(PartTaken, match="not kept"):
        ada.confirm()
    assert list_decisions(store, part) == []
    answer(bo, clock, CRACKED)
    ada.open_next()
    assert ada.sheet is None
    ada.trail.append(part)
    ada.open_previous()  # it was decided meanwhile: it leaves the trail
    assert part not in ada.trail


def test_nobody_answers_blind_what_they_have_seen(store: RecordStore, clock: Clock) -> None:
    (part,) = ask(store, 1)
    store.decide(part, CRACKED, person="ada", saw_map=True, took_ms=1, reason="seen elsewhere")
    desk = sit_down(store, clock)
    assert desk.sheet is None
    with pytest.raises(RecordRefused):
        store.decide(part, CRACKED, person="ada", saw_map=False, took_ms=1)
