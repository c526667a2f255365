"""Train in a real browser: an archive is taken in and checked; a run is followed without flicker, stopped, and told."""

import io
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from inspection.jobs.job import Asked, Standing, read_job, write_object, write_standing
from inspection.jobs.processes import identify
from tests.browser import settle
from tests.ui.fakes import make_png
from tests.ui.walking import OVERFLOW, Open

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


@pytest.fixture
def page(open_at: Open) -> "Page":
    page = open_at("train")
    page.set_viewport_size({"width": 1280, "height": 1200})
    return page


def make_archive() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for number, name in enumerate(("good", "bent")):
            for seed in range(3):
                archive.writestr(
                    f"parts/{name}/{seed}.png", make_png(20 * number, width=96, height=96, seed=seed)
                )
        archive.writestr("parts/good/again.png", make_png(0, width=96, height=96, seed=0))
        archive.writestr("../../escape.png", make_png(0))
    return stream.getvalue()


def test_an_archive_is_taken_in_and_checked(page: "Page", served: Path) -> None:
    page.get_by_text("Upload a ZIP", exact=True).click()
    page.locator("input[type=file]").set_input_files(
        {"name": "parts.zip", "mimeType": "application/zip", "buffer": make_archive()}
    )
    page.get_by_label("Name of the data set").fill("my-parts")
    page.get_by_label("Name of the data set").press("Enter")
    settle(page)
    page.get_by_role("button", name="Unpack").click()
    page.get_by_text("7 pictures were unpacked into 2 classes. 1 file was left out.").wait_for()
    assert not list(served.rglob("escape*"))
    page.get_by_role("button", name="Check the pictures").click()
    page.get_by_text("byte for byte").wait_for()
    page.get_by_text("byte for byte").click()
    page.get_by_role("img", name="Picture good/again.png").wait_for()
    assert page.evaluate(OVERFLOW) <= 0


@pytest.fixture
def run(served: Path) -> Iterator[tuple[Path, "subprocess.Popen[bytes]"]]:
    """A training as its files tell it, and a process that stands for it."""
    home = served / "var/jobs/20990101-000000-abcdef"  # the newest, which is shown first
    (home / "run").mkdir(parents=True)
    asked = Asked(
        home.name, "train", "Train a toy", {"line": "bare", "model": "resnet50"}, "Ada", time.time()
    )
    write_object(home / "job.json", asdict(asked))
    work = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"], start_new_session=True)
    write_standing(home, Standing("running", process=identify(work.pid), started=time.time(), starts=1))
    (home / "log.txt").write_text("epoch 1/8 at 32 px\nthe last line of the log\n")
    tell(home / "run", epoch=1)
    yield home, work
    work.kill()
    work.wait(timeout=10)
    for path in sorted(home.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    home.rmdir()


def tell(folder: Path, *, epoch: int) -> None:
    rows = [
        {"epoch": each, "size": 32, "train_loss": 1 / each, "pictures_per_s": 9.0, "val_accuracy": 0.5}
        for each in range(1, epoch + 1)
    ]
    (folder / "epochs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    now = time.time()
    told = {
        "state": "running",
        "pid": os.getpid(),
        "started": now + 1,
        "heartbeat": now,
        "seconds_left": 90.0,
    }
    write_object(folder / "status.json", {**told, "epoch": epoch + 1, "epochs": 8, "step": 1, "steps": 4})


def test_a_run_is_followed_without_flicker_and_stopped(
    page: "Page", run: tuple[Path, "subprocess.Popen[bytes]"]
) -> None:
    home, work = run
    page.get_by_text("Runs", exact=False).first.click()
    page.get_by_text("Epoch 2 of 8, step 1 of 4").wait_for()
    canvas = page.locator("[data-testid=stMain] canvas").first
    canvas.wait_for()
    canvas.evaluate("node => { node.dataset.mine = 'yes' }")  # a chart that is mounted anew would lose it
    for epoch in (2, 3):
        tell(home / "run", epoch=epoch)
        page.get_by_text(f"Epoch {epoch + 1} of 8, step 1 of 4").wait_for()
        assert canvas.evaluate("node => node.dataset.mine") == "yes"
    page.get_by_role("button", name="Cancel").click()
    page.get_by_text("Cancelled").first.wait_for()
    assert work.wait(timeout=10) == -signal.SIGTERM
    page.get_by_role("button", name="Resume").wait_for()
    assert read_job(home).state == "cancelled"


def test_a_crash_is_told_while_it_is_watched(
    page: "Page", run: tuple[Path, "subprocess.Popen[bytes]"]
) -> None:
    home, work = run
    page.get_by_text("Runs", exact=False).first.click()
    page.get_by_text("Epoch 2 of 8, step 1 of 4").wait_for()
    work.kill()
    page.get_by_text("Crashed").first.wait_for()
    page.get_by_text("the last line of the log").wait_for()
    page.get_by_role("button", name="Resume").wait_for()
    assert read_job(home).state == "crashed"
