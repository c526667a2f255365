"""The moving pages in a real browser: frames come, none is blank, nothing is remounted, nothing fails."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from inspection.config import ROOT
from inspection.conveyor.parts import SHOWN_HEIGHT, SHOWN_WIDTH
from inspection.conveyor.stock import CAPACITY, plan_parts
from inspection.conveyor.world import REVISION, VIEW_HEIGHT, VIEW_WIDTH, encode_shot
from inspection.images import encode_png
from tests.ui.fakes import code_of, make_pixels
from tests.ui.test_browser import (  # noqa: F401  (fixtures)
    CHROMIUM,
    NAMELESS,
    browser,
    page,
    settle,
    wait_for,
)

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
PATIENCE_MS = 90_000  # a loaded machine renders the belt slowly

# Looks at the canvas at each frame of the browser: how often it was blank, how many frames were drawn meanwhile.
WATCH = """async ([wanted, milliseconds]) => {
    const stage = document.querySelector(".stage") ?? find(document.body)
    function find(node) {
        for (const child of node.querySelectorAll("*")) {
            const found = child.shadowRoot && (child.shadowRoot.querySelector(".stage") ?? find(child.shadowRoot))
            if (found) return found
        }
    }
    const canvas = stage.querySelector("canvas")
    const context = canvas.getContext("2d")
    const before = Number(stage.dataset.shown), until = performance.now() + milliseconds
    let blank = 0, looks = 0, different = new Set()
    const started = performance.now()
    while (performance.now() < until && Number(stage.dataset.shown) - before < wanted) {
        await new Promise(requestAnimationFrame)
        const row = context.getImageData(0, 180, canvas.width, 1).data
        let sum = 0
        for (let i = 0; i < row.length; i += 4) sum += row[i] + row[i + 1] + row[i + 2]
        looks += 1
        different.add(sum)
        if (sum / (3 * canvas.width) < 10) blank += 1
    }
    return { shown: Number(stage.dataset.shown) - before, blank, looks, different: different.size,
             seconds: (performance.now() - started) / 1000,
             waiting: !stage.querySelector(".wait").hidden }
}"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The server over made-up lines; its parts are made here, because rendering them is another test's."""
    if not CHROMIUM.exists():
        pytest.skip(f"needs Chromium at {CHROMIUM}; set ASSAY_CHROMIUM, or apt-get install chromium")
    pytest.importorskip("playwright", reason="needs playwright: pip install -r requirements-dev.txt")
    folder = tmp_path_factory.mktemp("live")
    write_belt(folder / "var" / "cache" / "belt" / f"r{REVISION}")
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = str(free.getsockname()[1])
    command = [sys.executable, "-m", "tests.ui.serve", port, str(folder)]
    server = subprocess.Popen(command, cwd=ROOT, start_new_session=True)
    try:
        wait_for(f"http://localhost:{port}/_stcore/health", server)
        yield f"http://localhost:{port}"
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=20)


def write_belt(folder: Path) -> None:
    folder.mkdir(parents=True)
    empty = make_pixels(0, width=SHOWN_WIDTH, height=SHOWN_HEIGHT)
    empty[:] = 60
    (folder / "empty.png").write_bytes(encode_png(empty))
    for planned in plan_parts(CAPACITY):
        code = code_of(planned.condition) + 10  # in the middle of its class: the shot is a JPEG
        pixels = make_pixels(code, width=VIEW_WIDTH, height=VIEW_HEIGHT)
        pixels[:16, :16] = code
        (folder / planned.name).write_bytes(encode_shot(pixels))


def open_page(page: "Page", name: str) -> None:  # noqa: F811
    page.set_default_timeout(PATIENCE_MS)
    page.get_by_role("link", name=name).click()
    page.get_by_role("heading", name=name).wait_for()
    settle(page)


def start_line(page: "Page") -> None:  # noqa: F811
    open_page(page, "Live line")
    page.get_by_role("button", name="Start the line").click()
    page.locator(".stage").wait_for(timeout=PATIENCE_MS)
    page.wait_for_function(
        "stage => Number(stage.dataset.shown) > 5",
        arg=page.locator(".stage").element_handle(),
        timeout=PATIENCE_MS,
    )


@pytest.mark.slow  # likewise: it counts frames
def test_the_belt_moves_without_a_blank_frame(page: "Page") -> None:  # noqa: F811
    start_line(page)
    seen = page.evaluate(
        WATCH, [16, PATIENCE_MS]
    )  # how many a second is `python -m tests.bench.live`'s to say
    assert seen["blank"] == 0 and not seen["waiting"], seen
    assert seen["shown"] >= 16 and seen["different"] >= 8, seen
    page.get_by_text("Parts judged").wait_for()
    handle = page.locator(".stage canvas").element_handle()
    page.wait_for_timeout(2500)  # meanwhile the figures are drawn anew, the canvas is not
    assert page.evaluate("canvas => canvas.isConnected", handle)
    assert page.evaluate(NAMELESS) == []
    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_text("The line stands still").wait_for()


@pytest.mark.slow
def test_a_line_whose_page_is_left_stops(page: "Page") -> None:  # noqa: F811
    start_line(page)
    open_page(page, "Models")
    time.sleep(22)
    open_page(page, "Live line")
    page.get_by_text("nobody was watching").wait_for()


@pytest.mark.slow  # times out where the cores are busy with other tests
def test_a_race_builds_up_and_is_kept(page: "Page") -> None:  # noqa: F811
    open_page(page, "Latency, live")
    page.get_by_text("1 minute", exact=True).click()
    settle(page)
    page.get_by_role("button", name="Start the race").click()
    page.get_by_text("s raced").first.wait_for(timeout=PATIENCE_MS)
    chart = page.locator("[data-testid=stEChartsChart]").first
    chart.wait_for()
    canvas = chart.locator("canvas").first.element_handle()
    drawn = page.evaluate("canvas => canvas.toDataURL()", canvas)
    page.wait_for_function(
        "([canvas, drawn]) => canvas.toDataURL() !== drawn", arg=[canvas, drawn], timeout=PATIENCE_MS
    )
    page.wait_for_timeout(2000)
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
