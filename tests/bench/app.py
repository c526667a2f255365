"""How the dashboard feels, measured in a real browser: `make bench-app`, or `python -m tests.bench.app [--json]`.

Needs Chromium and playwright. Nothing is asserted: a table of what was measured, beside what was aimed at.
"""

import argparse
import io
import json
import statistics
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from inspection.engines.machine import describe_machine
from inspection.lines import Line, list_lines
from tests.bench.browsing import Server, browse, open_page, serve, settle, time_rerun, verdict_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

REPEATS = 9
SESSIONS = 20
VERDICT = "[data-testid=stHtml] [role=status]"
FIRST_START_MS = 600_000  # INT8 is prepared once on each machine
BATCHES, A_BATCH = 10, 50  # 500 inspections


@dataclass(frozen=True, slots=True)
class Figure:
    what: str
    measured: float
    unit: str
    aim: str
    spread: str = ""  # the slowest of the repeats


def measure(folder: Path, *, sessions: int, batches: int) -> list[Figure]:
    line = list_lines()[0]
    figures: list[Figure] = []
    with serve(folder) as server, browse() as browser:
        page = open_page(browser, server.address)
        figures += measure_first_screen(browser, server)
        figures += measure_pages(page)
        figures.append(measure_uploads(page, server, line))
        figures += measure_memory(page, server, line, batches)
        page.close()
        figures += measure_sessions(browser, server, line, sessions)
    return figures


def measure_first_screen(browser: "Browser", server: Server) -> list[Figure]:
    def open_again() -> float:
        started = time.perf_counter()
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(server.address)
        page.locator(VERDICT).first.wait_for(timeout=FIRST_START_MS)
        took = 1e3 * (time.perf_counter() - started)
        page.close()
        return took

    first = Figure("first verdict of a fresh install: the model is prepared", round(open_again()), "ms", "")
    return [first, summarise("first verdict on screen, warm server", open_again, aim="≤ 5000 ms")]


def measure_pages(page: "Page") -> list[Figure]:
    figures = []
    titles = [link.inner_text().strip() for link in page.get_by_role("navigation").get_by_role("link").all()]
    for title in [title.splitlines()[-1] for title in titles]:

        def open_it(title: str = title) -> float:
            page.get_by_role("link", name="Inspect").first.click()
            settle(page)
            started = time.perf_counter()
            page.get_by_role("link", name=title).first.click()
            page.get_by_role("heading", name=title, exact=True).first.wait_for()
            settle(page)
            return 1e3 * (time.perf_counter() - started) - 150  # what settle waits at least

        open_it()  # the first visit fills the caches; what is felt all day is the second
        aim = "≤ 1500 ms" if title in ("Metrics", "Compare") else ""
        figures.append(summarise(f"{title}: opened", open_it, aim=aim))
        figures.append(summarise(f"{title}: rerun", lambda: time_rerun(page), aim="≤ 300 ms"))
    return figures


def measure_uploads(page: "Page", server: Server, line: Line) -> Figure:
    pictures = iter(make_pictures(line, REPEATS))
    page.get_by_role("link", name="Inspect").first.click()
    settle(page)
    page.get_by_text("Upload", exact=True).click()
    settle(page)

    def upload() -> float:
        name, data = next(pictures)
        started = time.perf_counter()
        page.locator("input[type=file]").first.set_input_files(
            {"name": name, "mimeType": "image/jpeg", "buffer": data}
        )
        page.get_by_role("img", name=f"Picture {name}").wait_for(timeout=60_000)
        took = 1e3 * (time.perf_counter() - started)
        settle(page)
        return took

    return summarise("upload to verdict with its picture", upload, aim="≤ 1000 ms")


def measure_memory(page: "Page", server: Server, line: Line, batches: int) -> list[Figure]:
    """The first batches fill caches that are bounded; what grows after them would grow for ever."""
    memory = []
    pictures = make_pictures(line, batches * A_BATCH)
    for start in range(0, len(pictures), A_BATCH):
        archive = pack(pictures[start : start + A_BATCH])
        name = f"shift-{start}.zip"
        page.locator("input[type=file]").first.set_input_files(
            {"name": name, "mimeType": "application/zip", "buffer": archive}
        )
        page.get_by_text(f"{pictures[start][0]}").first.wait_for(timeout=300_000)
        settle(page)
        memory.append(server.memory_mib)
    half = memory[len(memory) // 2 :]
    return [
        Figure(f"server after {len(pictures)} inspections in one session", round(memory[-1]), "MiB", ""),
        Figure("growth over the second half of them", round(half[-1] - half[0], 1), "MiB", "no growth"),
    ]


def measure_sessions(browser: "Browser", server: Server, line: Line, sessions: int) -> list[Figure]:
    """Everybody uploads a picture of their own at the same moment; each must read the answer to theirs."""
    from inspection.images import decode
    from inspection.pipeline import load_inspector

    inspector = load_inspector(line.name)
    pictures = make_pictures(line, sessions, seed=7)
    expected = [inspector.inspect(decode(data, name=name)).verdict.words for name, data in pictures]
    pages = [open_page(browser.new_context(), server.address) for _ in range(sessions)]
    for page in pages:
        page.get_by_text("Upload", exact=True).click()
        settle(page)
    started = time.perf_counter()
    for page, (name, data) in zip(pages, pictures, strict=True):
        page.locator("input[type=file]").first.set_input_files(
            {"name": name, "mimeType": "image/jpeg", "buffer": data}
        )
    right = 0
    for page, (name, _), words in zip(pages, pictures, expected, strict=True):
        page.get_by_role("img", name=f"Picture {name}").wait_for(timeout=120_000)
        right += words in verdict_of(page)
    seconds = time.perf_counter() - started
    for page in pages:
        page.close()
    return [
        Figure(f"{sessions} sessions at once: right answers", right, f"of {sessions}", f"{sessions}"),
        Figure(f"{sessions} sessions at once: all answered", round(1e3 * seconds), "ms", ""),
    ]


def make_pictures(line: Line, count: int, seed: int = 1) -> list[tuple[str, bytes]]:
    """The line's samples, each time a little brighter or darker: no two have the same bytes."""
    rng = np.random.default_rng(seed)
    sources = [cv2.imread(str(path)) for path in line.samples]
    found = []
    for index in range(count):
        changed = cv2.convertScaleAbs(sources[index % len(sources)], alpha=float(rng.uniform(0.92, 1.08)))
        name = f"part-{seed}-{index:03d}.jpg"
        found.append((name, np.asarray(cv2.imencode(".jpg", changed)[1]).tobytes()))
    return found


def pack(pictures: list[tuple[str, bytes]]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as writer:
        for name, data in pictures:
            writer.writestr(name, data)
    return stream.getvalue()


def summarise(what: str, call: Callable[[], float], *, aim: str) -> Figure:
    found = [call() for _ in range(REPEATS)]
    return Figure(what, round(statistics.median(found)), "ms", aim, f"slowest {max(found):.0f} of {REPEATS}")


def show(figures: list[Figure]) -> str:
    rows = [f"| {f.what} | {f.measured:g} {f.unit} | {f.aim} | {f.spread} |" for f in figures]
    return "\n".join(["| what | median | aim | spread |", "| --- | --- | --- | --- |", *rows])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--sessions", type=int, default=SESSIONS)
    parser.add_argument("--batches", type=int, default=BATCHES, help=f"of {A_BATCH} pictures")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), sessions=told.sessions, batches=told.batches)
    machine = describe_machine()
    if told.json:
        print(json.dumps({"machine": asdict(machine), "figures": [asdict(figure) for figure in figures]}))
    else:
        print(machine, show(figures), sep="\n\n")


if __name__ == "__main__":
    main()
