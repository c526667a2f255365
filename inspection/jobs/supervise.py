"""The process that stands over a job: small, without torch, so that it is still there when the work has died."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

from inspection.errors import AssayError
from inspection.jobs.desk import GRACE_S, Desk, desk_at
from inspection.jobs.job import (
    OUTCOME,
    PROGRESS,
    Job,
    JobState,
    Progress,
    Standing,
    read_job,
    read_object,
    write_object,
)
from models.errors import ModelsError

Report = Callable[[str, float | None, str], None]
Work = Callable[[Job, Report], dict[str, Any]]
NICE = 10  # inspections come first
_WRITE_EVERY_S = 0.4
_FAILED, _INTERRUPTED = 2, 130


def run_command(
    arguments: list[str], works: Mapping[str, Work], *, open_at: Callable[[Path], Desk] = desk_at
) -> int:
    """`supervise FOLDER ID` and, as its child, `work FOLDER ID`."""
    part, folder, job_id = arguments
    if part == "supervise":
        return supervise(open_at(Path(folder)), job_id)
    return work(read_job(Path(folder) / job_id), works)


def supervise(desk: Desk, job_id: str) -> int:
    job = desk.claim(job_id)
    if job is None:
        return 1
    stopped: list[float] = []

    def stop(signum: int, frame: FrameType | None) -> None:
        stopped.append(time.monotonic())

    signal.signal(signal.SIGTERM, stop)
    child = subprocess.Popen([*desk.command, "work", str(desk.folder), job_id], stdin=subprocess.DEVNULL)
    code = None
    while code is None:
        try:
            code = child.wait(timeout=0.2)
        except subprocess.TimeoutExpired:
            if stopped and time.monotonic() - stopped[0] > GRACE_S - 5:
                child.kill()
    desk.close(job_id, conclude(job, code, cancelled=bool(stopped)))
    return 0


def conclude(job: Job, code: int, *, cancelled: bool) -> Standing:
    outcome = read_object(job.folder / OUTCOME)
    state: JobState
    if code == 0 and outcome is not None:
        state, message = "finished", ""
    elif cancelled:
        state, message = "cancelled", "Stopped. Resume it to go on from the last finished epoch."
    elif code == _FAILED and outcome is not None:
        state, message = "failed", str(outcome["message"])
    else:
        state, message = "crashed", say_code(code)
    return replace(job.standing, state=state, message=message)


def say_code(code: int) -> str:
    if code == -signal.SIGKILL:
        return "The work was killed, most likely because the machine ran out of memory. The log says how far it came."
    if code < 0:
        return f"The work was ended by {signal.Signals(-code).name}. The log says how far it came."
    return f"The work ended with status {code}, by a fault of ours. The log says where."


def work(job: Job, works: Mapping[str, Work]) -> int:
    signal.signal(signal.SIGTERM, interrupt)
    os.nice(NICE)
    threading.Thread(target=leave_with_parent, args=(os.getppid(),), daemon=True).start()
    begin = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
    print(f"-- {begin} UTC, start {job.standing.starts}: {job.asked.title}", flush=True)
    try:
        result = works[job.asked.kind](job, make_report(job))
    except (AssayError, ModelsError) as error:
        message = f"{type(error).__name__}: {error}"
        print(message, flush=True)
        write_object(job.folder / OUTCOME, {"message": message})
        return _FAILED
    except KeyboardInterrupt:
        print("Stopped.", flush=True)
        return _INTERRUPTED
    write_object(job.folder / OUTCOME, {"result": result})
    return 0


def interrupt(signum: int, frame: FrameType | None) -> None:
    """As Ctrl-C does: what runs may say that it was stopped. A second one changes nothing."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


def leave_with_parent(parent: int) -> None:
    """Nobody would tell of work whose supervisor was killed, and it would run beside the next start of its own job."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGKILL)


def make_report(job: Job) -> Report:
    last: list[tuple[str, float]] = [("", 0.0)]

    def report(phase: str, share_0_1: float | None, words: str) -> None:
        now = time.time()
        if phase != last[0][0] or now - last[0][1] >= _WRITE_EVERY_S:
            last[0] = (phase, now)
            told = Progress(phase, share_0_1, words, now)
            write_object(
                job.folder / PROGRESS,
                {"phase": told.phase, "share_0_1": told.share_0_1, "words": told.words, "at": told.at},
            )

    return report


def main(works: Mapping[str, Work]) -> None:
    sys.exit(run_command(sys.argv[1:], works))
