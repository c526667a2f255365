"""Stopping a slow method in a real browser, and a picture from a camera."""

import re
from pathlib import Path

import pytest

from tests.browser import CAMERA, gather_faults, launch, serve, settle

pytestmark = pytest.mark.browser


def test_a_slow_method_is_stopped_and_started_again(chromium: Path, tmp_path: Path) -> None:
    slow = {"LAP_S": "0.3"}
    with serve(("-m", "tests.ui.serve", str(tmp_path)), beside=slow) as server, launch() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(60_000)
        faults = gather_faults(page, server.address)
        page.goto(server.address)
        settle(page)
        page.get_by_role("button", name="Explain this verdict").click()
        page.get_by_role("heading", name="Explain").wait_for()
        settle(page)
        page.get_by_role("button", name="KernelSHAP").click()
        page.get_by_text(re.compile(r"KernelSHAP: \d+ of \d+ runs")).wait_for()
        page.get_by_role("button", name="Stop", exact=True).click()
        page.get_by_text("Stopped before it was done.").wait_for()
        settle(page)  # nothing runs on behind it
        assert page.get_by_role("img", name=re.compile("Grad-CAM of")).is_visible()  # the others stay
        page.get_by_role("button", name="Start again").click()
        page.get_by_text(re.compile(r"KernelSHAP: \d+ of \d+ runs")).wait_for()
        page.close()
        assert faults == []


def test_a_picture_of_the_camera_is_judged(chromium: Path, address: str) -> None:
    with launch(CAMERA) as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(60_000)
        faults = gather_faults(page, address)
        page.goto(address)
        settle(page)
        page.get_by_role("radio", name="Camera").click()
        # a person presses when there is something to see
        page.wait_for_function("(document.querySelector('video')?.readyState ?? 0) >= 2")
        settle(page)
        page.get_by_role("button", name="Take photo").click()
        page.get_by_role("img", name="Picture camera.jpg").wait_for()
        page.close()
        assert faults == []
