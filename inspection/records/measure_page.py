"""How long the pages about records take to open on a large store: python -m inspection.records.measure_page FOLDER

FOLDER: where `python -m inspection.records.measure --folder FOLDER` has built and kept a store. The server runs here and
a real browser waits until the page can be read; playwright and chromium are needed. Each page is opened in two ways:

- menu: in a tab where the dashboard is open, as people go from page to page all day;
- address: in an empty tab, so that the browser also starts the dashboard itself (about the same for every page).

Before each visit by the menu whatever the server had read of the store is stale, so that every figure holds the queries.
`fresh` is the first visit of all, by address, which also loads code into a server that has just started.
"""

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inspection.config import ROOT

LIMITS_MS = {"page": 1_500.0}
REPEATS = 5
WAIT_MS = 120_000
STALE_S = 31.0  # the pages keep what they have read for half a minute
_STILL = "[data-testid=stApp][data-test-script-state=notRunning]"
_ELSEWHERE = "Models"  # a page that asks the store nothing


@dataclass(frozen=True, slots=True)
class Visit:
    address: str
    sign: str  # what is on the page when it can be read
    link: str | None = None  # its name in the menu; None: there is no such link


PAGES = {
    "Records, a search": Visit("/records", "canvas", "Records"),
    "Records, verdict and line": Visit("/records?verdict=REVIEW&line=aluminium", "canvas"),
    "Records, one record": Visit("/records?record=1", "text=The record matches its hash"),
    "Review": Visit("/review", "text=Start reviewing", "Review"),
    "Watch": Visit("/watch?line=aluminium", "text=Every line and model", "Watch"),
    "Improve": Visit("/promote", "text=Teach a challenger", "Improve"),
}


def measure(folder: Path) -> dict[str, dict[str, float]]:
    from playwright.sync_api import sync_playwright

    with serve(folder) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page()
        page.set_default_timeout(WAIT_MS)
        fresh = {name: time_address(page, address, visit) for name, visit in PAGES.items()}
        by_menu: dict[str, list[float]] = {name: [] for name in PAGES}
        by_address: dict[str, list[float]] = {name: [] for name in PAGES}
        for _ in range(REPEATS):
            for name, visit in PAGES.items():
                by_address[name].append(time_address(page, address, visit))
            time.sleep(STALE_S)
            for name, visit in PAGES.items():
                if visit.link is not None:
                    by_menu[name].append(time_menu(page, visit))
        browser.close()
    return {
        name: {"fresh_ms": fresh[name]}
        | summarise("address", by_address[name])
        | (summarise("menu", by_menu[name]) if by_menu[name] else {})
        for name in PAGES
    }


def summarise(way: str, times: list[float]) -> dict[str, float]:
    return {f"{way}_median_ms": statistics.median(times), f"{way}_worst_ms": max(times)}


def time_address(page: Any, server: str, visit: Visit) -> float:
    page.goto("about:blank")
    started = time.perf_counter()
    page.goto(server + visit.address)
    return wait_for_sign(page, visit, started)


def time_menu(page: Any, visit: Visit) -> float:
    """The first load of a tab is not part of it: the dashboard is open already."""
    page.get_by_role("link", name=_ELSEWHERE).first.click()
    page.get_by_role("heading", name=_ELSEWHERE, exact=True).first.wait_for()
    page.wait_for_selector(_STILL)
    started = time.perf_counter()
    page.get_by_role("link", name=visit.link, exact=False).first.click()
    return wait_for_sign(page, visit, started)


def wait_for_sign(page: Any, visit: Visit, started: float) -> float:
    page.wait_for_selector(visit.sign)
    shown_ms = 1e3 * (time.perf_counter() - started)
    page.wait_for_selector(_STILL)  # else the next visit pays for the rest of this one
    return shown_ms


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """The dashboard over this store, on a free port."""
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", "server.py", "--server.port", str(port)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        env={
            **os.environ,
            "ASSAY_VAR": str(folder.absolute() / "var"),
            "ASSAY_DATABASE_URL": f"sqlite:///{folder.absolute() / 'records.sqlite'}",
            "ASSAY_PICTURES_URL": str(folder.absolute() / "pictures"),
        },
    )
    address = f"http://localhost:{port}"
    try:
        wait_for(f"{address}/_stcore/health")
        yield address
    finally:
        process.terminate()
        process.wait()


def wait_for(address: str) -> None:
    deadline = time.monotonic() + WAIT_MS / 1e3
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError(f"Expected the dashboard at {address}, it did not answer.")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m inspection.records.measure_page", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    if not (chosen.folder / "records.sqlite").is_file():
        parser.error(
            f"expected a store in {chosen.folder}: python -m inspection.records.measure --folder {chosen.folder}"
        )
    found = measure(chosen.folder)
    if chosen.json:
        print(json.dumps({"pages": found, "limits_ms": LIMITS_MS}))
        return
    for name, times in found.items():
        print(f"{name:28}", "  ".join(f"{key} {value:6.0f}" for key, value in times.items()))


if __name__ == "__main__":
    main()
