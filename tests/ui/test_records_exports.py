"""The tables of Records, as they are taken away."""

import csv
import io
import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from inspection.records.export import COLUMNS
from inspection.records.record import Record
from inspection.records.search import Search
from inspection.records.store import RecordStore, open_store
from inspection.ui.records_exports import write_csv
from tests.records.makers import CONTEXT, add_one, make_inspection


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RecordStore]:
    with closing(
        open_store(f"sqlite:///{tmp_path / 'records.sqlite'}", str(tmp_path / "pictures"))
    ) as opened:
        yield opened


def test_a_name_in_any_script_comes_through(store: RecordStore) -> None:
    picture = "刻み目.png".encode()
    store.add(replace(make_inspection(picture), picture="刻み目.png"), picture, context=CONTEXT)
    data = write_csv(store, Search())
    assert data.startswith(b"\xef\xbb\xbf") and data.count(b"\r\n") == 2
    (row,) = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    assert row["picture"] == "刻み目.png" and list(row) == list(COLUMNS)


def test_a_large_table_is_not_held_several_times(store: RecordStore) -> None:
    record = add_one(store)

    def walk(_search: Search) -> Iterator[Record]:
        for _ in range(3_000):
            yield record

    many: Any = SimpleNamespace(walk=walk)
    tracemalloc.start()
    try:
        size = len(write_csv(many, Search()))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size > 3_000_000 and peak < 1.6 * size
