"""Known parts before the shift: right, wrong or not decided, kept either way."""

from dataclasses import asdict, replace

import pytest

from inspection.records.errors import RecordRefused
from inspection.records.known_parts import KnownPart
from inspection.records.record import Kind
from inspection.records.search import Search
from inspection.records.shift_challenge import (
    list_challenges,
    read_outcomes,
    run_challenge,
)
from inspection.records.shift_standing import read_standing
from inspection.records.store import RecordStore
from inspection.records.verify import verify
from tests.records.challenges import (
    BAD,
    DOUBTED_BAD,
    DOUBTED_GOOD,
    GOOD,
    MISSED,
    WEIGHTS,
    challenge,
    standing,
)
from tests.records.shifts import NOW, Clock
from tests.ui.fakes import NOTHING, UNSURE, FakeInspector, code_of, make_line, make_png


@pytest.mark.parametrize(
    ("code", "expected", "came_out"),
    [
        (code_of("flawless"), "flawless", "right"),
        (code_of("cracked"), "flawless", "wrong"),
        (code_of("cracked"), "cracked", "right"),
        (code_of("cracked"), "dented", "right"),  # rejected: what the line is asked; the name is shown
        (code_of("flawless"), "dented", "wrong"),
        (NOTHING, "flawless", "wrong"),
        (NOTHING, "cracked", "wrong"),
        (UNSURE, "flawless", "undecided"),  # a nuisance, not a danger
        (UNSURE, "cracked", "undecided"),  # a person will catch it
    ],
)
def test_no_bad_part_may_pass_and_no_good_one_be_rejected(code: int, expected: str, came_out: str) -> None:
    part = KnownPart("part.png", make_png(code), expected)
    other = BAD if expected == "flawless" else GOOD
    done = run_challenge(FakeInspector(), [part, other], source="samples")
    first, second = done.outcomes
    assert [name for name in ("right", "wrong", "undecided") if getattr(first, name)] == [came_out]
    assert second.right and done.passed is (came_out != "wrong")


def test_where_names_are_all_there_is_the_name_counts() -> None:
    line = replace(make_line(), good=None)
    part = KnownPart("part.png", make_png(code_of("cracked")), "dented")
    done = run_challenge(FakeInspector(line), [part], source="samples")
    assert not done.passed
    assert done.outcomes[0].words == "expected dented, came out REJECT: cracked, 97%"


@pytest.mark.parametrize(
    ("parts", "match"),
    [
        ([], "got none"),
        ([GOOD], "no bad one"),
        ([BAD], "no good one"),
        ([GOOD, replace(BAD, expected="rusty")], "rusty"),
    ],
)
def test_a_challenge_needs_both_kinds(parts: list[KnownPart], match: str) -> None:
    with pytest.raises(RecordRefused, match=match):
        run_challenge(FakeInspector(), parts, source="samples")


def test_a_line_opens_by_a_challenge_that_it_passed(clocked: tuple[RecordStore, Clock]) -> None:
    store, clock = clocked
    assert standing(store, clock)[0] == "not challenged"
    assert challenge(store, GOOD, BAD)
    found = read_standing(store, "fake", model_sha256=WEIGHTS, now=clock.now)
    assert (found.state, found.since, found.record) == ("open", NOW, 1)
    assert "2 known parts came out right. Challenged by mia." in found.words
    (record,) = list_challenges(store, "fake")
    assert record.body["details"]["passed"] and record.model == "resnet50"
    assert [outcome.part for outcome in read_outcomes(record)] == ["good.png", "bad.png"]
    assert store.count(Search(kinds=(Kind.INSPECTION,))) == 0
    assert verify(store).holds


def test_a_failure_closes_it_and_names_the_part(clocked: tuple[RecordStore, Clock]) -> None:
    store, clock = clocked
    challenge(store, GOOD, BAD)
    assert not challenge(store, GOOD, MISSED)
    found = read_standing(store, "fake", model_sha256=WEIGHTS, now=clock.now)
    assert found.state == "closed"
    assert found.words == (
        "The challenge failed: 1 of 2 known parts was judged wrongly. Known good parts: 1 passed. "
        "Known bad parts: 1 passed."
    )
    assert found.wrong == ("missed.png: expected dented, came out PASS: flawless, 97%",)
    assert challenge(store, GOOD, BAD)
    assert standing(store, clock)[0] == "open"


def test_parts_that_go_to_a_person_close_nothing_and_are_told(clocked: tuple[RecordStore, Clock]) -> None:
    store, clock = clocked
    assert challenge(store, GOOD, BAD, DOUBTED_BAD)
    assert standing(store, clock) == (
        "open",
        "2 of 3 known parts came out right, 1 went to a person, none was judged wrongly. Challenged by mia. "
        "Known good parts: 1 passed. Known bad parts: 1 rejected, 1 to a person.",
    )
    assert challenge(store, DOUBTED_GOOD, BAD)
    state, words = standing(store, clock)
    assert state == "open"
    assert "Known good parts: 1 to a person." in words
    assert words.endswith("It does not show that good parts pass: no good part was decided.")
    assert challenge(store, GOOD, DOUBTED_BAD)
    words = standing(store, clock)[1]
    assert words.endswith("It does not show that bad parts are rejected: no bad part was decided.")


def test_what_a_challenge_does_not_show_is_kept_with_it(clocked: tuple[RecordStore, Clock]) -> None:
    store, clock = clocked
    for parts, untold in (
        ((GOOD, BAD, DOUBTED_GOOD, DOUBTED_BAD), ()),
        ((DOUBTED_GOOD, BAD), ("good",)),
        ((DOUBTED_GOOD, MISSED), ("good",)),  # what fails is told all the same
        ((GOOD, DOUBTED_BAD), ("bad",)),
        ((DOUBTED_GOOD, DOUBTED_BAD), ("good", "bad")),
    ):
        challenge(store, *parts)
        assert read_standing(store, "fake", model_sha256=WEIGHTS, now=clock.now).untold == untold
        (record,) = list_challenges(store, "fake", most=1)
        assert record.body["details"]["shows_nothing_about"] == [f"{kind} parts" for kind in untold]


def test_a_challenge_in_which_nothing_is_decided_opens_nothing(clocked: tuple[RecordStore, Clock]) -> None:
    store, clock = clocked
    assert not challenge(store, DOUBTED_GOOD, DOUBTED_BAD)
    state, words = standing(store, clock)
    assert state == "closed" and "all 2 known parts went to a person, which shows nothing" in words


def test_a_challenge_of_before_keeps_what_it_said(clocked: tuple[RecordStore, Clock]) -> None:
    """Then a part that went to a person was wrong, and the good class was not kept."""
    store, clock = clocked
    done = run_challenge(FakeInspector(), [GOOD, DOUBTED_BAD], source="samples")
    for passed, outcomes in ((False, done.outcomes), (True, done.outcomes[:1])):
        details = {
            "passed": passed,
            "model_sha256": WEIGHTS,
            "precision": "int8",
            "source": "samples",
            "parts": [asdict(outcome) for outcome in outcomes],
        }
        store.note("challenge", details, person="mia", line="fake", model="resnet50")
        state, words = standing(store, clock)
        if passed:
            assert (state, words) == ("open", "1 known part came out right. Challenged by mia.")
        else:
            assert (
                state == "closed" and "1 of 2 known parts went to a person, which counted as wrong" in words
            )
