"""A race: every entrant runs in turn on the same pictures, in one thread, until the time is over or it is stopped.

A round runs each entrant once at one batch size, and each round another one starts, so that a busy moment of the machine
falls on all alike. The batch size of the next round is the one that has had the least time: large batches would
otherwise leave the small ones few laps.
"""

import atexit
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum

import numpy as np

from inspection.config import load_settings
from inspection.engines.machine import describe_machine
from inspection.occupancy import OCCUPANCY
from inspection.racing.lineup import Absent, Course, Load, Ready, load_anew
from inspection.racing.plan import Entrant, Plan
from inspection.racing.results import Lane, Laps, Result, Start

RACE = "a race"
MOST_LAPS = 2000  # a lane; enough for a p99 from 20 laps beyond it
_UNSEEN_LIMIT_S = 600.0  # a paused race that nobody comes back to gives its memory back


class Phase(StrEnum):
    LOADING = "loading"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    STOPPED = "stopped"
    DESERTED = "deserted"  # stopped by itself
    FAILED = "failed"

    @property
    def over(self) -> bool:
        return self in (Phase.FINISHED, Phase.STOPPED, Phase.DESERTED, Phase.FAILED)


class Race:
    def __init__(
        self,
        plan: Plan,
        pictures: Sequence[bytes],
        *,
        owner: str,
        load: Load = load_anew,
        attended: Callable[[], bool] = lambda: True,
        patience_s: float = 0.0,
        crowded: Callable[[], bool] = lambda: False,
    ) -> None:
        """attended: whether whoever started it is still there, on whatever page. patience_s: how long they may be away.
        crowded: whether other processes work on these cores; this one's own work is known here.
        """
        self.plan = plan
        self.owner = owner
        self._pictures, self._load = tuple(pictures), load
        self._attended, self._patience_s = attended, patience_s
        self._crowded = crowded
        self._away_since_s: float | None = None
        self._lock = threading.Lock()
        self._halt, self._going = threading.Event(), threading.Event()
        self._going.set()
        self._end: Phase | None = None
        self._loading: Entrant | None = plan.entrants[0]
        self._ready: list[Ready] = []
        self._absent: list[Absent] = []
        self._laps: dict[Lane, list[tuple[float, float, bool]]] = {}
        self._raced_s = 0.0
        self._seen_s = time.monotonic()
        self._machine = describe_machine().as_dict()
        self._taken_at = datetime.now(UTC).isoformat(timespec="seconds")
        self._thread = threading.Thread(target=self._run, name="race", daemon=True)

    def start(self) -> "Race":
        atexit.register(self.stop)  # a thread that is in the engine's hands when the process ends aborts it
        self._thread.start()
        return self

    def pause(self) -> None:
        self._going.clear()

    def resume(self) -> None:
        self._going.set()

    def stop(self, wait_s: float = 3.0) -> None:
        """What was measured stays. A lap that is being run is finished first, which may take longer than `wait_s`."""
        self._end = self._end or Phase.STOPPED
        self._halt.set()
        self._going.set()
        self._thread.join(wait_s)

    def watch(self) -> None:
        """Somebody looks at it."""
        self._seen_s = time.monotonic()

    @property
    def phase(self) -> Phase:
        if self._end is not None:
            return self._end
        if self._loading is not None:
            return Phase.LOADING
        return Phase.RUNNING if self._going.is_set() else Phase.PAUSED

    @property
    def over(self) -> bool:
        return self.phase.over

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    @property
    def loading(self) -> Entrant | None:
        return self._loading

    @property
    def raced_s(self) -> float:
        """Time that was raced, pauses and loading left out."""
        return self._raced_s

    @property
    def progress_0_1(self) -> float:
        """By time, or by laps where those run out first."""
        with self._lock:
            counts = [len(laps) for laps in self._laps.values()]
        by_laps = min(counts, default=0) / MOST_LAPS
        return min(1.0, max(self._raced_s / self.plan.length_s, by_laps))

    def read(self) -> Result:
        with self._lock:
            copied = {lane: list(laps) for lane, laps in self._laps.items()}
            starts = {
                ready.entrant: Start(
                    f"{ready.engine.name} {ready.engine.version}",
                    ready.engine.device,
                    ready.load_ms,
                    dict(ready.first_ms),
                    ready.weights_sha256,
                )
                for ready in self._ready
            }
            absent = {absent.entrant: absent.why for absent in self._absent}
        return Result(
            plan=self.plan,
            machine=self._machine,
            threads=load_settings().threads,
            taken_at=self._taken_at,
            starts=starts,
            absent=absent,
            laps={lane: as_columns(laps) for lane, laps in copied.items()},
        )

    def _run(self) -> None:
        end = Phase.FAILED
        try:
            self._load_all()
            self._race()
            end = Phase.FINISHED
        finally:  # a fault goes to the log; the phase says that there was one
            self._end = self._end or end
            self._ready = [replace(ready, run=_rest) for ready in self._ready]
            atexit.unregister(self.stop)

    def _load_all(self) -> None:
        with OCCUPANCY.hold(self.owner, RACE):
            course = Course(self.plan, self._pictures)
            for entrant in self.plan.entrants:
                if self._halt.is_set() or self._is_deserted():
                    return
                self._loading = entrant
                entered = course.enter(entrant, self._load)
                if isinstance(entered, Ready):
                    self._warm(entered)
                with self._lock:
                    if isinstance(entered, Absent):
                        self._absent.append(entered)
                        continue
                    self._ready.append(entered)
                    self._laps |= {(entrant, batch): [] for batch in self.plan.batches}
        self._loading = None

    def _warm(self, ready: Ready) -> None:
        """The first run at each batch size compiles its shape: cold start, no lap."""
        for batch in self.plan.batches:
            started = time.perf_counter()
            ready.run(batch, 0)
            ready.first_ms[batch] = (time.perf_counter() - started) * 1e3

    def _race(self) -> None:
        spent_s = dict.fromkeys(self.plan.batches, 0.0)
        rounds = dict.fromkeys(self.plan.batches, 0)
        while self._ready and not self._halt.is_set() and self._raced_s < self.plan.length_s:
            if self._is_deserted():
                return
            open_batches = [batch for batch in self.plan.batches if rounds[batch] < MOST_LAPS]
            if not open_batches:
                return
            if not self._going.is_set():
                self._wait()
                continue
            batch = min(open_batches, key=lambda batch: spent_s[batch])
            spent_s[batch] += self._run_round(batch, rounds[batch])
            rounds[batch] += 1

    def _is_deserted(self) -> bool:
        """Away is counted from the first look that found nobody: between two looks a model may load for a minute."""
        if self._attended():
            self._away_since_s = None
            return False
        now = time.monotonic()
        self._away_since_s = now if self._away_since_s is None else self._away_since_s
        if now - self._away_since_s > self._patience_s:
            self._end = self._end or Phase.DESERTED
            self._halt.set()
        return self._end is Phase.DESERTED

    def _wait(self) -> None:
        if time.monotonic() - self._seen_s > _UNSEEN_LIMIT_S:
            self._end = Phase.STOPPED
            self._halt.set()
            return
        self._going.wait(1.0)

    def _run_round(self, batch: int, number: int) -> float:
        """Seconds that it took. It is left in the middle when the race is stopped or paused."""
        turn = number % len(self._ready)
        took_s = 0.0
        with OCCUPANCY.hold(self.owner, RACE):
            for ready in self._ready[turn:] + self._ready[:turn]:
                if self._halt.is_set() or not self._going.is_set():
                    break
                started = time.perf_counter()
                ready.run(batch, number)
                lap_s = time.perf_counter() - started
                took_s += lap_s
                self._raced_s += lap_s
                crowded = bool(OCCUPANCY.list_others(self.owner, own=RACE)) or self._crowded()
                with self._lock:
                    self._laps[ready.entrant, batch].append((self._raced_s, lap_s * 1e3, crowded))
        return took_s


def as_columns(laps: Sequence[tuple[float, float, bool]]) -> Laps:
    at_s, ms, crowded = zip(*laps, strict=True) if laps else ((), (), ())
    return Laps(np.array(at_s, float), np.array(ms, float), np.array(crowded, bool))


def _rest(batch: int, number: int) -> None:
    """In the place of an engine that was let go."""
    raise AssertionError(f"the race is over: batch {batch}, lap {number}")
