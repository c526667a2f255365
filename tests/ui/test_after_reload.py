"""What runs for a tab is there again when the tab is loaded anew, and nobody else's."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from inspection.config import ROOT
from inspection.racing.race import Phase, Race
from inspection.ui import after_reload
from inspection.ui.live_run import Run
from models.card import write_card
from tests.ui.measured import make_measured_card
from tests.ui.test_latency_page import find_button, start
from tests.ui.test_live_page import folder, start_watching, wait_until  # noqa: F401  (the watched folder)


@dataclass
class Browser:
    """Under AppTest every tab has the same session and none a connection: here each has its own."""

    current: str = ""
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
    monkeypatch.setattr(after_reload, "is_connected", lambda session: session in tabs.connected)
    yield tabs
    for holding in list(after_reload._held.values()):
        if isinstance(holding.work, Race):
            holding.work.stop()
        elif isinstance(holding.work, Run):
            holding.work.conveyor.stop()


def read_token(app: AppTest) -> str:
    value = app.query_params["run"]
    return value if isinstance(value, str) else value[0]


def test_a_race_goes_on_in_the_tab_that_is_loaded_anew(browser: Browser) -> None:
    first = browser.open("screens/latency.py")
    race = start(first)
    browser.close(first)
    again = browser.open("screens/latency.py", run=read_token(first), line="aluminium")
    assert again.session_state["race.held"].work is race and race.phase is Phase.RUNNING
    assert not again.warning  # it is this person's own work, and the address asks for nothing unknown
    assert read_token(again) == read_token(first)
    find_button(again, "Stop").click().run()
    assert race.phase is Phase.STOPPED and not race.alive
    assert any("Stopped after" in caption.value for caption in again.caption)


def test_two_tabs_never_hold_the_same_race(browser: Browser) -> None:
    first = browser.open("screens/latency.py")
    race = start(first)
    second = browser.open("screens/latency.py", run=read_token(first))
    assert any("runs in another tab" in caption.value for caption in second.caption)
    assert find_button(second, "Stop").disabled and "race.held" not in second.session_state
    browser.close(first)
    browser.turn_to(second)
    assert not find_button(second, "Stop").disabled
    browser.turn_to(first)  # it comes back, too late
    assert find_button(first, "Stop").disabled and race.phase is Phase.RUNNING


@pytest.mark.parametrize("whose", ["unknown", "another person's", "a live line's"])
def test_an_address_opens_nothing_of_others(
    browser: Browser, monkeypatch: pytest.MonkeyPatch, whose: str
) -> None:
    first = browser.open("screens/latency.py")
    race = start(first)
    browser.close(first)
    token = "nobody-gave-this-out" if whose == "unknown" else read_token(first)
    if whose == "another person's":
        monkeypatch.setattr(after_reload, "name_person", lambda: "bob@example.org")
    page = "screens/live.py" if whose == "a live line's" else "screens/latency.py"
    other = browser.open(page, run=token)
    (told,) = [info.value for info in other.info if "that this address names is gone" in info.value]
    assert "stopped when the tab is away" in told and "run" not in other.query_params
    assert not any(held in other.session_state for held in ("race.held", "live.run"))
    assert race.phase is Phase.RUNNING


def test_a_live_line_goes_on_as_it_was_set(browser: Browser, folder: Path) -> None:  # noqa: F811
    first = browser.open("screens/live.py")
    conveyor = start_watching(first)
    browser.close(first)
    again = browser.open("screens/live.py", run=read_token(first))
    assert again.session_state["live.run"].work.conveyor is conveyor
    assert again.segmented_control(key="live.source.2").value == "Watched folder"
    assert again.selectbox(key="live.folder").value == "shift-a"
    assert again.slider(key="live.parts").value == 100 and round(conveyor.pace.parts_per_min) == 100
    assert not again.warning  # nothing of what is chosen differs from what runs
    wait_until(lambda: conveyor.keeper.read().kept == 3)
    again.session_state["live.run"].work.conveyor.stop()
    again.run()
    gallery = next(each.proto.body for each in again.get("html") if "<figure" in each.proto.body)
    assert "record " in gallery  # what the old tab's line kept is known in this one
