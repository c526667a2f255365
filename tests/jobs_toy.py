"""A desk whose jobs are small: the real supervisor and real processes, `python -m tests.jobs_toy supervise FOLDER ID`."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from inspection.errors import DataInvalid
from inspection.jobs.desk import Desk
from inspection.jobs.job import Job
from inspection.jobs.supervise import Report, run_command

COMMAND = (sys.executable, "-m", "tests.jobs_toy")


def open_toys(folder: Path) -> Desk:
    return Desk(folder, COMMAND, heavy=("toy", "stubborn"))


def play(job: Job, report: Report) -> dict[str, Any]:
    """arguments: what."""
    what = job.asked.arguments["what"]
    report("Playing", 0.5, what)
    print("played with", what, flush=True)
    if what == "nonsense":
        raise DataInvalid("Expected a toy, got nonsense. Bring another.")
    if what == "bug":
        raise RuntimeError("a fault of ours")
    if what == "bomb":
        os.kill(os.getpid(), signal.SIGKILL)
    wait_for(job, what)
    return {"what": what}


def wait_for(job: Job, what: str) -> None:
    if what == "family":  # a grandchild, as a data loader would be
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        (job.folder / "grandchild").write_text(str(child.pid))
    while what in ("long", "family") and not (job.folder / "enough").exists():
        time.sleep(0.02)


def ignore(job: Job, report: Report) -> dict[str, Any]:
    """Does not stop when it is asked to."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    (job.folder / "deaf").touch()
    time.sleep(60)
    return {}


if __name__ == "__main__":
    works = {"toy": play, "light": play, "stubborn": ignore}
    sys.exit(run_command(sys.argv[1:], works, open_at=open_toys))
