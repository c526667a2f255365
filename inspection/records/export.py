"""Records as a table: CSV for a spreadsheet, Parquet for a program."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import IO, Any

from inspection.records.chain import canonical_json
from inspection.records.record import Record
from inspection.spreadsheet import guard_cell

_BATCH = 2_000
# name → how Parquet holds it. Times are UTC.
COLUMNS: Mapping[str, str] = {
    "id": "int64",
    "at": "time",
    "kind": "text",
    "person": "text",
    "source": "text",
    "part": "text",
    "line": "text",
    "verdict": "text",
    "class": "text",
    "score": "float64",
    "model": "text",
    "model_sha256": "text",
    "engine": "text",
    "engine_version": "text",
    "device": "text",
    "precision": "text",
    "picture": "text",
    "picture_sha256": "text",
    "heat_map": "text",
    "heat_map_exact": "bool",
    "box": "text",
    "latency_ms": "float64",
    "novelty_p": "float64",
    "novelty_sha256": "text",
    "retested": "bool",
    "of_id": "int64",
    "agrees": "text",
    "saw_map": "bool",
    "reason": "text",
    "uid": "text",
    "hash": "text",
    "previous_hash": "text",
    "body": "text",
}


# taken from the body, and from what it is about, as they are
_FROM_ABOUT = (
    *("kind", "person", "line", "verdict", "class", "score", "model", "picture_sha256"),
    *("latency_ms", "novelty_p", "agrees", "uid"),
)
_FROM_BODY = (
    *("source", "part", "model_sha256", "novelty_sha256"),
    *("precision", "retested", "saw_map", "reason"),
)


def build_row(record: Record) -> dict[str, Any]:
    """One flat row; `body` is the canonical JSON, from which anybody can compute `hash` again."""
    body, box = record.body, record.body.get("box")
    engine, heat_map = body.get("engine") or {}, body.get("heat_map") or {}
    return {
        "id": record.id,
        "at": record.at,
        **{name: body["about"][name] for name in _FROM_ABOUT},
        **{name: body.get(name) for name in _FROM_BODY},
        "engine": engine.get("name"),
        "engine_version": engine.get("version"),
        "device": engine.get("device"),
        "picture": (body.get("picture") or {}).get("name"),
        "heat_map": heat_map.get("method"),
        "heat_map_exact": heat_map.get("exact"),
        "box": None if box is None else " ".join(f"{edge:.1f}" for edge in box),
        "of_id": record.of_id,
        "hash": record.hash,
        "previous_hash": record.previous_hash,
        "body": canonical_json(body),
    }


def export_csv(found: Iterable[Record], file: IO[str]) -> int:
    """Returns the number of rows. A text that a spreadsheet would run as a formula gets an apostrophe in front."""
    writer = csv.DictWriter(file, fieldnames=list(COLUMNS))
    writer.writeheader()
    count = 0
    for record in found:
        row = build_row(record)
        row["at"] = record.about["at"]
        writer.writerow({name: guard_cell(row[name]) for name in COLUMNS})
        count += 1
    return count


def export_parquet(found: Iterable[Record], file: IO[bytes]) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {
        "int64": pa.int64(),
        "float64": pa.float64(),
        "bool": pa.bool_(),
        "text": pa.string(),
        "time": pa.timestamp("us", tz="UTC"),
    }
    schema = pa.schema([(name, types[kind]) for name, kind in COLUMNS.items()])
    count = 0
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for batch in _split(found):
            writer.write_table(pa.Table.from_pylist([build_row(record) for record in batch], schema=schema))
            count += len(batch)
    return count


def _split(found: Iterable[Record]) -> Iterator[list[Record]]:
    iterator = iter(found)
    while batch := list(islice(iterator, _BATCH)):
        yield batch
