"""What a person meets in a real browser when the records cannot be written, or the key that signs them cannot be read."""

import re
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser import Server, open_from_menu, settle
from tests.ui.fakes import code_of, make_png

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


@contextmanager
def moved_away(var: Path) -> Iterator[None]:
    """The database is lost."""
    database, away = var / "records.sqlite", var / "put-away.sqlite"
    database.rename(away)
    try:
        yield
    finally:
        away.rename(database)


@contextmanager
def blocked(var: Path) -> Iterator[None]:
    """Files where folders are wanted: no picture can be written, whoever the server runs as."""
    pictures, away = var / "pictures", var / "put-away"
    pictures.rename(away)
    pictures.write_bytes(b"")
    try:
        yield
    finally:
        pictures.unlink()
        away.rename(pictures)


@pytest.mark.parametrize(
    ("sample", "verdict", "lose"),
    [("Flawless 01", "PASS: flawless, 97 %", moved_away), ("Unsure 01", "REVIEW: flawless", blocked)],
    ids=["the database is lost", "no picture can be written"],
)
def test_what_cannot_be_kept_is_shown_and_kept_later(
    page: "Page", served: Path, sample: str, verdict: str, lose: Callable[[Path], Iterator[None]]
) -> None:
    page.get_by_text("Kept as record").first.wait_for()
    with lose(served / "var"):
        page.get_by_role("button", name=sample, exact=True).click()
        page.get_by_text(verdict).first.wait_for()
        page.get_by_text("1 inspection not kept").wait_for()
        page.get_by_role("button", name="Keep it now").wait_for()  # beside the verdict, which says so too
        page.get_by_role("button", name="Keep 1 now").click()
        settle(page)
        page.get_by_text("1 inspection not kept").wait_for()
    page.get_by_role("button", name="Keep 1 now").click()
    page.get_by_text(re.compile(r"Kept as record \d+")).wait_for()
    assert page.get_by_text("not kept").count() == 0


@contextmanager
def without_room(pid: int) -> Iterator[None]:
    """No file of the server's may hold a byte more: as on a full disk, and without the right to mount one."""
    soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux limits another process")
def test_on_a_full_disk_a_part_is_judged_marked_and_kept_once_there_is_room(
    page: "Page", server: Server, served: Path
) -> None:
    page.get_by_text("Kept as record").first.wait_for()
    page.get_by_text("Upload", exact=True).click()
    chooser = page.locator("input[type=file]")
    chooser.wait_for(state="attached")
    with without_room(server.pid):
        chooser.set_input_files(
            {"name": "part.png", "mimeType": "image/png", "buffer": make_png(code_of("stained"))}
        )
        page.get_by_text("REJECT: stained, 97 %").first.wait_for()
        page.get_by_text("1 inspection not kept").wait_for()
        page.get_by_text("No room is left for the record store").wait_for()
        page.get_by_role("button", name="Keep 1 now").click()
        settle(page)
        page.get_by_text("1 inspection not kept").wait_for()
        assert list((served / "var" / "pictures").rglob("*.part")) == [], "nothing half"
    page.get_by_role("button", name="Keep 1 now").click()
    page.get_by_text(re.compile(r"Kept as record \d+")).wait_for()
    assert page.get_by_text("not kept").count() == 0


def test_a_key_that_cannot_be_read_is_named_where_one_signs(page: "Page", served: Path) -> None:
    key = served / "var" / "keys" / "checkpoints.pem"
    key.parent.mkdir(parents=True, exist_ok=True)
    key.write_bytes(b"no key at all")
    key.chmod(0o600)
    open_from_menu(page, "Records")
    page.get_by_role("tab", name="Verify").click()
    settle(page)
    sign = page.get_by_role("button", name="Sign a checkpoint")
    sign.click()
    page.get_by_text(re.compile("Expected an unencrypted PEM key")).wait_for()
    assert page.get_by_text("Checkpoint at record").count() == 0
    key.unlink()
    sign.click()
    page.get_by_text(re.compile("Checkpoint at record")).wait_for()
