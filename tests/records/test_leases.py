"""A part in somebody's hands: until when, and whom it keeps out."""

from datetime import timedelta

import pytest

from inspection.records.leases import LEASE, Hand, Leases, PartTaken
from inspection.records.store import RecordStore
from tests.records.queueing import NOW, Clock, ask, decide, open_desk, set_rules


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_lease_ends_by_itself(any_store: RecordStore, clock: Clock) -> None:
    part = ask(any_store, 1).id
    desk = open_desk(any_store, clock)
    first = desk.take_next(token="a", person="ada")
    assert first is not None
    assert desk.list_in_hand(person="bo") == (Hand("aluminium", "ada", NOW + LEASE),)
    assert desk.take_next(token="b", person="bo") is None
    with pytest.raises(PartTaken):
        desk.take(part, token="b", person="bo")
    clock.now += LEASE / 2
    first = desk.renew(first)
    clock.now += LEASE - timedelta(seconds=1)
    assert desk.take_next(token="b", person="bo") is None
    clock.now += timedelta(seconds=2)
    assert desk.list_in_hand(person="bo") == ()
    assert desk.renew(first).until_us > first.until_us  # late, but nobody wanted it
    clock.now += LEASE + timedelta(seconds=1)
    second = desk.take_next(token="b", person="bo")
    assert second is not None and second.place.record_id == part
    with pytest.raises(PartTaken, match="not kept"):
        desk.renew(first)


def test_a_lease_does_not_outlast_a_clock_that_is_put_back(any_store: RecordStore, clock: Clock) -> None:
    part = ask(any_store, 1).id
    desk = open_desk(any_store, clock)
    desk.take_next(token="a", person="ada")  # and the browser is lost
    clock.now -= timedelta(minutes=5)  # as the clocks of two machines may differ
    assert desk.take_next(token="b", person="bo") is None
    clock.now -= timedelta(hours=2)
    assert desk.list_in_hand(person="bo") == ()
    lease = desk.take_next(token="b", person="bo")
    assert lease is not None and lease.place.record_id == part
    assert desk.list_in_hand(person="ada") == (Hand("aluminium", "bo", clock.now + LEASE),)


def test_a_part_that_is_given_back_is_free_at_once(any_store: RecordStore, clock: Clock) -> None:
    part = ask(any_store, 1).id
    desk = open_desk(any_store, clock)
    desk.take_next(token="a", person="ada")
    desk.give_back("a")
    assert desk.take(part, token="b", person="bo").place.record_id == part


def take(desk: Leases, token: str, person: str, *, resume: bool = False) -> int | None:
    lease = desk.take_next(token=token, person=person, resume=resume)
    return None if lease is None else lease.place.record_id


def test_two_tabs_of_one_name_get_different_parts_while_there_are(
    any_store: RecordStore, clock: Clock
) -> None:
    first, second = (ask(any_store, number).id for number in range(2))
    desk = open_desk(any_store, clock)
    assert [take(desk, token, "Local user") for token in ("one", "two", "three")] == [first, second, first]
    assert take(desk, "four", "somebody else") is None
    assert [hand.person for hand in desk.list_in_hand(person="ada")] == ["Local user"] * 2


@pytest.mark.parametrize("person", ["Local user", "ada@example.org"])
def test_a_reload_gives_a_person_their_own_part_back(
    any_store: RecordStore, clock: Clock, person: str
) -> None:
    """The page before it is gone and gave nothing back."""
    first, second = (ask(any_store, number).id for number in range(2))
    desk = open_desk(any_store, clock)
    assert take(desk, "before", person) == first
    clock.now += timedelta(minutes=1)
    again = desk.take_next(token="after", person=person, resume=True)
    assert again is not None and again.place.record_id == first
    assert desk.list_in_hand(person=person) == (Hand("aluminium", person, clock.now + LEASE),)
    assert take(desk, "other", "bo", resume=True) == second, "never what somebody else has in hand"
    assert take(desk, "third", "cy", resume=True) is None


def test_of_two_tabs_with_one_part_the_first_answer_is_kept(any_store: RecordStore, clock: Clock) -> None:
    part = ask(any_store, 1).id
    set_rules(any_store, second_0_1=1.0)
    desk = open_desk(any_store, clock)
    old = desk.take_next(token="old", person="ada")
    new = desk.take_next(token="new", person="ada", resume=True)
    assert old is not None and new is not None and old.place == new.place
    desk.renew(old)
    decide(any_store, part, "ada")
    with pytest.raises(PartTaken, match="another tab of yours"):
        desk.renew(new)


def test_what_was_begun_comes_back_on_the_chosen_lines_only(any_store: RecordStore, clock: Clock) -> None:
    ask(any_store, 1)
    steel = ask(any_store, 2, line="steel").id
    desk = open_desk(any_store, clock)
    desk.take_next(token="before", person="ada")
    lease = desk.take_next(token="after", person="ada", lines=("steel",), resume=True)
    assert lease is not None and lease.place.record_id == steel
