"""Each attack on the file is found, or it is shown that it is not. The attacker has dropped the triggers."""

import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from inspection.records.chain import canonical_json, link_hash, origin_hash
from inspection.records.checkpoints import sign_checkpoint
from inspection.records.keys import load_or_create_key
from inspection.records.store import RecordStore, open_store
from inspection.records.verify import verify
from tests.records.makers import add_many, attack, open_raw

KEPT = 12
_COLUMNS = "uid, at_us, facet_id, picture_sha256, evidence_sha256, of_id, score_0_1, latency_ms, novelty_p, hash, body"


def _edit_body(raw: sqlite3.Connection) -> None:
    raw.execute("""UPDATE records SET body = replace(body, '"REJECT"', '"PASS"') WHERE id = 5""")


def _edit_body_and_hash(raw: sqlite3.Connection) -> None:
    """A careful one: the record's own hash fits again, the next one's does not."""
    (previous,) = raw.execute("SELECT hash FROM records WHERE id = 4").fetchone()
    (body,) = raw.execute("SELECT body FROM records WHERE id = 5").fetchone()
    body = body.replace("upload", "camera")
    raw.execute(
        "UPDATE records SET body = ?, hash = ? WHERE id = 5", (body, link_hash(previous, body.encode()))
    )


def _swap_two(raw: sqlite3.Connection) -> None:
    for table, order in (("a", (5, 6)), ("b", (6, 5))):
        raw.execute(f"CREATE TEMP TABLE {table} AS SELECT {_COLUMNS} FROM records WHERE id = {order[0]}")
    raw.execute("DELETE FROM records WHERE id IN (5, 6)")
    raw.execute("INSERT INTO records SELECT 6, * FROM a")
    raw.execute("INSERT INTO records SELECT 5, * FROM b")


def _take_one_out(raw: sqlite3.Connection) -> None:
    raw.execute("DELETE FROM records WHERE id = 5")


def _take_one_out_and_close_the_gap(raw: sqlite3.Connection) -> None:
    raw.execute("DELETE FROM records WHERE id = 5")
    raw.execute("UPDATE records SET id = id - 1 WHERE id > 5")


def _take_the_first_out(raw: sqlite3.Connection) -> None:
    raw.execute("DELETE FROM records WHERE id = 1")


def _slip_one_in_front(raw: sqlite3.Connection) -> None:
    """A search would find it; a walk that begins at 1 would not."""
    raw.execute(
        "INSERT INTO records SELECT -3, randomblob(16), " + _COLUMNS[5:] + " FROM records WHERE id = 5"
    )


def _file_under_other_words(raw: sqlite3.Connection) -> None:
    """The body stays; a search would no longer find it among the rejects."""
    raw.execute("UPDATE facets SET verdict = 'PASS'")


def _change_a_column(name: str, value: str) -> Callable[[sqlite3.Connection], None]:
    def change(raw: sqlite3.Connection) -> None:
        raw.execute(f"UPDATE records SET {name} = {value} WHERE id = 5")

    return change


def _put_another_record_in(raw: sqlite3.Connection) -> None:
    raw.execute("UPDATE records SET body = (SELECT body FROM records WHERE id = 9) WHERE id = 5")


def _write_no_json(raw: sqlite3.Connection) -> None:
    (previous,) = raw.execute("SELECT hash FROM records WHERE id = 4").fetchone()
    raw.execute("UPDATE records SET body = 'é' WHERE id = 6")
    raw.execute("UPDATE records SET body = '[', hash = ? WHERE id = 5", (link_hash(previous, b"["),))


@pytest.mark.parametrize(
    ("change", "named", "words"),
    [
        (_edit_body, 5, "does not carry on"),
        (_edit_body_and_hash, 6, "does not carry on"),
        (_swap_two, 5, "does not carry on"),
        (_put_another_record_in, 5, "does not carry on"),
        (_take_one_out, 5, "missing"),
        (_take_one_out_and_close_the_gap, 5, "does not carry on"),
        (_take_the_first_out, 1, "missing"),
        (_slip_one_in_front, -3, "in front of the first"),
        (_file_under_other_words, 1, "words"),
        (_write_no_json, 5, "not a record"),
        (_change_a_column("at_us", "1"), 5, "at_us"),
        (_change_a_column("uid", "randomblob(16)"), 5, "uid"),
        (_change_a_column("picture_sha256", "NULL"), 5, "picture_sha256"),
        (_change_a_column("score_0_1", "0.1"), 5, "score_0_1"),
        (_change_a_column("of_id", "3"), 5, "of_id"),
        (_change_a_column("hash", "randomblob(32)"), 5, "does not carry on"),
        (_change_a_column("body", "CAST(x'ff' AS TEXT)"), 5, "does not carry on"),
        (_change_a_column("body", "x'00'"), 5, "does not carry on"),
        (_change_a_column("body", "5"), 5, "does not carry on"),
        (_change_a_column("hash", "'words'"), 5, "does not carry on"),
        (_change_a_column("uid", "'words'"), 5, "uid"),
        (_change_a_column("picture_sha256", "'words'"), 5, "picture_sha256"),
        (_change_a_column("at_us", "'words'"), 5, "at_us"),
        (_change_a_column("facet_id", "'words'"), 5, "words"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_changes_to_the_rows_are_found_and_named(store: RecordStore, change, named, words) -> None:
    add_many(store, KEPT)
    with attack(store) as raw:
        change(raw)
    report = verify(store)
    assert not report.holds
    assert report.first_break is not None and report.first_break.record_id == named
    assert words in report.first_break.words and words in report.words


def test_counts_that_were_changed_are_found(store: RecordStore) -> None:
    add_many(store, KEPT)
    with closing(open_raw(store)) as raw:
        raw.execute("UPDATE tallies SET n = n - 1")
    report = verify(store)
    assert not report.holds and not report.tallies_match and "counts" in report.words


@pytest.mark.parametrize(
    ("on_file", "on_server"),
    [("records_refuse_update", "records_refuse_change"), ("review_takes_in", "review_takes_in")],
)
def test_triggers_that_were_taken_away_are_missed(
    any_store: RecordStore, on_file: str, on_server: str
) -> None:
    add_many(any_store, 2)
    drop = f"DROP TRIGGER {on_file}"
    if any_store.database.is_server:
        drop = f"ALTER TABLE records DISABLE TRIGGER {on_server}"
    with any_store.database.engine.begin() as connection:
        connection.exec_driver_sql(drop)
    report = verify(any_store)
    assert not report.holds and len(report.missing_guards) == 1 and "no longer refuses" in report.words


def _swap_pictures(store: RecordStore, first: str, second: str) -> None:
    shutil.copy(store.pictures.path_of(second), store.pictures.path_of(first))


def test_swapped_and_deleted_files_are_found_and_named(store: RecordStore) -> None:
    records = add_many(store, KEPT)
    _swap_pictures(store, str(records[3].picture_sha256), str(records[4].picture_sha256))
    os.unlink(store.pictures.path_of(str(records[6].evidence_sha256)))
    report = verify(store)
    assert not report.holds and report.first_break is None
    assert [fault.record_id for fault in report.picture_faults] == [4, 7]
    assert "changed after it was kept" in report.words and "not there" in report.words


def _cut_the_tail(raw: sqlite3.Connection) -> None:
    """A careful one: the counts are made to fit as well."""
    for facet_id, n in raw.execute(
        "SELECT facet_id, count(*) FROM records WHERE id > 9 GROUP BY 1"
    ).fetchall():
        raw.execute("UPDATE tallies SET n = n - ?, score_ppm = score_ppm - ?", (n, n * 980_000))
        raw.execute(
            "UPDATE tallies SET latency_us = latency_us - ? WHERE topic_id = ?", (n * 10_750, facet_id)
        )
    raw.execute("DELETE FROM records WHERE id > 9")


def _rewrite_all(raw: sqlite3.Connection) -> None:
    """Every verdict that was a reject becomes a pass, and every hash is made anew."""
    (uid,) = raw.execute("SELECT uid FROM chain_origin").fetchone()
    digest = origin_hash(uid)
    for record_id, text_of_body in raw.execute("SELECT id, body FROM records ORDER BY id").fetchall():
        body = json.loads(text_of_body)
        body["about"]["verdict"] = "PASS"
        body = canonical_json(body)
        digest = link_hash(digest, body.encode())
        raw.execute("UPDATE records SET body = ?, hash = ? WHERE id = ?", (body, digest, record_id))
    raw.execute("UPDATE facets SET verdict = 'PASS'")


@pytest.mark.parametrize(
    ("change", "words"),
    [(_cut_the_tail, "cut off"), (_rewrite_all, "is not the one")],
    ids=["cut", "rewrite"],
)
def test_a_cut_tail_and_a_full_rewrite_show_only_against_a_checkpoint(
    store: RecordStore, tmp_path: Path, change, words
) -> None:
    add_many(store, KEPT)
    checkpoint = sign_checkpoint(store.database, load_or_create_key(tmp_path / "key.pem"))
    assert verify(store, checkpoints=[checkpoint]).holds
    with attack(store) as raw:
        change(raw)
    assert verify(store).holds, "the walk alone cannot find it, and says so"
    assert (
        "only against a checkpoint" in " ".join(verify(store).words.split())
        or "checkpoint" in verify(store).words
    )
    report = verify(store, checkpoints=[checkpoint])
    assert not report.holds and words in report.words


def test_a_tail_cut_before_the_checkpoint_was_signed_is_not_found(store: RecordStore, tmp_path: Path) -> None:
    """The limit, on purpose: what nobody signed for can vanish. Sign often, and keep checkpoints elsewhere."""
    add_many(store, 9)
    checkpoint = sign_checkpoint(store.database, load_or_create_key(tmp_path / "key.pem"))
    add_many(store, 3)
    with attack(store) as raw:
        _cut_the_tail(raw)
    assert verify(store, checkpoints=[checkpoint]).holds


@contextmanager
def attack_server(store: RecordStore) -> Iterator[Connection]:
    """As the owner of the database: every trigger is off, and on again afterwards."""
    with store.database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE records DISABLE TRIGGER ALL"))
        yield connection
        connection.execute(text("ALTER TABLE records ENABLE TRIGGER ALL"))


_CUT = """
UPDATE tallies t SET n = t.n - x.n, score_ppm = t.score_ppm - x.score, latency_us = t.latency_us - x.latency
  FROM (SELECT s.span, r.at_us / (s.span * 3600000000) AS start, f.topic_id, count(*) AS n,
               sum(round(r.score_0_1 * 1000000)) AS score, sum(round(r.latency_ms * 1000)) AS latency
          FROM records r JOIN facets f ON f.id = r.facet_id CROSS JOIN (VALUES (1), (24)) AS s(span)
         WHERE r.id > 9 GROUP BY 1, 2, 3) x
 WHERE t.span_hours = x.span AND t.start = x.start AND t.topic_id = x.topic_id;
DELETE FROM review_leases WHERE record_id > 9;
DELETE FROM review_queue WHERE record_id > 9;
DELETE FROM records WHERE id > 9
"""


@pytest.mark.parametrize(
    ("statements", "named", "words"),
    [
        ("UPDATE records SET body = replace(body, 'REJECT', 'PASS') WHERE id = 5", 5, "does not carry on"),
        ("UPDATE records SET hash = sha256(convert_to(body, 'UTF8')) WHERE id = 5", 5, "does not carry on"),
        (
            "UPDATE records SET id = -5 WHERE id = 5; UPDATE records SET id = 5 WHERE id = 6;"
            "UPDATE records SET id = 6 WHERE id = -5",
            5,
            "does not carry on",
        ),
        ("DELETE FROM records WHERE id = 5", 5, "missing"),
        (
            "DELETE FROM records WHERE id = 12; UPDATE records SET id = id + 100 WHERE id > 5;"
            "UPDATE records SET id = id - 99 WHERE id > 100",
            6,
            "missing",
        ),
        ("UPDATE records SET picture_sha256 = NULL WHERE id = 5", 5, "picture_sha256"),
        ("UPDATE facets SET verdict = 'PASS'", 1, "words"),
    ],
    ids=["edit", "edit the hash", "reorder", "take one out", "move the rest", "picture", "words"],
)
def test_attacks_on_a_server_are_found_and_named(
    postgres_url: str, tmp_path: Path, statements: str, named: int, words: str
) -> None:
    store = open_store(postgres_url, str(tmp_path / "pictures"))
    add_many(store, KEPT)
    with attack_server(store) as connection:
        connection.execute(text("SET session_replication_role = replica"))  # no foreign key minds either
        for statement in statements.split(";"):
            connection.execute(text(statement))
        connection.execute(text("SET session_replication_role = origin"))
    report = verify(store)
    assert not report.holds and report.first_break is not None
    assert report.first_break.record_id == named and words in report.first_break.words
    store.close()


def test_a_cut_tail_on_a_server_shows_only_against_a_checkpoint(postgres_url: str, tmp_path: Path) -> None:
    store = open_store(postgres_url, str(tmp_path / "pictures"))
    add_many(store, KEPT)
    checkpoint = sign_checkpoint(store.database, load_or_create_key(tmp_path / "key.pem"))
    with attack_server(store) as connection:
        connection.execute(text("SET session_replication_role = replica"))
        for statement in _CUT.strip().split(";"):
            connection.execute(text(statement))
        connection.execute(text("SET session_replication_role = origin"))
    assert verify(store).first_break is None, "the walk alone cannot find it"
    report = verify(store, checkpoints=[checkpoint])
    assert not report.holds and "cut off" in report.words
    store.close()


def test_swapped_pictures_of_a_server_are_found(postgres_url: str, tmp_path: Path) -> None:
    store = open_store(postgres_url, str(tmp_path / "pictures"))
    records = add_many(store, KEPT)
    _swap_pictures(store, str(records[3].picture_sha256), str(records[4].picture_sha256))
    report = verify(store)
    assert [fault.record_id for fault in report.picture_faults] == [4] and not report.holds
    store.close()
