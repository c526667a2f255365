"""One damaged spot is named, and verify still says how all the rest stands."""

import json
import os
import sqlite3
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from inspection.records.chain import link_hash
from inspection.records.champions import ChampionReader
from inspection.records.checkpoints import sign_checkpoint
from inspection.records.errors import StoreDamaged
from inspection.records.search import Search
from inspection.records.store import RecordStore
from inspection.records.verify import verify
from tests.records.answering import make_line
from tests.records.contenders import make_settings
from tests.records.makers import add_many, attack

KEPT = 4


@pytest.mark.parametrize("value", ["'x'", "1.5", "x'00'"])
def test_a_count_that_is_no_whole_number_is_a_fault(store: RecordStore, value: str) -> None:
    add_many(store, KEPT)
    with attack(store) as raw:
        raw.execute(f"UPDATE tallies SET n = {value}")
    report = verify(store)
    assert not report.holds and not report.tallies_match and "counts" in report.words
    assert report.first_break is None and report.records == KEPT


def test_a_count_that_is_nearly_right_is_a_fault(store: RecordStore) -> None:
    add_many(store, KEPT)
    with attack(store) as raw:
        raw.execute("UPDATE tallies SET n = n + 0.5")
    assert not verify(store).tallies_match


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM chain_origin",
        "UPDATE chain_origin SET uid = 'words'",
        "UPDATE chain_origin SET uid = 5",
        "INSERT INTO chain_origin VALUES (2, randomblob(16))",
    ],
)
def test_a_beginning_that_is_gone_or_changed_is_named_and_the_rest_is_walked(
    store: RecordStore, statement: str
) -> None:
    records = add_many(store, KEPT)
    checkpoint = sign_checkpoint(store.database, Ed25519PrivateKey.generate())
    with attack(store) as raw:
        raw.execute(statement)
    os.unlink(store.pictures.path_of(str(records[2].picture_sha256)))
    report = verify(store, checkpoints=[checkpoint])
    assert not report.holds and report.first_break is not None
    assert report.first_break.record_id == 1 and "begins the chain" in report.first_break.words
    assert report.records == KEPT and report.broken == 1, "the others carry on from it"
    assert [fault.record_id for fault in report.picture_faults] == [3]
    assert report.checkpoint_faults == (), "the last record is still the one that was signed"


def _swap_for_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _swap_its_folder_for_a_file(path: Path) -> None:
    path.unlink()
    path.parent.rmdir()
    path.parent.write_bytes(b"")


def _let_it_lead_to_itself(path: Path) -> None:
    path.unlink()
    path.symlink_to(path)


@pytest.mark.parametrize("damage", [_swap_for_a_folder, _swap_its_folder_for_a_file, _let_it_lead_to_itself])
def test_a_picture_that_cannot_be_read_is_named_and_the_chain_is_walked(store: RecordStore, damage) -> None:
    records = add_many(store, KEPT)
    digest = str(records[1].picture_sha256)
    store.flusher.flush()  # else it is the one who meets the damage first
    damage(Path(store.pictures.path_of(digest)))
    report = verify(store)
    assert not report.holds and report.records == KEPT and report.first_break is None
    (fault,) = report.picture_faults
    assert fault.record_id == 2 and fault.sha256 == digest
    assert fault.words.startswith("Record 2: Expected the file " + digest[:12])


def _write_last(raw: sqlite3.Connection, name: str, value: str) -> None:
    """A careful one: the hash of the last record, which none builds on, is made to fit."""
    (previous,) = raw.execute(f"SELECT hash FROM records WHERE id = {KEPT - 1}").fetchone()
    (text,) = raw.execute(f"SELECT body FROM records WHERE id = {KEPT}").fetchone()
    body = json.loads(text)
    body["about"][name] = "HERE"
    text = json.dumps(body, sort_keys=True, separators=(",", ":")).replace('"HERE"', value)
    raw.execute(
        f"UPDATE records SET body = ?, hash = ? WHERE id = {KEPT}", (text, link_hash(previous, text.encode()))
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("score", '"high"'),
        ("score", "[1]"),
        ("score", "NaN"),
        ("score", "Infinity"),
        ("latency_ms", "1" + "0" * 400),
        ("line", "[" * 100_000 + "]" * 100_000),
    ],
    ids=["text", "list", "nan", "infinity", "large", "deep"],
)
def test_a_body_that_no_release_wrote_is_named(store: RecordStore, name: str, value: str) -> None:
    add_many(store, KEPT)
    with attack(store) as raw:
        _write_last(raw, name, value)
    report = verify(store)
    assert not report.holds and report.first_break is not None and report.first_break.record_id == KEPT
    assert "not a record" in report.first_break.words


@pytest.mark.parametrize("body", ["garbage", "{}", "[]", '{"about":{}}', "[" * 5000])
def test_what_can_no_longer_be_read_is_told_by_all_who_come_upon_it(store: RecordStore, body: str) -> None:
    add_many(store, KEPT)
    with attack(store) as raw:
        raw.execute("UPDATE records SET body = ? WHERE id = 2", (body,))
    for read in (lambda: store.get(2), lambda: store.search(Search()), lambda: list(store.walk(Search()))):
        with pytest.raises(StoreDamaged, match="number 2.*Run verify"):
            read()
    assert store.get(3).id == 3 and verify(store).broken == 1


@pytest.mark.parametrize(("name", "value"), [("verdict", "PAS"), ("kind", "x"), ("at", "noon"), ("uid", "?")])
def test_a_record_that_says_what_none_can_is_told(store: RecordStore, name: str, value: str) -> None:
    add_many(store, KEPT)
    with attack(store) as raw:
        change = f"json_set(body, '$.about.{name}', '{value}')"
        raw.execute(f"UPDATE records SET body = {change} WHERE id = 2")
    with pytest.raises(StoreDamaged, match="number 2.*Run verify"):
        store.get(2)


def test_a_hash_that_is_none_is_told(store: RecordStore) -> None:
    add_many(store, KEPT)
    with attack(store) as raw:
        raw.execute("UPDATE records SET hash = 'words' WHERE id = 2")
    for record_id in (2, 3):  # the next one stands on it
        with pytest.raises(StoreDamaged, match=f"number {record_id}.*Run verify"):
            store.get(record_id)
    assert store.get(4).id == 4 and not verify(store).holds


@pytest.mark.parametrize("statement", ["DELETE FROM chain_origin", "UPDATE chain_origin SET uid = 'words'"])
def test_the_first_record_of_a_chain_without_its_beginning_is_told(
    store: RecordStore, statement: str
) -> None:
    add_many(store, KEPT)
    with attack(store) as raw:
        raw.execute(statement)
    with pytest.raises(StoreDamaged, match="begins the chain"):
        store.get(1)
    assert store.get(2).id == 2


def test_a_damaged_event_stops_no_line(store: RecordStore, tmp_path: Path) -> None:
    settings, line = make_settings(tmp_path), make_line()
    store.note("promotion", {}, person="mia", line=line.name)
    with attack(store) as raw:
        raw.execute("UPDATE records SET body = 'garbage'")
    champion = ChampionReader(store, settings).find(line)
    assert (champion.model, champion.stale) == (line.champion, True)
