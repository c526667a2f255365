"""Fills a store with made-up inspections, fast: to measure it, and to try the pages, at a million records.

The chain is the real one, many links to a transaction. Every record says that it is simulated.
"""

import hashlib
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import insert

from inspection.records.append import ADD_TALLY, FacetKey, complete_body, find_or_add_facet, read_last
from inspection.records.chain import canonical_json, link_hash
from inspection.records.content import Context, build_inspection_body
from inspection.records.decisions import Answer, build_decision_body
from inspection.records.evidence import Evidence, pack_evidence
from inspection.records.record import Facet, Record, read_columns, read_facet
from inspection.records.schema import records
from inspection.records.store import RecordStore
from inspection.records.tallies import TallySums, count_one, list_tallies
from inspection.types import (
    Box,
    EngineLabel,
    HeatMap,
    Inspection,
    Novelty,
    Step,
    Timings,
    Verdict,
    VerdictKind,
)

_BATCH = 5_000
DECIDED_EVERY = 100  # about what a queue of doubts and samples asks people
_CLASSES = {
    "aluminium": ("flawless", "excess", "cracked", "stained", "dented"),
    "casting": ("ok", "defective"),
    "steel": ("crazing", "inclusion", "patches", "pitted surface", "rolled-in scale", "scratches"),
}
_MODELS = ("resnet50", "efficientnet_b0", "mobilenetv3_large", "mobilevit_xxs", "compact_cnn")
_PEOPLE = 40
_KNOWN = 700  # parts that novelty is held against


@dataclass(frozen=True, slots=True)
class Plan:
    records: int  # inspections; what people said of them comes on top
    pictures: int  # distinct; the first one stands in every tenth record
    picture_bytes: int
    since: datetime
    until: datetime
    decided_every: int = (
        0  # of so many inspections a person answers one, blind and then with the map; 0: none
    )
    seed: int = 0


def fill_store(store: RecordStore, plan: Plan, progress: Callable[[int], None] | None = None) -> None:
    rng = random.Random(plan.seed)
    shots = _keep_shots(store, plan)
    step = (plan.until - plan.since) / plan.records
    done = 0
    while done < plan.records:
        size = min(_BATCH, plan.records - done)
        bodies = (
            _build_body(rng, shots, plan.since + step * (done + place), number=done + place)
            for place in range(size)
        )
        kept = _append_batch(store, bodies)
        if plan.decided_every:
            _append_batch(store, _decide_on(rng, kept[:: plan.decided_every], at=kept[-1].at))
        done += size
        if progress is not None:
            progress(done)


@dataclass(frozen=True, slots=True)
class _Shot:
    sha256: str
    evidence_sha256: str
    grid: np.ndarray[Any, np.dtype[np.float32]]


def _keep_shots(store: RecordStore, plan: Plan) -> list[_Shot]:
    rng = np.random.default_rng(plan.seed)
    shots = []
    for _ in range(plan.pictures):
        data = rng.bytes(plan.picture_bytes)
        grid = rng.random((7, 7), dtype=np.float32)
        evidence = pack_evidence(Evidence(grid=grid, features=rng.random(256, dtype=np.float32))) or b""
        names = [hashlib.sha256(blob).hexdigest() for blob in (data, evidence)]
        for blob, name in zip((data, evidence), names, strict=True):
            store.pictures.keep(blob, name)
        shots.append(_Shot(sha256=names[0], evidence_sha256=names[1], grid=grid))
    return shots


def build_sample(number: int, *, picture: bytes) -> tuple[Inspection, bytes, Context]:
    """One made-up inspection of these bytes, to be added the usual way."""
    rng = random.Random(number)
    numbers = np.random.default_rng(number)
    shot = _Shot(hashlib.sha256(picture).hexdigest(), "", numbers.random((7, 7), dtype=np.float32))
    inspection = _invent_inspection(rng, shot, number)
    return replace(inspection, features=numbers.random(2048, dtype=np.float32)), picture, _invent_context(rng)


def _build_body(rng: random.Random, shots: list[_Shot], at: datetime, *, number: int) -> dict[str, Any]:
    shot = shots[0] if number % 10 == 0 else rng.choice(shots)
    body = build_inspection_body(
        _invent_inspection(rng, shot, number),
        context=_invent_context(rng),
        picture_bytes=20_000,
        evidence_sha256=shot.evidence_sha256,
    )
    return complete_body(body, uid=rng.randbytes(16), at=at)


def _invent_context(rng: random.Random) -> Context:
    return Context(
        person=f"operator-{rng.randrange(_PEOPLE):02d}",
        source="simulated",
        thresholds={"confidence_0_1": 0.8, "lead_0_1": 0.2, "retest": True},
        preprocessing={"size": 224, "kernel": "area", "mean": [0.485, 0.456, 0.406], "temperature": 1.0},
        extra={"simulated": True},
    )


def _invent_inspection(rng: random.Random, shot: _Shot, number: int) -> Inspection:
    line = rng.choices(tuple(_CLASSES), weights=(6, 3, 1))[0]
    classes = _CLASSES[line]
    place = 0 if rng.random() < 0.9 else rng.randrange(len(classes))
    kind = VerdictKind.PASS if place == 0 else VerdictKind.REJECT
    score = 1.0 - rng.random() * 0.3
    if score < 0.75:
        kind = VerdictKind.REVIEW
    rest = (1.0 - score) / (len(classes) - 1)
    return Inspection(
        picture=f"part-{number:07d}.jpg",
        sha256=shot.sha256,
        line=line,
        model=rng.choices(_MODELS, weights=(16, 1, 1, 1, 1))[0],
        model_sha256="0" * 64,
        engine=EngineLabel("openvino", "2026.4.1", "int8", "CPU"),
        verdict=Verdict(
            kind, classes[place], score, (Step("Is it sure enough?", f"{score:.3f}", score >= 0.75),)
        ),
        probabilities={name: score if other == place else rest for other, name in enumerate(classes)},
        logits=tuple(rng.gauss(0, 2) for _ in classes),
        box=Box(40.0, 30.0, 600.0, 580.0),
        box_score_0_1=0.97,
        findings=(),
        heat_map=HeatMap(
            shot.grid, classes[place], "grad-cam", True, 1e-6, 3.2, Box(35.0, 25.0, 605.0, 585.0)
        ),
        timings_ms=Timings(2.0, 3.0, rng.uniform(3, 5), 0.5, total=rng.uniform(9, 12)),
        novelty=Novelty(rng.randint(1, _KNOWN + 1) / (_KNOWN + 1), rng.uniform(0.1, 0.9), "knn", _KNOWN),
        novelty_sha256="0" * 64,
    )


def _decide_on(rng: random.Random, subjects: Sequence[Record], *, at: datetime) -> Iterator[dict[str, Any]]:
    """One person a part; one answer of twenty differs from the model's."""
    for subject in subjects:
        person = f"operator-{rng.randrange(_PEOPLE):02d}"
        named = subject.class_name if rng.random() < 0.95 else rng.choice(_CLASSES[subject.line])
        good = named == _CLASSES[subject.line][0] and subject.line != "steel"
        answer = Answer(VerdictKind.PASS if good else VerdictKind.REJECT, named)
        for saw_map in (False, True):
            body = build_decision_body(
                subject,
                answer,
                person=person,
                saw_map=saw_map,
                took_ms=rng.uniform(1_000, 9_000),
                reason="simulated" if saw_map else "",
                earlier=(),
            )
            yield complete_body(body, uid=rng.randbytes(16), at=at)


def _append_batch(store: RecordStore, bodies: Iterator[dict[str, Any]]) -> list[Record]:
    with store.database.writing() as connection:
        record_id, previous = read_last(connection)
        keys: dict[Facet, FacetKey] = {}
        sums: TallySums = {}
        rows, kept = [], []
        for body in bodies:
            record_id += 1
            facet = read_facet(body["about"])
            if facet not in keys:
                keys[facet] = find_or_add_facet(connection, facet)
            key, words, columns = keys[facet], canonical_json(body), read_columns(body["about"])
            digest = link_hash(previous, words.encode())
            rows.append(
                {"id": record_id, "facet_id": key.id, "hash": digest, "body": words, **columns._asdict()}
            )
            kept.append(Record(record_id, digest.hex(), previous.hex(), body))
            previous = digest
            count_one(sums, columns, key.topic_id)
        connection.execute(insert(records), rows)
        connection.execute(ADD_TALLY, list_tallies(sums))
    return kept
