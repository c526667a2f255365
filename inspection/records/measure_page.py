"""How long the pages about records take to open on a large store: python -m inspection.records.measure_page FOLDER

FOLDER: where `python -m inspection.records.measure --folder FOLDER` has built and kept a store. The server runs here and
a real browser waits until the page stands still; playwright and chromium are needed. A page opened for the second time
has its thumbnails.
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
from pathlib import Path
from typing import Any

from inspection.config import ROOT

LIMITS_MS = {"page": 1_500.0}
REPEATS = 5
WAIT_MS = 120_000
_STILL = "[data-testid=stApp][data-test-script-state=notRunning]"
PAGES = {
    "Records, a search": ("/records", "canvas"),
    "Records, verdict and line": ("/records?verdict=REVIEW&line=aluminium", "canvas"),
    "Records, one record": ("/records?record=1", "text=The record matches its hash"),
    "Review": ("/review", "text=Start reviewing"),
    "Watch": ("/watch?line=aluminium", "text=Every line and model"),
    "Improve": ("/promote", "text=Teach a challenger"),
}


def measure(folder: Path) -> dict[str, dict[str, float]]:
    from playwright.sync_api import sync_playwright

    with serve(folder) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page()
        for path, sign in PAGES.values():  # the server's first visit of each, and the browser's own cache
            page.goto(address + path, timeout=WAIT_MS)
            page.wait_for_selector(sign, timeout=WAIT_MS)
            page.wait_for_selector(_STILL, timeout=WAIT_MS)
        found = {name: time_page(page, address + path, sign) for name, (path, sign) in PAGES.items()}
        browser.close()
    return found


def time_page(page: Any, address: str, sign: str) -> dict[str, float]:
    """sign: what is on the page when it can be read. Then it may go on drawing; "still" is when nothing moves."""
    shown, still = [], []
    for _ in range(REPEATS):
        page.goto("about:blank")
        started = time.perf_counter()
        page.goto(address, timeout=WAIT_MS)
        page.wait_for_selector(sign, timeout=WAIT_MS)
        shown.append(1e3 * (time.perf_counter() - started))
        page.wait_for_selector(_STILL, timeout=WAIT_MS)
        still.append(1e3 * (time.perf_counter() - started))
    return {
        "first_ms": shown[0],
        "median_ms": statistics.median(shown),
        "worst_ms": max(shown),
        "still_ms": statistics.median(still),
    }


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
        print(f"{name:28}", "  ".join(f"{key} {value:8.0f}" for key, value in times.items()))


if __name__ == "__main__":
    main()
