"""One person at the queue, without a page: what is kept, in which order, and what can be taken back."""

from pathlib import Path

import pytest

from inspection.records.decisions import Answer
from inspection.records.record import Kind, Record
from inspection.records.review_rules import ReviewRules, change_rules
from inspection.records.store import RecordStore, open_store
from inspection.records.verify import verify
from inspection.types import VerdictKind
from inspection.ui.review_desk import ASKED, BLINK_S, Desk
from inspection.ui.review_sheet import Stage, read_answer
from tests.records.makers import add_one

CRACKED, DENTED = Answer(VerdictKind.REJECT, "cracked"), Answer(VerdictKind.REJECT, "dented")
FLAWLESS = Answer(VerdictKind.PASS, "flawless")


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path):  # type: ignore[no-untyped-def]
    opened = open_store(f"sqlite:///{tmp_path / 'records.sqlite'}", str(tmp_path / "pictures"))
    change_rules(opened, ReviewRules(0.9, 0.0, 0.0, 0.0), person="ada")
    yield opened
    opened.close()


def ask(store: RecordStore, count: int) -> list[int]:
    return [add_one(store, number, verdict=VerdictKind.REVIEW, score_0_1=0.5).id for number in range(count)]


def sit_down(store: RecordStore, clock: Clock, person: str = "ada") -> Desk:
    desk = Desk(store, person, clock=clock)
    desk.open_next()
    return desk


def list_decisions(store: RecordStore, part: int) -> list[Record]:
    return [record for record in store.about(part) if record.kind is Kind.DECISION]


def answer(desk: Desk, clock: Clock, blind: Answer, after: Answer | None = None, reason: str = "") -> None:
    desk.choose(blind)
    clock.now += 3.0
    desk.confirm()
    assert desk.sheet is not None and desk.sheet.stage is Stage.SHOWN
    desk.sheet.reason = reason
    desk.choose(after or blind)
    clock.now += 2.0
    desk.confirm()


def test_both_answers_are_kept_with_their_times(store: RecordStore, clock: Clock) -> None:
    first, second = ask(store, 2)
    desk = sit_down(store, clock)
    assert desk.sheet is not None and desk.sheet.record.id == first and desk.sheet.stage is Stage.BLIND
    answer(desk, clock, CRACKED, DENTED, reason="the heat is elsewhere")
    before, after = list_decisions(store, first)
    assert (before.body["saw_map"], before.body["took_ms"], before.class_name) == (False, 3_000.0, "cracked")
    assert (after.body["saw_map"], after.body["took_ms"], after.class_name) == (True, 2_000.0, "dented")
    assert after.body["reason"] == "the heat is elsewhere" and before.body["reason"] == ""
    assert after.body["person_said_before"]["record"] == before.id
    assert desk.sheet.record.id == second and desk.sheet.stage is Stage.BLIND
    assert verify(store).holds


def test_nothing_is_kept_before_it_is_confirmed(store: RecordStore, clock: Clock) -> None:
    (part,) = ask(store, 1)
    desk = sit_down(store, clock)
    desk.confirm()  # nothing chosen
    desk.choose(CRACKED)
    desk.choose(DENTED)
    assert list_decisions(store, part) == []
    desk.confirm()
    assert [record.class_name for record in list_decisions(store, part)] == ["dented"]


def test_a_key_that_is_held_down_does_not_confirm_what_was_not_seen(store: RecordStore, clock: Clock) -> None:
    (part,) = ask(store, 1)
    desk = sit_down(store, clock)
    desk.choose(CRACKED)
    desk.confirm()
    clock.now += BLINK_S / 2
    desk.confirm()
    assert len(list_decisions(store, part)) == 1
    clock.now += BLINK_S
    desk.confirm()
    assert len(list_decisions(store, part)) == 2


@pytest.mark.parametrize(
    ("verdict", "blind", "after", "needed"),
    [
        (VerdictKind.REVIEW, CRACKED, CRACKED, False),  # the model was not sure: nothing is overridden
        (VerdictKind.REVIEW, CRACKED, FLAWLESS, True),
        (VerdictKind.REJECT, CRACKED, CRACKED, False),
        (VerdictKind.REJECT, FLAWLESS, FLAWLESS, True),
        (VerdictKind.REJECT, FLAWLESS, CRACKED, True),
    ],
)
def test_when_a_reason_is_needed(
    store: RecordStore, clock: Clock, verdict: VerdictKind, blind: Answer, after: Answer, needed: bool
) -> None:
    part = add_one(store, 1, verdict=verdict, class_name="cracked", score_0_1=0.7).id
    desk = sit_down(store, clock)
    answer(desk, clock, blind, after)
    assert (len(list_decisions(store, part)) == 1) is needed
    if not needed:
        said = list_decisions(store, part)[1].body["reason"]
        assert said == (ASKED if verdict is VerdictKind.REVIEW else "")
        return
    assert desk.sheet is not None and desk.sheet.needs_reason
    desk.sheet.reason = "  within tolerance "
    desk.confirm()
    assert list_decisions(store, part)[1].body["reason"] == "within tolerance"


def test_undo_is_a_record_that_names_the_old_one(store: RecordStore, clock: Clock) -> None:
    first, second = ask(store, 2)
    desk = sit_down(store, clock)
    answer(desk, clock, CRACKED)
    desk.choose(DENTED)  # on the second part, not kept
    desk.undo()
    assert desk.sheet is not None and (desk.sheet.record.id, desk.sheet.stage) == (first, Stage.AGAIN)
    old = desk.sheet.said
    desk.choose(FLAWLESS)
    desk.confirm()
    assert len(list_decisions(store, first)) == 2  # without a reason nothing is replaced
    desk.sheet.reason = "I pressed the wrong key"
    clock.now += 1
    desk.confirm()
    new = list_decisions(store, first)[-1]
    assert old is not None and new.body["person_said_before"]["record"] == old.id
    assert read_answer(new) == FLAWLESS and new.body["saw_map"]
    assert desk.sheet.record.id == second and desk.sheet.stage is Stage.BLIND  # back to what was interrupted
    assert list_decisions(store, second) == []
    assert verify(store).holds


def test_undo_pressed_again_goes_further_back(store: RecordStore, clock: Clock) -> None:
    first, second, _ = ask(store, 3)
    desk = sit_down(store, clock)
    answer(desk, clock, CRACKED)
    answer(desk, clock, DENTED)
    desk.undo()
    assert desk.sheet is not None and desk.sheet.record.id == second
    desk.undo()
    assert desk.sheet.record.id == first
    desk.undo()
    assert desk.sheet.record.id == first  # there is nothing before it


def test_what_was_answered_in_another_tab_is_undone_here(store: RecordStore, clock: Clock) -> None:
    first, second = ask(store, 2)
    here = sit_down(store, clock)
    here.open_next()  # the first is passed over
    answer(here, clock, DENTED)
    here.leave()
    answer(sit_down(store, clock), clock, CRACKED)  # and answered there
    here.open_previous()
    while here.sheet is not None and here.sheet.record.id != first:
        here.open_previous()
    assert here.sheet is not None and here.sheet.stage is Stage.DONE
    here.undo()
    assert (here.sheet.record.id, here.sheet.stage) == (first, Stage.AGAIN)
    here.undo()
    assert (here.sheet.record.id, here.sheet.stage) == (second, Stage.AGAIN), "the last answer of this tab"
    here.open_previous()
    here.undo()
    here.choose(FLAWLESS)
    here.sheet.reason = "I pressed the wrong key"
    clock.now += 1
    here.confirm()
    assert read_answer(list_decisions(store, first)[-1]) == FLAWLESS
    here.undo()
    assert here.sheet is not None and (here.sheet.record.id, here.sheet.stage) == (first, Stage.AGAIN)
    assert verify(store).holds


def test_next_and_previous_walk_the_trail(store: RecordStore, clock: Clock) -> None:
    first, second, third = ask(store, 3)
    desk = sit_down(store, clock)
    answer(desk, clock, CRACKED)
    desk.open_next()  # passes the second over
    assert desk.sheet is not None and desk.sheet.record.id == third
    desk.open_previous()
    assert (desk.sheet.record.id, desk.sheet.stage) == (second, Stage.BLIND)
    desk.open_previous()
    assert (desk.sheet.record.id, desk.sheet.stage) == (first, Stage.DONE)
    desk.choose(DENTED)
    assert desk.sheet.chosen == CRACKED  # what is done changes only by undo
    desk.confirm()
    assert desk.sheet.record.id == second
    desk.open_next()
    desk.open_next()
    assert desk.sheet is None and desk.skipped == [second, third]
    desk.bring_back()
    assert desk.sheet is not None and desk.sheet.record.id == second


def test_next_after_the_map_confirms_what_stands(store: RecordStore, clock: Clock) -> None:
    """The queue has the part as answered, and a blind answer alone teaches nothing."""
    first, second = ask(store, 2)
    desk = sit_down(store, clock)
    desk.choose(CRACKED)
    desk.confirm()
    desk.open_next()  # at once: what was revealed was not looked at
    assert desk.sheet is not None and (desk.sheet.record.id, desk.sheet.stage) == (first, Stage.SHOWN)
    clock.now += 2.0
    desk.open_next()
    assert desk.sheet.record.id == second
    before, after = list_decisions(store, first)
    assert (before.body["saw_map"], after.body["saw_map"]) == (False, True)
    assert read_answer(after) == CRACKED and after.body["took_ms"] == 2_000.0
    assert after.body["reason"] == ASKED


@pytest.mark.parametrize(("verdict", "after"), [(VerdictKind.REVIEW, FLAWLESS), (VerdictKind.PASS, CRACKED)])
def test_next_goes_nowhere_while_a_reason_is_missing(
    store: RecordStore, clock: Clock, verdict: VerdictKind, after: Answer
) -> None:
    """After a changed mind, and after an answer that a sure model contradicts."""
    part = add_one(store, 1, verdict=verdict, class_name="flawless", score_0_1=0.7).id
    ask(store, 1)
    desk = sit_down(store, clock)
    while desk.sheet is not None and desk.sheet.record.id != part:
        desk.open_next()
    desk.choose(CRACKED)
    desk.confirm()
    desk.choose(after)
    clock.now += 2.0
    desk.open_next()
    assert desk.sheet is not None and (desk.sheet.record.id, desk.sheet.stage) == (part, Stage.SHOWN)
    assert len(list_decisions(store, part)) == 1


def test_a_part_left_between_its_two_answers_comes_before_all_others(
    store: RecordStore, clock: Clock
) -> None:
    first, second, third = ask(store, 3)
    desk = sit_down(store, clock)
    answer(desk, clock, CRACKED)
    desk.choose(DENTED)
    desk.confirm()
    desk.open_previous()
    assert desk.sheet is not None and (desk.sheet.record.id, desk.sheet.stage) == (first, Stage.DONE)
    desk.undo()
    desk.choose(FLAWLESS)
    desk.sheet.reason = "within tolerance"
    clock.now += 1
    desk.confirm()
    assert (desk.sheet.record.id, desk.sheet.stage, desk.sheet.chosen) == (second, Stage.SHOWN, DENTED)
    clock.now += 1
    desk.confirm()
    assert [record.body["saw_map"] for record in list_decisions(store, second)] == [False, True]
    assert desk.sheet.record.id == third


def test_a_part_that_cannot_be_shown_is_left_without_confirming(store: RecordStore, clock: Clock) -> None:
    first, second = ask(store, 2)
    desk = sit_down(store, clock)
    desk.choose(CRACKED)
    desk.confirm()
    clock.now += 2.0
    desk.leave_unconfirmed()
    assert desk.sheet is not None and desk.sheet.record.id == second
    answer(desk, clock, CRACKED)
    assert desk.sheet is None and len(list_decisions(store, first)) == 1
    again = sit_down(store, clock).sheet
    assert again is not None and again.record.id == first, "another time it may be there again"
