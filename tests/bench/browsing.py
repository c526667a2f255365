"""A real server and a real browser to measure with, on the lines and weights that ship."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from inspection.config import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = os.environ.get("ASSAY_CHROMIUM", "/usr/bin/chromium")
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
IDLE = "[data-testid=stApp][data-test-script-state=notRunning]"
# Resolves with the milliseconds from now until the script has run and the page stands still again.
UNTIL_IDLE = """() => new Promise(resolve => {
  const app = document.querySelector('[data-testid=stApp]'), started = performance.now();
  let ran = false;
  const look = () => {
    const idle = app.getAttribute('data-test-script-state') === 'notRunning';
    if (!idle) ran = true;
    if (idle && ran) { watcher.disconnect(); resolve(performance.now() - started); }
  };
  const watcher = new MutationObserver(look);
  watcher.observe(app, {attributes: true, attributeFilter: ['data-test-script-state']});
  document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'r', code: 'KeyR', keyCode: 82, bubbles: true}));
})"""


@dataclass(frozen=True, slots=True)
class Server:
    address: str
    process: "subprocess.Popen[bytes]"

    @property
    def memory_mib(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/statm").read_text().split()
        return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


@contextmanager
def serve(folder: Path) -> Iterator[Server]:
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = str(free.getsockname()[1])
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "server.py"), "--server.port", port]
    own = os.environ | {"ASSAY_VAR": str(folder)}
    process = subprocess.Popen(command, cwd=ROOT, env=own, start_new_session=True, stdout=subprocess.DEVNULL)
    try:
        server = Server(f"http://localhost:{port}", process)
        wait_for_health(server)
        yield server
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)


def wait_for_health(server: Server) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            raise SystemExit("The server ended before it answered; run `make run` to see why.")
        try:
            with urllib.request.urlopen(f"{server.address}/_stcore/health", timeout=2):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    raise SystemExit("The server did not answer within a minute.")


@contextmanager
def browse() -> Iterator["Browser"]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield browser
        browser.close()


def open_page(browser: "Browser", address: str) -> "Page":
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(address)
    settle(page)
    return page


def settle(page: "Page") -> None:
    page.wait_for_timeout(150)
    page.wait_for_selector(IDLE, timeout=120_000)


def time_rerun(page: "Page") -> float:
    """Streamlit reruns on the key R; milliseconds until the page stands still."""
    return float(page.evaluate(UNTIL_IDLE))


def verdict_of(page: "Page") -> str:
    return page.locator("[data-testid=stHtml] [role=status]").first.inner_text()
