"""The Watch page over a line whose history is known, and the challenge that opens it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from inspection.config import load_settings
from inspection.lines import load_line
from inspection.records.alarms import Alarm
from inspection.records.known_parts import read_folder_parts
from inspection.records.record import Kind
from inspection.records.search import Search
from inspection.records.shift_challenge import find_newest, keep_challenge, run_challenge
from inspection.records.shift_standing import Standing, read_standing
from inspection.records.store import RecordStore, open_store
from inspection.records.watching import PERIODS
from inspection.ui import resources, roles, watch_challenge, watch_view
from inspection.ui.roles import Person, Role, RoleRefused
from models.card import write_card
from tests.records.shifts import Clock, keep_days
from tests.ui.fakes import UNSURE, FakeInspector, code_of, make_png
from tests.ui.measured import make_measured_card


@pytest.fixture
def clocked(app: AppTest) -> Iterator[tuple[RecordStore, Clock]]:
    """The app's own store, by another door whose clock the test sets."""
    load_settings().var_dir.mkdir(parents=True, exist_ok=True)
    clock = Clock(datetime.now(UTC))
    store = open_store(clock=clock)
    yield store, clock
    store.close()


def open_watch(app: AppTest) -> AppTest:
    app.default_timeout = 240  # of a machine that is busy elsewhere
    app.run()
    app.switch_page("screens/watch.py").run()
    assert not app.exception
    return app


def texts(app: AppTest) -> str:
    shown = [*app.markdown, *app.caption, *app.info, *app.error, *app.success]
    return "\n".join(str(each.value) for each in shown)


def test_a_line_without_records_says_what_to_do(app: AppTest) -> None:
    open_watch(app)
    app.selectbox(key="watch.line").set_value("bare").run()
    assert "Nothing was inspected on this line" in app.info[0].value
    assert "Not challenged today" in texts(app)


def test_a_rise_is_an_alarm_with_its_date(app: AppTest, clocked: tuple[RecordStore, Clock]) -> None:
    store, clock = clocked
    now = datetime.now(UTC)
    keep_days(store, clock, 44, until=now - timedelta(days=2), passed=9, rejected=1)
    keep_days(store, clock, 2, until=now, passed=3, rejected=9)
    open_watch(app)
    shown = texts(app)
    assert "**Reject rate rose** · since" in shown
    assert "19 of 25 parts, 76.0 %; 10.0 % is usual" in shown  # one is the sample that the first page showed
    found = {metric.label: (metric.value, metric.delta) for metric in app.metric}
    assert found["Reject rate"][0] == "15.4 %"  # 28 judged days of 1 in 10, and 19 of 25
    assert "usual 10.0 %" in found["Reject rate"][1]
    app.segmented_control(key="watch.period").set_value("year").run()
    assert not app.exception
    app.selectbox(key="watch.model.aluminium").set_value("resnet50").run()
    assert not app.exception


def ship_fake_weights(folder: Path, *, int8: dict[str, str] | None = None) -> None:
    # the fake inspector's
    card = replace(make_measured_card("resnet50"), weights_sha256="0" * 64, temperature=1.0)
    card = card if int8 is None else replace(card, precisions={**card.precisions, "int8": int8})
    write_card(card, folder / "weights" / "aluminium" / "resnet50.json")


def test_a_challenge_opens_the_line_and_is_kept(
    app: AppTest, tmp_path: Path, clocked: tuple[RecordStore, Clock]
) -> None:
    ship_fake_weights(tmp_path)
    open_watch(app)
    app.button(key="watch.challenge.aluminium").click().run()
    assert not app.exception
    assert "Line open since" in texts(app) and "2 known parts came out right" in texts(app)
    (record,) = clocked[0].search(Search(kinds=(Kind.EVENT,))).records
    assert record.body["event"] == "challenge" and record.body["details"]["passed"]
    assert [part["expected"] for part in record.body["details"]["parts"]] == ["cracked", "flawless"]
    assert (record.line, record.model, record.person) == ("aluminium", "resnet50", "Local user")
    assert app.expander[0].label == "Challenges so far: 1"
    app.switch_page("screens/inspect.py").run()
    assert "Line open since" in texts(app)


def test_a_known_part_that_cannot_be_read_is_not_left_out_of_a_challenge(
    app: AppTest, tmp_path: Path, clocked: tuple[RecordStore, Clock]
) -> None:
    ship_fake_weights(tmp_path)
    (tmp_path / "lines" / "aluminium" / "dented-01.png").write_bytes(b"no picture")
    open_watch(app)
    app.button(key="watch.challenge.aluminium").click().run()
    assert not app.exception and "dented-01.png: expected" in app.error[0].value.replace("\\", "")
    assert clocked[0].search(Search(kinds=(Kind.EVENT,))).records == ()


def test_the_challenge_is_of_what_runs_where_int8_is_withheld(
    app: AppTest, loaded: list[FakeInspector], tmp_path: Path, clocked: tuple[RecordStore, Clock]
) -> None:
    ship_fake_weights(tmp_path, int8={"withheld": "it changes 9 of 100 pictures"})
    open_watch(app)
    app.button(key="watch.challenge.aluminium").click().run()
    assert not app.exception and "Line open since" in texts(app)
    (record,) = clocked[0].search(Search(kinds=(Kind.EVENT,))).records
    assert record.body["details"]["precision"] == "f32"
    assert {each.precision for each in loaded} == {"f32"}
    ship_fake_weights(tmp_path)  # as if INT8 were let on the line later in the day
    assert watch_challenge.find_standing(load_line("aluminium")).state == "not challenged"


def test_how_a_line_stands_is_read_anew_when_something_was_said_of_it(
    app: AppTest, clocked: tuple[RecordStore, Clock], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A year of challenges is walked where none was of these weights: not at every run of a page."""
    open_watch(app)
    reads: list[str] = []

    def read(*told: Any, **more: Any) -> Standing:
        reads.append(told[1])
        return read_standing(*told, **more)

    monkeypatch.setattr(watch_challenge, "read_standing", read)
    line = load_line("aluminium")
    watch_challenge.find_standing(line)
    reads.clear()
    watch_challenge.find_standing(line)
    assert reads == []
    details = {"model_sha256": "0" * 64, "reason": "master part is worn"}
    clocked[0].note("challenge overridden", details, person="max", line="aluminium", model="resnet50")
    watch_challenge.find_standing(line)
    assert reads == ["aluminium"]


def lay_master_parts(folder: Path) -> None:
    """A flawless one, and one that is said to be dented and looks flawless: the challenge must fail."""
    for name in ("flawless", "dented"):
        (folder / name).mkdir(parents=True)
        (folder / name / f"master-{name}.png").write_bytes(make_png(code_of("flawless")))


def test_a_failed_challenge_closes_it_until_a_manager_says_why(
    app: AppTest, tmp_path: Path, clocked: tuple[RecordStore, Clock]
) -> None:
    lay_master_parts(load_settings().var_dir / "challenge" / "aluminium")
    open_watch(app)
    app.selectbox(key="watch.source.aluminium").set_value("Master parts").run()
    app.button(key="watch.challenge.aluminium").click().run()
    said = app.error[0].value.replace("\\", "")
    assert "1 of 2 known parts was judged wrongly" in said
    assert "\n- master-dented.png: expected dented, came out PASS" in said
    assert "challenge it again; a manager may open it all the same" in said
    app.text_input(key="watch.reason.aluminium").set_value("the master part is worn").run()
    app.button(key="watch.override.aluminium").click().run()
    assert not app.error
    newest = clocked[0].search(Search(kinds=(Kind.EVENT,))).records[0]
    assert newest.body["event"] == "challenge overridden"
    assert newest.body["details"]["reason"] == "the master part is worn"


def test_a_line_that_failed_while_the_reason_was_typed_is_not_opened(
    app: AppTest, tmp_path: Path, clocked: tuple[RecordStore, Clock]
) -> None:
    ship_fake_weights(tmp_path)
    store, folder = clocked[0], load_settings().var_dir / "challenge" / "aluminium"
    lay_master_parts(folder)
    open_watch(app)
    app.text_input(key="watch.reason.aluminium").set_value("nobody has time").run()
    line: Any = load_line("aluminium")
    parts = read_folder_parts(folder, line.classes)
    inspector: Any = FakeInspector(line, "resnet50", "int8")
    keep_challenge(store, run_challenge(inspector, parts, source="master parts"), person="Eve")
    app.button(key="watch.override.aluminium").click().run()
    assert not app.exception and "Nothing was opened. Look at it" in app.error[0].value.replace("\\", "")
    assert "1 of 2 known parts was judged wrongly" in app.error[1].value.replace("\\", "")
    assert store.search(Search(kinds=(Kind.EVENT,))).records[0].body["event"] == "challenge"
    app.button(key="watch.override.aluminium").click().run()  # now it was seen
    assert not app.error and "nobody has time" in texts(app)


def test_a_line_whose_rules_were_changed_asks_for_another_challenge(app: AppTest, tmp_path: Path) -> None:
    ship_fake_weights(tmp_path)
    open_watch(app)
    app.button(key="watch.challenge.aluminium").click().run()
    assert "Line open since" in texts(app)
    file = tmp_path / "lines" / "aluminium.toml"
    file.write_text(file.read_text() + "[policy]\nconfidence = 0.6\n")
    resources.get_line.clear()
    app.run()
    assert not app.exception and "Not challenged today" in texts(app)
    assert "with the rules of before, changed since" in texts(app)


def test_parts_that_go_to_a_person_leave_the_line_open(app: AppTest, tmp_path: Path) -> None:
    ship_fake_weights(tmp_path)
    folder = load_settings().var_dir / "challenge" / "aluminium"
    for name, code in (("flawless", UNSURE), ("dented", code_of("dented"))):
        (folder / name).mkdir(parents=True)
        (folder / name / f"{name}.png").write_bytes(make_png(code))
    open_watch(app)
    app.selectbox(key="watch.source.aluminium").set_value("Master parts").run()
    app.button(key="watch.challenge.aluminium").click().run()
    assert not app.error and "It does not show that good parts pass" in texts(app)
    assert "Every known good part went to a person. Challenge the line again" in app.warning[0].value
    assert "challenge/aluminium/flawless" in app.warning[0].value
    outcomes, challenges = (table.value for table in app.dataframe[:2])
    assert list(outcomes["Right"]) == ["not decided", "yes"]
    assert list(challenges["Result"]) == [
        "passed, 1 of 2 right, 1 to a person; shows nothing about good parts"
    ]
    app.switch_page("screens/inspect.py").run()
    assert "Its challenge shows nothing about good parts: see Watch." in texts(app)


def test_a_closed_line_does_not_run(app: AppTest, clocked: tuple[RecordStore, Clock]) -> None:
    app.run()
    app.switch_page("screens/live.py").run()
    line, folder = load_line("aluminium"), load_settings().var_dir / "challenge" / "aluminium"
    lay_master_parts(folder)
    inspector: Any = FakeInspector(line, "resnet50", "int8")
    parts = read_folder_parts(folder, line.classes)
    keep_challenge(clocked[0], run_challenge(inspector, parts, source="master parts"), person="Eve")
    app.button(key="live.start").click().run()  # of a page that was drawn before
    assert not app.exception
    assert "The challenge failed" in app.warning[0].value
    assert "a manager may open it all the same" in app.warning[0].value
    assert "Open the line again on Watch" in [link.proto.label for link in app.get("page_link")]
    assert app.button(key="live.start").disabled
    assert "live.run" not in app.session_state
    app.switch_page("screens/inspect.py").run()
    assert "Line closed" in [box.proto.title for box in app.warning]
    assert "Open the line again on Watch" in [link.proto.label for link in app.get("page_link")]
    app.switch_page("screens/live.py").run()
    watch_challenge.open_line(line, "the master part is worn", None, find_newest(clocked[0], "aluminium"))
    app.run()
    assert not app.button(key="live.start").disabled


def test_without_known_parts_it_says_so(app: AppTest) -> None:
    open_watch(app)
    app.selectbox(key="watch.source.aluminium").set_value("Parts people confirmed").run()
    app.button(key="watch.challenge.aluminium").click().run()
    assert "got none" in app.error[0].value


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.ENGINEER])
def test_only_a_manager_opens_a_line_without_a_challenge(
    role: Role, monkeypatch: pytest.MonkeyPatch, clocked: tuple[RecordStore, Clock]
) -> None:
    monkeypatch.setattr(roles, "current_person", lambda: Person("Eve", frozenset({role})))
    from tests.ui.fakes import make_line

    with pytest.raises(RoleRefused):
        watch_challenge.open_line(make_line("aluminium"), "because", None, None)
    if role is Role.AUDITOR:
        with pytest.raises(RoleRefused):
            watch_challenge.challenge_line(make_line("aluminium"), watch_challenge.SAMPLES)
    assert clocked[0].search(Search(kinds=(Kind.EVENT,))).records == ()


def test_an_auditor_reads_and_cannot_run(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_challenge, "current_person", lambda: Person("Ada", frozenset({Role.AUDITOR})))
    open_watch(app)
    assert not [button for button in app.button if button.key and "watch.challenge" in button.key]


def test_two_alarms_of_one_rate_and_one_hour_are_both_shown(
    app: AppTest, monkeypatch: pytest.MonkeyPatch, clocked: tuple[RecordStore, Clock]
) -> None:
    """On a store of a million one rate left its limits upwards and downwards from the same span on."""
    store, clock = clocked
    keep_days(store, clock, 44, until=datetime.now(UTC), passed=9, rejected=1)
    since = datetime.now(UTC) - timedelta(days=3)
    until = since + timedelta(days=1)
    alarms = tuple(
        Alarm("reject", f"Reject rate {verb}", "words", since, end, {})
        for verb in ("rose", "fell")
        for end in (None, until)
    )
    monkeypatch.setattr(watch_view, "list_alarms", lambda *_: alarms)
    open_watch(app)
    assert not app.exception
    assert all(texts(app).count(f"**Reject rate {verb}**") == 2 for verb in ("rose", "fell"))


def test_every_period_counts_in_words_that_people_use() -> None:
    assert {period.span_hours for period in PERIODS.values()} == set(watch_view._SPANS)
