"""The walk of each role in a real browser: what an auditor, a manager and an engineer come for."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser import choose, open_from_menu, settle
from tests.ui.fakes import CLASSES
from tests.ui.measured import make_evaluation, make_measured_card, write_measured
from tests.ui.walking import NAMELESS, OVERFLOW, Open

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
LABELS = [number % len(CLASSES) for number in range(60)]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models that were measured on the same pictures, and err on different ones."""
    folder = tmp_path_factory.mktemp("roles")
    for model, mistakes, ms in (("resnet50", {7: 0}, 9.0), ("compact_cnn", {12: 0, 13: 1, 14: 0}, 2.0)):
        evaluations = [
            make_evaluation(LABELS, mistakes, unsure=(3,), split=split, ms=ms)
            for split in ("test", "validation")
        ]
        write_measured(folder / "weights", make_measured_card(model), evaluations)
    return folder


def look_over(page: "Page") -> None:
    page.wait_for_load_state("networkidle")  # labels are drawn by code that is loaded late
    assert page.evaluate(NAMELESS) == [] and page.evaluate(OVERFLOW) <= 0


def test_an_auditor_explains_a_part_and_files_the_sheet(page: "Page") -> None:
    page.get_by_role("button", name="Explain this verdict").click()
    page.get_by_role("heading", name="Explain", exact=True).wait_for()
    settle(page)
    page.get_by_role("img", name="Grad-CAM").first.wait_for()
    look_over(page)
    choose(page, "Class to explain", "dented")
    settle(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="One-page PDF").click()
    assert download.value.suggested_filename.endswith("-dented.pdf")
    assert download.value.path().read_bytes().startswith(b"%PDF-")
    open_from_menu(page, "Records")
    page.get_by_text("1 record").first.wait_for()
    look_over(page)


def test_a_manager_compares_weighs_costs_and_looks_at_latency(open_at: Open) -> None:
    page = open_at("compare")
    page.get_by_role("heading", name="Take ").wait_for()
    look_over(page)
    page.get_by_role("tab", name="Two at a time").click()
    settle(page)
    page.get_by_text("A right, B wrong").first.wait_for()
    page.get_by_role("tab", name="Cost").click()
    settle(page)
    page.get_by_text("per 1,000 parts").first.wait_for()
    open_from_menu(page, "Latency, live")
    page.get_by_text("Nothing was raced yet").wait_for()
    page.get_by_role("button", name="Start the race").click()
    page.get_by_text("s raced").first.wait_for()
    page.locator("[data-testid=stEChartsChart]").first.wait_for()
    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_text("Stopped after").wait_for()
    look_over(page)


def test_a_manager_reads_metrics_at_a_threshold(open_at: Open) -> None:
    page = open_at("metrics")
    page.get_by_text("Decides on all 60 pictures and is wrong on 1.").wait_for()
    page.get_by_role("button", name="Line's policy: 80 %").click()
    page.get_by_text("Decides on 59 of 60 pictures").wait_for()
    look_over(page)


def test_an_engineer_inspects_and_prepares_a_training(page: "Page", served: Path) -> None:
    page.get_by_text("REJECT: cracked, 97 %").wait_for()
    page.get_by_role("button", name="Unsure 01", exact=True).click()
    page.get_by_text("REVIEW: flawless").wait_for()
    open_from_menu(page, "Train")
    page.get_by_text("No pictures yet").wait_for()
    assert str(served) not in page.locator("[data-testid=stMain]").inner_text(), (
        "a machine's own paths are not shown"
    )
    open_from_menu(page, "Models")
    page.get_by_text("Select a row to read the model's card").wait_for()
    look_over(page)
