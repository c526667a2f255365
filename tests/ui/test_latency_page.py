"""The Latency page under AppTest with fake inspectors."""

import errno
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from inspection.errors import WeightsMissing
from inspection.jobs.desk import Desk
from inspection.jobs.job import Standing, write_standing
from inspection.jobs.processes import identify
from inspection.occupancy import OCCUPANCY
from inspection.racing.keeping import keep_race, list_kept, races_dir
from inspection.racing.race import Phase, Race
from inspection.types import Precision
from models.card import write_card
from tests.racing import FAST, make_result, wait_for_end
from tests.ui.fakes import FakeInspector, make_line
from tests.ui.measured import make_measured_card
from tests.ui.test_roles import open_app


@pytest.fixture
def page(app: AppTest, tmp_path: Path) -> Iterator[AppTest]:
    for model in ("resnet50", "compact_cnn"):
        write_card(make_measured_card(model), tmp_path / "weights" / "aluminium" / f"{model}.json")
    app.run()
    app.switch_page("screens/latency.py").run()
    assert not app.exception
    yield app
    if "race.held" in app.session_state:
        app.session_state["race.held"].work.stop()


def test_only_models_with_weights_are_offered(page: AppTest, tmp_path: Path) -> None:
    models = page.pills(key="race.models.aluminium")
    assert models.options == ["ResNet50", "Compact CNN, grey"] and not models.help
    (tmp_path / "weights" / "aluminium" / "compact_cnn.json").unlink()
    page.run()
    models = page.pills(key="race.models.aluminium")
    assert models.options == ["ResNet50"] and "Compact CNN, grey" in models.help
    (tmp_path / "weights" / "aluminium" / "resnet50.json").unlink()
    page.run()
    assert "nothing to race" in page.info[0].value and find_button(page, "Start the race").disabled


def find_button(page: AppTest, label: str) -> Any:
    return next(button for button in page.button if button.label == label)


def start(page: AppTest, label: str = "Start the race") -> Race:
    find_button(page, label).click().run()
    assert not page.exception
    race = page.session_state["race.held"].work
    deadline = time.monotonic() + 20
    while race.phase is Phase.LOADING or not any(len(laps.ms) for laps in race.read().laps.values()):
        assert time.monotonic() < deadline and not race.phase.over
        time.sleep(0.01)
    page.run()
    return race


def test_at_first_it_says_what_a_race_is(page: AppTest) -> None:
    assert page.title[0].value == "Latency, live"
    assert "once a round" in page.info[0].value
    assert "No race is kept yet" in page.caption[0].value
    assert [button.label for button in page.button if not button.disabled] == ["Start the race"]


def test_a_plan_with_a_gap_cannot_start(page: AppTest) -> None:
    page.pills(key="race.precisions.aluminium").set_value([]).run()
    assert "at least one" in page.info[0].value and find_button(page, "Start the race").disabled


def test_a_withheld_precision_races_only_where_it_is_asked_for_and_says_so(
    app: AppTest, tmp_path: Path
) -> None:
    told = {"int8": {"withheld": "it changes 14 of 630 pictures"}, "f32": {}}
    folder = tmp_path / "weights" / "aluminium"
    write_card(make_measured_card("resnet50", precisions=told), folder / "resnet50.json")
    write_card(make_measured_card("compact_cnn"), folder / "compact_cnn.json")
    app.run()
    app.switch_page("screens/latency.py").run()
    assert app.pills(key="race.precisions.aluminium").value == ["f32"]
    assert not any("withheld" in caption.value for caption in app.caption)
    app.pills(key="race.precisions.aluminium").set_value(["int8"]).run()
    (said,) = [caption.value for caption in app.caption if "withheld" in caption.value]
    assert "INT8 of ResNet50 is withheld" in said and "14 of 630" in said
    race = start(app)
    race.stop()
    app.run()
    assert set(app.dataframe[0].value["Precision"]) == {"INT8 (withheld now)", "INT8"}


def test_figures_build_up_while_it_runs(page: AppTest) -> None:
    page.pills(key="race.precisions.aluminium").set_value(["int8", "f32"]).run()
    start(page)
    table = page.dataframe[0].value
    assert set(table["Precision"]) == {"INT8", "F32"} and set(table["Batch"]) <= {1, 10}
    tails = (
        table[["p50, ms", "p95, ms", "p99, ms"]].astype(float).ffill(axis=1)
    )  # of few laps they are not told
    assert (tails.diff(axis=1).iloc[:, 1:] >= 0).all(axis=None)
    assert (table["Pictures/s"] > 0).all() and table["First run, ms"].notna().all()
    assert any("threads" in caption.value and "toy 1" in caption.value for caption in page.caption)
    assert find_button(page, "Start the race").disabled and not find_button(page, "Stop").disabled


def test_a_race_that_runs_out_of_laps_says_so(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("inspection.racing.race", "inspection.ui.race_view"):
        monkeypatch.setattr(f"{module}.MOST_LAPS", 30)
    race = start(page)
    deadline = time.monotonic() + 30
    while not race.phase.over and time.monotonic() < deadline:
        time.sleep(0.05)
    page.run()
    assert race.phase is Phase.FINISHED
    assert any("enough for a p99" in caption.value for caption in page.caption)


def test_a_race_in_which_nobody_could_run_claims_no_laps(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(line: str, model: str, precision: str) -> None:
        raise WeightsMissing(f"Expected weights of {model}, found none.")

    monkeypatch.setattr("inspection.loading.load_inspector", refuse)
    find_button(page, "Start the race").click().run()
    race = page.session_state["race.held"].work
    deadline = time.monotonic() + 30
    while not race.phase.over and time.monotonic() < deadline:
        time.sleep(0.05)
    page.run()
    assert race.phase is Phase.FINISHED and len(page.warning) > 0
    assert not any("enough for a p99" in caption.value for caption in page.caption)


def test_pause_resume_stop(page: AppTest) -> None:
    race = start(page)
    find_button(page, "Pause").click().run()
    assert race.phase is Phase.PAUSED
    find_button(page, "Resume").click().run()
    assert race.phase is Phase.RUNNING
    find_button(page, "Stop").click().run()
    assert race.phase is Phase.STOPPED and not race.alive
    assert any("Stopped after" in caption.value for caption in page.caption)
    assert not find_button(page, "Start the race").disabled


def test_a_race_is_kept_compared_and_deleted(page: AppTest) -> None:
    start(page)
    find_button(page, "Stop").click().run()
    page.text_input[0].set_value("Before the change")
    find_button(page, "Keep").click().run()
    (kept,) = list_kept(races_dir())
    assert kept.name == "Before the change"
    page.selectbox(key="race.kept").set_value(kept.id).run()
    assert not page.exception
    assert set(page.dataframe[0].value["Against kept"]) == {"+0%"}
    find_button(page, "Delete it").click().run()
    assert not page.exception and list_kept(races_dir()) == []


def test_a_damaged_kept_race_is_said_and_can_be_deleted(page: AppTest) -> None:
    kept = keep_race(make_result(medians={(FAST, 1): 2.0}), "Power cut", races_dir())
    path = races_dir() / f"{kept.id}.parquet"
    path.write_bytes(bytes(path.stat().st_size))
    page.run()
    page.selectbox(key="race.kept").set_value(kept.id).run()
    assert not page.exception and "damaged or cannot be read" in page.error[0].value
    assert not find_button(page, "Start the race").disabled
    start(page)  # beside a race the same
    find_button(page, "Stop").click().run()
    assert "damaged" in page.error[0].value and len(page.dataframe) == 1
    find_button(page, "Delete it").click().run()
    assert not page.exception and not page.error and list_kept(races_dir()) == []


def test_a_race_that_another_session_deleted_first_is_said(page: AppTest) -> None:
    kept = keep_race(make_result(medians={(FAST, 1): 2.0}), "Twice", races_dir())
    page.run()
    page.selectbox(key="race.kept").set_value(kept.id).run()
    (races_dir() / f"{kept.id}.json").unlink()
    find_button(page, "Delete it").click().run()
    assert not page.exception and "not there" in page.error[0].value
    page.run()
    assert not page.error, "said once"


def test_a_full_disk_is_said_and_the_race_stays(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    start(page)
    find_button(page, "Stop").click().run()
    page.text_input[0].set_value("Too much")
    with monkeypatch.context() as full:
        full.setattr("inspection.racing.keeping.write_atomically", fill)
        find_button(page, "Keep").click().run()
    assert not page.exception and "No space left" in page.error[0].value and len(page.dataframe) == 1
    find_button(page, "Keep").click().run()
    assert [race.name for race in list_kept(races_dir())] == ["Too much"]


def test_the_raced_line_is_named_whatever_line_the_page_shows(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered: list[str] = []
    monkeypatch.setattr("inspection.ui.race_view.offer_result", lambda _result, name: offered.append(name))
    start(page)
    page.selectbox(key="race.line").set_value("bare").run()
    find_button(page, "Stop").click().run()
    assert page.selectbox(key="race.line").value == "bare" and offered[-1] == "race-aluminium"
    assert any(caption.value.startswith("Fake aluminium · toy 1") for caption in page.caption)


def test_a_kept_race_names_its_line_and_one_that_is_gone_by_its_bare_name(page: AppTest) -> None:
    result = make_result(medians={(FAST, 1): 2.0})
    for name, line in (("of a line", "aluminium"), ("of a line that is gone", "glass_2")):
        keep_race(replace(result, plan=replace(result.plan, line=line)), name, races_dir())
    page.run()
    for kept in list_kept(races_dir()):
        page.selectbox(key="race.kept").set_value(kept.id).run()
        title = {"aluminium": "Fake aluminium", "glass_2": r"glass\_2"}[kept.line]
        assert not page.exception
        assert any(caption.value.startswith(f"{title} · openvino 1") for caption in page.caption)


def test_the_next_race_waits_until_the_stopped_one_has_ended(
    page: AppTest, loaded: list[FakeInspector], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model that is being compiled cannot be left in the middle: what starts meanwhile would be timed beside it."""
    compiling, compiled = threading.Event(), threading.Event()

    def load_slowly(line: str, model: str, precision: Precision) -> FakeInspector:
        compiling.set()
        assert compiled.wait(30)
        return FakeInspector(make_line(line), model, precision)

    with monkeypatch.context() as slow:
        slow.setattr("inspection.loading.load_inspector", load_slowly)
        slow.setattr(Race.stop, "__defaults__", (0.05,))
        find_button(page, "Start the race").click().run()
        race = page.session_state["race.held"].work
        assert compiling.wait(20)
        find_button(page, "Stop").click().run()
        assert race.phase is Phase.STOPPED and race.alive
        assert find_button(page, "Start the race").disabled
        assert any("still finishing a step" in caption.value for caption in page.caption)
        under_way = find_button(page, "Start the race")  # pressed before the page said that it must not be
        under_way.proto.disabled = False
        under_way.click().run()
        assert not page.exception and page.session_state["race.held"].work is race
        compiled.set()
        wait_for_end(race)
    page.run()
    assert not any("still finishing a step" in caption.value for caption in page.caption)
    assert start(page) is not race


def test_a_name_that_will_not_do_is_said(page: AppTest) -> None:
    start(page)
    find_button(page, "Stop").click().run()
    page.text_input[0].set_value(" ")
    find_button(page, "Keep").click().run()
    assert "printable" in page.error[0].value and len(page.dataframe) == 1


def test_another_sessions_race_is_said_first(page: AppTest) -> None:
    with OCCUPANCY.hold("somebody else", "a race"):
        page.run()
        assert "another session runs a race" in page.warning[0].value
        start(page, "Start beside it")
    find_button(page, "Stop").click().run()
    assert any("beside other work" in caption.value for caption in page.caption)


def test_a_job_beside_a_race_is_said_first(
    page: AppTest, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A training is a process of its own: no session of this one holds the cores, and yet they are taken."""
    monkeypatch.setattr("inspection.ui.beside._KNOWN_S", 0.0)
    job = desk.hand_in("train", "teach the compact CNN", {}, by="a test")
    write_standing(job.folder, Standing("running", process=identify(os.getpid()), started=time.time()))
    page.run()
    assert "a job runs, “teach the compact CNN”" in page.warning[0].value
    start(page, "Start beside it")
    find_button(page, "Stop").click().run()
    assert any("beside other work" in caption.value for caption in page.caption)


def test_the_page_is_the_managers_and_the_engineers(app: AppTest) -> None:
    open_app(app, '[roles]\n"ada@example.org" = ["auditor"]', is_logged_in=True)
    with pytest.raises(ValueError, match="latency.py"):
        app.switch_page("screens/latency.py")
