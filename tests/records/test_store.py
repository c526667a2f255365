"""Records are added, found again as they were, and never changed."""

import os
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from sqlalchemy import event
from sqlalchemy.exc import DatabaseError

from inspection.config import load_settings
from inspection.lines import load_line
from inspection.records.content import build_context, list_thresholds
from inspection.records.decisions import Answer
from inspection.records.errors import (
    PictureAltered,
    PictureMissing,
    RecordRefused,
    RecordUnknown,
)
from inspection.records.record import Kind
from inspection.records.store import RecordStore, open_store
from inspection.records.verify import verify
from inspection.types import VerdictKind
from tests.records.makers import CONTEXT, add_many, add_one, list_files, make_inspection


def test_an_inspection_is_read_back_as_it_was(any_store: RecordStore) -> None:
    picture = b"the bytes as they came"
    inspection = make_inspection(picture)
    record = any_store.get(any_store.add(inspection, picture, context=CONTEXT).id)
    restored = any_store.read_inspection(record)
    assert inspection.heat_map is not None and restored.heat_map is not None
    np.testing.assert_array_equal(restored.heat_map.grid, inspection.heat_map.grid)
    np.testing.assert_array_equal(restored.features, inspection.features)
    bare = {"heat_map": None, "features": None}
    assert replace(restored, **bare) == replace(inspection, **bare)
    assert list(restored.probabilities) == list(inspection.probabilities)
    assert replace(restored.heat_map, grid=inspection.heat_map.grid) == inspection.heat_map
    assert any_store.read_picture(record) == picture


def test_what_an_auditor_asks_for_is_in_the_record(store: RecordStore) -> None:
    before = datetime.now(UTC)
    record = add_one(store)
    body, about = record.body, record.about
    assert before - timedelta(seconds=1) < record.at < before + timedelta(minutes=1)
    assert about["at"].endswith("Z")
    assert about["person"] == "inspector-1"
    assert body["engine"] == {"name": "openvino", "version": "2026.4.1", "device": "CPU"}
    assert (body["precision"], body["model_sha256"]) == ("int8", "ab" * 32)
    assert body["preprocessing"]["size"] == 224 and body["thresholds"]["confidence_0_1"] == 0.8
    assert len(body["logits"]) == 5
    assert (body["heat_map"]["method"], body["heat_map"]["exact"]) == ("grad-cam", True)
    assert (about["verdict"], about["class"], body["path"]) == (
        "REJECT",
        "cracked",
        [["Is a part there?", "yes, 97 %", True]],
    )


def test_no_part_and_no_map_are_kept_too(store: RecordStore) -> None:
    picture = b"an empty belt"
    inspection = replace(
        make_inspection(picture, verdict=VerdictKind.NO_PART, class_name=None),
        box=None,
        box_score_0_1=None,
        heat_map=None,
        features=None,
        findings=(),
    )
    record = store.add(inspection, picture, context=CONTEXT)
    assert store.read_inspection(store.get(record.id)) == inspection
    assert record.evidence_sha256 is None


def test_a_record_is_found_by_number_uid_and_code(any_store: RecordStore) -> None:
    record = add_many(any_store, 3)[1]
    for code in (str(record.id), record.uid, record.code, f" {record.code.upper()} "):
        assert any_store.find(code) == record
    for code in ("99", "2-00ff", "", "rubbish", "0" * 32, "9" * 400):
        with pytest.raises(RecordUnknown):
            any_store.find(code)


def test_the_same_picture_is_kept_once(store: RecordStore, tmp_path) -> None:
    add_one(store, 1)
    files = list_files(tmp_path / "pictures")
    add_one(store, 1)
    assert list_files(tmp_path / "pictures") == files and len(files) == 2


def test_other_bytes_than_those_inspected_are_refused(store: RecordStore, tmp_path) -> None:
    with pytest.raises(RecordRefused, match="that were inspected"):
        store.add(make_inspection(b"one"), b"another", context=CONTEXT)
    assert store.words()["kind"] == () and list_files(tmp_path / "pictures") == []


@pytest.mark.parametrize("person", ["two\nlines", "x" * 201, "bad \ud800", "nul \x00"])
def test_names_that_cannot_be_searched_by_are_refused(any_store: RecordStore, person: str) -> None:
    with pytest.raises(RecordRefused, match="printable"):
        any_store.add(make_inspection(b"x"), b"x", context=replace(CONTEXT, person=person))


def test_strange_file_names_are_kept_as_they_are(any_store: RecordStore) -> None:
    picture = b"x"
    name = "péice \udcff \x00 \N{SNOWMAN}.jpg"
    record = any_store.add(replace(make_inspection(picture), picture=name), picture, context=CONTEXT)
    assert any_store.get(record.id).body["picture"]["name"] == name


def test_a_number_that_is_none_is_refused(store: RecordStore) -> None:
    broken = replace(make_inspection(b"x"), logits=(float("nan"), 0.0))
    with pytest.raises(RecordRefused, match="finite"):
        store.add(broken, b"x", context=CONTEXT)


def test_both_answers_of_a_person_are_kept(any_store: RecordStore) -> None:
    subject = add_one(any_store)
    passed, cracked = Answer(VerdictKind.PASS, "flawless"), Answer(VerdictKind.REJECT, "cracked")
    blind = any_store.decide(subject.id, passed, person="inspector-2", saw_map=False, took_ms=4200.0)
    after = any_store.decide(subject.id, cracked, person="inspector-2", saw_map=True, took_ms=900.0)
    assert any_store.about(subject.id) == (blind, after)
    assert any_store.about_each([subject.id, blind.id]) == {subject.id: (blind, after)}
    assert any_store.about_each([]) == {}
    assert (blind.agrees, after.agrees) == (False, True)
    assert after.body["person_said_before"] == {"verdict": "PASS", "class": "flawless", "record": blind.id}
    assert after.body["model_said"] == {"verdict": "REJECT", "class": "cracked", "score": 0.98}
    assert after.about["of"] == {"id": subject.id, "hash": subject.hash}
    assert blind.body["took_ms"] == 4200.0


def test_an_override_needs_a_reason_and_a_blind_answer_comes_first(store: RecordStore) -> None:
    subject = add_one(store)
    passed = Answer(VerdictKind.PASS, "flawless")
    with pytest.raises(RecordRefused, match="reason"):
        store.decide(subject.id, passed, person="inspector-2", saw_map=True, took_ms=1.0)
    kept = store.decide(
        subject.id, passed, person="inspector-2", saw_map=True, took_ms=1.0, reason="a shadow"
    )
    assert kept.body["reason"] == "a shadow"
    with pytest.raises(RecordRefused, match="already seen"):
        store.decide(subject.id, passed, person="inspector-2", saw_map=False, took_ms=1.0)
    with pytest.raises(RecordRefused, match="inspection to decide on"):
        store.decide(kept.id, passed, person="inspector-3", saw_map=True, took_ms=1.0)


def test_events_stand_in_the_same_chain(store: RecordStore) -> None:
    inspection = add_one(store)
    event = store.note(
        "promotion", {"from": "resnet50", "to": "compact_cnn"}, person="manager-1", line="steel"
    )
    assert event.previous_hash == inspection.hash and store.get(event.id).kind is Kind.EVENT


STATEMENTS = (
    "UPDATE records SET body = '{}' WHERE id = 1",
    "UPDATE records SET score_0_1 = 0",
    "DELETE FROM records WHERE id = 2",
    "DELETE FROM records",
    "UPDATE facets SET person = 'nobody'",
    "DELETE FROM facets",
    "UPDATE chain_origin SET id = 2",
    "DELETE FROM chain_origin",
    "INSERT INTO records SELECT 7, uid, at_us, facet_id, NULL, NULL, NULL, 0, 0, 0, hash, body FROM records WHERE id=1",
)
ONLY_SQLITE = (  # REPLACE deletes without asking the DELETE trigger
    "INSERT OR REPLACE INTO records SELECT * FROM records WHERE id = 1",
    "INSERT OR REPLACE INTO records SELECT 3, uid, 0, facet_id, NULL, NULL, NULL, 0, 0, 0, hash, '' FROM records WHERE id=1",
    "UPDATE OR REPLACE records SET id = 2 WHERE id = 1",
    "INSERT OR REPLACE INTO facets SELECT * FROM facets",
    "INSERT OR REPLACE INTO facets SELECT 9, kind, line, verdict, class_name, model, person, agrees, 9 FROM facets",
    "REPLACE INTO chain_origin SELECT 1, x'00'",
)
ONLY_POSTGRESQL = (
    "TRUNCATE records CASCADE",
    "TRUNCATE chain_origin",
    "INSERT INTO records SELECT * FROM records WHERE id = 1 ON CONFLICT (id) DO UPDATE SET body = ''",
)


def test_the_database_refuses_every_change(any_store: RecordStore) -> None:
    kept = add_many(any_store, 2)
    more = ONLY_POSTGRESQL if any_store.database.is_server else ONLY_SQLITE
    for statement in (*STATEMENTS, *more):
        with pytest.raises(DatabaseError), any_store.database.engine.begin() as connection:
            connection.exec_driver_sql(statement)
    assert [any_store.get(record.id) for record in kept] == kept


def test_files_that_changed_or_went_are_named_when_read(store: RecordStore) -> None:
    record = add_one(store)
    path = store.pictures.path_of(str(record.picture_sha256))
    with open(path, "wb") as file:
        file.write(b"something else")
    with pytest.raises(PictureAltered, match="changed after it was kept"):
        store.read_picture(record)
    os.unlink(path)
    with pytest.raises(PictureMissing, match="Restore"):
        store.read_picture(record)


def test_a_store_is_opened_again_where_it_was_left(any_url: str, tmp_path) -> None:
    first = open_store(any_url, str(tmp_path / "pictures"))
    kept = add_many(first, 3)
    first.close()
    again = open_store(any_url, str(tmp_path / "pictures"))
    assert add_one(again, 9).previous_hash == kept[-1].hash
    assert [again.get(record.id) for record in kept] == kept
    again.close()


def test_a_flush_brings_the_records_into_the_file(store: RecordStore, tmp_path: Path) -> None:
    """The file alone, without SQLite's log beside it, is then a good copy up to that moment."""
    add_many(store, 4)
    store.flusher.flush()
    assert not store.flusher.unsynced
    assert store.database.path is not None
    shutil.copy(store.database.path, tmp_path / "copy.sqlite")
    copy = open_store(f"sqlite:///{tmp_path / 'copy.sqlite'}", str(tmp_path / "pictures"))
    report = verify(copy)
    assert report.holds and report.records == 4
    copy.close()


def test_without_arguments_the_environment_and_then_var_decide(tmp_path: Path, monkeypatch) -> None:
    settings = replace(load_settings(), var_dir=tmp_path / "var")
    plain = open_store(settings=settings)
    add_one(plain)
    assert (tmp_path / "var" / "records.sqlite").exists() and len(
        list_files(tmp_path / "var" / "pictures")
    ) == 2
    monkeypatch.setenv("ASSAY_DATABASE_URL", f"sqlite:///{tmp_path / 'other' / 'records.sqlite'}")
    monkeypatch.setenv("ASSAY_PICTURES_URL", (tmp_path / "elsewhere").as_uri())
    chosen = open_store(settings=settings)
    assert add_one(chosen).id == 1
    assert (tmp_path / "other" / "records.sqlite").exists() and len(list_files(tmp_path / "elsewhere")) == 2
    for store in (plain, chosen):
        store.close()


def test_the_context_is_that_of_the_inspector(store: RecordStore) -> None:
    line = load_line("aluminium")
    classifying = SimpleNamespace(input_size=224, channels=3, temperature=1.25)
    context = build_context(
        SimpleNamespace(line=line, classifying=classifying), person="inspector-1", source="camera"
    )
    body = store.add(make_inspection(b"x"), b"x", context=context).body
    assert body["preprocessing"] == {
        "located_by": "yolov5n",
        "input_size": 224,
        "channels": 3,
        "temperature": 1.25,
    }
    assert body["thresholds"] == list_thresholds(line) and body["source"] == "camera"


def test_thresholds_are_those_of_the_line() -> None:
    found = list_thresholds(load_line("aluminium"))
    assert found == {
        "confidence_0_1": 0.8,
        "lead_0_1": 0.2,
        "retest": True,
        "novelty_0_1": 0.01,
        "whole": True,
        "locate_0_1": 0.5,
        "margin": 0.06,
    }


def test_who_saves_finds_the_pages_of_the_record_before(tmp_path: Path) -> None:
    """SQLite drops what a connection knows of the file when another one writes: so one alone does, whoever reads."""
    store = open_store(f"sqlite:///{tmp_path / 'records.sqlite'}", str(tmp_path / "pictures"))
    store.warm()
    opened: list[object] = []
    event.listen(store.database.writer, "checkout", lambda raw, _record, _proxy: opened.append(raw))
    for number in range(3):
        add_one(store, number)
        store.flusher.flush()
        assert store.get(number + 1).id == number + 1
    assert len(opened) == 3 and len({id(raw) for raw in opened}) == 1
    store.close()
