"""What runs in this process on the machine's cores, by whom: timings taken beside other work are worth less, so it is said."""

import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Work:
    owner: str  # a session's own id; never shown
    what: str  # "a race", "a live line"
    since_s: float  # monotonic

    @property
    def age_s(self) -> float:
        return time.monotonic() - self.since_s


class Occupancy:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._held: dict[int, Work] = {}

    @contextmanager
    def hold(self, owner: str, what: str) -> Iterator[None]:
        with self._lock:
            number = next(self._numbers)
            self._held[number] = Work(owner, what, time.monotonic())
        try:
            yield
        finally:
            with self._lock:
                del self._held[number]

    def is_at_work(self, owner: str) -> bool:
        with self._lock:
            return any(work.owner == owner for work in self._held.values())

    def list_others(self, owner: str, *, own: str = "") -> list[Work]:
        """The work of other sessions, and this session's own of another kind than `own`, longest first."""
        with self._lock:
            held = list(self._held.values())
        return [work for work in held if work.owner != owner or work.what != own]


OCCUPANCY = Occupancy()  # one a process, as the cores are
