"""The judged parts of a line become records, in a thread of their own: the belt waits for no disk."""

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass

from inspection.records.errors import StoreError
from inspection.types import Inspection

_MOST_BEHIND = 32  # each holds a picture; a disk that is further behind will not catch up with the belt
Keep = Callable[[Inspection, bytes], StoreError | None]  # what went wrong, or None: it is a record


@dataclass(frozen=True, slots=True)
class KeptCounts:
    kept: int = 0
    not_kept: int = 0
    behind: int = 0  # judged, and their records not yet written
    why: str | None = None  # the last that was not kept


class Keeper:
    """`offer` from one thread, `work` in another; `finish` when no more will come."""

    def __init__(self, keep: Keep, *, wanted: bool = True) -> None:
        self.wanted = wanted  # may be turned while the line runs
        self.keep = keep  # may be another one later; what was offered goes by the one of then
        self._judged: queue.Queue[tuple[Inspection, bytes, Keep]] = queue.Queue(maxsize=_MOST_BEHIND)
        self._finished = threading.Event()
        self._lock = threading.Lock()
        self._kept = self._not_kept = 0
        self._why: str | None = None

    def offer(self, inspection: Inspection, shot: bytes) -> None:
        if not self.wanted:
            return
        try:
            self._judged.put_nowait((inspection, shot, self.keep))
        except queue.Full:
            self._count(f"The records fell {_MOST_BEHIND} parts behind the belt. Slow the belt.")

    def finish(self) -> None:
        self._finished.set()

    def work(self) -> None:
        """Until it is finished and nothing waits any more."""
        while True:
            last = self._finished.is_set()  # asked first: what was offered before it was set is still there
            try:
                inspection, shot, keep = self._judged.get(timeout=0.1)
            except queue.Empty:
                if last:
                    return
                continue
            error = keep(inspection, shot)
            self._count(None if error is None else str(error))

    def read(self) -> KeptCounts:
        with self._lock:
            return KeptCounts(self._kept, self._not_kept, self._judged.qsize(), self._why)

    def _count(self, why: str | None) -> None:
        with self._lock:
            if why is None:
                self._kept += 1
            else:
                self._not_kept += 1
                self._why = why
