"""Parts for the review queue: pictures that can be shown, judged by the fake inspector; and answers of made-up people."""

import random
from collections.abc import Sequence

from inspection.images import decode
from inspection.records.decisions import Answer
from inspection.records.record import Record
from inspection.records.store import RecordStore
from inspection.types import VerdictKind
from tests.records.makers import CONTEXT
from tests.ui.fakes import CLASSES, UNSURE, FakeInspector, code_of, make_line, make_png


def keep_part(store: RecordStore, code: int, *, seed: int = 0, line: str = "aluminium") -> Record:
    data = make_png(code, seed=seed)
    picture = decode(data, name=f"{code}-{seed}.png")
    return store.add(FakeInspector(make_line(line)).inspect(picture), data, context=CONTEXT)


def ask_about(store: RecordStore, count: int) -> list[Record]:
    """The model is not sure of these."""
    return [keep_part(store, UNSURE, seed=seed) for seed in range(count)]


def answer_many(store: RecordStore, people: Sequence[str], *, parts: int, seed: int = 0) -> None:
    """Each person answers each part blind, and one in six sees it otherwise than the model."""
    rng = random.Random(seed)
    for number in range(parts):
        class_name = CLASSES[rng.choice((0, 0, 0, 1, 2, 2, 3, 4))]
        record = keep_part(store, code_of(class_name), seed=1_000 + number)
        for person in people:
            seen = class_name if rng.random() < 5 / 6 else rng.choice(CLASSES)
            answer = Answer(VerdictKind.PASS if seen == "flawless" else VerdictKind.REJECT, seen)
            store.decide(record.id, answer, person=person, saw_map=False, took_ms=rng.uniform(2_000, 9_000))
            reason = "" if seen == class_name else "The defect can be seen"
            store.decide(record.id, answer, person=person, saw_map=True, took_ms=1_500.0, reason=reason)
