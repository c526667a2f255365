"""The Live line page over a watched folder, for its tests."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from inspection.conveyor.conveyor import Conveyor
from inspection.conveyor.parts import SHOWN_HEIGHT, SHOWN_WIDTH
from inspection.conveyor.stock import Stock, plan_parts
from tests.ui.fakes import code_of, make_png


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A watched folder with three pictures; the belt is plain, and no part is rendered."""
    belt = np.full((SHOWN_HEIGHT, SHOWN_WIDTH, 3), 60, np.uint8)
    for module in ("conveyor", "watched"):
        monkeypatch.setattr(f"inspection.conveyor.{module}.draw_empty", lambda: belt)
    monkeypatch.setattr("inspection.ui.live_choice.default_stock", lambda: Stock(tmp_path, plan_parts(0)))
    monkeypatch.setattr("inspection.ui.live_run.is_served", lambda: False)
    folder = tmp_path / "watch" / "shift-a"
    folder.mkdir(parents=True)
    monkeypatch.setenv("ASSAY_WATCH", str(folder.parent))
    for number, name in enumerate(("flawless", "cracked", "cracked")):
        (folder / f"{number}-{name}.png").write_bytes(make_png(code_of(name), seed=number))
    return folder


@pytest.fixture
def live(app: AppTest, watched: Path) -> Iterator[AppTest]:
    app.run()
    app.switch_page("screens/live.py").run()
    assert not app.exception
    yield app
    if "live.run" in app.session_state:
        app.session_state["live.run"].work.conveyor.stop()


def find_button(page: AppTest, label: str) -> Any:
    return next(button for button in page.button if button.label == label)


def conveyor_of(page: AppTest) -> Conveyor:
    return page.session_state["live.run"].work.conveyor


def start_watching(page: AppTest) -> Conveyor:
    page.segmented_control(key="live.source.2").set_value("Watched folder").run()
    page.selectbox(key="live.folder").set_value("shift-a").run()
    page.slider(key="live.parts").set_value(100).run()
    find_button(page, "Start the line").click().run()
    assert not page.exception
    return conveyor_of(page)


def wait_until(happened: Any, timeout_s: float = 20.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)
