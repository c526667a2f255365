"""A server of the dashboard and a Chromium to visit it with: for the walks under tests/ui and the measurements under tests/bench."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from inspection.config import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = Path(os.environ.get("ASSAY_CHROMIUM", "/usr/bin/chromium"))
IDLE = "[data-testid=stApp][data-test-script-state=notRunning]"
STREAMLIT = ("-m", "streamlit", "run", "server.py", "--server.port")
_SETTLED = f"""() => document.querySelector('{IDLE}') !== null
    && [...document.images].every(each => each.complete || each.loading === 'lazy')"""
_LOOK_EVERY_MS = 50  # Playwright itself looks for what it waits for every 500 ms, once it has waited for 270
# At the address of a page Streamlit first asks, in vain, whether that is its own root.
_ROOT_SOUGHT = re.compile(r"/[a-z]+/_stcore/(host-config|health)$")
_QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
CAMERA = (
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
)  # moving bars, and leave to see them
_ANSWERS_WITHIN_S = 60.0
_OPENINGS = 6


class NoAnswer(Exception):
    """The server ended, or says nothing."""


@dataclass(frozen=True, slots=True)
class Server:
    address: str
    pid: int

    @property
    def memory_mib(self) -> float:
        fields = Path(f"/proc/{self.pid}/statm").read_text().split()
        return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


@contextmanager
def serve(
    arguments: Sequence[str] = STREAMLIT, *, beside: Mapping[str, str] | None = None, port: str | None = None
) -> Iterator[Server]:
    """The port follows `arguments`. beside: variables of the environment."""
    port = port or find_port()
    command = [sys.executable, *arguments, port]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **(beside or {})},
        start_new_session=True,
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_for_answer(f"http://localhost:{port}/_stcore/health", process)
        yield Server(f"http://localhost:{port}", process.pid)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)


def find_port() -> str:
    with socket.socket() as free:
        free.bind(("localhost", 0))
        return str(free.getsockname()[1])


def wait_for_answer(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _ANSWERS_WITHIN_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise NoAnswer(
                f"Expected a server at {url}; it ended with {process.returncode}. Its complaint stands above."
            )
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    raise NoAnswer(f"Expected an answer from {url} within {_ANSWERS_WITHIN_S:.0f} s, got none.")


@contextmanager
def launch(beside: Sequence[str] = ()) -> Iterator["Browser"]:
    """beside: switches of Chromium's."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=[*_QUIET, "--disable-sync", *beside]
        )
        yield browser
        browser.close()


def gather_faults(page: "Page", *ours: str) -> list[str]:
    """What goes wrong from now on: answers of 400 and more, errors in the console, requests to anybody but us."""
    faults: list[str] = []

    def hear(text: str, url: str) -> None:
        if "404" not in text or not _ROOT_SOUGHT.search(url):
            faults.append(text)

    page.on("console", lambda said: hear(said.text, said.location["url"]) if said.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("response", lambda got: hear(f"{got.status} {got.url}", got.url) if got.status >= 400 else None)
    page.on(
        "request",
        lambda asked: (
            faults.append(asked.url) if not asked.url.startswith((*ours, "data:", "blob:")) else None
        ),
    )
    return faults


def settle(page: "Page", *, timeout_ms: float = 60_000) -> None:
    """Until the script has run and its pictures are there; 150 ms at least, in which a press becomes a run.

    Streamlit forgets the pictures of a page that is left: one that was still on its way would be answered with 404.
    """
    page.wait_for_timeout(150)
    page.wait_for_function(_SETTLED, polling=_LOOK_EVERY_MS, timeout=timeout_ms)


def choose(page: "Page", field: str, option: str) -> None:
    """From a list that opens. One that a late redrawing of the page has closed again is opened again."""
    from playwright.sync_api import TimeoutError as NotThere

    wanted = page.get_by_role("option", name=option)
    for _ in range(_OPENINGS):
        page.get_by_label(field).click()
        with suppress(NotThere):
            wanted.wait_for(timeout=5_000)
            wanted.click(timeout=5_000)
            return
        settle(page)
    raise NoAnswer(f"Expected the list '{field}' to offer '{option}'; opened it {_OPENINGS} times in vain.")


def open_from_menu(page: "Page", title: str) -> None:
    page.get_by_role("link", name=title, exact=False).first.click()
    page.get_by_role("heading", name=title, exact=True).first.wait_for()
    settle(page)
