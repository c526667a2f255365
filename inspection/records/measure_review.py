"""How fast the review queue is at size: python -m inspection.records.measure_review [--records 1000000] [--url …]

It builds a store of made-up records in a folder of its own, of which far more wait than on any sound line (every
sixth was asked about, every third is unsure), and times what a person waits for.
"""

import argparse
import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from inspection.records.decisions import Answer
from inspection.records.filling import DECIDED_EVERY, Plan, fill_store
from inspection.records.leases import Leases
from inspection.records.opinions import read_opinions
from inspection.records.queue import count_waiting
from inspection.records.search import Search
from inspection.records.store import RecordStore, open_store
from inspection.types import VerdictKind

REPEATS = 15
PERSON = "inspector"
LIMIT_MS = 200.0


def measure(*, records: int, folder: Path, url: str | None) -> dict[str, object]:
    until = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)
    plan = Plan(
        records,
        pictures=50,
        picture_bytes=20_000,
        since=until - timedelta(days=365),
        until=until,
        decided_every=DECIDED_EVERY,
    )
    store = open_store(url or f"sqlite:///{folder / 'records.sqlite'}", str(folder / "pictures"))
    try:
        figures: dict[str, object] = {"records": records, "database": store.database.engine.dialect.name}
        if store.count(Search()) < records:  # else a folder that was kept is measured again
            figures["fill_s"] = round(_time_ms(lambda: fill_store(store, plan)) / 1e3, 1)
        figures["wait"] = sum(row.parts for row in count_waiting(store.database, person=PERSON))
        return figures | _time_all(store)
    finally:
        store.close()


def _time_all(store: RecordStore) -> dict[str, object]:
    desk = Leases(store.database, lambda: datetime.now(UTC))
    skipped = [_decide_next(store, desk) for _ in range(100)]
    calls: dict[str, Callable[[], object]] = {
        "count what waits": lambda: count_waiting(store.database, person=PERSON),
        "take the next": lambda: desk.take_next(token="t", person=PERSON),
        "take the next of a rare line": lambda: desk.take_next(token="t", person=PERSON, lines=("steel",)),
        "take the next, 100 skipped": lambda: desk.take_next(token="t", person=PERSON, skipped=skipped),
        "take the next of a line that is not": lambda: desk.take_next(token="t", person=PERSON, lines=("x",)),
        "decide": lambda: _decide_next(store, desk),
        "read what was said of a line": lambda: read_opinions(store, line="aluminium"),
    }
    return {f"{name}, ms": _time_calls(call) for name, call in calls.items()}


def _decide_next(store: RecordStore, desk: Leases) -> int:
    lease = desk.take_next(token="t", person=PERSON)
    if lease is None:
        raise SystemExit("Nothing waits any more: measure with more records.")
    store.decide(
        lease.place.record_id,
        Answer(VerdictKind.REJECT, "cracked"),
        person=PERSON,
        saw_map=False,
        took_ms=1_000.0,
    )
    return lease.place.record_id


def _time_calls(call: Callable[[], object]) -> dict[str, float]:
    times = [_time_ms(call) for _ in range(REPEATS)]
    return {
        "first": round(times[0], 2),
        "median": round(statistics.median(times), 2),
        "worst": round(max(times), 2),
    }


def _time_ms(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return 1e3 * (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m inspection.records.measure_review", description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--url", help="an empty database; SQLite in the folder by default")
    parser.add_argument(
        "--folder", type=Path, help="where the store is built and kept; by default it is taken away"
    )
    chosen = parser.parse_args()
    folder = chosen.folder or Path(tempfile.mkdtemp(prefix="assay-measure-review-"))
    try:
        figures = measure(records=chosen.records, folder=folder, url=chosen.url)
    finally:
        if chosen.folder is None:
            shutil.rmtree(folder)
    print(json.dumps({**figures, "limit_ms": LIMIT_MS}, indent=1))


if __name__ == "__main__":
    main()
