"""A line's history in a few lines: so many parts at a time, so many of them rejected, unsure or novel."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from inspection.records.content import build_inspection_body
from inspection.records.record import Record
from inspection.records.store import RecordStore, open_store
from inspection.types import Novelty, Timings, VerdictKind
from tests.records.makers import CONTEXT, make_inspection

NOW = datetime(2026, 3, 2, 12, 30, tzinfo=UTC)


@dataclass
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@contextmanager
def open_clocked(folder: Path) -> Iterator[tuple[RecordStore, Clock]]:
    clock = Clock()
    store = open_store(f"sqlite:///{folder / 'records.sqlite'}", str(folder / "pictures"), clock=clock)
    yield store, clock
    store.close()


def keep_parts(
    store: RecordStore,
    *,
    passed: int = 0,
    rejected: int = 0,
    unsure: int = 0,
    novel: int = 0,
    empty: int = 0,
    line: str = "aluminium",
    score_0_1: float = 0.97,
    latency_ms: float = 10.0,
    with_novelty: bool = True,
    seed: int = 0,
) -> list[Record]:
    """Straight into the chain, without pictures: what is watched are the counts."""
    rng = np.random.default_rng(seed)
    kinds = (
        [(VerdictKind.PASS, "flawless")] * passed
        + [(VerdictKind.REJECT, "cracked")] * rejected
        + [(VerdictKind.REVIEW, "cracked")] * (unsure + novel)
        + [(VerdictKind.NO_PART, None)] * empty
    )
    kept = []
    for number, (kind, name) in enumerate(kinds):
        inspection = make_inspection(
            b"part", verdict=kind, class_name=name, line=line, score_0_1=score_0_1 + rng.uniform(-0.02, 0.02)
        )
        is_novel = passed + rejected + unsure <= number < passed + rejected + unsure + novel
        p = 0.004 if is_novel else 0.01 + 0.99 * (number + 0.5) / len(kinds)
        inspection = replace(
            inspection,
            timings_ms=Timings(total=latency_ms),
            novelty=Novelty(p, 1.0, "knn", 240) if with_novelty and kind is not VerdictKind.NO_PART else None,
        )
        body = build_inspection_body(inspection, context=CONTEXT, picture_bytes=4, evidence_sha256=None)
        kept.append(store.appender.append(body))
    return kept


def keep_days(store: RecordStore, clock: Clock, days: int, *, until: datetime, **parts: int | float) -> None:
    """The same every day, the last one being that of `until`, also in the minutes after midnight."""
    midnight = until.replace(hour=0, minute=0, second=0, microsecond=0)
    moment = max(midnight, until - timedelta(minutes=10))
    for back in reversed(range(days)):
        clock.now = moment - timedelta(days=back)
        keep_parts(store, **parts)  # type: ignore[arg-type]
    clock.now = until
