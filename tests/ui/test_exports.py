"""The table and the archive that a batch leaves behind."""

import csv
import io
import json
import zipfile

import pytest

from inspection.images import decode
from inspection.spreadsheet import guard_cell
from inspection.types import Inspection
from inspection.ui.exports import safe_stem, write_csv, write_zip
from inspection.ui.judging import judge, mark_pictures
from inspection.ui.state import Entry
from inspection.ui.uploads import Refusal
from tests.ui.fakes import NOTHING, FakeInspector, code_of, make_png


def make_entries() -> list[Entry]:
    inspector = FakeInspector()
    given = {
        "=cmd|' /C calc'!A0.png": make_png(code_of("cracked")),
        "belt.png": make_png(NOTHING),
        "bad.png": b"?",
    }
    return [judge(Entry(name, data), inspector) for name, data in given.items()]


def outcomes(entries: list[Entry]) -> list[tuple[str, Inspection | Refusal]]:
    return [(entry.name, entry.outcome) for entry in entries if entry.outcome is not None]


def test_the_table_has_a_row_a_picture() -> None:
    text = write_csv(outcomes(make_entries())).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["verdict"] for row in rows] == ["REJECT", "NO PART", ""]
    assert rows[0]["class"] == "cracked" and float(rows[0]["score"]) == pytest.approx(0.97)
    assert rows[0]["total_ms"] == "10.9" and rows[0]["precision"] == "int8"
    assert rows[0]["box"] == "80.0 24.0 240.0 216.0" and rows[1]["box"] == ""
    assert rows[2]["refused_because"] and not rows[2]["model"]


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx"])
def test_no_name_becomes_a_formula(name: str) -> None:
    assert guard_cell(name) == f"'{name}"


def test_a_plain_name_is_left_alone() -> None:
    assert guard_cell("part-01.png") == "part-01.png"


@pytest.mark.parametrize(
    ("name", "stem"),
    [("../../x y.png", "x-y"), ("…", "picture"), ("a" * 99 + ".png", "a" * 60), (".hidden", "picture")],
)
def test_stems_are_letters_and_digits(name: str, stem: str) -> None:
    assert safe_stem(name) == stem


def test_the_archive_holds_table_results_and_marked_pictures() -> None:
    entries = make_entries()
    archive = zipfile.ZipFile(io.BytesIO(write_zip(outcomes(entries), mark_pictures(entries))))
    names = archive.namelist()
    assert names[:2] == ["inspections.csv", "inspections.jsonl"]
    assert [name.rsplit("/", 1)[0] for name in names[2:]] == ["pictures/reject", "pictures/no-part"]
    assert all(".." not in name and "=" not in name for name in names)
    lines = [json.loads(line) for line in archive.read("inspections.jsonl").decode().splitlines()]
    assert lines[0]["verdict"] == "REJECT" and set(lines[2]) == {"picture", "error"}
    marked = decode(archive.read(names[2]), name="marked")
    assert (marked.width, marked.height) == (320, 240)
