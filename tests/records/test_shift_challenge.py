"""Known parts before the shift: right, wrong or not decided, kept either way; a line opens by them or by a manager."""

from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path

import pytest

from inspection.records.decisions import Answer
from inspection.records.errors import RecordRefused
from inspection.records.known_parts import KnownPart, name_class, read_confirmed_parts, read_folder_parts
from inspection.records.record import Kind
from inspection.records.search import Search
from inspection.records.shift_challenge import (
    keep_challenge,
    list_challenges,
    override_challenge,
    read_outcomes,
    run_challenge,
)
from inspection.records.shift_standing import Standing, read_standing
from inspection.records.store import RecordStore
from inspection.records.verify import verify
from inspection.types import VerdictKind
from tests.records.makers import CONTEXT, make_inspection
from tests.records.shifts import NOW, Clock, open_clocked
from tests.ui.fakes import CLASSES, NOTHING, UNSURE, FakeInspector, code_of, make_line, make_png

WEIGHTS = "0" * 64  # the fake inspector's
GOOD = KnownPart("good.png", make_png(code_of("flawless")), "flawless")
BAD = KnownPart("bad.png", make_png(code_of("cracked")), "cracked")
MISSED = KnownPart("missed.png", make_png(code_of("flawless")), "dented")
DOUBTED_GOOD = KnownPart("doubted good.png", make_png(UNSURE), "flawless")
DOUBTED_BAD = KnownPart("doubted bad.png", make_png(UNSURE), "cracked")


@pytest.fixture
def clocked(tmp_path: Path) -> Iterator[tuple[RecordStore, Clock]]:
    with open_clocked(tmp_path) as opened:
        yield opened


def challenge(store: RecordStore, *parts: KnownPart) -> bool:
    done = run_challenge(FakeInspector(), parts, source="samples")
    keep_challenge(store, done, person="mia")
    return done.passed


def standing(store: RecordStore, clock: Clock, weights: str | None = WEIGHTS) -> tuple[str, str]:
    found = read_standing(store, "fake", model_sha256=weights, now=clock.now)
    return found.state, found.words


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


def test_a_manager_opens_it_with_a_reason(clocked: tuple[RecordStore, Clock]) -> None:
    store, clock = clocked
    challenge(store, GOOD, MISSED)
    with pytest.raises(RecordRefused, match="reason"):
        override_challenge(store, "fake", "resnet50", model_sha256=WEIGHTS, person="max", reason="  ok ")
    override_challenge(
        store, "fake", "resnet50", model_sha256=WEIGHTS, person="max", reason="master part is worn"
    )
    state, words = standing(store, clock)
    assert state == "open" and "max" in words and "master part is worn" in words


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
    said = {"model_sha256": WEIGHTS, "person": "max", "reason": "master part is worn"}
    override_challenge(store, "fake", "resnet50", **said)
    found = read_standing(store, "fake", model_sha256=WEIGHTS, precision="f32", now=clock.now)
    assert found.state == "open"


def test_tomorrow_and_another_model_ask_again(clocked: tuple[RecordStore, Clock]) -> None:
    store, clock = clocked
    challenge(store, GOOD, BAD)
    state, words = standing(store, clock, weights="f" * 64)
    assert state == "not challenged" and "other weights" in words
    clock.now += timedelta(days=1)
    assert standing(store, clock) == ("not challenged", "No known parts were shown to this line today.")


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


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("05-cracked-l-bracket", "cracked"),
        ("cracked-01", "cracked"),
        ("11-empty-belt", None),
        ("crackedish", None),
        ("Rolled-In_Scale 3", "rolled-in_scale"),
        ("3 rolled", "rolled"),
    ],
)
def test_a_sample_is_known_by_its_name(stem: str, name: str | None) -> None:
    assert name_class(stem, ("flawless", "cracked", "rolled", "rolled-in_scale")) == name


def test_master_parts_lie_in_a_folder_a_class(tmp_path: Path) -> None:
    for name in ("flawless", "cracked", "rusty"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "master.png").write_bytes(make_png(0))
    (tmp_path / "cracked" / "notes.txt").write_text("the third tooth")
    parts = read_folder_parts(tmp_path, CLASSES)
    assert [(part.name, part.expected) for part in parts] == [
        ("master.png", "flawless"),
        ("master.png", "cracked"),
    ]
    assert read_folder_parts(tmp_path / "absent", CLASSES) == ()


def test_parts_that_people_confirmed_can_challenge(clocked: tuple[RecordStore, Clock]) -> None:
    store, _ = clocked
    line = replace(make_line(), name="aluminium")
    for number in range(5):
        picture = make_png(code_of("cracked"), seed=number)
        record = store.add(make_inspection(picture), picture, context=CONTEXT)
        store.decide(
            record.id, Answer(VerdictKind.REJECT, "cracked"), person="ada", saw_map=True, took_ms=1.0
        )
    picture = make_png(code_of("dented"))
    record = store.add(make_inspection(picture), picture, context=CONTEXT)
    store.correct(record.id, {"class": "dented"}, person="ada", reason="a dent", good="flawless")
    parts = read_confirmed_parts(store, line)
    assert [part.expected for part in parts] == ["dented", "cracked", "cracked", "cracked"]
    assert parts[0].name == f"record {record.id}" and parts[0].data == picture


def test_a_picture_that_was_inspected_twice_has_one_class(clocked: tuple[RecordStore, Clock]) -> None:
    store, _ = clocked
    line, picture = replace(make_line(), name="aluminium"), make_png(code_of("cracked"))
    first, second = (store.add(make_inspection(picture), picture, context=CONTEXT) for _ in range(2))
    said = {"person": "ada", "saw_map": True, "took_ms": 1.0, "reason": "looked"}
    store.decide(first.id, Answer(VerdictKind.REJECT, "cracked"), **said)
    changes = {"verdict": "PASS", "class": "flawless"}
    store.correct(second.id, changes, person="bea", reason="a hair on it", good="flawless")
    assert [part.expected for part in read_confirmed_parts(store, line)] == ["flawless"]


def test_a_class_that_was_answered_long_ago_is_found(clocked: tuple[RecordStore, Clock]) -> None:
    """Mostly rejects are looked at: the good parts lie behind hundreds of them."""
    store, _ = clocked
    line = replace(make_line(), name="aluminium")

    def answer(name: str, seed: int, *, person: str = "ada", saw_map: bool = True) -> int:
        picture = make_png(code_of(name), seed=seed)
        record = store.add(make_inspection(picture), picture, context=CONTEXT)
        kind = VerdictKind.PASS if name == "flawless" else VerdictKind.REJECT
        said = {"person": person, "saw_map": saw_map, "took_ms": 1.0, "reason": "looked"}
        store.decide(record.id, Answer(kind, name), **said)
        return record.id

    good = answer("flawless", 1)
    for seed in range(250):
        answer("cracked", seed)
    blind = answer("dented", 2, saw_map=False)
    doubted = answer("dented", 3)
    store.decide(
        doubted,
        Answer(VerdictKind.PASS, "flawless"),
        person="bea",
        saw_map=True,
        took_ms=1.0,
        reason="a shadow",
    )
    names = {part.name: part.expected for part in read_confirmed_parts(store, line)}
    assert names[f"record {good}"] == "flawless" and list(names.values()).count("cracked") == 3
    assert f"record {blind}" not in names, "nobody had seen what the model saw"
    assert f"record {doubted}" not in names, "people disagree"
