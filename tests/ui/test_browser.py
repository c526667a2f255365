"""The main walks in a real browser: no answer of 400 or more, no error in the console."""

import io
import zipfile
from typing import TYPE_CHECKING

import pytest

from tests.browser import settle
from tests.ui.fakes import code_of, make_png
from tests.ui.walking import NAMELESS, OVERFLOW

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser


def test_a_page_by_its_address_still_passes_the_door(browser: "Browser", address: str) -> None:
    """The first visit to a fresh server: without our menu, Streamlit would show its own and ask for no role."""
    first = browser.new_page()
    first.set_default_timeout(60_000)
    first.goto(f"{address}/models")
    settle(first)
    first.get_by_role("heading", name="Models").wait_for()
    links = [text.strip() for text in first.get_by_role("navigation").get_by_role("link").all_inner_texts()]
    first.close()
    assert "app" not in links and "Inspect" in " ".join(links)


def verdict(page: "Page") -> str:
    return page.locator("[data-testid=stHtml] [role=status]").inner_text()


def test_a_sample_is_judged_and_another(page: "Page") -> None:
    assert "REJECT: cracked, 97 %" in verdict(page)
    page.get_by_role("button", name="Flawless 01", exact=True).click()
    page.get_by_text("PASS: flawless, 97 %").wait_for()
    assert "sample=flawless-01" in page.url


def test_the_evidence_is_turned_in_the_browser(page: "Page") -> None:
    stage, layer = page.get_by_role("img", name="Picture cracked-01.png"), page.locator("img.layer")
    assert "warmest at the upper centre" in (stage.get_attribute("aria-label") or "")
    assert layer.evaluate("image => image.naturalWidth") == 256
    page.get_by_label("Native 7×7").check(force=True)
    page.wait_for_function("() => true")
    assert layer.evaluate("image => image.decode().then(() => image.naturalWidth)") == 7
    page.get_by_label("Opacity of the heat map").fill("30")
    assert layer.evaluate("image => image.style.opacity") == "0.3"
    page.get_by_label("Before and after").check(force=True)
    divider = page.get_by_label("Divider: the heat map is shown on its right")
    divider.focus()
    before = int(divider.input_value())
    page.keyboard.press("ArrowRight")
    assert int(divider.input_value()) == before + 1
    page.get_by_label("Picture", exact=True).check(force=True)
    assert layer.is_hidden()


def test_the_viewers_controls_outlive_a_change_of_picture(page: "Page") -> None:
    page.get_by_label("Native 7×7").check(force=True)
    page.get_by_role("button", name="Unsure 01", exact=True).click()
    page.get_by_text("REVIEW: flawless").wait_for()
    settle(page)
    assert page.get_by_label("Native 7×7").is_checked()


def test_an_upload_is_judged(page: "Page") -> None:
    page.get_by_text("Upload", exact=True).click()
    chooser = page.locator("input[type=file]")
    chooser.wait_for(state="attached")
    settle(page)
    chooser.set_input_files(
        {"name": "mine.png", "mimeType": "image/png", "buffer": make_png(code_of("dented"))}
    )
    page.get_by_text("REJECT: dented, 97 %").wait_for()


def test_an_archive_makes_a_gallery_to_take_away(page: "Page") -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as writer:
        for index, name in enumerate(("flawless", "cracked", "stained")):
            writer.writestr(f"{name}.png", make_png(code_of(name), seed=index))
        writer.writestr("notes.txt", "not a picture")
    page.get_by_text("Upload", exact=True).click()
    chooser = page.locator("input[type=file]")
    chooser.set_input_files(
        {"name": "shift.zip", "mimeType": "application/zip", "buffer": archive.getvalue()}
    )
    page.get_by_text("4 pictures: 2 REJECT, 1 PASS, 1 REFUSED").wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="Everything (ZIP)").click()
    taken = zipfile.ZipFile(download.value.path())
    assert [name.split("/")[1] for name in taken.namelist()[2:]] == ["pass", "reject", "reject"]
    page.get_by_role("button", name="stained.png", exact=True).click()
    page.get_by_text("REJECT: stained, 97 %").wait_for()


def test_every_control_has_a_name(page: "Page") -> None:
    page.wait_for_load_state("networkidle")  # labels are drawn by code that is loaded late
    page.get_by_role("button", name="Explain this verdict").wait_for()
    page.get_by_role("button", name="Inspect all").wait_for()
    assert page.evaluate(NAMELESS) == []


def test_the_verdict_fits_a_phone(browser: "Browser", address: str) -> None:
    phone = browser.new_page(viewport={"width": 390, "height": 844}, color_scheme="dark")
    phone.set_default_timeout(60_000)
    phone.goto(address)
    settle(phone)
    phone.get_by_text("REJECT: cracked, 97 %").wait_for()
    overflow = phone.evaluate(OVERFLOW)
    phone.close()
    assert overflow <= 0
