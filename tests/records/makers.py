"""Inspections as the pipeline would hand them over, made of numbers that a test can name."""

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np

from inspection.records.content import Context
from inspection.records.record import Record
from inspection.records.store import RecordStore
from inspection.types import (
    Box,
    EngineLabel,
    Finding,
    HeatMap,
    Inspection,
    Step,
    Timings,
    Verdict,
    VerdictKind,
)

CONTEXT = Context(
    person="inspector-1",
    source="upload",
    thresholds={"confidence_0_1": 0.8, "lead_0_1": 0.2, "retest": True},
    preprocessing={"size": 224, "mean": [0.485, 0.456, 0.406]},
)


def make_inspection(
    picture: bytes,
    *,
    verdict: VerdictKind = VerdictKind.REJECT,
    class_name: str | None = "cracked",
    line: str = "aluminium",
    model: str = "resnet50",
    score_0_1: float = 0.98,
    seed: int = 0,
) -> Inspection:
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=5)
    shares = np.exp(logits) / np.exp(logits).sum()
    names = ("flawless", "excess", "cracked", "stained", "dented")
    return Inspection(
        picture="part 7.jpg",
        sha256=hashlib.sha256(picture).hexdigest(),
        line=line,
        model=model,
        model_sha256="ab" * 32,
        engine=EngineLabel("openvino", "2026.4.1", "int8", "CPU"),
        verdict=Verdict(verdict, class_name, score_0_1, (Step("Is a part there?", "yes, 97 %", True),)),
        probabilities={name: float(share) for name, share in zip(names, shares, strict=True)},
        logits=tuple(float(value) for value in logits),
        box=Box(10.5, 20.0, 300.25, 280.0),
        box_score_0_1=0.97,
        findings=(Finding(Box(40.0, 50.0, 60.0, 70.0), "cracked", 0.81),),
        heat_map=HeatMap(
            rng.random((7, 7), dtype=np.float32),
            "cracked",
            "grad-cam",
            True,
            2e-7,
            3.25,
            Box(5.0, 15.0, 305.0, 285.0),
        ),
        timings_ms=Timings(2.5, 3.5, 4.25, 0.5, total=10.75),
        retested=True,
        features=rng.random(64, dtype=np.float32),
    )


def add_one(store: RecordStore, number: int = 0, **chosen: object) -> Record:
    picture = f"picture {number}".encode()
    inspection = make_inspection(picture, seed=number, **chosen)  # type: ignore[arg-type]
    return store.add(inspection, picture, context=CONTEXT)


def add_many(store: RecordStore, count: int) -> list[Record]:
    return [add_one(store, number) for number in range(count)]


def open_raw(store: RecordStore) -> sqlite3.Connection:
    """The file itself, as someone with the right to write it would open it."""
    assert store.database.path is not None
    return sqlite3.connect(store.database.path, isolation_level=None)


@contextmanager
def attack(store: RecordStore) -> Iterator[sqlite3.Connection]:
    """The file, with the triggers taken away and put back afterwards, so that nothing else gives it away."""
    with closing(open_raw(store)) as raw:
        triggers = raw.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            raw.execute(f"DROP TRIGGER {name}")
        yield raw
        for _, statement in triggers:
            raw.execute(statement)


def list_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())
