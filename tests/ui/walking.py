"""The fixtures of every walk in a real browser. A module that needs more in its folder has a `served` of its own."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser import CHROMIUM, Server, gather_faults, launch, serve, settle

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

Open = Callable[[str], "Page"]
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


@pytest.fixture(scope="module")
def person(browser: "Browser") -> "Iterator[BrowserContext]":
    """Whose browser it is. Streamlit's own files are fetched once for all walks of a module."""
    person = browser.new_context(viewport={"width": 1280, "height": 900})
    person.set_default_timeout(60_000)  # of every tab
    yield person
    person.close()


@pytest.fixture
def open_at(person: "BrowserContext", address: str) -> Iterator[Open]:
    """A page in a tab of its own, without a cookie; the walk fails by what went wrong behind it, too."""
    person.clear_cookies()
    faults: list[list[str]] = []

    def open_at(path: str) -> "Page":
        page = person.new_page()
        faults.append(gather_faults(page, address))
        page.goto(f"{address}/{path}")
        settle(page)
        return page

    yield open_at
    for page in person.pages:
        page.close()
    assert not any(faults), faults


@pytest.fixture
def page(open_at: Open) -> "Page":
    """The first one. A walk that has nothing to do there begins at its own: the first one takes longest to draw."""
    return open_at("")
