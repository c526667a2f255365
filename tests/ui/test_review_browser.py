"""The review queue in a real browser, by its keys alone; and by the mouse and the keys together."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from inspection.records.record import Kind, Record
from inspection.records.review_rules import ReviewRules, change_rules
from inspection.records.search import Search
from inspection.records.store import RecordStore, open_store
from tests.browser import IDLE
from tests.ui.review_parts import ask_about
from tests.ui.walking import Open

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reviewed")


@pytest.fixture(scope="module")
def store(folder: Path) -> Iterator[RecordStore]:
    """Another process's view of the records that the server keeps."""
    var = folder / "var"
    var.mkdir()
    opened = open_store(f"sqlite:///{var / 'records.sqlite'}", str(var / "pictures"))
    change_rules(opened, ReviewRules(0.0, 0.0, 0.0, 0.0), person="ada")
    ask_about(opened, 6)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def served(folder: Path, store: RecordStore) -> Path:
    """Filled before the server starts."""
    return folder


@pytest.fixture
def page(open_at: Open) -> "Page":
    page = open_at("review")
    page.get_by_role("button", name="Start reviewing").wait_for()
    return page


def see(page: "Page", words: str) -> None:
    page.get_by_text(words).first.wait_for()
    page.wait_for_selector(IDLE)


def see_chosen(page: "Page", label: str) -> None:
    page.locator("[data-testid=stBaseButton-primary]", has_text=label).wait_for()


def list_decisions(store: RecordStore, part: int) -> list[Record]:
    found = (record for record in store.about(part) if record.kind is Kind.DECISION)
    return list(found)


def test_a_part_is_reviewed_by_keys_alone(page: "Page", store: RecordStore) -> None:
    before = store.count(Search(kinds=(Kind.DECISION,)))
    page.keyboard.press("Enter")
    see(page, "Your answer first")
    part = read_part(page)
    page.keyboard.press("3")
    see_chosen(page, "Cracked")
    page.keyboard.press("Enter")
    see(page, "Your answer is kept")
    assert page.get_by_role("status").first.is_visible()
    page.keyboard.press("1")
    see(page, "Or in your own words")
    page.keyboard.press("s")
    page.get_by_role("button", name="Confirm, next part").and_(page.locator(":enabled")).wait_for()
    page.keyboard.press("Enter")
    see(page, "Your answer first")
    assert read_part(page) != part
    blind, shown = list_decisions(store, part)
    assert (blind.class_name, shown.class_name, shown.body["reason"]) == (
        "cracked",
        "flawless",
        "Within tolerance",
    )
    assert 0 < shown.body["took_ms"] < 120_000
    page.keyboard.press("u")
    see(page, "the old answer stays")
    page.keyboard.press("j")
    see(page, "Your answer first")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Start reviewing").wait_for()
    assert store.count(Search(kinds=(Kind.DECISION,))) == before + 2


def test_typing_a_reason_presses_no_other_key(page: "Page", store: RecordStore) -> None:
    """What was pressed by mouse keeps the focus, and Enter must not press it again."""
    page.get_by_role("button", name="Start reviewing").click()
    see(page, "Your answer first")
    part = read_part(page)
    page.get_by_role("button", name="Dented").click()
    see_chosen(page, "Dented")
    page.wait_for_selector(IDLE)
    page.keyboard.press("Enter")
    see(page, "Your answer is kept")
    page.get_by_role("button", name="Stained").click()
    field = page.get_by_label("Or in your own words")
    field.fill("")
    field.press_sequentially("junk nudges 3 s")
    field.press("Enter")
    page.get_by_role("button", name="Confirm, next part").and_(page.locator(":enabled")).wait_for()
    assert read_part(page) == part
    page.get_by_role("button", name="Confirm, next part").click()
    see(page, "Your answer first")
    shown = list_decisions(store, part)[-1]
    assert (shown.class_name, shown.body["reason"]) == ("stained", "junk nudges 3 s")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Start reviewing").wait_for()


def read_part(page: "Page") -> int:
    return int((page.get_by_text(re.compile(r"^Record \d+$")).first.text_content() or "").split()[1])
