"""The measurements themselves: a person's presses in a real browser, and the clock beside them."""

import statistics
import time
from typing import TYPE_CHECKING

from inspection.lines import Line
from tests.bench.figures import Figure, Meter
from tests.bench.pictures import Made, make_pictures, pack
from tests.browser import IDLE, Server, open_from_menu, settle

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

VERDICT = "[data-testid=stHtml] [role=status]"
FIRST_START_MS = 400_000  # on a new machine INT8 is prepared once
_PATIENCE_MS = 120_000
_SETTLE_MS = 150  # what `settle` waits at least
_PLAIN_RUN_MS = 300
# Presses R, as a person does who wants the page drawn anew, and waits until the script has run and the page stands still.
_RERUN = """() => new Promise((resolve, reject) => {
  const app = document.querySelector('[data-testid=stApp]')
  const started = performance.now()
  let ran = false
  const watcher = new MutationObserver(() => {
    const idle = app.getAttribute('data-test-script-state') === 'notRunning'
    if (!idle) ran = true
    if (idle && ran) { watcher.disconnect(); resolve(performance.now() - started) }
  })
  watcher.observe(app, {attributes: true, attributeFilter: ['data-test-script-state']})
  setTimeout(() => { watcher.disconnect(); reject(new Error('the page did not run again')) }, 60000)
})"""


def open_page(browser: "Browser", address: str, *, timeout_ms: float = _PATIENCE_MS) -> "Page":
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(_PATIENCE_MS)
    page.goto(address)
    settle(page, timeout_ms=timeout_ms)
    return page


def time_first_screen(meter: Meter, browser: "Browser", server: Server) -> None:
    meter.time(
        "Another visitor: address to first verdict", lambda: time_to_verdict(browser, server), most=5000
    )


def time_to_verdict(browser: "Browser", server: Server) -> float:
    """Milliseconds from the address to the first verdict that somebody can read."""
    started = time.perf_counter()
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(server.address)
    page.locator(VERDICT).first.wait_for(timeout=FIRST_START_MS)
    took_ms = 1e3 * (time.perf_counter() - started)
    page.close()
    return took_ms


def time_pages(meter: Meter, page: "Page") -> None:
    links = page.get_by_role("navigation").get_by_role("link").all()
    for title in [link.inner_text().strip().splitlines()[-1] for link in links]:

        def visit(title: str = title) -> float:
            page.get_by_role("link", name="Models").first.click()
            settle(page)
            started = time.perf_counter()
            open_from_menu(page, title)
            return 1e3 * (time.perf_counter() - started) - _SETTLE_MS

        if title != "Models":
            visit()  # the first visit fills the caches; what is felt all day is the second
            meter.time(f"{title}: opened", visit, most=1500 if title in ("Metrics", "Compare") else None)
        open_from_menu(page, title)
        page.wait_for_timeout(500)  # late code of the first drawing
        meter.time(f"{title}: rerun, nothing changed", lambda: time_rerun(page), most=_PLAIN_RUN_MS)


def time_rerun(page: "Page") -> float:
    page.wait_for_selector(IDLE)
    watched = page.evaluate_handle(f"() => {{ window.assayRerun = ({_RERUN})() }}")
    page.keyboard.press("r")
    took_ms = float(page.evaluate("() => window.assayRerun"))
    watched.dispose()
    return took_ms


def turn_to_upload(page: "Page") -> None:
    open_from_menu(page, "Inspect")
    page.get_by_role("radio", name="Upload").click()
    page.locator("input[type=file]").first.wait_for(state="attached")
    settle(page)


def take_away(page: "Page") -> None:
    """What was uploaded before: otherwise the next joins it in a gallery."""
    while page.get_by_role("button", name="Remove ").count():
        page.get_by_role("button", name="Remove ").first.click()
        settle(page)


def hand_over(page: "Page", name: str, kind: str, data: bytes) -> None:
    page.locator("input[type=file]").first.set_input_files({"name": name, "mimeType": kind, "buffer": data})


def time_uploads(meter: Meter, page: "Page", line: Line) -> None:
    made = iter(make_pictures(line, 20, seed=1))
    turn_to_upload(page)

    def upload() -> float:
        take_away(page)
        picture = next(made)
        started = time.perf_counter()
        hand_over(page, picture.name, "image/jpeg", picture.data)
        page.get_by_role("img", name=f"Picture {picture.name}").wait_for()
        took_ms = 1e3 * (time.perf_counter() - started)
        settle(page)
        return took_ms

    upload()
    meter.time("Upload to verdict, picture and heat map on screen", upload, most=1000)
    take_away(page)


def weigh_memory(
    meter: Meter, page: "Page", server: Server, line: Line, *, batches: int, a_batch: int
) -> None:
    """A batch and then a batch: caches are bounded, so the second half must not need more than the first."""
    turn_to_upload(page)
    memory_mib = []
    started = time.perf_counter()
    for number in range(batches):
        pictures = make_pictures(line, a_batch, seed=100 + number)
        take_away(page)
        hand_over(page, f"shift-{number}.zip", "application/zip", pack(pictures))
        page.get_by_role("heading", name=f"{a_batch} pictures:").wait_for()
        page.get_by_role("button", name=pictures[0].name).first.wait_for()
        settle(page, timeout_ms=_PATIENCE_MS)
        memory_mib.append(server.memory_mib)
    took_s = time.perf_counter() - started
    take_away(page)
    count = batches * a_batch
    half = len(memory_mib) // 2
    # medians: what the collector happens to have freed when one batch ends moves the last figure by 20 MiB
    grown = statistics.median(memory_mib[half:]) - statistics.median(memory_mib[:half] or memory_mib)
    meter.note(
        Figure(f"{count} inspections in one session, ZIP by ZIP", round(1e3 * took_s / count), "ms each")
    )
    meter.note(Figure(f"Memory of the server after {count} inspections", round(memory_mib[-1]), "MiB"))
    said = ", ".join(f"{mib:.0f}" for mib in memory_mib)
    meter.note(Figure("Growth, second half of them over the first", round(grown, 1), "MiB", 10, said))


def visit_together(meter: Meter, browser: "Browser", server: Server, line: Line, *, sessions: int) -> None:
    """Everybody uploads a picture of their own at the same moment; each must read the answer to theirs."""
    from inspection.images import decode
    from inspection.loading import load_inspector

    pictures = make_pictures(line, sessions, seed=7)
    inspector = load_inspector(line.name, precision=read_precision(browser, server))
    expected = [inspector.inspect(decode(made.data, name=made.name)).verdict.words for made in pictures]
    pages = [
        open_page(browser, server.address) for _ in range(sessions)
    ]  # each a context, so a session, of its own
    for page in pages:
        turn_to_upload(page)
    started = time.perf_counter()
    for page, made in zip(pages, pictures, strict=True):
        hand_over(page, made.name, "image/jpeg", made.data)
    right = sum(
        read_answer(page, made) == words for page, made, words in zip(pages, pictures, expected, strict=True)
    )
    took_ms = 1e3 * (time.perf_counter() - started)
    for page in pages:
        page.close()
    meter.note(Figure(f"{sessions} sessions at once: right answers", right, "answers", least=sessions))
    meter.note(Figure(f"{sessions} sessions at once: all of them answered after", round(took_ms), "ms"))


def read_answer(page: "Page", made: Made) -> str:
    page.get_by_role("img", name=f"Picture {made.name}").wait_for()
    return page.locator(VERDICT).first.inner_text().splitlines()[0]


def read_precision(browser: "Browser", server: Server) -> str:
    """The one that serves: a release may withhold INT8."""
    page = open_page(browser, server.address)
    said = page.locator(VERDICT).first.inner_text()
    page.close()
    return next(word.lower() for word in ("INT8", "BF16", "F32") if f" at {word} " in said)
