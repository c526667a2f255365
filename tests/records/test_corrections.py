"""Corrections stand beside what they correct; none contradicts itself, and none undoes another unseen."""

import pytest

from inspection.records.decisions import read_current
from inspection.records.errors import CorrectedMeanwhile, CorrectionContradicts, RecordRefused
from inspection.records.store import RecordStore
from tests.records.makers import add_one


def test_a_correction_names_the_old_record_and_keeps_its_value(any_store: RecordStore) -> None:
    subject = add_one(any_store)
    first = any_store.correct(
        subject.id, {"class": "dented"}, person="auditor-1", reason="a dent", good="flawless"
    )
    passed = {"verdict": "PASS", "class": "flawless"}
    second = any_store.correct(
        subject.id, passed, person="auditor-1", reason="within limits", good="flawless"
    )
    assert any_store.get(subject.id) == subject
    assert first.body["old"] == {"verdict": "REJECT", "class": "cracked", "part": "", "record": subject.id}
    assert second.body["old"] == {"verdict": "REJECT", "class": "dented", "part": "", "record": first.id}
    held = read_current(subject, any_store.about(subject.id))
    assert held == {"verdict": "PASS", "class": "flawless", "part": "", "record": second.id}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({}, "why"), ({"logits": "1"}, "why"), ({"verdict": "FINE"}, "why"), ({"class": "dented"}, "  ")],
)
def test_corrections_that_say_too_little_are_refused(store: RecordStore, changes, reason) -> None:
    subject = add_one(store)
    with pytest.raises(RecordRefused):
        store.correct(subject.id, changes, person="auditor-1", reason=reason, good="flawless")
    assert store.about(subject.id) == ()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"verdict": "PASS"}, "PASS with the class flawless, got PASS with cracked"),
        ({"verdict": "PASS", "class": ""}, "got PASS with no class"),
        ({"class": "flawless"}, "REJECT with a defect, got REJECT with flawless"),
        ({"class": ""}, "got REJECT with no class"),
        ({"verdict": "NO PART"}, "NO PART without a class, got NO PART with cracked"),
    ],
)
def test_a_correction_cannot_contradict_itself(store: RecordStore, changes, words) -> None:
    """What is kept is kept for ever."""
    subject = add_one(store)
    with pytest.raises(CorrectionContradicts, match=words):
        store.correct(subject.id, changes, person="auditor-1", reason="looked", good="flawless")
    assert store.about(subject.id) == ()


def test_a_line_without_a_good_class_corrects_the_verdict_alone(store: RecordStore) -> None:
    made = store.correct(add_one(store).id, {"verdict": "PASS"}, person="a", reason="agreed", good=None)
    assert (made.verdict, made.class_name) == ("PASS", "cracked")
    misread = store.correct(
        int(made.of_id or 0), {"part": "7"}, person="a", reason="misread", good="flawless"
    )
    assert misread.body["new"]["part"] == "7", (
        "a number can be mended where the old words contradict each other"
    )


def test_two_corrections_that_cross_do_not_undo_each_other(
    any_store: RecordStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever comes second learns of the first, also where both had read the record before either wrote."""
    subject, passes = add_one(any_store), {"verdict": "PASS", "class": "flawless"}
    first = any_store.correct(
        subject.id, passes, person="bea", reason="a hair", good="flawless", seen=subject.id
    )
    said = {"person": "ada", "reason": "numbered", "good": "flawless"}
    with pytest.raises(CorrectedMeanwhile, match=f"record {first.id} corrected it meanwhile"):
        any_store.correct(subject.id, {"part": "P-7"}, **said, seen=subject.id)
    with monkeypatch.context() as patch:
        patch.setattr(RecordStore, "about", lambda *_: ())
        with pytest.raises(CorrectedMeanwhile):
            any_store.correct(subject.id, {"part": "P-7"}, **said)
    assert any_store.about(subject.id) == (first,)
    assert any_store.correct(subject.id, {"part": "P-7"}, **said, seen=first.id).verdict == "PASS"
