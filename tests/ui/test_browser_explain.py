"""Stopping a slow method in a real browser, and a picture from a camera."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser import CAMERA, Server, launch, serve, settle
from tests.ui.walking import Open

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def server(chromium: Path, served: Path) -> Iterator[Server]:
    """On which a method takes as long as a person needs to stop it."""
    with serve(("-m", "tests.ui.serve", str(served)), beside={"LAP_S": "0.3"}) as server:
        yield server


@pytest.fixture(scope="module")
def browser(chromium: Path) -> "Iterator[Browser]":
    with launch(CAMERA) as browser:
        yield browser


def test_a_slow_method_is_stopped_and_started_again(open_at: Open) -> None:
    page = open_at("explain")
    page.get_by_role("heading", name="Explain").wait_for()
    page.get_by_role("button", name="KernelSHAP").click()
    page.get_by_text(re.compile(r"KernelSHAP: \d+ of \d+ runs")).wait_for()
    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_text("Stopped before it was done.").wait_for()
    settle(page)  # nothing runs on behind it
    assert page.get_by_role("img", name=re.compile("Grad-CAM of")).is_visible()  # the others stay
    page.get_by_role("button", name="Start again").click()
    page.get_by_text(re.compile(r"KernelSHAP: \d+ of \d+ runs")).wait_for()


def test_a_picture_of_the_camera_is_judged(page: "Page") -> None:
    page.get_by_role("radio", name="Camera").click()
    # a person presses when there is something to see
    page.wait_for_function("(document.querySelector('video')?.readyState ?? 0) >= 2")
    settle(page)
    page.get_by_role("button", name="Take photo").click()
    page.get_by_role("img", name="Picture camera.jpg").wait_for()
