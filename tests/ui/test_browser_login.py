"""Login in a real browser against a real provider: who has which menu, and what is refused on our side."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from inspection.racing.keeping import keep_race, list_kept
from tests.browser import choose, find_port, gather_faults, serve, settle
from tests.racing import FAST, make_result
from tests.ui.oidc_provider import CLIENT, SECRET, Provider, Somebody, provide

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

pytestmark = pytest.mark.browser
PEOPLE = {
    "auditor": Somebody("Ada Auditor", "Ada@Example.org"),
    "manager": Somebody("Max Manager", "max@example.org"),
    "engineer": Somebody("Eva Engineer", "eva@example.org"),
    "stranger": Somebody("Sam Stranger", "sam@example.org"),
    "unverified": Somebody("Not Ada", "ada@example.org", verified=False),
    "brief": Somebody("Bo Brief", "bo@example.org"),
}
ROLES = """
[roles]
"ada@example.org" = ["auditor"]
"max@example.org" = ["manager"]
"eva@example.org" = ["engineer"]
"bo@example.org" = ["auditor"]
"""
SECRETS = """
[auth]
redirect_uri = "http://localhost:{port}/oauth2callback"
cookie_secret = "{cookie}"
client_id = "{client}"
client_secret = "{secret}"
server_metadata_url = "{issuer}/.well-known/openid-configuration"
"""


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with provide(dict(PEOPLE)) as provider:
        yield provider


@pytest.fixture(scope="module")
def table(served: Path) -> Path:
    return served / "var" / "roles.toml"


@pytest.fixture(scope="module")
def races(served: Path) -> Path:
    keep_race(make_result(medians={(FAST, 1): 2.0}), "First", served / "var" / "races")
    return served / "var" / "races"


@pytest.fixture(scope="module")
def address(chromium: Path, served: Path, provider: Provider, table: Path, races: Path) -> Iterator[str]:
    port = find_port()
    told = {"port": port, "issuer": provider.issuer, "client": CLIENT, "secret": SECRET, "cookie": "c" * 40}
    (served / "secrets.toml").write_text(SECRETS.format(**told))
    table.write_text(ROLES)
    with serve(("-m", "tests.ui.serve", str(served)), port=port) as server:
        yield server.address


@pytest.fixture
def page(person: "BrowserContext", address: str, provider: Provider, table: Path) -> "Iterator[Page]":
    """In which nobody is logged in."""
    table.write_text(ROLES)
    person.clear_cookies()
    page = person.new_page()
    faults = gather_faults(page, address, provider.issuer)
    page.goto(address)
    yield page
    for tab in person.pages:
        tab.close()
    assert faults == []


def log_in(page: "Page", who: str) -> None:
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("link", name=who, exact=True).click()
    page.locator("[data-testid=stApp]").wait_for()
    settle(page)


def read_menu(page: "Page") -> set[str]:
    page.get_by_role("link", name="Inspect").first.wait_for()
    settle(page)  # the first run may still put Streamlit's own menu away
    links = page.get_by_role("navigation").get_by_role("link").all_inner_texts()
    return {link.strip().splitlines()[-1] for link in links}


OF_ALL = {"Inspect", "Explain", "Live line", "Metrics", "Review", "Watch", "Compare", "Records", "Models"}


@pytest.mark.parametrize(
    ("who", "more"),
    [
        ("auditor", set()),
        ("manager", {"Latency, live", "Improve"}),
        ("engineer", {"Latency, live", "Improve", "Train"}),
    ],
)
def test_each_role_has_its_menu_and_the_way_out(page: "Page", who: str, more: set[str]) -> None:
    page.get_by_role("button", name="Log in").wait_for()
    assert page.get_by_role("link", name="Inspect").count() == 0
    log_in(page, who)
    assert read_menu(page) == OF_ALL | more
    page.get_by_text(f"{PEOPLE[who].name} · {who}").wait_for()
    page.get_by_text("REJECT: cracked, 97 %").wait_for()
    page.get_by_role("button", name="Log out").click()
    page.get_by_role("button", name="Log in").wait_for()


def test_a_page_of_another_role_is_refused_at_its_address(page: "Page", address: str) -> None:
    log_in(page, "auditor")
    # a tab that is not listened to: at any address Streamlit first asks, in vain, whether that is its own root
    tab = page.context.new_page()
    for refused in ("train", "latency", "promote"):
        tab.goto(f"{address}/{refused}")
        tab.get_by_text("Page not found").wait_for()
        settle(tab)
        for title in ("Train", "Latency, live", "Improve"):
            assert tab.get_by_role("heading", name=title, exact=True).count() == 0, refused


def test_a_write_is_refused_once_the_role_is_taken_away(page: "Page", table: Path, races: Path) -> None:
    """The page is still on the manager's screen; the table of roles has changed since it was drawn."""
    log_in(page, "manager")
    page.get_by_role("link", name="Latency, live").click()
    page.get_by_role("heading", name="Latency, live").wait_for()
    settle(page)
    choose(page, "Look at a kept race", "First")
    settle(page)
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete it").wait_for()
    table.write_text(ROLES.replace('"max@example.org" = ["manager"]', '"max@example.org" = ["auditor"]'))
    page.get_by_role("button", name="Delete it").click()
    page.get_by_text("Expected the role manager or engineer").wait_for()
    assert [race.name for race in list_kept(races)] == ["First"]
    tab = page.context.new_page()
    tab.goto(page.url.rsplit("/", 1)[0])
    settle(tab)
    assert read_menu(tab) == OF_ALL


@pytest.mark.parametrize("who", ["stranger", "unverified"])
def test_who_is_not_in_the_table_may_do_nothing(page: "Page", who: str) -> None:
    log_in(page, who)
    page.get_by_role("heading", name="No role yet").wait_for()
    assert page.get_by_role("link", name="Inspect").count() == 0
    page.get_by_role("button", name="Log out").wait_for()


def test_a_token_that_runs_out_asks_for_a_new_login(page: "Page", provider: Provider) -> None:
    """The cookie lasts a month; the provider said some seconds: as few as let this machine draw the page before."""
    menu, door = page.get_by_role("link", name="Inspect").first, page.get_by_role("button", name="Log in")
    for lives_s in (3, 9, 27, 81):
        provider.people["brief"] = replace(PEOPLE["brief"], lives_s=lives_s)
        log_in(page, "brief")
        menu.or_(door).first.wait_for()
        if menu.is_visible():
            break
    assert menu.is_visible()
    page.wait_for_timeout(1000 * max(0.0, provider.ends["brief"] + 0.5 - time.time()))
    page.reload()
    door.wait_for()
    assert menu.count() == 0
