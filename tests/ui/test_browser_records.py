"""Records in a real browser: found, opened, judged again, printed; and the chain verified."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from inspection.images import decode
from inspection.records.record import Record
from inspection.records.store import open_store
from inspection.records.surroundings import build_full_context
from models.card import write_card
from tests.browser import choose, settle
from tests.models.cards import make_card
from tests.ui.fakes import UNSURE, FakeInspector, code_of, make_line, make_png
from tests.ui.walking import NAMELESS, OVERFLOW, Open

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
HEADER_PX, ROW_PX = 36, 62


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Record]]:
    """The folder to serve, and what was kept in it before the server starts."""
    folder = tmp_path_factory.mktemp("kept")
    (folder / "var").mkdir()
    write_card(
        make_card(line="aluminium", model="resnet50", weights_sha256="0" * 64),
        folder / "weights" / "aluminium" / "resnet50.json",
    )
    return folder, [keep_one(folder, code) for code in (code_of("cracked"), code_of("flawless"), UNSURE)]


def keep_one(folder: Path, code: int, *, seed: int = 0) -> Record:
    store = open_store(f"sqlite:///{folder / 'var' / 'records.sqlite'}", str(folder / "var" / "pictures"))
    inspector, data = FakeInspector(make_line("aluminium")), make_png(code, seed=seed)
    inspection = inspector.inspect(decode(data, name=f"{code}.png"))
    context = build_full_context(inspector, person="Local user", source="upload")  # type: ignore[arg-type]
    record = store.add(inspection, data, context=context)
    store.close()
    return record


@pytest.fixture(scope="module")
def served(records: tuple[Path, list[Record]]) -> Path:
    return records[0]


@pytest.fixture
def page(open_at: Open) -> "Page":
    return open_at("records")


def open_record(page: "Page", record: Record) -> None:
    page.get_by_label("Open by number, code or UID").fill(str(record.id))
    page.get_by_label("Open by number, code or UID").press("Enter")
    page.get_by_text(f"Record {record.id}, kept").wait_for()
    settle(page)


def test_records_are_found_by_their_words_and_taken_away(page: "Page") -> None:
    page.get_by_text(re.compile(r"^\d records$")).wait_for()
    choose(page, "Class", "cracked")
    page.keyboard.press("Escape")
    settle(page)
    page.get_by_text(re.compile(r"^\d records?$")).wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV", exact=True).click()
    rows = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert len(rows) >= 2 and all("cracked" in row for row in rows[1:])


def test_a_record_is_opened_judged_again_and_printed(
    page: "Page", records: tuple[Path, list[Record]]
) -> None:
    record = records[1][0]
    open_record(page, record)
    assert record.code in page.url or "record=" in page.url
    page.get_by_text("REJECT: cracked, 97 %").first.wait_for()
    page.get_by_role("button", name="Replay", exact=True).click()
    page.get_by_text("the same").first.wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="One page (PDF)").click()
    taken = download.value
    assert taken.suggested_filename == f"record-{record.code}.pdf"
    assert taken.path().read_bytes().startswith(b"%PDF-") and taken.path().stat().st_size > 10_000
    assert page.evaluate(NAMELESS) == [] and page.evaluate(OVERFLOW) <= 0


def test_a_row_opens_the_record_that_it_showed(page: "Page", records: tuple[Path, list[Record]]) -> None:
    """Also when one was kept between the drawing and the press: the search then begins with that one."""
    folder, kept = records
    table = page.get_by_test_id("stDataFrame")
    table.wait_for()
    keep_one(folder, code_of("dented"), seed=7)
    table.click(position={"x": 16, "y": HEADER_PX + 1.5 * ROW_PX})
    page.get_by_text(re.compile(r"^Record \d+, kept")).wait_for()
    settle(page)
    page.get_by_text(f"Record {kept[-2].id}, kept").wait_for()


def test_the_chain_is_verified(page: "Page") -> None:
    page.get_by_role("tab", name="Verify").click()
    settle(page)
    page.get_by_role("button", name=re.compile("^Verify")).first.click()
    page.get_by_text("Everything fits").wait_for()
