"""What runs for a tab is there again when the tab is loaded anew, and nobody else's."""

import gc
import weakref
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from streamlit import runtime
from streamlit.testing.v1 import AppTest
from streamlit.web.server.starlette.starlette_app_utils import generate_xsrf_token_string

from inspection.config import ROOT
from inspection.conveyor.pace import Pace
from inspection.occupancy import OCCUPANCY
from inspection.racing.race import Phase, Race
from inspection.records.errors import StoreLost
from inspection.ui import after_reload
from inspection.ui.after_reload import Holding, Tab, is_connected, is_same_browser
from inspection.ui.keeping import Ledger, NotKept
from inspection.ui.live_run import Run
from models.card import write_card
from tests.racing import FAST, PICTURES, Stable, plan_for
from tests.records.makers import CONTEXT, make_inspection
from tests.ui.live_page import start_watching, wait_until, watched  # noqa: F401  (the watched folder)
from tests.ui.measured import make_measured_card
from tests.ui.test_latency_page import find_button

ENOUGH_S = 600.0  # for any machine


@dataclass
class Browser:
    """Under AppTest every tab has the same session and none a connection: here each has its own."""

    current: str = ""
    cookie: str | None = "this browser"
    connected: set[str] = field(default_factory=set)
    tabs: list[AppTest] = field(default_factory=list)

    def open(self, page: str, **address: str) -> AppTest:
        self.current = f"tab {len(self.tabs)}"
        self.connected.add(self.current)
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
        self.tabs.append(app)
        app.run()
        app.query_params.clear()  # of the first page's own link
        for name, value in address.items():
            app.query_params[name] = value
        app.switch_page(page).run()
        assert not app.exception
        return app

    def turn_to(self, app: AppTest) -> AppTest:
        self.current = f"tab {self.tabs.index(app)}"
        return app.run()

    def close(self, app: AppTest) -> None:
        self.connected.discard(f"tab {self.tabs.index(app)}")


@pytest.fixture
def browser(loaded: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Browser]:
    for model in ("resnet50", "compact_cnn"):
        write_card(make_measured_card(model), tmp_path / "weights" / "aluminium" / f"{model}.json")
    tabs = Browser()
    monkeypatch.setattr(after_reload, "own_session", lambda: tabs.current)
    monkeypatch.setattr(after_reload, "own_browser", lambda: tabs.cookie)
    monkeypatch.setattr(after_reload, "is_same_browser", lambda one, other: one is not None and one == other)
    monkeypatch.setattr(after_reload, "is_connected", lambda session: session in tabs.connected)
    monkeypatch.setattr(after_reload, "_FALTER_S", 0.0)
    monkeypatch.setattr("inspection.racing.race.MOST_LAPS", 10**9)  # what the fakes race is over at once
    for module in ("race_run", "live_run"):
        monkeypatch.setattr(f"inspection.ui.{module}.PATIENCE_S", ENOUGH_S)
    yield tabs
    for holding in list(after_reload._held.values()):
        if isinstance(holding.work, Race):
            holding.work.stop()
        elif isinstance(holding.work, Run):
            holding.work.conveyor.stop()


def start_paused(app: AppTest) -> Race:
    """However long the rest of a test takes, this race is not over."""
    app.segmented_control(key="race.length").set_value(300).run()
    find_button(app, "Start the race").click().run()
    race = app.session_state["race.held"].work
    race.pause()
    wait_until(lambda: race.phase is Phase.PAUSED, ENOUGH_S)
    app.run()
    assert not app.exception
    return race


def read_token(app: AppTest) -> str:
    value = app.query_params["run"]
    return value if isinstance(value, str) else value[0]


def is_told_of_another_tab(app: AppTest) -> bool:
    return any("runs in another tab" in caption.value for caption in app.caption)


def test_a_race_goes_on_in_the_tab_that_is_loaded_anew(browser: Browser) -> None:
    first = browser.open("screens/latency.py")
    race = start_paused(first)
    browser.close(first)
    again = browser.open("screens/latency.py", run=read_token(first), line="aluminium")
    assert again.session_state["race.held"].work is race and race.phase is Phase.PAUSED
    assert not again.warning  # it is this person's own work, and the address asks for nothing unknown
    assert read_token(again) == read_token(first)
    find_button(again, "Stop").click().run()
    assert race.phase is Phase.STOPPED and not race.alive
    assert any("Stopped after" in caption.value for caption in again.caption)


def test_two_tabs_never_hold_the_same_race(browser: Browser) -> None:
    first = browser.open("screens/latency.py")
    race = start_paused(first)
    second = browser.open("screens/latency.py", run=read_token(first))
    assert is_told_of_another_tab(second)
    assert find_button(second, "Stop").disabled and "race.held" not in second.session_state
    browser.close(first)
    browser.turn_to(second)
    assert not find_button(second, "Stop").disabled
    browser.turn_to(first)  # it comes back, too late
    assert find_button(first, "Stop").disabled and is_told_of_another_tab(first)
    assert race.phase is Phase.PAUSED


def test_of_two_that_wait_one_gets_it(browser: Browser) -> None:
    holding = Holding(Tab("tab 0"), "ada", "this browser")
    taken: list[str] = []
    browser.connected |= {"tab 1", "tab 2"}

    def take() -> None:
        if holding.take():
            taken.append(holding.tab.session)

    for browser.current in ("tab 1", "tab 2"):
        take()
    assert taken == ["tab 1"]


def test_a_connection_that_only_falters_keeps_its_race(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    holding, looks = Holding(Tab("tab 0"), "ada", "this browser"), iter([False, False, True])
    monkeypatch.setattr(after_reload, "_FALTER_S", ENOUGH_S)
    monkeypatch.setattr(after_reload, "is_connected", lambda session: next(looks))
    assert not holding.take() and holding.tab.session == "tab 0"


def test_who_waits_is_told_when_the_race_has_ended(browser: Browser) -> None:
    first = browser.open("screens/latency.py")
    race = start_paused(first)
    second = browser.open("screens/latency.py", run=read_token(first))
    assert is_told_of_another_tab(second)
    race.stop()
    browser.turn_to(second)
    assert not is_told_of_another_tab(second) and "run" not in second.query_params
    assert any("has ended" in info.value for info in second.info)


def test_who_waits_gets_what_runs_now_not_what_was_stopped_before(browser: Browser) -> None:
    first = browser.open("screens/latency.py")
    stopped, token = start_paused(first), read_token(first)
    second = browser.open("screens/latency.py", run=token)
    browser.turn_to(first)
    find_button(first, "Stop").click().run()
    race = start_paused(first)
    assert stopped.phase is Phase.STOPPED and read_token(first) == token
    browser.close(first)
    browser.turn_to(second)
    assert second.session_state["race.held"].work is race


@pytest.mark.parametrize(
    "whose", ["unknown", "another person's", "another browser's", "a browser's without a cookie", "a line's"]
)
def test_an_address_opens_nothing_of_others(
    browser: Browser, monkeypatch: pytest.MonkeyPatch, whose: str
) -> None:
    if whose == "a browser's without a cookie":
        browser.cookie = None
    first = browser.open("screens/latency.py")
    race = start_paused(first)
    browser.close(first)
    token = "nobody-gave-this-out" if whose == "unknown" else read_token(first)
    if whose == "another person's":
        monkeypatch.setattr(after_reload, "name_person", lambda: "bob@example.org")
    if whose == "another browser's":
        browser.cookie = "a colleague's"
    other = browser.open("screens/live.py" if whose == "a line's" else "screens/latency.py", run=token)
    (told,) = [info.value for info in other.info if "cannot be had here" in info.value]
    assert "more than 20 seconds" in told and "run" not in other.query_params
    assert not any(held in other.session_state for held in ("race.held", "live.run"))
    assert race.phase is Phase.PAUSED
    other.run()
    assert not any("cannot be had here" in info.value for info in other.info)  # said once


def test_a_browser_is_known_behind_every_mask_of_its_cookie() -> None:
    one = generate_xsrf_token_string(b"0123456789abcdef")
    again = generate_xsrf_token_string(b"0123456789abcdef")
    assert one != again and is_same_browser(one, again)
    assert not is_same_browser(one, generate_xsrf_token_string())
    assert not is_same_browser(None, None) and not is_same_browser("", "") and not is_same_browser(one, None)


def test_a_server_that_stops_fails_no_race(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise RuntimeError("Runtime hasn't been created!")

    monkeypatch.setattr(runtime, "get_instance", fail)
    assert is_connected("any")


def test_what_no_session_remembers_is_let_go_without_the_collector() -> None:
    holding = Holding(Tab("tab 0"), "ada", "this browser")
    holding.work = race = Race(
        plan_for(FAST), PICTURES, owner="me", load=Stable().load, attended=holding.tab.is_there
    ).start()
    race.stop()
    race._thread.join()
    gone = weakref.ref(race)
    gc.disable()  # what was set aside it never looks at
    try:
        del race, holding
        assert gone() is None
    finally:
        gc.enable()


def test_a_race_of_the_page_asks_for_its_tab_and_holds_no_more(browser: Browser) -> None:
    first = browser.open("screens/latency.py")
    race = start_paused(first)
    held = gc.get_referents(race._attended)
    assert first.session_state["race.held"].tab in held and first.session_state["race.held"] not in held


def test_what_a_tab_could_not_keep_stays_when_it_takes_a_line_over(
    browser: Browser,
    watched: Path,  # noqa: F811
) -> None:
    first = browser.open("screens/live.py")
    conveyor = start_watching(first)
    wait_until(lambda: conveyor.keeper.read().kept > 0, ENOUGH_S)
    second = browser.open("screens/live.py", run=read_token(first))
    own: Ledger = second.session_state["keeping.ledger"]
    own.note_waiting(waits := NotKept(make_inspection(b"shot"), b"shot", CONTEXT, StoreLost("gone")))
    browser.close(first)
    browser.turn_to(second)
    ledger = second.session_state["keeping.ledger"]
    assert ledger is second.session_state["live.run"].work.ledger and ledger is not own
    assert ledger.waiting == [waits] and len(ledger.kept) > 0  # its own, and what the line kept


def test_who_is_at_work_here_stays_so_when_more_is_taken_over(browser: Browser) -> None:
    first = browser.open("screens/latency.py")
    race = start_paused(first)
    second = browser.open("screens/latency.py", run=read_token(first))
    own = second.session_state["visitor"]
    browser.close(first)
    with OCCUPANCY.hold(own, "a live line"):
        browser.turn_to(second)
    assert second.session_state["race.held"].work is race and second.session_state["visitor"] == own


@pytest.mark.parametrize("waited", [False, True], ids=["reloaded", "waited for"])
@pytest.mark.parametrize("pace", [Pace.of_parts(100), Pace(0.65)], ids=["100 parts", "0.65 m/s"])
def test_a_live_line_goes_on_as_it_was_set(
    browser: Browser,
    watched: Path,  # noqa: F811
    pace: Pace,
    waited: bool,
) -> None:
    first = browser.open("screens/live.py")
    first.selectbox(key="live.model.aluminium").set_value("compact_cnn").run()
    first.segmented_control(key="live.precision.aluminium").set_value("f32").run()
    conveyor = start_watching(first)
    if pace == Pace(0.65):
        first.segmented_control(key="live.unit").set_value("m/s").run()
        first.slider(key="live.metres").set_value(0.65).run()
    if waited:  # with widgets of its own on the page
        again = browser.open("screens/live.py", run=read_token(first))
        assert is_told_of_another_tab(again) and again.slider(key="live.parts").value == 45
        browser.close(first)
        browser.turn_to(again)
    else:
        browser.close(first)
        again = browser.open("screens/live.py", run=read_token(first))
    assert again.session_state["live.run"].work.conveyor is conveyor
    assert again.segmented_control(key="live.source.2").value == "Watched folder"
    assert again.selectbox(key="live.folder").value == "shift-a"
    assert again.selectbox(key="live.model.aluminium").value == "compact_cnn"
    assert again.segmented_control(key="live.precision.aluminium").value == "f32"
    if pace == Pace(0.65):
        assert again.slider(key="live.metres").value == 0.65
    else:
        assert again.slider(key="live.parts").value == 100
    assert conveyor.pace.metres_per_s == pytest.approx(pace.metres_per_s)
    assert not again.warning  # nothing of what is chosen differs from what runs
    wait_until(lambda: conveyor.keeper.read().kept == 3, ENOUGH_S)
    again.session_state["live.run"].work.conveyor.stop()
    again.run()
    gallery = next(each.proto.body for each in again.get("html") if "<figure" in each.proto.body)
    assert "record " in gallery  # what the old tab's line kept is known in this one


def test_a_race_that_is_left_while_it_loads_says_that_nothing_was_measured(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inspection.ui.race_run.PATIENCE_S", 0.0)
    first = browser.open("screens/latency.py")
    browser.close(first)  # between the press and its answer
    find_button(first, "Start the race").click().run()
    race = first.session_state["race.held"].work
    wait_until(lambda: not race.alive, ENOUGH_S)
    first.run()
    assert race.phase is Phase.DESERTED
    (told,) = [info.value for info in first.info if "stopped by itself" in info.value]
    assert "before its first lap" in told and "is below" not in told
