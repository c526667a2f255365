"""Parts that wait for a person, a clock that is set by hand, and answers: what the tests of the queue begin with."""

from dataclasses import replace
from datetime import UTC, datetime

from inspection.records.decisions import Answer
from inspection.records.leases import Leases
from inspection.records.record import Record
from inspection.records.review_rules import ReviewRules, change_rules
from inspection.records.store import RecordStore
from inspection.types import VerdictKind
from tests.records.makers import add_one

NOW = datetime(2026, 5, 4, 6, 0, tzinfo=UTC)
CRACKED = Answer(VerdictKind.REJECT, "cracked")
NOTHING = ReviewRules(confidence_0_1=0.0, novelty_p=0.0, sample_0_1=0.0, second_0_1=0.0)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def open_desk(store: RecordStore, clock: Clock) -> Leases:
    return Leases(store.database, clock)


def set_rules(store: RecordStore, **chosen: float) -> None:
    change_rules(store, replace(NOTHING, **chosen), person="ada")


def ask(store: RecordStore, number: int, line: str = "aluminium") -> Record:
    return add_one(store, number, verdict=VerdictKind.REVIEW, score_0_1=0.55, line=line)


def decide(store: RecordStore, record_id: int, person: str) -> Record:
    return store.decide(record_id, CRACKED, person=person, saw_map=False, took_ms=900.0)
