"""One piece of long work: what was asked, how it stands, and the files in its folder.

job.json what was asked, never changed · state.json how it stands, written by whoever holds the lock · progress.json
written by the work itself · outcome.json its last word · log.txt all it printed · run/ what a training leaves.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from inspection.errors import AssayError
from inspection.jobs.processes import Process, lives
from inspection.writing import write_atomically

JobState = Literal["waiting", "running", "finished", "failed", "cancelled", "crashed"]
ACTIVE: tuple[JobState, ...] = ("waiting", "running")
RESUMABLE: tuple[JobState, ...] = ("failed", "cancelled", "crashed")
ASKED, STATE, PROGRESS, OUTCOME, LOG = "job.json", "state.json", "progress.json", "outcome.json", "log.txt"
_TAIL_BYTES = 32 * 1024


class JobUnknown(AssayError):
    """No job has that name."""


class JobRefused(AssayError):
    """The job cannot be started, stopped or removed as it stands."""


@dataclass(frozen=True, slots=True)
class Asked:
    id: str
    kind: str
    title: str
    arguments: dict[str, Any]
    by: str  # a person's name
    created: float  # seconds since 1970, like all times here


@dataclass(frozen=True, slots=True)
class Standing:
    state: JobState = "waiting"
    queued: float = 0.0
    process: Process | None = None
    started: float | None = None
    ended: float | None = None
    cancel_asked: float | None = None
    starts: int = 0
    message: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    phase: str
    share_0_1: float | None
    words: str
    at: float


@dataclass(frozen=True, slots=True)
class Job:
    asked: Asked
    standing: Standing
    folder: Path

    @property
    def id(self) -> str:
        return self.asked.id

    @property
    def state(self) -> JobState:
        return self.standing.state

    @property
    def active(self) -> bool:
        return self.state in ACTIVE

    @property
    def run_dir(self) -> Path:
        return self.folder / "run"

    def read_progress(self) -> Progress | None:
        told = read_object(self.folder / PROGRESS)
        return None if told is None else Progress(**told)

    def read_result(self) -> dict[str, Any]:
        """What the finished work found; empty before."""
        told = read_object(self.folder / OUTCOME)
        result = {} if told is None else told.get("result", {})
        assert isinstance(result, dict)
        return result

    def tail_log(self, lines: int = 12) -> list[str]:
        try:
            with (self.folder / LOG).open("rb") as stream:
                stream.seek(max(0, stream.seek(0, 2) - _TAIL_BYTES))
                return stream.read().decode("utf-8", "replace").splitlines()[-lines:]
        except FileNotFoundError:
            return []


def read_job(folder: Path) -> Job:
    """As it is written down: its process may have gone since."""
    asked, told = read_object(folder / ASKED), read_object(folder / STATE)
    if asked is None:
        raise JobUnknown(f"Expected a job in {folder.name}, found none. It may have been removed.")
    standing = Standing() if told is None else parse_standing(told)
    return Job(Asked(**asked), standing, folder)


def parse_standing(told: dict[str, Any]) -> Standing:
    process = told.pop("process")
    return Standing(process=None if process is None else Process(**process), **told)


def has_gone(standing: Standing) -> bool:
    return standing.state == "running" and (standing.process is None or not lives(standing.process))


def write_object(path: Path, value: dict[str, Any]) -> None:
    write_atomically(path, json.dumps(value, ensure_ascii=False).encode())


def write_standing(folder: Path, standing: Standing) -> None:
    write_object(folder / STATE, asdict(standing))


def read_object(path: Path) -> dict[str, Any] | None:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    assert isinstance(told, dict)
    return told
