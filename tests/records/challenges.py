"""Known parts, and what is done with them, for the tests of challenges and of how a line stands."""

from inspection.records.known_parts import KnownPart
from inspection.records.record import Record
from inspection.records.shift_challenge import (
    find_newest,
    keep_challenge,
    override_challenge,
    run_challenge,
)
from inspection.records.shift_standing import read_standing
from inspection.records.store import RecordStore
from tests.records.shifts import Clock
from tests.ui.fakes import UNSURE, FakeInspector, code_of, make_png

WEIGHTS = "0" * 64  # the fake inspector's
GOOD = KnownPart("good.png", make_png(code_of("flawless")), "flawless")
BAD = KnownPart("bad.png", make_png(code_of("cracked")), "cracked")
MISSED = KnownPart("missed.png", make_png(code_of("flawless")), "dented")
DOUBTED_GOOD = KnownPart("doubted good.png", make_png(UNSURE), "flawless")
DOUBTED_BAD = KnownPart("doubted bad.png", make_png(UNSURE), "cracked")


def challenge(store: RecordStore, *parts: KnownPart) -> bool:
    done = run_challenge(FakeInspector(), parts, source="samples")
    keep_challenge(store, done, person="mia")
    return done.passed


def override(store: RecordStore, reason: str, *, seen: int | None = -1) -> Record:
    """seen: what the manager looked at; the newest, unless it is told."""
    return override_challenge(
        store,
        "fake",
        "resnet50",
        model_sha256=WEIGHTS,
        person="max",
        reason=reason,
        seen=find_newest(store, "fake") if seen == -1 else seen,
    )


def standing(store: RecordStore, clock: Clock, weights: str | None = WEIGHTS) -> tuple[str, str]:
    found = read_standing(store, "fake", model_sha256=weights, now=clock.now)
    return found.state, found.words
