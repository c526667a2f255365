"""A walk along the chain in a process of its own: it reads a million records without slowing the inspections.

`start_verify` starts it and listens; this module run as a program is the process. What it needs comes by stdin, what it
has to say goes to stdout, a JSON object a line. If whoever started it is gone, its next word finds no reader and it ends.
"""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from inspection.config import build_environment

_EVERY_S = 0.3


@dataclass(slots=True)
class VerifyRun:
    person: str
    started: datetime
    process: "subprocess.Popen[str]" = field(repr=False)
    done: int = 0
    total: int = 0
    report: Mapping[str, Any] | None = None
    failure: str = ""  # why there is no report
    stopped: bool = False
    finished: threading.Event = field(default_factory=threading.Event, repr=False)

    @property
    def is_running(self) -> bool:
        return not self.finished.is_set()

    @property
    def share_0_1(self) -> float:
        return min(1.0, self.done / self.total) if self.total else 0.0

    def stop(self) -> None:
        self.stopped = True
        self.process.terminate()


def start_verify(
    *,
    checkpoints: Sequence[str],
    picture_share_0_1: float,
    person: str,
    when_done: Callable[[VerifyRun], None] = lambda run: None,
) -> VerifyRun:
    """checkpoints: their JSON, already read once. when_done is called in the thread that listens."""
    process = subprocess.Popen(
        [sys.executable, "-m", "inspection.records.verify_run"],
        env=build_environment(),  # and in the folder of the server: its store may be named from there on
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdin is not None
    try:
        json.dump({"checkpoints": list(checkpoints), "picture_share": picture_share_0_1}, process.stdin)
        process.stdin.close()
    except BrokenPipeError:  # it has ended already; the listener says so
        pass
    run = VerifyRun(person, datetime.now(UTC), process)
    threading.Thread(target=_listen, args=(run, when_done), name="verify-listener", daemon=True).start()
    return run


def _listen(run: VerifyRun, when_done: Callable[[VerifyRun], None]) -> None:
    assert run.process.stdout is not None
    with run.process.stdout as lines:
        for line in lines:
            said = json.loads(line)
            if "report" in said:
                run.report = said["report"]
            elif "failure" in said:
                run.failure = said["failure"]
            else:
                run.done, run.total = said["done"], said["total"]
    code = run.process.wait()
    if run.report is None and not run.failure:
        run.failure = "It was stopped." if run.stopped else f"It ended with status {code} and said nothing."
    try:
        when_done(run)
    finally:
        run.finished.set()


def main() -> None:
    from inspection.errors import AssayError
    from inspection.records.checkpoints import read_checkpoint
    from inspection.records.store import open_store
    from inspection.records.verify import verify

    asked = json.load(sys.stdin)
    spoken_s = 0.0

    def tell(done: int, total: int) -> None:
        nonlocal spoken_s
        if done == total or time.monotonic() - spoken_s > _EVERY_S:
            spoken_s = time.monotonic()
            _say({"done": done, "total": total})

    try:
        store = open_store()
        try:
            report = verify(
                store,
                checkpoints=[read_checkpoint(text) for text in asked["checkpoints"]],
                picture_share_0_1=asked["picture_share"],
                progress=tell,
            )
        finally:
            store.close()
    except AssayError as error:
        _say({"failure": f"{error.kind}: {error}"})
        return
    _say({"report": report.as_dict()})


def _say(said: Mapping[str, object]) -> None:
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
