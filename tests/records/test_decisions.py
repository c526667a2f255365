"""What an answer means that says nothing: neither with the model nor against it, wherever it is counted or told."""

from inspection.records.decisions import Answer
from inspection.records.sheet import say_later
from inspection.records.store import RecordStore
from inspection.records.watching import PERIODS, Subject, watch
from inspection.types import VerdictKind
from tests.records.makers import attack
from tests.records.shifts import NOW, Clock, keep_parts

CANNOT_TELL = Answer(VerdictKind.REVIEW)


def count_last(store: RecordStore) -> tuple[int, int]:
    """Answers and overrides of the newest span."""
    watched = watch(store, Subject("aluminium"), PERIODS["month"], now=NOW, novelty_0_1=0.01)
    return watched.answers[-1], watched.overrides[-1]


def test_who_cannot_tell_overrides_nothing(clocked: tuple[RecordStore, Clock]) -> None:
    store, clock = clocked
    clock.now = NOW
    unsure, undecided, sure, old = (record.id for record in keep_parts(store, rejected=4))
    cracked, flawless = Answer(VerdictKind.REJECT, "cracked"), Answer(VerdictKind.PASS, "flawless")
    for part, blind, after in (
        (unsure, CANNOT_TELL, CANNOT_TELL),
        (undecided, cracked, CANNOT_TELL),  # the last answer counts, and it says nothing
        (sure, CANNOT_TELL, flawless),
    ):
        store.decide(part, blind, person="ada", saw_map=False, took_ms=9.0)
        store.decide(part, after, person="ada", saw_map=True, took_ms=9.0, reason="looked")
    store.decide(old, CANNOT_TELL, person="bea", saw_map=False, took_ms=9.0)
    assert count_last(store) == (1, 1)
    with attack(store) as raw:  # as such answers were kept before
        raw.execute("UPDATE facets SET agrees = 'no' WHERE kind = 'decision' AND verdict = 'REVIEW'")
    assert count_last(store) == (1, 1)


def test_the_record_of_who_cannot_tell_takes_no_side(clocked: tuple[RecordStore, Clock]) -> None:
    store, _ = clocked
    (part,) = keep_parts(store, rejected=1)
    said = store.decide(part.id, CANNOT_TELL, person="ada", saw_map=False, took_ms=9.0)
    assert said.agrees is None
    assert say_later(said).endswith("decided REVIEW before seeing the map, where the model had said REJECT.")
