"""Writes to the disk, a moment after it was kept, what so far only the operating system holds.

A process that is killed loses nothing of what was confirmed. A power cut can lose the last moments, FLUSH_S and
the time the disk takes: waiting for the disk at each record would cost five waits of 0.4 ms on a good disk and of
7 ms on a busy one, measured, where an inspection may grow by 5 ms in all. The chain stays whole either way.
PostgreSQL waits for its own disk at each commit, unless its owner sets synchronous_commit=off.
"""

import os
import threading
from collections import deque
from dataclasses import dataclass, field
from pathlib import PurePath

from inspection.records.database import Database
from inspection.records.errors import StoreBusy, StoreError, StoreFull
from inspection.records.failures import name_os_error

FLUSH_S = 0.2
_MOST_ONE_BY_ONE = 32  # beyond it one sync of everything is faster


@dataclass(slots=True)
class Flusher:
    database: Database
    unsynced: deque[str]  # files that the picture store has written
    failure: StoreError | None = None
    _due: threading.Event = field(default_factory=threading.Event)
    _closing: threading.Event = field(default_factory=threading.Event)
    _busy: threading.Lock = field(default_factory=threading.Lock)
    _thread: threading.Thread | None = None

    def wake(self) -> None:
        if self._thread is None:
            with self._busy:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="record-flusher", daemon=True)
                    self._thread.start()
        self._due.set()

    def refuse_if_failed(self) -> None:
        """What was confirmed may not have reached the disk: nobody should go on as if it had."""
        # taken first: another writer may come for it at the same time
        failure, self.failure = self.failure, None
        if failure is not None:
            raise failure

    def flush(self) -> None:
        with self._busy:
            self._sync_pictures()
            self.database.checkpoint()

    def close(self) -> None:
        self._closing.set()
        self._due.set()
        if self._thread is not None:
            self._thread.join()
            self._flush_quietly()
            self.refuse_if_failed()

    def _run(self) -> None:
        while not self._closing.is_set():
            self._due.wait()
            self._closing.wait(FLUSH_S)  # so that what comes meanwhile shares the disk's time
            self._due.clear()
            self._flush_quietly()

    def _flush_quietly(self) -> None:
        """A failure is told to whoever keeps the next record; there is nobody here to tell it to."""
        with self._busy:
            try:
                self._sync_pictures()
            except StoreError as error:
                self.failure = error
            try:
                self.database.checkpoint()
            except (StoreFull, StoreBusy):
                return  # nothing is lost: SQLite's log goes on holding it, and the next record wakes us again
            except StoreError as error:
                self.failure = error

    def _sync_pictures(self) -> None:
        paths = [self.unsynced.popleft() for _ in range(len(self.unsynced))]
        try:
            _sync_files(paths)
        except OSError as error:
            raise name_os_error(error, paths[0]) from error


def _sync_files(paths: list[str]) -> None:
    if len(paths) > _MOST_ONE_BY_ONE:
        os.sync()
        return
    folders = {str(PurePath(path).parent) for path in paths}  # a new name is kept with its folder
    failed: OSError | None = None
    for path in (*paths, *folders):
        try:
            _sync(path)
        except OSError as error:  # told once the others are on the disk: nobody comes back for them
            failed = failed or error
    if failed is not None:
        raise failed


def _sync(path: str) -> None:
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return  # somebody has taken it away since; verify names it
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
