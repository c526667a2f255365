"""The Records page, clicked through: search, open, replay, correct, verify."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from inspection.config import ROOT
from inspection.images import decode
from inspection.records.decisions import Answer
from inspection.records.record import Kind, Record
from inspection.records.search import Search
from inspection.records.store import RecordStore
from inspection.records.surroundings import build_full_context
from inspection.types import VerdictKind
from inspection.ui import records_view
from inspection.ui.keeping import get_store
from inspection.ui.roles import Person, Role
from models.card import write_card
from tests.models.cards import make_card
from tests.records.makers import attack
from tests.ui.fakes import NOTHING, UNSURE, FakeInspector, code_of, make_line, make_png
from tests.ui.test_inspect_page import words


@pytest.fixture
def store(loaded: list[FakeInspector]) -> RecordStore:
    return get_store()


def keep(store: RecordStore, code: int, *, person: str = "Local user", seed: int = 0) -> Record:
    data = make_png(code, seed=seed)
    inspector = FakeInspector(make_line("aluminium"))
    inspection = inspector.inspect(decode(data, name=f"{code}-{seed}.png"))
    context = build_full_context(inspector, person=person, source="upload")  # type: ignore[arg-type]
    return store.add(inspection, data, context=context)


def open_records(app: AppTest, **link: str) -> AppTest:
    app.switch_page("screens/records.py")
    for name, value in link.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def rows(app: AppTest) -> list[int]:
    return [int(number) for number in app.dataframe[0].value["Record"]]


def test_an_empty_store_says_what_to_do(app: AppTest) -> None:
    open_records(app)
    assert "Inspect a picture" in words(app) and not app.dataframe


def test_records_are_found_newest_first_and_by_their_words(app: AppTest, store: RecordStore) -> None:
    for code in (code_of("cracked"), code_of("flawless"), UNSURE):
        keep(store, code)
    open_records(app)
    assert rows(app) == [3, 2, 1] and "**3 records**" in words(app)
    app.multiselect(key="records.verdict").set_value(["PASS"]).run()
    assert rows(app) == [2]
    app.multiselect(key="records.defect").set_value(["cracked"]).run()
    assert "widen the time" in words(app)
    app.button(key="records.clear").click().run()
    assert rows(app) == [3, 2, 1]


def test_the_table_leaves_out_what_there_is_none_of(app: AppTest, store: RecordStore) -> None:
    record = keep(store, code_of("cracked"))
    keep(store, NOTHING)
    store.decide(record.id, Answer(VerdictKind.PASS, "flawless"), person="a", saw_map=False, took_ms=900.0)
    table = open_records(app).dataframe[0].value
    assert list(table["Verdict"]) == ["NO PART", "REJECT"] and list(table["Class"]) == ["", "cracked"]
    assert table["Score, %"].isna()[0] and table["Score, %"][1] == pytest.approx(97.0)
    assert all(picture.startswith("data:image/jpeg") for picture in table["Picture"])
    app.multiselect(key="records.kinds").set_value([Kind.DECISION]).run()
    table = app.dataframe[0].value
    assert list(table["Class"]) == ["flawless"] and list(table["Since then"]) == ["about record 1"]
    assert not {"Picture", "Score, %", "Part"} & set(table)


def test_a_picture_is_found_by_the_start_of_its_hash(app: AppTest, store: RecordStore) -> None:
    first = keep(store, code_of("cracked"))
    keep(store, code_of("dented"))
    open_records(app).text_input(key="records.picture").set_value(str(first.picture_sha256)[:10]).run()
    assert rows(app) == [first.id]
    app.text_input(key="records.picture").set_value("xyz").run()
    assert "6 to 64 characters" in app.error[0].value.replace("\\", "")


def test_pages_are_turned_without_numbers(
    app: AppTest, store: RecordStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records_view, "A_PAGE", 2)
    for seed in range(5):
        keep(store, code_of("stained"), seed=seed)
    open_records(app)
    assert rows(app) == [5, 4]
    app.button(key="records.older").click().run()
    app.button(key="records.older").click().run()
    assert rows(app) == [1] and app.button(key="records.older").disabled
    app.button(key="records.newer").click().run()
    assert rows(app) == [3, 2]


def test_a_link_of_another_page_fills_the_search(app: AppTest, store: RecordStore) -> None:
    keep(store, code_of("cracked"))
    keep(store, code_of("flawless"))
    open_records(app, verdict="REJECT", line="aluminium", since="2020-01-01", defect="no such")
    assert rows(app) == [1]
    assert app.multiselect(key="records.verdict").value == ["REJECT"]
    assert app.multiselect(key="records.defect").value == []


def test_what_a_link_asks_for_in_vain_is_said(app: AppTest, store: RecordStore) -> None:
    keep(store, code_of("cracked"))
    asked = {name: f"no such {name}" for name in ("verdict", "line", "defect", "model", "person", "since")}
    open_records(app, kind="gossip", agrees="perhaps", colour="red", **asked)
    (said,) = [each.value.replace("\\", "") for each in app.warning]
    for name, value in {**asked, "kind": "gossip", "agrees": "perhaps", "colour": "red"}.items():
        assert f"{name} “{value}”" in said
    assert "goes without" in said and "2026-01-31T06:00" in said
    assert rows(app) == [1]
    app.run()
    assert len(app.warning) == 1, "as long as the address asks for it"
    app.query_params.clear()
    open_records(app, verdict="REJECT")
    assert not app.warning and rows(app) == [1]


@pytest.mark.parametrize(
    "time",
    [
        "0001-01-01T00:00+14:00",
        "9999-12-31T23:59-12:00",
        "0001-01-01",
        "9999-12-31",
        "NaN",
        "1e400",
        "\0",
        "9" * 9000,
    ],
)
@pytest.mark.parametrize("name", ["since", "until"])
def test_a_time_that_no_record_can_have_is_said(
    app: AppTest, store: RecordStore, name: str, time: str
) -> None:
    keep(store, code_of("cracked"))
    open_records(app, **{name: time})
    assert f"{name} “{time[:30]}" in app.warning[0].value.replace("\\", "") and rows(app) == [1]
    assert app.datetime_input(key=f"records.{name}").value is None


def test_a_time_long_ago_is_searched_by(app: AppTest, store: RecordStore) -> None:
    keep(store, code_of("cracked"))
    open_records(app, since="1970-01-01T02:00+02:00", until="2099-12-31")
    assert rows(app) == [1] and not app.warning
    assert app.datetime_input(key="records.since").value == datetime(1970, 1, 1)


def test_of_a_thousand_unknown_words_some_are_named(app: AppTest, store: RecordStore) -> None:
    keep(store, code_of("cracked"))
    app.query_params["line"] = [f"line-{number}" for number in range(1_000)]
    open_records(app)
    said = app.warning[0].value.replace("\\", "")
    assert "line “line-11” and 988 more" in said and len(said) < 600 and rows(app) == [1]


def test_the_answers_behind_an_alarm_are_found(app: AppTest, store: RecordStore) -> None:
    for seed, said in enumerate(("cracked", "dented")):
        record = keep(store, code_of("cracked"), seed=seed)
        answer = Answer(VerdictKind.REJECT, said)
        store.decide(record.id, answer, person="a", saw_map=False, took_ms=900.0)
    open_records(app, kind="decision", agrees="no")
    assert rows(app) == [4] and not app.warning
    app.query_params.clear()
    open_records(app, agrees="no")
    assert rows(app) == [4] and not app.warning, "nothing but a decision agrees or does not"
    assert app.multiselect(key="records.kinds").value == [Kind.DECISION]
    app.selectbox(key="records.agrees").set_value("yes").run()
    assert rows(app) == [2]


def test_a_code_opens_everything_that_was_known(app: AppTest, store: RecordStore) -> None:
    record = keep(store, code_of("cracked"))
    open_records(app, record=record.code)
    said = words(app)
    assert "REJECT: cracked, 97 %" in said and "Nobody has decided" in said
    for known in (str(record.picture_sha256), "0" * 64, "confidence_0_1", "fake 1 on CPU", record.hash):
        assert known in said
    assert app.button(key="records.replay").disabled is False


@pytest.mark.parametrize("code", ["999", "1-ffffffffffffffff", "<script>", "x" * 500])
def test_a_code_that_leads_nowhere_says_so(app: AppTest, store: RecordStore, code: str) -> None:
    keep(store, 0)
    open_records(app, record=code)
    assert len(app.error) == 1 and "Expected" in app.error[0].value + "Expected" * ("1-f" in code)


def test_a_picture_that_was_swapped_is_shown_as_such(app: AppTest, store: RecordStore) -> None:
    record = keep(store, code_of("cracked"))
    Path(store.pictures.path_of(str(record.picture_sha256))).write_bytes(make_png(0))
    open_records(app, record=record.code)
    assert "it was changed after it was kept" in app.error[0].value.replace("\\", "")
    assert "REJECT: cracked" in words(app) and app.button(key="records.replay").disabled


def test_a_record_that_was_edited_is_shown_as_such(app: AppTest, store: RecordStore) -> None:
    record = keep(store, code_of("cracked"))
    with attack(store) as raw:
        raw.execute("UPDATE records SET body = replace(body, 'upload', 'camera')")
    open_records(app, record=str(record.id))
    assert "no longer gives the hash" in words(app)


def test_a_replay_says_whether_the_answer_is_the_same(
    app: AppTest, store: RecordStore, tmp_path: Path
) -> None:
    record = keep(store, code_of("cracked"))
    open_records(app, record=record.code).button(key="records.replay").click().run()
    assert "no longer here: there are none" in app.warning[0].value.replace("\\", "")
    (tmp_path / "weights" / "aluminium").mkdir(parents=True)
    write_card(make_card(), tmp_path / "weights" / "aluminium" / "resnet50.json")
    app.button(key="records.replay").click().run()
    assert "The answer is the same" in app.success[0].value


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


def test_a_lost_database_is_named(app: AppTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lost").write_text("in the way")
    monkeypatch.setenv("ASSAY_DATABASE_URL", f"sqlite:///{tmp_path / 'lost' / 'records.sqlite'}")
    open_records(app)
    assert "cannot be reached" in app.error[0].value and not app.exception


def test_two_tabs_search_apart(app: AppTest, store: RecordStore) -> None:
    keep(store, code_of("cracked"))
    keep(store, code_of("flawless"))
    open_records(app).multiselect(key="records.verdict").set_value(["PASS"]).run()
    other = open_records(AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run())
    assert rows(other)[0] >= 2 and len(rows(other)) >= 2 and rows(app) == [2]
    assert get_store().count(Search(verdicts=("PASS",))) == 1
