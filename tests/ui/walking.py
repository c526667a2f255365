"""The fixtures of every walk in a real browser. A module that needs more in its folder has a `served` of its own."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser import CHROMIUM, Server, gather_faults, launch, serve, settle

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

# Runs in the page: what can be pressed or seen and has no name for whoever cannot see it.
NAMELESS = """() => [...document.querySelectorAll('button, input, [role=button], [role=slider], img')]
    .filter(e => e.offsetParent !== null && !e.closest('[aria-hidden=true]'))
    .filter(e => !(e.getAttribute('aria-label') || e.getAttribute('alt') !== null || e.title
        || e.textContent?.trim() || e.labels?.length || e.getAttribute('aria-labelledby')))
    .map(e => e.outerHTML.slice(0, 160))"""
OVERFLOW = "() => document.querySelector('[data-testid=stMain]').scrollWidth - window.innerWidth"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="module")
def server(chromium: Path, served: Path) -> Iterator[Server]:
    """Over made-up lines and the fake inspector; see tests.ui.serve."""
    with serve(("-m", "tests.ui.serve", str(served))) as server:
        yield server


@pytest.fixture(scope="module")
def address(server: Server) -> str:
    return server.address


@pytest.fixture(scope="session")
def chromium() -> Path:
    if not CHROMIUM.exists():
        pytest.skip(f"needs Chromium at {CHROMIUM}; set ASSAY_CHROMIUM, or apt-get install chromium")
    pytest.importorskip("playwright", reason="needs playwright: pip install -r requirements-dev.txt")
    return CHROMIUM


@pytest.fixture(scope="module")
def browser(chromium: Path) -> "Iterator[Browser]":
    with launch() as browser:
        yield browser


@pytest.fixture
def page(browser: "Browser", address: str) -> "Iterator[Page]":
    """On the first page, alone in the browser; the walk fails by what went wrong behind it, too."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(60_000)
    faults = gather_faults(page, address)
    page.goto(address)
    settle(page)
    yield page
    page.close()
    assert faults == [], faults
