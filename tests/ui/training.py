"""What the tests of the Train page share: pictures, a desk at which nothing starts, and runs as their files tell them."""

import json
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from inspection.jobs.desk import Desk
from inspection.jobs.job import OUTCOME, Job, JobState, read_job, write_object, write_standing
from inspection.ui import job_deeds

ROWS = [
    {"epoch": 1, "size": 24, "train_loss": 1.5, "pictures_per_s": 40.0},
    {
        "epoch": 2,
        "size": 32,
        "train_loss": 0.7,
        "pictures_per_s": 30.0,
        "val_loss": 0.6,
        "val_accuracy": 0.875,
    },
]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two classes of pictures that differ, a byte copy, and a file that is no picture."""
    root = tmp_path / "data"
    rng = np.random.default_rng(3)
    for name in ("ok", "bent"):
        (root / "parts" / name).mkdir(parents=True)
        for number in range(6):
            pixels = cv2.resize(
                rng.integers(0, 255, (12, 12, 3), np.uint8), (96, 96), interpolation=cv2.INTER_CUBIC
            )
            cv2.imwrite(str(root / "parts" / name / f"{number}.png"), pixels)
    (root / "parts/ok/copy.png").write_bytes((root / "parts/ok/0.png").read_bytes())
    (root / "parts/bent/broken.png").write_bytes(b"<html>")
    monkeypatch.setenv("ASSAY_DATA", str(root))
    return root


@pytest.fixture
def desk(loaded: object, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """The page's own, in which nothing is ever started."""
    monkeypatch.setattr(Desk, "_start", lambda self, job: None)
    return job_deeds.get_desk()


def open_train(app: AppTest, **query: str) -> AppTest:
    app.run()
    for key, value in query.items():
        app.query_params[key] = value
    app.switch_page("screens/train.py").run()
    assert not app.exception and not app.error, [each.value for each in app.error]
    return app


def open_train_with_errors(app: AppTest, job_id: str) -> None:
    app.run()
    app.query_params["job"] = job_id
    app.switch_page("screens/train.py").run()
    assert not app.exception


def put_job(
    desk: Desk, kind: str, state: JobState, *, result: dict[str, Any] | None = None, **standing: Any
) -> Job:
    arguments = {"data": "parts", "name": "fresh", "line": "aluminium", "model": "resnet50"}
    job = desk.hand_in(kind, f"A {kind}", arguments, by="Somebody")
    write_standing(job.folder, replace(job.standing, state=state, started=time.time() - 200, **standing))
    if result is not None:
        write_object(job.folder / OUTCOME, {"result": result})
    return read_job(job.folder)


def put_run(job: Job, *, state: str = "running", pid: int | None = None) -> None:
    job.run_dir.mkdir()
    (job.run_dir / "epochs.jsonl").write_text(
        "".join(json.dumps(row) + "\n" for row in ROWS) + '{"epoch": 3, "tr'
    )
    now = time.time()
    told = {"state": state, "pid": pid or os.getpid(), "started": now, "heartbeat": now, "message": ""}
    told |= {"epoch": 3, "epochs": 8, "step": 5, "steps": 10, "seconds_left": 300.0}
    (job.run_dir / "status.json").write_text(json.dumps(told))
    (job.folder / "log.txt").write_text("epoch 2/8 at 32 px: loss 0.7\nTraceback: out of luck\n")


def find_button(app: AppTest, label: str) -> Any:
    return next(button for button in app.button if button.label.startswith(label))
