"""The Records page, clicked through: search, open, replay."""

from datetime import datetime
from pathlib import Path
from typing import NoReturn

import pytest
from streamlit.testing.v1 import AppTest

from inspection.config import ROOT
from inspection.records.decisions import Answer
from inspection.records.errors import StoreLost
from inspection.records.record import Kind
from inspection.records.search import Search
from inspection.records.store import RecordStore
from inspection.types import VerdictKind
from inspection.ui import records_table, records_view
from inspection.ui.keeping import get_store
from models.card import write_card
from tests.models.cards import make_card
from tests.records.makers import attack
from tests.ui import records_page
from tests.ui.fakes import NOTHING, UNSURE, code_of, make_png
from tests.ui.records_page import keep, open_records, rows
from tests.ui.test_inspect_page import words

store = records_page.store  # a fixture


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


def test_a_picture_that_could_not_be_read_is_asked_for_again(
    app: AppTest, store: RecordStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store of pictures was away for a moment: no session goes without the thumbnail for good."""
    keep(store, code_of("cracked"))
    with monkeypatch.context() as away:
        away.setattr(RecordStore, "read_picture", refuse_to_read)
        open_records(app)
        assert not app.error and list(app.dataframe[0].value["Picture"]) == [""]
    app.run()
    assert list(app.dataframe[0].value["Picture"]) == [""], "it is not asked for with every run"
    monkeypatch.setattr(records_table, "_AGAIN_S", 0.0)
    app.run()
    assert app.dataframe[0].value["Picture"][0].startswith("data:image/jpeg")


def refuse_to_read(*_: object) -> NoReturn:
    raise StoreLost("Expected the store of pictures, got no answer. Try again.")


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
