"""Pictures that people answered, on a line of three classes."""

import cv2
import numpy as np

from inspection.learning.corrected_data import Side, choose_side
from inspection.lines import Line
from inspection.records.decisions import Answer
from inspection.records.record import Record
from inspection.records.store import RecordStore
from inspection.types import Box, Inspection, VerdictKind
from tests.fakes import make_line as make_toy_line
from tests.records.makers import CONTEXT, make_inspection

CLASSES = ("fine", "bent", "torn")
ANSWERS = {
    "fine": Answer(VerdictKind.PASS, "fine"),
    "bent": Answer(VerdictKind.REJECT, "bent"),
    "torn": Answer(VerdictKind.REJECT, "torn"),
}


def make_line(*, detector: bool = True) -> Line:
    return make_toy_line(detector=detector)


def make_picture(seed: int, *, side: int = 96) -> bytes:
    """Smooth noise of its own: no two are copies of one another."""
    rng = np.random.default_rng(seed)
    total = sum(
        cv2.resize(rng.normal(size=(grain, grain, 3)), (side, side), interpolation=cv2.INTER_CUBIC)
        for grain in (5, 9, 17, 33)
    )
    done, encoded = cv2.imencode(".png", np.clip(128 + 25 * total, 0, 255).astype(np.uint8))
    assert done
    return encoded.tobytes()


def find_picture(side: Side, start: int = 0) -> bytes:
    """One whose hash puts it on this side."""
    import hashlib

    seed = start * 1000
    while choose_side(hashlib.sha256(make_picture(seed)).hexdigest()) != side:
        seed += 1
    return make_picture(seed)


def inspect_picture(
    store: RecordStore,
    picture: bytes,
    *,
    said: str | None = "bent",
    line: str = "toy",
    box: Box | None = None,
) -> Record:
    verdict = VerdictKind.REVIEW if said is None else ANSWERS[said].verdict
    inspection = make_inspection(picture, verdict=verdict, class_name=said, line=line)
    return store.add(_place(inspection, box or Box(8, 8, 80, 72)), picture, context=CONTEXT)


def _place(inspection: Inspection, box: Box) -> Inspection:
    from dataclasses import replace

    return replace(inspection, box=box)


def decide(
    store: RecordStore, record: Record, name: str, *, person: str = "ann", saw_map: bool = True
) -> Record:
    return store.decide(
        record.id, ANSWERS[name], person=person, saw_map=saw_map, took_ms=900.0, reason="looked closely"
    )


def answer_many(store: RecordStore, count: int, *, names: tuple[str, ...] = CLASSES) -> list[Record]:
    found = []
    for number in range(count):
        record = inspect_picture(store, make_picture(10_000 + number))
        decide(store, record, names[number % len(names)])
        found.append(record)
    return found
