"""The line itself: pieces of belt come in on the left, pass under the camera in the middle and leave judged on the right.

Four threads: one moves the belt and publishes frames, one fetches parts ahead, one judges, one keeps what was judged. They
end together, when the line is stopped, when one of them fails, or when nobody has watched for a while.
"""

import atexit
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

import cv2
import numpy as np

from inspection.conveyor.frames import Frames, open_frames
from inspection.conveyor.keeping import Keep, Keeper
from inspection.conveyor.pace import Pace
from inspection.conveyor.parts import SHOWN_HEIGHT, SHOWN_WIDTH, Part, Source, draw_empty
from inspection.conveyor.tally import Answer, Snapshot, Tally
from inspection.conveyor.world import VIEW_WIDTH
from inspection.errors import AssayError, PictureRefused
from inspection.images import decode
from inspection.lines import Line
from inspection.occupancy import OCCUPANCY
from inspection.types import U8, Inspection, Picture

LIVE_LINE = "a live line"
FRAMES_PER_S = 20
STRIP_WIDTH = 2 * SHOWN_WIDTH  # of which the camera sees the middle half
_GATE = SHOWN_WIDTH // 2  # the left edge of the camera's view
_FETCHED_AHEAD = 3
_MOST_WAITING = 1  # shots that wait for the model; one more, and a part passes unjudged
_PATIENCE_S = 20.0  # without anybody watching
_JPEG = [cv2.IMWRITE_JPEG_QUALITY, 82]
Marked = Inspection | str  # a verdict, or one word for what came instead


class Judge(Protocol):
    line: Line

    def inspect(self, picture: Picture) -> Inspection: ...


class State(StrEnum):
    RUNNING = "running"
    STOPPED = "stopped"
    UNWATCHED = "unwatched"  # stopped by itself
    FAILED = "failed"


@dataclass(slots=True)
class Piece:
    """A piece of belt on the screen; `shown` changes when its part is judged."""

    number: int
    part: Part | None
    shown: U8
    shot_s: float = field(default=0.0)


class Conveyor:
    def __init__(
        self,
        judge: Judge,
        source: Source,
        *,
        pace: Pace,
        mark: Callable[[Part, Marked], U8],
        owner: str,
        keeper: Keeper,
        patience_s: float = _PATIENCE_S,
    ) -> None:
        self.pace = pace  # may be turned while the line runs
        self.keeper = keeper
        self.frames: Frames = open_frames()
        self._judge, self._source, self._mark, self._owner = judge, source, mark, owner
        self._patience_s = patience_s
        self._judging = threading.Lock()  # held from a part's shot to its record: one judge answers for both
        self._tally = Tally(judge.line.good)
        self._halt = threading.Event()
        self._end: State | None = None
        self.why: str | None = None  # it broke off, where that can be mended
        self._fetched: queue.Queue[Part] = queue.Queue(maxsize=_FETCHED_AHEAD)
        self._shots: queue.Queue[Piece] = queue.Queue(maxsize=_MOST_WAITING)
        self._pieces: deque[Piece] = deque()  # newest first, as they lie from left to right
        self._started_s = 0.0
        self._threads = [
            threading.Thread(target=self._run, args=(loop,), name=f"line-{loop.__name__}", daemon=True)
            for loop in (self._move, self._fetch, self._inspect, keeper.work)
        ]

    def start(self) -> "Conveyor":
        self._started_s = time.monotonic()
        self.frames.watch()
        atexit.register(self.stop)  # a thread that is in the engine's hands when the process ends aborts it
        for thread in self._threads:
            thread.start()
        return self

    def stop(self, wait_s: float = 3.0) -> None:
        self._finish(State.STOPPED)
        for thread in self._threads:
            thread.join(wait_s)

    def relieve(self, judge: Judge, keep: Keep) -> None:
        """From the next part on another one judges; what was judged before is kept as its own judge's."""
        with self._judging:
            self._judge, self.keeper.keep = judge, keep

    @property
    def state(self) -> State:
        return self._end or State.RUNNING

    @property
    def alive(self) -> bool:
        return any(thread.is_alive() for thread in self._threads)

    def read(self) -> Snapshot:
        return self._tally.read()

    def _finish(self, end: State) -> None:
        self._end = self._end or end
        self._halt.set()
        self.frames.close()
        atexit.unregister(self.stop)

    def _run(self, loop: Callable[[], None]) -> None:
        """A fault in one thread ends all; what it was stands in the log, and what can be mended is told."""
        try:
            loop()
        except AssayError as error:
            self.why = str(error)
        finally:
            self._finish(State.FAILED)

    def _fetch(self) -> None:
        self._source.open()
        try:
            while not self._halt.is_set():
                part = self._source.take()
                if part is None:
                    self._halt.wait(0.1)
                    continue
                while not self._halt.is_set():
                    try:
                        self._fetched.put(part, timeout=0.1)
                        break
                    except queue.Full:
                        continue
        finally:
            self._source.close()

    def _move(self) -> None:
        travelled = 0.0  # shown pixels
        last = time.monotonic()
        number = 0
        self._publish(travelled)
        while not self._halt.wait(max(0.0, last + 1 / FRAMES_PER_S - time.monotonic())):
            now = time.monotonic()
            # After a stall of the machine the belt goes on where it was; it does not leap.
            step = min(now - last, 0.25) * self.pace.px_per_s * SHOWN_WIDTH / VIEW_WIDTH
            last = now
            while travelled + step >= number * SHOWN_WIDTH:
                number += 1
                self._enter(number)
            travelled += step
            self._release(travelled)
            self._publish(travelled)
            if self.frames.unwatched_s > self._patience_s:
                self._finish(State.UNWATCHED)

    def _enter(self, number: int) -> None:
        try:
            part = self._fetched.get_nowait()
        except queue.Empty:
            part = None
        self._pieces.appendleft(Piece(number, part, draw_empty() if part is None else part.shown))

    def _release(self, travelled: float) -> None:
        """Takes the shots that are due, and lets go of what has left the strip."""
        for piece in self._pieces:
            if piece.part is not None and not piece.shot_s and left_edge(piece.number, travelled) >= _GATE:
                piece.shot_s = time.monotonic()
                try:
                    self._shots.put_nowait(piece)
                except queue.Full:
                    self._tally.miss()
                    piece.shown = self._mark(piece.part, "MISSED")
        while self._pieces and left_edge(self._pieces[-1].number, travelled) >= STRIP_WIDTH:
            self._pieces.pop()

    def _publish(self, travelled: float) -> None:
        places = [(left_edge(piece.number, travelled), piece.shown) for piece in self._pieces]
        strip = compose(places, travelled)
        _, coded = cv2.imencode(".jpg", strip[..., ::-1], _JPEG)
        self.frames.publish(coded.tobytes())

    def _inspect(self) -> None:
        try:
            with OCCUPANCY.hold(self._owner, LIVE_LINE):
                while not self._halt.is_set():
                    try:
                        piece = self._shots.get(timeout=0.1)
                    except queue.Empty:
                        continue
                    with self._judging:
                        self._judge_piece(piece)
        finally:
            self.keeper.finish()

    def _judge_piece(self, piece: Piece) -> None:
        part = piece.part
        assert part is not None  # only parts are shot
        try:
            if part.refused is not None:
                raise part.refused
            inspection = self._judge.inspect(decode(part.shot, name=part.name))
        except PictureRefused as error:
            self._tally.refuse(str(error))
            piece.shown = self._mark(part, "REFUSED")
            return
        now = time.monotonic()
        answer = Answer(
            piece.number,
            now - self._started_s,
            (now - piece.shot_s) * 1e3,
            inspection.timings_ms.total,
            self.pace.budget_ms,
        )
        self._tally.count(part, inspection, answer)
        piece.shown = self._mark(part, inspection)
        self.keeper.offer(inspection, part.shot)


def left_edge(number: int, travelled: float) -> int:
    """Where a piece lies on the strip; the first one (1) starts just beyond the left end."""
    return round(travelled - number * SHOWN_WIDTH)


def compose(places: Sequence[tuple[int, U8]], travelled: float) -> U8:
    """(SHOWN_HEIGHT, STRIP_WIDTH, 3): the pieces at their places, bare belt where none lies yet."""
    strip = np.empty((SHOWN_HEIGHT, STRIP_WIDTH, 3), np.uint8)
    phase = round(travelled) % SHOWN_WIDTH
    for left in range(phase - SHOWN_WIDTH, STRIP_WIDTH, SHOWN_WIDTH):
        _lay(strip, draw_empty(), left)
    for left, shown in places:
        _lay(strip, shown, left)
    return strip


def _lay(strip: U8, shown: U8, left: int) -> None:
    first, last = max(0, left), min(STRIP_WIDTH, left + SHOWN_WIDTH)
    if first < last:
        strip[:, first:last] = shown[:, first - left : last - left]
