"""How fast the store is at size: python -m inspection.records.measure [--records 1000000] [--url …] [--json]

It builds a store of made-up records in a folder of its own and times what people wait for.
"""

import argparse
import json
import os
import secrets
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

from inspection.records.export import export_csv
from inspection.records.filling import DECIDED_EVERY, Plan, build_sample, fill_store
from inspection.records.record import Kind
from inspection.records.search import Cursor, Search
from inspection.records.store import RecordStore, open_store
from inspection.records.verify import verify

REPEATS = 5
ADDS = 200
ADD_PAUSE_S = 0.02  # a line that inspects forty parts a second
LIMITS_MS = {"add": 5.0, "search": 200.0, "verify": 60_000.0}


def measure(*, records: int, folder: Path, url: str | None) -> dict[str, object]:
    until = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)
    plan = Plan(
        records=records,
        pictures=max(10, min(5_000, records // 100)),
        picture_bytes=20_000,
        since=until - timedelta(days=365),
        until=until,
        decided_every=DECIDED_EVERY,
    )
    place = url or f"sqlite:///{folder / 'records.sqlite'}"
    store = open_store(place, str(folder / "pictures"))
    figures: dict[str, object] = {"records": records, "database": store.database.engine.dialect.name}
    if store.count(Search()) < records:  # else a folder that was kept is measured again
        figures["fill_s"] = _time_s(lambda: fill_store(store, plan))
    store.flusher.flush()
    store.close()
    figures["open_ms"] = 1e3 * _time_s(lambda: open_store(place, str(folder / "pictures")).close())
    store = open_store(place, str(folder / "pictures"))
    try:
        figures["searches_ms"] = {
            name: _time_calls(call) for name, call in _list_searches(store, plan).items()
        }
        figures["warm_s"] = _time_s(store.warm)  # as a server does when it starts
        figures["add_ms"] = _time_adds(store)
        figures["verify_s"] = _time_verify(store)
        month = Search(since=plan.until - timedelta(days=30))
        figures["csv_of_a_month_s"] = _time_s(lambda: export_csv(store.walk(month), StringIO()))
    finally:
        store.close()
    if store.database.path is not None:
        figures["database_mb"] = round(store.database.path.stat().st_size / 1e6)
    return figures


def _list_searches(store: RecordStore, plan: Plan) -> Mapping[str, Callable[[], object]]:
    hot = store.search(Search(kinds=(Kind.INSPECTION,)), limit=1).records[0].picture_sha256
    first = store.get(1)
    middle = Cursor(int((plan.since + (plan.until - plan.since) / 2).timestamp() * 1e6), 0)
    some_days = Search(since=plan.since + timedelta(days=100), until=plan.since + timedelta(days=103))
    searches: dict[str, tuple[Search, Cursor | None]] = {
        "everything": (Search(), None),
        "everything, from the middle": (Search(), middle),
        "three days": (some_days, None),
        "line": (Search(lines=("steel",)), None),
        "verdict": (Search(verdicts=("REVIEW",)), None),
        "verdict, from the middle": (Search(verdicts=("REVIEW",)), middle),
        "defect": (Search(class_names=("cracked",)), None),
        "model": (Search(models=("mobilevit_xxs",)), None),
        "person": (Search(persons=("operator-07",)), None),
        "four words": (
            Search(
                lines=("aluminium",), verdicts=("REJECT",), models=("compact_cnn",), persons=("operator-31",)
            ),
            None,
        ),
        "words that never meet": (Search(lines=("casting",), class_names=("cracked",)), None),
        "a picture": (Search(picture_sha256=hot), None),
        "a picture in every tenth record": (Search(picture_sha256=first.picture_sha256), None),
        "that picture and a person": (
            Search(picture_sha256=first.picture_sha256, persons=("operator-07",), verdicts=("REJECT",)),
            middle,
        ),
    }
    calls: dict[str, Callable[[], object]] = {
        name: (lambda search=search, after=after: store.search(search, after=after))  # type: ignore[misc]
        for name, (search, after) in searches.items()
    }
    year = Search(lines=("aluminium",))
    calls["count: everything"] = lambda: store.count(Search())
    calls["count: three days, a line"] = lambda: store.count(some_days)
    calls["count by day and verdict, a year"] = lambda: store.count_by(year, hours=24, words=("verdict",))
    calls["start of a picture's hash"] = lambda: store.complete_picture_hash(str(hot)[:8])
    calls["one record"] = lambda: store.get(plan.records // 2)
    return calls


def _time_s(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def _time_calls(call: Callable[[], object]) -> dict[str, float]:
    times = [1e3 * _time_s(call) for _ in range(REPEATS)]
    return {"first": times[0], "median": statistics.median(times), "worst": max(times)}


def _time_adds(store: RecordStore) -> dict[str, float]:
    times = []
    for number in range(ADDS):
        inspection, picture, context = build_sample(number, picture=secrets.token_bytes(60_000))
        time.sleep(ADD_PAUSE_S)
        start = time.perf_counter()
        store.add(inspection, picture, context=context)
        times.append(1e3 * (time.perf_counter() - start))
    times.sort()
    return {"median": statistics.median(times), "p95": times[int(0.95 * ADDS)], "worst": times[-1]}


def _time_verify(store: RecordStore) -> dict[str, object]:
    worked = time.process_time()
    chain = verify(store, picture_share_0_1=0.0)
    worked = time.process_time() - worked
    full = verify(store)
    return {
        "chain": chain.seconds,
        "chain_processor": worked,  # what it takes where nobody else wants the processor
        "chain_and_files": full.seconds,
        "files": full.files_checked,
        "holds": full.holds,
    }


def _print_table(figures: Mapping[str, object], indent: str = "") -> None:
    for name, value in figures.items():
        if isinstance(value, Mapping):
            if all(isinstance(one, float) for one in value.values()):
                print(f"{indent}{name:36}", "  ".join(f"{key} {one:8.2f}" for key, one in value.items()))
            else:
                print(f"{indent}{name}")
                _print_table(value, indent + "  ")
        else:
            print(f"{indent}{name:36}", f"{value:.2f}" if isinstance(value, float) else value)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m inspection.records.measure", description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--url", help="an empty database; SQLite in the folder by default")
    parser.add_argument(
        "--folder", type=Path, help="where the store is built and kept; by default it is taken away again"
    )
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    folder = chosen.folder or Path(tempfile.mkdtemp(prefix="assay-measure-", dir=os.environ.get("TMPDIR")))
    try:
        figures = measure(records=chosen.records, folder=folder, url=chosen.url)
    finally:
        if chosen.folder is None:
            shutil.rmtree(folder)
    if chosen.json:
        print(json.dumps({**figures, "limits_ms": LIMITS_MS}))
    else:
        _print_table(figures)


if __name__ == "__main__":
    main()
