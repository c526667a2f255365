"""How a line stands: by the newest challenge of what runs now, or by a manager's word about what was seen."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from inspection.records.errors import RecordRefused
from inspection.records.known_parts import KnownPart
from inspection.records.shift_challenge import (
    find_newest,
    keep_challenge,
    run_challenge,
)
from inspection.records.shift_standing import Standing, read_standing
from inspection.records.store import RecordStore
from tests.records.challenges import (
    BAD,
    GOOD,
    MISSED,
    WEIGHTS,
    challenge,
    override,
    standing,
)
from tests.records.shifts import NOW, Clock
from tests.ui.fakes import FakeInspector


def test_a_manager_opens_it_with_a_reason(clocked: tuple[RecordStore, Clock]) -> None:
    store, clock = clocked
    challenge(store, GOOD, MISSED)
    with pytest.raises(RecordRefused, match="reason"):
        override(store, "  ok ")
    seen = find_newest(store, "fake")
    kept = override(store, "master part is worn")
    state, words = standing(store, clock)
    assert state == "open" and "max" in words and "master part is worn" in words
    assert kept.body["details"]["overrides"] == seen, "what was overridden stands in the record"


def test_a_challenge_that_the_manager_did_not_see_is_not_overridden(
    clocked: tuple[RecordStore, Clock],
) -> None:
    store, clock = clocked
    seen = find_newest(store, "fake")
    challenge(store, GOOD, MISSED)  # in another window, while the reason was typed
    with pytest.raises(RecordRefused, match=r"record \d+ \(challenge\) came since. Nothing was opened"):
        override(store, "master part is worn", seen=seen)
    assert standing(store, clock)[0] == "closed"
    override(store, "master part is worn")
    with pytest.raises(RecordRefused, match="challenge overridden"):  # pressed in two windows
        override(store, "master part is worn", seen=seen)
    store.note("promotion", {}, person="max", line="fake", model="resnet50")
    override(store, "once again")  # other events are none of its business


def test_what_was_shown_to_another_judge_opens_nothing_and_may_close(
    clocked: tuple[RecordStore, Clock],
) -> None:
    store, clock = clocked
    done = run_challenge(FakeInspector(), [GOOD, BAD], source="samples")
    keep_challenge(store, done, person="mia")
    now = json.loads(json.dumps(done.judged_by))

    def stand(**changes: object) -> Standing:
        judged_by = {**now, **changes}
        return read_standing(store, "fake", model_sha256=WEIGHTS, now=clock.now, judged_by=judged_by)

    assert stand().state == "open"
    rules = {**now["thresholds"], "confidence_0_1": 0.5}
    for change, word in (
        ({"thresholds": rules}, "the rules"),
        ({"detector_sha256": "e" * 64}, "the detector"),
        ({"temperature": 0.7}, "the calibration"),
        ({"novelty_sha256": "e" * 64}, "the check of novelty"),
    ):
        found = stand(**change)
        assert found.state == "not challenged" and f"was with {word} of before, changed since" in found.words
    both = stand(temperature=0.7, thresholds=rules).words
    assert "the calibration and the rules of before" in both
    assert standing(store, clock)[0] == "open", "where nobody can tell what decides"
    challenge(store, GOOD, MISSED)
    assert stand(temperature=0.7).state == "closed", "what failed closes it until it is challenged again"


def test_a_failure_that_was_passed_since_does_not_come_back_with_other_rules(
    clocked: tuple[RecordStore, Clock],
) -> None:
    store, clock = clocked
    challenge(store, GOOD, MISSED)
    done = run_challenge(FakeInspector(), [GOOD, BAD], source="samples")
    keep_challenge(store, done, person="mia")

    def stand(**changes: object) -> str:
        judged_by = {**json.loads(json.dumps(done.judged_by)), **changes}
        return read_standing(store, "fake", model_sha256=WEIGHTS, now=clock.now, judged_by=judged_by).state

    assert (stand(), stand(temperature=0.7)) == ("open", "not challenged")
    at_f32 = read_standing(store, "fake", model_sha256=WEIGHTS, now=clock.now, precision="f32")
    assert at_f32.state == "not challenged", "nor at another precision"
    challenge(store, GOOD, MISSED)
    assert (stand(), stand(temperature=0.7)) == ("closed", "closed"), "one that came after it does"


def test_a_rival_that_was_challenged_says_nothing_of_what_runs(clocked: tuple[RecordStore, Clock]) -> None:
    store, clock = clocked
    rival = "f" * 64
    done = run_challenge(FakeInspector(), [GOOD, MISSED], source="samples")
    keep_challenge(store, replace(done, model_sha256=rival), person="mia")
    assert standing(store, clock)[0] == "not challenged", "a rival that failed closes nothing"
    challenge(store, GOOD, BAD)
    keep_challenge(store, replace(done, model_sha256=rival), person="mia")
    assert standing(store, clock)[0] == "open", "nor does it undo what was passed"
    challenge(store, GOOD, MISSED)
    passed = run_challenge(FakeInspector(), [GOOD, BAD], source="samples")
    keep_challenge(store, replace(passed, model_sha256=rival), person="mia")
    assert standing(store, clock)[0] == "closed", "a rival that is right opens nothing"


@pytest.mark.parametrize(("parts", "state"), [((GOOD, BAD), "not challenged"), ((GOOD, MISSED), "closed")])
def test_a_challenge_at_another_precision_opens_nothing_and_may_close(
    clocked: tuple[RecordStore, Clock], parts: tuple[KnownPart, ...], state: str
) -> None:
    store, clock = clocked
    challenge(store, *parts)  # the fake inspector judges at INT8

    def stand() -> Standing:
        return read_standing(store, "fake", model_sha256=WEIGHTS, precision="f32", now=clock.now)

    found = stand()
    assert found.state == state
    told = "Today's challenge was at INT8; the line runs at F32, which was not challenged."
    assert (found.words == told) == (state == "not challenged")
    done = run_challenge(FakeInspector(precision="f32"), [GOOD, BAD], source="samples")
    keep_challenge(store, done, person="mia")
    assert stand().state == "open"


def test_a_managers_word_opens_a_line_at_every_precision(clocked: tuple[RecordStore, Clock]) -> None:
    store, clock = clocked
    challenge(store, GOOD, MISSED)
    override(store, "master part is worn")
    found = read_standing(store, "fake", model_sha256=WEIGHTS, precision="f32", now=clock.now)
    assert found.state == "open"


def test_tomorrow_and_another_model_ask_again(clocked: tuple[RecordStore, Clock]) -> None:
    store, clock = clocked
    challenge(store, GOOD, BAD)
    state, words = standing(store, clock, weights="f" * 64)
    assert state == "not challenged" and "other weights" in words
    clock.now += timedelta(days=1)
    assert standing(store, clock) == ("not challenged", "No known parts were shown to this line today.")


def test_midnight_opens_no_line_that_a_failure_closed(clocked: tuple[RecordStore, Clock]) -> None:
    store, clock = clocked
    challenge(store, GOOD, MISSED)
    clock.now += timedelta(days=1)
    state, words = standing(store, clock)
    assert state == "closed" and words.startswith(f"The challenge of {NOW:%d %b %Y} failed: ")
    assert standing(store, clock, weights="f" * 64)[0] == "not challenged", "of other weights it says nothing"
    override(store, "master part is worn")
    assert standing(store, clock)[0] == "open"
    clock.now += timedelta(days=1)
    assert standing(store, clock)[0] == "not challenged", (
        "a manager's word is of its day, and the failure is past"
    )
    challenge(store, GOOD, MISSED)
    challenge(store, GOOD, BAD)
    clock.now += timedelta(days=1)
    assert standing(store, clock)[0] == "not challenged"


def test_the_days_begin_where_the_factory_is(clocked: tuple[RecordStore, Clock]) -> None:
    from datetime import timezone

    store, clock = clocked
    clock.now = NOW.replace(hour=23)
    challenge(store, GOOD, BAD)
    early = clock.now + timedelta(hours=2)  # 1 o'clock in London, 20 o'clock in New York
    assert read_standing(store, "fake", model_sha256=WEIGHTS, now=early).state == "not challenged"
    new_york = early.astimezone(timezone(timedelta(hours=-5)))
    assert read_standing(store, "fake", model_sha256=WEIGHTS, now=new_york).state == "open"


def test_other_events_are_passed_over(clocked: tuple[RecordStore, Clock]) -> None:
    store, clock = clocked
    challenge(store, GOOD, BAD)
    for number in range(230):
        store.note("threshold", {"to": number}, person="max", line="fake")
    assert standing(store, clock)[0] == "open"
