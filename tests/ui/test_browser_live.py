"""The moving pages in a real browser: frames come, none is blank, nothing is remounted, nothing fails."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from inspection.conveyor.world import REVISION
from models.card import write_card
from tests.browser import settle
from tests.ui.belt import WATCH, write_belt
from tests.ui.measured import make_measured_card
from tests.ui.serve import PATIENCE_S
from tests.ui.walking import NAMELESS, Open

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

pytestmark = pytest.mark.browser
PATIENCE_MS = 90_000  # a loaded machine renders the belt slowly
JUDGED = """() => [...document.querySelectorAll('[data-testid=stMetric]')]
    .find(each => each.textContent.includes('Parts judged'))?.textContent"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The line's parts are made here, because rendering them is another test's."""
    folder = tmp_path_factory.mktemp("live")
    write_belt(folder / "var" / "cache" / "belt" / f"r{REVISION}")
    for model in ("resnet50", "compact_cnn"):
        write_card(make_measured_card(model), folder / "weights" / "aluminium" / f"{model}.json")
    return folder


@pytest.fixture
def page(open_at: Open) -> "Page":
    return open_at("live")


def open_page(page: "Page", name: str) -> None:
    page.set_default_timeout(PATIENCE_MS)
    page.get_by_role("link", name=name).click()
    page.get_by_role("heading", name=name).wait_for()
    settle(page)


def start_line(page: "Page") -> None:
    """The page stands at the line: a press on its link would draw it anew, under the button that is pressed next."""
    page.set_default_timeout(PATIENCE_MS)
    page.get_by_role("heading", name="Live line").wait_for()
    page.get_by_role("button", name="Start the line").click()
    page.locator(".stage").wait_for(timeout=PATIENCE_MS)
    page.wait_for_function(
        "stage => Number(stage.dataset.shown) > 5",
        arg=page.locator(".stage").element_handle(),
        timeout=PATIENCE_MS,
    )


def test_the_belt_moves_without_a_blank_frame(page: "Page") -> None:
    start_line(page)
    seen = page.evaluate(
        WATCH, [16, PATIENCE_MS]
    )  # how many a second is `python -m tests.bench.live`'s to say
    assert seen["blank"] == 0 and not seen["waiting"], seen
    assert seen["shown"] >= 16 and seen["different"] >= 8, seen
    page.get_by_text("Parts judged").wait_for()
    handle = page.locator(".stage canvas").element_handle()
    before = page.evaluate(JUDGED)
    page.wait_for_function(f"before => ![undefined, before].includes(({JUDGED})())", arg=before, polling=100)
    assert page.evaluate("canvas => canvas.isConnected", handle)  # the figures were drawn anew, it was not
    assert page.evaluate(NAMELESS) == []
    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_text("The line stands still").wait_for()


@pytest.mark.slow
def test_a_line_whose_page_is_left_stops(page: "Page") -> None:
    start_line(page)
    open_page(page, "Models")
    time.sleep(PATIENCE_S + 2)
    open_page(page, "Live line")
    page.get_by_text("nobody was watching").wait_for()


@pytest.fixture
def reloaded(person: "BrowserContext", address: str) -> "Iterator[Page]":
    """Not listened to: what a page was still fetching when it is loaded anew is told 404."""
    page = person.new_page()
    page.goto(f"{address}/live")
    settle(page)
    yield page
    page.close()


def test_a_line_goes_on_after_a_reload(reloaded: "Page") -> None:
    page = reloaded
    start_line(page)
    page.reload()
    page.locator(".stage").wait_for(timeout=PATIENCE_MS)
    page.get_by_text("Parts judged").wait_for()
    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_text("The line stands still").wait_for()


def test_a_race_goes_on_after_a_reload(reloaded: "Page") -> None:
    """A paused one: what the fakes race would be over meanwhile."""
    page = reloaded
    open_page(page, "Latency, live")
    page.get_by_role("button", name="Start the race").click()
    page.get_by_text("s raced").first.wait_for(timeout=PATIENCE_MS)
    page.get_by_role("button", name="Pause").click()
    page.get_by_text("Paused: ").wait_for()
    page.reload()
    page.get_by_text("Paused: ").wait_for()
    assert page.get_by_role("button", name="Start the race").is_disabled()
    page.get_by_role("button", name="Resume").click()
    page.get_by_text("Finished after").wait_for(timeout=PATIENCE_MS)


def test_a_race_builds_up_and_is_kept(page: "Page") -> None:
    open_page(page, "Latency, live")
    page.get_by_text("1 minute", exact=True).click()
    settle(page)
    page.get_by_role("button", name="Start the race").click()
    page.get_by_text("s raced").first.wait_for(timeout=PATIENCE_MS)
    chart = page.locator("[data-testid=stEChartsChart]").first
    chart.wait_for()
    canvas = chart.locator("canvas").first.element_handle()
    for _ in range(2):
        drawn = page.evaluate("canvas => canvas.toDataURL()", canvas)
        page.wait_for_function(  # at each frame it would take a core
            "([canvas, drawn]) => canvas.toDataURL() !== drawn",
            arg=[canvas, drawn],
            polling=250,
            timeout=PATIENCE_MS,
        )
    assert page.evaluate("canvas => canvas.isConnected", canvas)  # drawn over, not remounted
    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_text("Stopped after").wait_for()
    page.get_by_label("Keep this race as").fill("From the browser")
    page.get_by_role("button", name="Keep", exact=True).click()
    page.get_by_label("Compare with a kept race").wait_for()
    settle(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Every lap (CSV)").click()
    assert (
        download.value.path()
        .read_text(encoding="utf-8-sig")
        .startswith("at_s,model,precision,batch,ms,crowded")
    )
