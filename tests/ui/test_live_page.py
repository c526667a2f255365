"""The Live line page under AppTest, its chart and its marks."""

import errno
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from inspection.conveyor.conveyor import State
from inspection.conveyor.pace import Pace
from inspection.conveyor.parts import SHOWN_HEIGHT, SHOWN_WIDTH, Part
from inspection.conveyor.tally import Answer, Event, Tally
from inspection.errors import DataInvalid
from inspection.images import decode
from inspection.occupancy import OCCUPANCY
from inspection.records.record import Kind
from inspection.records.search import Search
from inspection.types import Box, VerdictKind
from inspection.ui.keeping import get_store
from inspection.ui.live_chart import SHOWN_ANSWERS, build_answers
from inspection.ui.live_choice import MADE, WATCHED, SourceChoice, turn_to_source
from inspection.ui.live_marks import mark_part, place_box
from inspection.ui.live_view import draw_cell, picture_event, say_end
from inspection.ui.overlays import draw_evidence, encode_jpeg, shrink_evidence, to_data_url
from inspection.ui.palette import VERDICT_STYLES, hex_to_rgb
from tests.ui.fakes import FakeInspector, code_of, make_png
from tests.ui.live_page import conveyor_of, find_button, start_watching, wait_until


@pytest.fixture
def page(live: AppTest) -> AppTest:
    """In the place of the page of the walks in a browser."""
    return live


def test_at_first_it_says_what_will_happen(page: AppTest) -> None:
    assert page.title[0].value == "Live line"
    assert "Start the line" in page.info[0].value
    assert find_button(page, "Stop").disabled
    assert "45 parts a minute, 0.30 m/s: a part every 1,333 ms" in page.caption[0].value


def test_the_same_speed_in_the_other_unit(page: AppTest) -> None:
    page.slider(key="live.parts").set_value(150).run()
    page.segmented_control(key="live.unit").set_value("m/s").run()
    assert page.slider(key="live.metres").value == 1.0
    page.slider(key="live.metres").set_value(0.5).run()
    page.segmented_control(key="live.unit").set_value("parts a minute").run()
    assert page.slider(key="live.parts").value == 75


def test_pictures_of_the_folder_are_judged_and_counted(page: AppTest) -> None:
    conveyor = start_watching(page)
    assert "one frame a second" in page.info[0].value  # no route under AppTest: a word, and a still
    wait_until(lambda: conveyor.read().judged == 3)
    page.run()
    values = {metric.label: metric.value for metric in page.metric}
    assert values["Parts judged"] == "3" and values["Rejected"] == "67% (2)" and values["Passed"] == "33% (1)"
    assert page.segmented_control(key="live.events").options[0] == "Rejects (2)"
    assert "within" in " ".join(values) and values["Answer, median"].endswith("ms")


def test_a_line_that_is_started_anew_takes_what_lies_there_again_and_says_so(page: AppTest) -> None:
    first = start_watching(page)
    wait_until(lambda: first.read().judged == 3)
    page.button(key="live.start").click().run()
    second = conveyor_of(page)
    assert second is not first
    wait_until(lambda: second.read().judged == 3)
    assert "started anew takes those that lie there again" in page.selectbox(key="live.folder").help


def test_stop_ends_its_threads_and_keeps_its_figures(page: AppTest) -> None:
    conveyor = start_watching(page)
    wait_until(lambda: conveyor.read().judged >= 1)
    find_button(page, "Stop").click().run()
    assert conveyor.state is State.STOPPED and not conveyor.alive
    assert "stands still" in page.info[0].value
    assert {metric.label: metric.value for metric in page.metric}["Parts judged"] != "0"
    assert find_button(page, "Start the line").label


def test_a_line_that_stopped_by_itself_says_so(page: AppTest) -> None:
    conveyor = start_watching(page)
    conveyor._patience_s = 0.0
    wait_until(lambda: not conveyor.alive)
    page.run()
    assert "nobody was watching" in page.info[0].value


def test_speed_turns_at_once_a_new_source_asks_for_a_restart(page: AppTest) -> None:
    conveyor = start_watching(page)
    page.slider(key="live.parts").set_value(60).run()
    assert conveyor.pace.budget_ms == 1000
    page.segmented_control(key="live.source.2").set_value("Synthesised parts").run()
    assert "Restart it" in page.warning[0].value
    find_button(page, "Restart").click().run()
    assert not conveyor.alive and conveyor_of(page) is not conveyor


def find_toggle(page: AppTest) -> Any:
    return next(toggle for toggle in page.toggle if toggle.label == "Keep these parts")


def read_sources() -> list[tuple[str, str, str]]:
    records = get_store().search(Search(kinds=(Kind.INSPECTION,))).records
    return [
        (record.verdict or "", record.body["source"], record.body["picture"]["name"]) for record in records
    ]


def test_parts_of_a_watched_folder_become_records(page: AppTest) -> None:
    conveyor = start_watching(page)
    wait_until(lambda: conveyor.keeper.read().kept == 3)
    assert sorted(name for _, source, name in read_sources() if source == "watched folder") == [
        "0-flawless.png",
        "1-cracked.png",
        "2-cracked.png",
    ]
    page.run()
    assert any("3 parts kept as records." in caption.value for caption in page.caption)
    assert "record " in " ".join(html.value for html in page.get("html"))


def test_synthesised_parts_are_kept_only_when_it_is_asked(page: AppTest) -> None:
    assert find_toggle(page).value is False and "like real ones" in find_toggle(page).help
    page.segmented_control(key="live.source.2").set_value("Watched folder").run()
    assert find_toggle(page).value is True
    conveyor = start_watching(page)
    find_toggle(page).set_value(False).run()
    assert conveyor.keeper.wanted is False, "it is turned while the line runs"


def test_looking_at_another_source_turns_nothing_of_the_line_that_runs(page: AppTest) -> None:
    conveyor = start_watching(page)
    page.segmented_control(key="live.source.2").set_value("Synthesised parts").run()
    assert find_toggle(page).value is False and conveyor.keeper.wanted is True
    find_toggle(page).set_value(True).run()
    find_toggle(page).set_value(False).run()
    assert conveyor.keeper.wanted is True, "real parts go on being kept"
    assert any("Restart it to use the new choice" in warning.value for warning in page.warning)
    page.segmented_control(key="live.source.2").set_value("Watched folder").run()
    find_toggle(page).set_value(False).run()
    assert conveyor.keeper.wanted is False


def test_a_full_disk_marks_the_parts_and_the_belt_goes_on(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    get_store()
    with monkeypatch.context() as full:
        full.setattr("inspection.records.pictures.PictureStore._write_local", fill)
        conveyor = start_watching(page)
        wait_until(lambda: conveyor.keeper.read().not_kept == 3)
        page.run()
        assert conveyor.state is State.RUNNING and conveyor.read().judged == 3
        assert any("3 not kept" in caption.value for caption in page.caption)
        assert "not kept" in " ".join(html.value for html in page.get("html"))
    page.button(key="keeping.all").click().run()
    assert len([name for _, source, name in read_sources() if source == "watched folder"]) == 3


def test_without_a_folder_it_says_how_to_make_one(
    app: AppTest, watched: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSAY_WATCH", str(watched / "absent"))
    app.run()
    app.switch_page("screens/live.py").run()
    app.segmented_control(key="live.source.2").set_value("Watched folder").run()
    assert "ASSAY_WATCH" in app.info[0].value and "does not exist" in app.info[0].value
    assert not any(button.label == "Start the line" for button in app.button)


def test_a_line_of_made_parts_goes_on_where_no_folder_can_be_looked_into(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_root: Path) -> None:
        raise DataInvalid("the share is lost")

    monkeypatch.setattr("inspection.ui.live_choice.list_folders", refuse)
    turn_to_source(SourceChoice(MADE), Pace.of_parts(60), keeping=True)
    with pytest.raises(DataInvalid):
        turn_to_source(SourceChoice(WATCHED, "."), Pace.of_parts(60), keeping=True)


def test_the_work_of_others_is_said(page: AppTest) -> None:
    with OCCUPANCY.hold("somebody else", "a race"):
        page.run()
        assert any("another session runs a race" in caption.value for caption in page.caption)


def make_answers(count: int, ms: float = 40.0) -> list[Answer]:
    return [Answer(number, number / 2, ms, 30.0, 500.0) for number in range(1, count + 1)]


def test_the_chart_holds_the_last_answers_and_the_budget() -> None:
    spec = build_answers(make_answers(300), 500.0)
    line, alone = spec["series"]
    assert len(line["data"]) == len(alone["data"]) == SHOWN_ANSWERS
    assert line["data"][-1] == [300, 40.0] and alone["data"][0] == [181, 30.0]
    assert line["markLine"]["data"] == [{"yAxis": 500.0}] and spec["yAxis"]["max"] >= 500
    assert build_answers(make_answers(2, ms=900.0), 500.0)["yAxis"]["max"] >= 900


def test_a_mark_has_the_verdicts_colour_and_its_words() -> None:
    shown = np.full((SHOWN_HEIGHT, SHOWN_WIDTH, 3), 90, np.uint8)
    shot = make_png(code_of("cracked"))
    part = Part("a", shot, shown, SHOWN_WIDTH / 320, (0.0, 0.0))
    inspection = FakeInspector().inspect(decode(shot, name="a"))
    drawn = mark_part(part, inspection)
    fill = np.array(hex_to_rgb(VERDICT_STYLES[VerdictKind.REJECT].fill))
    plate = (drawn == fill).all(axis=2)
    assert plate[6].sum() > 200 and (shown == 90).all()  # a plate, on a copy
    left, top = place_box(part, inspection.box or Box(0, 0, 1, 1)).as_list()[:2]
    assert not (drawn[round(top) + 100, round(left)] == 90).all()
    long = mark_part(part, "A VERY LONG WORD THAT MUST BE MADE SMALLER TO STAY WITHIN ITS OWN PIECE OF BELT")
    assert (long[:, :10] == 90).all() and (long[:, -10:] == 90).all()


def test_why_a_line_broke_off_is_said_where_it_can_be_mended() -> None:
    assert say_end(State.RUNNING, None) is None
    assert "fault of ours" in (say_end(State.FAILED, None) or "")
    assert "Expected a\\_b" in (say_end(State.FAILED, "Expected a_b. Mend it.") or "")


def test_a_kept_part_is_drawn_once_with_its_truth_and_no_markup() -> None:
    def page() -> None:
        import streamlit as st

        from tests.ui.test_live_page import draw_twice

        st.text(draw_twice())

    said = AppTest.from_function(page, default_timeout=20).run()
    assert not said.exception
    cell = said.text[0].value
    assert "data:image/jpeg;base64," in cell and "made &lt;b&gt;" in cell and "cracked, 97 %" in cell


def draw_twice() -> str:
    shot = make_png(code_of("cracked"))
    event = Event(7, "a.png", shot, FakeInspector().inspect(decode(shot, name="a.png")), "<b>")
    assert draw_cell(event) == draw_cell(event)
    return draw_cell(event)


def test_each_part_is_shown_with_its_own_picture() -> None:
    def page() -> None:
        import streamlit as st

        from tests.ui.test_live_page import list_mistaken

        st.json(list_mistaken(60))

    said = AppTest.from_function(page, default_timeout=60).run()
    assert not said.exception and said.json[0].value == "[]"


def list_mistaken(parts: int) -> list[int]:
    """Numbers of the shown parts whose picture is of another part, on a line that keeps no records."""
    tally, inspector, mistaken = Tally("flawless"), FakeInspector(), []
    for number in range(1, parts + 1):
        shot = make_png(code_of("cracked"), width=64, height=48, seed=number)
        part = Part(f"{number}.png", shot, np.zeros((1, 1, 3), np.uint8), 1.0, (0.0, 0.0))
        tally.count(
            part, inspector.inspect(decode(shot, name=part.name)), Answer(number, 0.0, 40.0, 30.0, 500.0)
        )
        shown = tally.read().rejects
        mistaken += [event.number for event in shown if picture_event(event) != draw_alone(event)]
    return mistaken


def draw_alone(event: Event) -> str:
    small, evidence = shrink_evidence(decode(event.shot, name="a").pixels, event.inspection, 260)
    return to_data_url(encode_jpeg(draw_evidence(small, evidence), quality=80))
