"""Frames that a browser really draws of a live line: `python -m tests.bench.live [SECONDS]` prints one JSON object.

The real server, line and model; parts of the stock, which are made first if they are not yet kept.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time

from inspection.config import ROOT
from inspection.engines.machine import describe_machine
from tests.ui.test_browser import CHROMIUM, settle, wait_for
from tests.ui.test_browser_live import PATIENCE_MS, WATCH


def main(seconds: float) -> None:
    from playwright.sync_api import sync_playwright

    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = str(free.getsockname()[1])
    command = [sys.executable, "-m", "streamlit", "run", "server.py", "--server.port", port]
    server = subprocess.Popen(command, cwd=ROOT, start_new_session=True, stdout=subprocess.DEVNULL)
    try:
        wait_for(f"http://localhost:{port}/_stcore/health", server)
        with sync_playwright() as playwright:
            quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
            chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=quiet)
            page = chromium.new_page(viewport={"width": 1280, "height": 900})
            page.goto(f"http://localhost:{port}/live")
            settle(page)
            page.get_by_role("button", name="Start the line").click()
            page.locator(".stage").wait_for(timeout=PATIENCE_MS)
            page.get_by_text("Making parts ahead").wait_for(state="detached", timeout=20 * PATIENCE_MS)
            time.sleep(3)
            seen = page.evaluate(WATCH, [10**9, seconds * 1e3])
            chromium.close()
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=20)
    told = {
        "machine": describe_machine().as_dict(),
        "load_1_min": os.getloadavg()[0],
        "seconds": round(seen["seconds"], 1),
        "frames_per_s": round(seen["shown"] / seen["seconds"], 1),
        "blank_frames": seen["blank"],
        "looks": seen["looks"],
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 20.0)
