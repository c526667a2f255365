"""How the dashboard feels, measured in a real browser: `make bench-app`, or `python -m tests.bench.app [--json]`.

Needs Chromium and playwright, and a quiet machine. Nothing is asserted: a table of what was measured, beside what was aimed
at. It takes about five minutes; figures go to stderr as they come.
"""

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from inspection.config import load_settings
from inspection.engines.machine import describe_machine
from inspection.lines import load_line
from tests.bench.figures import Figure, Meter, show_table
from tests.bench.visits import (
    VERDICT,
    open_page,
    time_first_screen,
    time_pages,
    time_to_verdict,
    time_uploads,
    visit_together,
    weigh_memory,
)
from tests.browser import launch, serve

if TYPE_CHECKING:
    from playwright.sync_api import Browser

LINE = "aluminium"  # what the dashboard opens on
SESSIONS, BATCHES, A_BATCH = 20, 10, 50
TO_VERDICT = "command to first verdict on screen"


@dataclass(frozen=True, slots=True)
class Plan:
    sessions: int
    batches: int  # of A_BATCH pictures


def measure(folder: Path, plan: Plan) -> tuple[list[Figure], str]:
    """The figures, and what the dashboard says of its engine."""
    line, meter = load_line(LINE), Meter()
    beside = {"ASSAY_VAR": str(folder)}
    with launch() as browser:
        meter.note(
            Figure(f"First start of a fresh install: {TO_VERDICT}", round(start_once(browser, beside)), "ms")
        )
        meter.time(f"Warm start: {TO_VERDICT}", lambda: start_once(browser, beside), most=5000)
        with serve(beside=beside) as server:
            page = open_page(browser, server.address)
            page.locator(VERDICT).first.wait_for()
            said = page.locator(VERDICT).first.inner_text().splitlines()[-1]
            time_first_screen(meter, browser, server)
            time_pages(meter, page)
            time_uploads(meter, page, line)
            weigh_memory(meter, page, server, line, batches=plan.batches, a_batch=A_BATCH)
            page.close()
            visit_together(meter, browser, server, line, sessions=plan.sessions)
    return meter.figures, said


def start_once(browser: "Browser", beside: dict[str, str]) -> float:
    """Milliseconds from the command to the first verdict; then it is stopped again."""
    started = time.perf_counter()
    with serve(beside=beside) as server:
        answers_ms = 1e3 * (time.perf_counter() - started)
        return answers_ms + time_to_verdict(browser, server)


def say_surroundings(said: str, load: float) -> str:
    machine = describe_machine()
    return "\n".join(
        (
            f"Machine: {machine.cpu}, {machine.cores} cores, {', '.join(machine.instructions)}, "
            f"{machine.memory_gib:g} GiB, {machine.system}, Python {machine.python}; load {load:.1f} when it began.",
            f"Engine: OpenVINO {version('openvino')}, {load_settings().threads} threads. The page says: {said}",
            f"Browser: Debian's Chromium on the same machine, 1280 × 900; Streamlit {version('streamlit')}.",
        )
    )


def end_cleanly(signum: int, frame: FrameType | None) -> None:
    sys.exit(128 + signum)  # so that the server that was started is stopped, too


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--sessions", type=int, default=SESSIONS)
    parser.add_argument("--batches", type=int, default=BATCHES, help=f"of {A_BATCH} pictures")
    told = parser.parse_args()
    signal.signal(signal.SIGTERM, end_cleanly)
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        figures, said = measure(Path(folder), Plan(told.sessions, told.batches))
    if told.json:
        rows = [asdict(figure) | {"reached": figure.reached} for figure in figures]
        machine = describe_machine().as_dict()
        print(json.dumps({"machine": machine, "load_1_min": load, "engine": said, "figures": rows}))
    else:
        print(say_surroundings(said, load), show_table(figures), sep="\n\n")


if __name__ == "__main__":
    main()
