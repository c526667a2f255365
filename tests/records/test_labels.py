"""Which answer holds, and whose disagreement leaves a picture out."""

from dataclasses import replace

import pytest

from inspection.records.labels import CONFLICT, NOT_FOUND, UNNAMED, find_last_answer, name_class, read_labels
from inspection.records.store import RecordStore
from inspection.types import VerdictKind
from tests.records.answering import decide, inspect_picture, make_line, make_picture
from tests.records.makers import CONTEXT, make_inspection

LINE = make_line()


def test_nothing_said_is_nothing_held(store: RecordStore) -> None:
    inspect_picture(store, make_picture(1))
    labels = read_labels(store, LINE)
    assert (labels.held, labels.left_out, labels.last_answer) == ((), (), 0)
    assert find_last_answer(store, "toy") == 0


def test_a_blind_answer_does_not_count(store: RecordStore) -> None:
    record = inspect_picture(store, make_picture(1))
    decide(store, record, "torn", saw_map=False)
    assert read_labels(store, LINE).held == ()
    last = decide(store, record, "bent")
    held = read_labels(store, LINE).held
    assert [(label.class_name, label.agrees, label.answers) for label in held] == [("bent", True, (last.id,))]


def test_a_persons_last_word_holds(store: RecordStore) -> None:
    record = inspect_picture(store, make_picture(1))
    decide(store, record, "bent")
    decide(store, record, "torn")
    label = read_labels(store, LINE).held[0]
    assert (label.class_name, label.people, label.agrees) == ("torn", ("ann",), False)


def test_two_people_who_disagree_leave_the_picture_out_by_name(store: RecordStore) -> None:
    record = inspect_picture(store, make_picture(1))
    decide(store, record, "bent")
    decide(store, record, "torn", person="ben")
    labels = read_labels(store, LINE)
    assert labels.held == ()
    assert labels.left_out[0].reason == f"{CONFLICT} (ann: bent, ben: torn)"


def test_a_correction_settles_what_was_said_before_it(store: RecordStore) -> None:
    record = inspect_picture(store, make_picture(1))
    decide(store, record, "bent")
    decide(store, record, "torn", person="ben")
    store.correct(record.id, {"class": "torn"}, person="cat", reason="cut open", good="fine")
    assert [(each.class_name, each.people) for each in read_labels(store, LINE).held] == [("torn", ("cat",))]
    decide(store, record, "fine", person="ben")
    assert read_labels(store, LINE).held == (), "who disagrees after it is heard again"


def test_a_correction_of_the_part_number_says_nothing_of_the_class(store: RecordStore) -> None:
    record = inspect_picture(store, make_picture(1))
    store.correct(record.id, {"part": "A-7"}, person="cat", reason="misread", good="fine")
    assert read_labels(store, LINE).held == ()


def test_a_verdict_corrected_to_pass_means_the_good_class(store: RecordStore) -> None:
    """As corrections were kept before 2026-11-21: the class was left as it was."""
    record = inspect_picture(store, make_picture(1), said="torn")
    store.correct(record.id, {"verdict": "PASS"}, person="cat", reason="only dust", good=None)
    label = read_labels(store, LINE).held[0]
    assert (label.class_name, label.model_class) == ("fine", "torn")


def test_a_second_correction_still_knows_what_the_model_said(store: RecordStore) -> None:
    record = inspect_picture(store, make_picture(1), said="torn")
    for name in ("bent", "torn"):
        store.correct(record.id, {"class": name}, person="cat", reason="again", good="fine")
    assert read_labels(store, LINE).held[0].agrees


def test_the_same_picture_inspected_twice_is_one_part(store: RecordStore) -> None:
    picture = make_picture(1)
    first, second = inspect_picture(store, picture), inspect_picture(store, picture)
    decide(store, first, "bent")
    decide(store, second, "bent", person="ben")
    label = read_labels(store, LINE).held[0]
    assert (label.subject_id, label.people) == (second.id, ("ann", "ben"))
    decide(store, second, "torn", person="ben")
    assert len(read_labels(store, LINE).left_out) == 1


def test_another_lines_answers_stay_there(store: RecordStore) -> None:
    decide(store, inspect_picture(store, make_picture(1), line="other"), "bent")
    assert read_labels(store, LINE).held == () and find_last_answer(store, "toy") == 0


def test_since_tells_what_is_new(store: RecordStore) -> None:
    decide(store, inspect_picture(store, make_picture(1)), "bent")
    before = find_last_answer(store, "toy")
    new = inspect_picture(store, make_picture(2))
    decide(store, new, "torn")
    labels = read_labels(store, LINE)
    assert [label.subject_id for label in labels.since(before)] == [new.id] and len(labels.held) == 2
    assert labels.last_answer == find_last_answer(store, "toy")


@pytest.mark.parametrize("corrections", [0, 1, 2])
def test_a_part_that_was_not_found_cannot_be_cut_and_is_never_new(
    store: RecordStore, corrections: int
) -> None:
    picture = make_picture(1)
    inspection = make_inspection(picture, verdict=VerdictKind.NO_PART, class_name=None, line="toy")
    record = store.add(replace(inspection, box=None), picture, context=CONTEXT)
    decide(store, record, "bent")
    for number in range(corrections):
        changes = {"verdict": "REJECT", "class": ("bent", "torn")[number]}
        store.correct(record.id, changes, person="cat", reason="it is there", good="fine")
    labels = read_labels(store, LINE)
    assert labels.held == labels.since(0) == ()
    assert [each.reason for each in labels.left_out] == [NOT_FOUND]


@pytest.mark.parametrize(
    ("verdict", "named", "meant"),
    [
        ("PASS", None, "fine"),
        ("PASS", "fine", "fine"),
        ("PASS", "torn", None),  # it cannot be both
        ("REJECT", "torn", "torn"),
        ("REJECT", "fine", None),
        ("REJECT", None, None),  # which of two?
        ("REVIEW", "bent", "bent"),
        ("NO PART", None, None),
        (None, "fine", "fine"),
        ("REJECT", "rusty", None),  # no class of the line
    ],
)
def test_an_answer_means_one_class_or_none(verdict: str | None, named: str | None, meant: str | None) -> None:
    assert name_class(LINE, verdict, named) == meant


def test_an_answer_without_a_class_is_named_as_of_no_use(store: RecordStore) -> None:
    record = inspect_picture(store, make_picture(1), said="torn")
    store.correct(record.id, {"verdict": "NO PART", "class": ""}, person="cat", reason="a glove", good="fine")
    assert [each.reason for each in read_labels(store, LINE).left_out] == [UNNAMED]
