"""Who else is at work on this machine's cores: said wherever times are shown."""

import secrets
import threading
import time

import streamlit as st

from inspection.config import load_settings
from inspection.jobs.desk import Desk, open_desk
from inspection.jobs.job import Job
from inspection.occupancy import OCCUPANCY

_VISITOR = "visitor"
_KNOWN_S = 1.0  # a lap takes milliseconds: the jobs' files are not read at each


def visitor_id() -> str:
    """This session's own, unknown to any other."""
    return str(st.session_state.setdefault(_VISITOR, secrets.token_hex(16)))


def turn_to_visitor(visitor: str) -> None:
    """For what came from another session. What this one runs meanwhile under its own id stays its own."""
    if not OCCUPANCY.is_at_work(visitor_id()):
        st.session_state[_VISITOR] = visitor


class JobsAtWork:
    """Trainings and other jobs are processes of their own, on the same cores. Asked from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: tuple[Job, ...] = ()
        self._desk: Desk | None = None
        self._read_s = 0.0

    def list(self) -> tuple[Job, ...]:
        desk = open_desk(load_settings())
        with self._lock:
            if desk != self._desk or time.monotonic() - self._read_s > _KNOWN_S:
                self._known, self._desk, self._read_s = desk.list_running(), desk, time.monotonic()
            return self._known

    def any(self) -> bool:
        return bool(self.list())


JOBS = JobsAtWork()


def say_others(own: str) -> str | None:
    """ "another session runs a race (since 40 s)", or None; `own` is the work that this page itself does."""
    visitor = visitor_id()
    said = []
    for work in OCCUPANCY.list_others(visitor, own=own):
        whose = "you run" if work.owner == visitor else "another session runs"
        said.append(f"{whose} {work.what} (since {work.age_s:.0f} s)")
    for job in JOBS.list():
        since = time.time() - (job.standing.started or time.time())
        said.append(f"a job runs, “{job.asked.title}” (since {since:.0f} s)")
    return ", ".join(said) or None
