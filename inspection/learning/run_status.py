"""What a run says about itself in `status.json`, and how a reader tells that it has died."""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

from inspection.errors import AssayError
from inspection.writing import write_atomically

STATUS = "status.json"
BEAT_S = 5.0
# Only the number of a process that ended may go to another one; nothing beats during a validation, and on a slow machine
# one takes many minutes.
DEAD_AFTER_S = 1800.0


class RunFolderGone(AssayError):
    """Somebody removed the folder of a run that was at work."""


class RunFolderBusy(AssayError):
    """Another process trains in the same folder."""


RunState = Literal["running", "finished", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class RunStatus:
    state: RunState
    pid: int
    started: float  # seconds since 1970, like `heartbeat`
    heartbeat: float
    epoch: int = 0
    epochs: int = 0
    step: int = 0  # within the epoch
    steps: int = 0
    seconds_left: float | None = None
    message: str = ""


class StatusFile:
    """Writes the status, at most once in BEAT_S while nothing but the step changes."""

    def __init__(self, out_dir: Path, epochs: int) -> None:
        now = time.time()
        self._path = out_dir / STATUS
        self.status = RunStatus("running", os.getpid(), now, now, epochs=epochs)
        self._write()

    def beat(self, *, epoch: int, step: int, steps: int, seconds_left: float | None) -> None:
        moved = epoch != self.status.epoch
        if moved or time.time() - self.status.heartbeat >= BEAT_S:
            self.status = replace(
                self.status,
                heartbeat=time.time(),
                epoch=epoch,
                step=step,
                steps=steps,
                seconds_left=seconds_left,
            )
            self._write()

    def end(self, state: RunState, message: str = "") -> None:
        self.status = replace(
            self.status, state=state, message=message, heartbeat=time.time(), seconds_left=None
        )
        self._write()

    def _write(self) -> None:
        write_atomically(self._path, json.dumps(asdict(self.status)).encode())


@contextmanager
def hold_run(out_dir: Path) -> Iterator[None]:
    """One process at a time, whatever it was called with: two would write one run's epochs and weights in turns. No file
    is left behind, and a killed process lets go."""
    out_dir.mkdir(parents=True, exist_ok=True)
    held = os.open(out_dir, os.O_RDONLY)
    try:
        take_hold(held, out_dir)
        yield
    finally:
        os.close(held)


def take_hold(held: int, out_dir: Path) -> None:
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise RunFolderBusy(
            f"Expected a folder in which nothing trains, but another process trains in {out_dir}. Wait until it has ended, or "
            "stop it first; then start this again to go on where it stopped."
        ) from error


@contextmanager
def status_file(out_dir: Path, epochs: int) -> Iterator[StatusFile]:
    """A run that ends by an error says so, whatever the error; the error goes on to the caller."""
    status = StatusFile(out_dir, epochs)
    try:
        yield status
    except BaseException as error:
        if not out_dir.is_dir():
            raise RunFolderGone(
                f"Expected the run's folder {out_dir} to stay while it trains, but it is gone, and what was learnt with it. "
                "Start the training again, and leave its folder until it has ended."
            ) from error
        if isinstance(error, KeyboardInterrupt):
            status.end("cancelled", "Interrupted. Start it again to go on from the last finished epoch.")
        else:
            status.end("failed", f"{type(error).__name__}: {error}")
        raise


def read_status(out_dir: Path) -> RunStatus | None:
    """A run that ended without a word (killed, power cut) is told as failed; one whose process lives is at work."""
    path = out_dir / STATUS
    if not path.exists():
        return None
    status = RunStatus(**json.loads(path.read_text()))
    if status.state == "running" and (
        time.time() - status.heartbeat > DEAD_AFTER_S or not process_lives(status.pid)
    ):
        return replace(
            status, state="failed", message="The process ended without a word. Start it again to resume."
        )
    return status


def process_lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
