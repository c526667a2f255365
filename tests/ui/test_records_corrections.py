"""Corrections on the Records page: who makes them, what they have to say, and what another made meanwhile."""

from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from inspection.records.record import Kind, Record
from inspection.records.store import RecordStore
from inspection.ui.roles import Person, Role
from tests.ui import records_page
from tests.ui.fakes import NOTHING, code_of
from tests.ui.records_page import keep, open_records, rows
from tests.ui.test_inspect_page import words

store = records_page.store  # a fixture


def test_an_auditor_corrects_with_a_reason(app: AppTest, store: RecordStore) -> None:
    record = keep(store, code_of("cracked"))
    open_records(app, record=record.code)
    app.selectbox(key=f"records.verdict.{record.id}").select("PASS")
    app.selectbox(key=f"records.class.{record.id}").select("flawless")
    submit = next(button for button in app.button if button.label == "Add the correction")
    submit.click().run()
    assert "Expected the reason" in app.error[0].value.replace("\\", "")
    app.text_area(key=f"records.reason.{record.id}").set_value("a reflection")
    next(button for button in app.button if button.label == "Add the correction").click().run()
    assert not app.exception
    made = store.about(record.id)[-1]
    assert (made.kind, made.verdict, made.class_name, made.person) == (
        Kind.CORRECTION,
        "PASS",
        "flawless",
        "Local user",
    )
    assert "a reflection" in words(app) and "PASS: flawless" in words(app)


def send_correction(app: AppTest, record: Record, reason: str, **chosen: str) -> AppTest:
    open_records(app, record=record.code)
    for name, value in chosen.items():
        app.selectbox(key=f"records.{name}.{record.id}").select(value)
    app.text_area(key=f"records.reason.{record.id}").set_value(reason)
    next(button for button in app.button if button.label == "Add the correction").click().run()
    assert not app.exception
    return app


def test_a_part_that_was_not_found_can_be_called_defective(app: AppTest, store: RecordStore) -> None:
    record = keep(store, NOTHING)
    assert record.verdict == "NO PART" and record.body["class_names"] == []
    send_correction(app, record, "the crack is in the dark corner", verdict="REJECT", **{"class": "cracked"})
    made = store.about(record.id)[-1]
    assert (made.verdict, made.class_name) == ("REJECT", "cracked")


@pytest.mark.parametrize(("verdict", "class_name"), [("PASS", "flawless"), ("NO PART", "")])
def test_the_class_follows_a_verdict_that_says_it(
    app: AppTest, store: RecordStore, verdict: str, class_name: str
) -> None:
    record = keep(store, code_of("cracked"))
    send_correction(app, record, "a reflection", verdict=verdict)
    made = store.about(record.id)[-1]
    assert (made.verdict, made.class_name) == (verdict, class_name)
    assert "PASS means flawless" in words(app)


def test_a_correction_that_contradicts_itself_is_refused_in_words(app: AppTest, store: RecordStore) -> None:
    good, bad = keep(store, code_of("flawless")), keep(store, code_of("cracked"))
    send_correction(app, good, "a crack", verdict="REJECT")
    assert app.error[0].proto.title == "Correction contradicts"
    assert "Choose the defect as the class" in app.error[0].value.replace("\\", "")
    send_correction(app, bad, "a reflection", verdict="PASS", **{"class": "dented"})
    assert "Choose the class flawless" in app.error[0].value.replace("\\", "")
    assert store.about(good.id) == store.about(bad.id) == ()


def type_part(app: AppTest, record: Record, part: str, reason: str) -> AppTest:
    app.text_input(key=f"records.part.{record.id}").set_value(part)
    app.text_area(key=f"records.reason.{record.id}").set_value(reason)
    next(button for button in app.button if button.label == "Add the correction").click().run()
    assert not app.exception
    return app


def correct_elsewhere(store: RecordStore, record: Record) -> Record:
    changes = {"verdict": "PASS", "class": "flawless"}
    return store.correct(record.id, changes, person="Bo", reason="a reflection", good="flawless")


def test_what_another_auditor_corrected_meanwhile_stands(app: AppTest, store: RecordStore) -> None:
    record = keep(store, code_of("cracked"))
    open_records(app, record=record.code)
    other = correct_elsewhere(store, record)
    type_part(app, record, "P-7", "read off the part")
    assert store.about(record.id) == (other,), "nothing was added"
    assert app.error[0].proto.title == "Corrected meanwhile"
    said = app.error[0].value.replace("\\", "")
    assert f"Record {other.id} corrected it while the form was open: PASS: flawless" in said
    held = [app.selectbox(key=f"records.{name}.{record.id}").value for name in ("verdict", "class")]
    assert held == ["PASS", "flawless"], "what holds now"
    assert app.text_input(key=f"records.part.{record.id}").value == "P-7", "what was typed"
    assert app.text_area(key=f"records.reason.{record.id}").value == "read off the part"
    next(button for button in app.button if button.label == "Add the correction").click().run()
    assert not app.exception and not app.error
    made = store.about(record.id)[-1]
    assert made.body["changed"] == ["part"]
    assert made.body["new"] == {"verdict": "PASS", "class": "flawless", "part": "P-7"}


def test_a_record_opened_anew_is_corrected_as_it_then_is(app: AppTest, store: RecordStore) -> None:
    record = keep(store, code_of("cracked"))
    open_records(app, record=record.code)
    app.button(key="records.back").click().run()
    correct_elsewhere(store, record)
    open_records(app, record=record.code)
    assert app.selectbox(key=f"records.verdict.{record.id}").value == "PASS"
    type_part(app, record, "P-7", "read off the part")
    assert not app.error and store.about(record.id)[-1].body["changed"] == ["part"]


def test_a_second_correction_begins_with_what_the_first_one_said(app: AppTest, store: RecordStore) -> None:
    record = keep(store, code_of("cracked"))
    send_correction(app, record, "a reflection", verdict="PASS")
    assert app.selectbox(key=f"records.class.{record.id}").value == "flawless", "it followed the verdict"
    assert app.text_area(key=f"records.reason.{record.id}").value == ""
    type_part(app, record, "P-7", "read off the part")
    assert not app.error and store.about(record.id)[-1].body["changed"] == ["part"]


def test_a_correction_of_nothing_says_what_to_choose(app: AppTest, store: RecordStore) -> None:
    record = keep(store, code_of("cracked"))
    send_correction(app, record, "looked again")
    assert "Choose another verdict or class, or type another part number" in app.error[0].value.replace(
        "\\", ""
    )
    assert store.about(record.id) == ()


@pytest.fixture
def engineer(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    person = Person("Local user", frozenset({Role.ENGINEER}), local=True)
    for module in ("roles", "keeping"):
        monkeypatch.setattr(f"inspection.ui.{module}.current_person", lambda: person)
    yield


@pytest.mark.usefixtures("engineer")
def test_others_see_what_they_made_and_correct_nothing(app: AppTest, store: RecordStore) -> None:
    mine, theirs = keep(store, 0), keep(store, 40, person="somebody else")
    open_records(app)
    assert rows(app) == [mine.id] and not app.tabs
    open_records(app, record=theirs.code)
    assert "was made by somebody else" in app.error[0].value and "cracked" not in words(app)
    open_records(app, record=mine.code)
    assert "PASS: flawless" in words(app)
    assert "Add the correction" not in [button.label for button in app.button]


@pytest.mark.usefixtures("engineer")
def test_the_deed_itself_is_refused_too(store: RecordStore) -> None:
    from inspection.ui.records_access import correct_record
    from inspection.ui.roles import RoleRefused

    record = keep(store, 0)
    with pytest.raises(RoleRefused, match="Expected the role auditor"):
        correct_record(store, record, changes={"verdict": "REJECT"}, reason="no", seen=record.id)
    assert store.about(record.id) == ()
