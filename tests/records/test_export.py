"""The tables that leave the house."""

import csv
import hashlib
import io
from dataclasses import replace

import pyarrow.parquet as pq

from inspection.records.export import COLUMNS, export_csv, export_parquet
from inspection.records.search import Search
from inspection.records.store import RecordStore
from tests.records.makers import CONTEXT, add_many, make_inspection


def _fill(store: RecordStore) -> None:
    subject = add_many(store, 3)[1]
    store.correct(
        subject.id, {"class": "dented"}, person="auditor-1", reason="=HYPERLINK(a dent)", good="flawless"
    )
    store.note("promotion", {"to": "compact_cnn"}, person="manager-1", line="steel")


def test_csv_holds_every_record_and_disarms_formulas(store: RecordStore) -> None:
    _fill(store)
    picture = b"x"
    named = replace(make_inspection(picture), picture='=cmd|"/c calc"!A1')
    store.add(named, picture, context=CONTEXT)
    file = io.StringIO()
    assert export_csv(store.walk(Search(kinds=())), file) == 6
    rows = list(csv.DictReader(io.StringIO(file.getvalue())))
    assert list(rows[0]) == list(COLUMNS)
    assert [row["id"] for row in rows] == ["1", "2", "3", "4", "5", "6"]
    assert rows[0]["at"].endswith("Z") and rows[0]["verdict"] == "REJECT" and rows[0]["score"] == "0.98"
    assert rows[3]["reason"] == "'=HYPERLINK(a dent)" and rows[3]["of_id"] == "2"
    assert rows[5]["picture"] == '\'=cmd|"/c calc"!A1'


def test_parquet_keeps_the_types_and_the_chain(store: RecordStore) -> None:
    _fill(store)
    file = io.BytesIO()
    assert export_parquet(store.walk(Search(kinds=())), file) == 5
    table = pq.read_table(io.BytesIO(file.getvalue()))
    assert table.column_names == list(COLUMNS)
    rows = table.to_pylist()
    assert rows[0]["at"] == store.get(1).at and rows[0]["heat_map_exact"] is True
    assert rows[4]["latency_ms"] is None and rows[0]["latency_ms"] == 10.75
    for row in rows:  # anybody who has the file can compute the links again
        digest = hashlib.sha256(bytes.fromhex(row["previous_hash"]) + row["body"].encode()).hexdigest()
        assert digest == row["hash"]


def test_an_empty_search_gives_an_empty_table(store: RecordStore) -> None:
    text, data = io.StringIO(), io.BytesIO()
    assert export_csv(store.walk(Search()), text) == 0 and export_parquet(store.walk(Search()), data) == 0
    assert text.getvalue().strip() == ",".join(COLUMNS)
    assert pq.read_table(io.BytesIO(data.getvalue())).num_rows == 0
