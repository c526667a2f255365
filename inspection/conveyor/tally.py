"""What the line has counted: verdicts, answers in time and late, and how they compare with what the parts were made as."""

import threading
from collections import Counter, deque
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from inspection.conveyor.parts import Part
from inspection.types import Inspection, VerdictKind

KEPT_EVENTS = 8
KEPT_ANSWERS = 400


class Answer(NamedTuple):
    """One judged part."""

    number: int
    at_s: float  # since the line was started
    answer_ms: float  # from the shot to the verdict, waiting included
    inspect_ms: float  # of which the inspection itself
    budget_ms: float  # as it was then


@dataclass(frozen=True, slots=True)
class Event:
    """A part that somebody will want to see."""

    number: int
    name: str
    shot: bytes
    inspection: Inspection
    truth: str | None


@dataclass(frozen=True, slots=True)
class Truths:
    """Of parts whose making is known."""

    good: int = 0
    good_rejected: int = 0
    defective: int = 0
    defective_passed: int = 0


@dataclass(frozen=True, slots=True)
class Snapshot:
    verdicts: dict[VerdictKind, int]
    refused: int
    missed: int  # came by unjudged: the model was still busy
    late: int
    truths: Truths
    answers: tuple[Answer, ...]  # the last ones
    rejects: tuple[Event, ...]  # newest first
    reviews: tuple[Event, ...]
    last_refusal: str | None
    last_words: str | None

    @property
    def judged(self) -> int:
        return sum(self.verdicts.values())

    @property
    def seen(self) -> int:
        return self.judged + self.refused + self.missed

    def share(self, kind: VerdictKind) -> float | None:
        """Of the parts that were judged."""
        return self.verdicts.get(kind, 0) / self.judged if self.judged else None

    def percentile_ms(self, percent: float) -> float | None:
        """Of the last answers."""
        if not self.answers:
            return None
        return float(np.percentile([answer.answer_ms for answer in self.answers], percent))


class Tally:
    def __init__(self, good: str | None) -> None:
        self._good = good
        self._lock = threading.Lock()
        self._verdicts: Counter[VerdictKind] = Counter()
        self._refused = self._missed = self._late = 0
        self._truths: Counter[str] = Counter()
        self._answers: deque[Answer] = deque(maxlen=KEPT_ANSWERS)
        self._events = {
            kind: deque[Event](maxlen=KEPT_EVENTS) for kind in (VerdictKind.REJECT, VerdictKind.REVIEW)
        }
        self._last_refusal: str | None = None
        self._last_words: str | None = None

    def count(self, part: Part, inspection: Inspection, answer: Answer) -> None:
        kind = inspection.verdict.kind
        with self._lock:
            self._verdicts[kind] += 1
            self._late += answer.answer_ms > answer.budget_ms
            self._answers.append(answer)
            self._last_words = inspection.verdict.words
            if part.truth is not None:
                self._compare(part.truth, kind)
            if kind in self._events:
                self._events[kind].appendleft(
                    Event(answer.number, part.name, part.shot, inspection, part.truth)
                )

    def _compare(self, truth: str, kind: VerdictKind) -> None:
        side, wrong = ("good", VerdictKind.REJECT) if truth == self._good else ("defective", VerdictKind.PASS)
        self._truths[side] += 1
        self._truths[f"{side}_wrong"] += kind is wrong

    def refuse(self, why: str) -> None:
        with self._lock:
            self._refused += 1
            self._last_refusal = why

    def miss(self) -> None:
        with self._lock:
            self._missed += 1

    def read(self) -> Snapshot:
        with self._lock:
            return Snapshot(
                verdicts=dict(self._verdicts),
                refused=self._refused,
                missed=self._missed,
                late=self._late,
                truths=Truths(
                    self._truths["good"],
                    self._truths["good_wrong"],
                    self._truths["defective"],
                    self._truths["defective_wrong"],
                ),
                answers=tuple(self._answers),
                rejects=tuple(self._events[VerdictKind.REJECT]),
                reviews=tuple(self._events[VerdictKind.REVIEW]),
                last_refusal=self._last_refusal,
                last_words=self._last_words,
            )
