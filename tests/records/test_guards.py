"""The database's own guards: verify finds those that are gone, changed or not ours, and no lost row is confirmed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from inspection.records.errors import StoreDamaged
from inspection.records.store import RecordStore, open_store
from inspection.records.verify import verify
from inspection.types import VerdictKind
from tests.records.makers import add_many, add_one

_ON_FILE, _ON_SERVER = "sqlite", "postgresql"
_SWALLOW = {
    _ON_FILE: (
        "CREATE TRIGGER q1 BEFORE INSERT ON records"
        " WHEN (SELECT verdict FROM facets WHERE id = NEW.facet_id) = 'REJECT' BEGIN SELECT RAISE(IGNORE); END",
        "CREATE TRIGGER q2 BEFORE INSERT ON tallies"
        " WHEN (SELECT verdict FROM facets WHERE id = NEW.topic_id) = 'REJECT' BEGIN SELECT RAISE(IGNORE); END",
    ),
    _ON_SERVER: (
        "CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF (SELECT verdict FROM facets WHERE id = NEW.facet_id) = 'REJECT' THEN RETURN NULL; END IF;"
        " RETURN NEW; END $$",
        "CREATE TRIGGER q1 BEFORE INSERT ON records FOR EACH ROW EXECUTE FUNCTION swallow()",
        "CREATE RULE q2 AS ON INSERT TO tallies DO INSTEAD NOTHING",
    ),
}


@pytest.fixture
def postgres_store(postgres_url: str, tmp_path: Path) -> Iterator[RecordStore]:
    opened = open_store(postgres_url, str(tmp_path / "pictures"))
    yield opened
    opened.close()


def _change(store: RecordStore, *statements: str) -> None:
    """As the owner of the database."""
    with store.database.engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def test_a_record_that_a_trigger_swallows_is_never_confirmed(any_store: RecordStore) -> None:
    add_one(any_store, 0, verdict=VerdictKind.PASS)
    _change(any_store, *_SWALLOW[any_store.database.engine.dialect.name])
    with pytest.raises(StoreDamaged, match="one row to records, it added 0.*Run verify"):
        add_one(any_store, 1, verdict=VerdictKind.REJECT)
    report = verify(any_store)
    assert not report.holds and report.records == 1
    assert report.missing_guards == ("q1 (added to records)", "q2 (added to tallies)")
    assert "q1" in report.words and "q2" in report.words


def test_words_that_a_trigger_swallows_are_never_taken_for_filed(store: RecordStore) -> None:
    _change(store, "CREATE TRIGGER q BEFORE INSERT ON facets BEGIN SELECT RAISE(IGNORE); END")
    with pytest.raises(StoreDamaged, match="one row to facets"):
        add_one(store)


def test_a_trigger_that_empties_the_queue_is_found(store: RecordStore) -> None:
    _change(
        store,
        "CREATE TRIGGER q AFTER INSERT ON review_queue"
        " BEGIN DELETE FROM review_queue WHERE record_id = NEW.record_id; END",
    )
    assert verify(store).missing_guards == ("q (added to review_queue)",)


def test_a_trigger_that_the_table_of_contents_calls_something_else_is_found(store: RecordStore) -> None:
    _change(
        store,
        "CREATE TRIGGER q BEFORE INSERT ON records WHEN 0 BEGIN SELECT RAISE(IGNORE); END",
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_master SET type = 'note' WHERE name = 'q'",
    )
    assert verify(store).missing_guards == ("q (added to records)",)


def test_what_counts_the_queue_is_compared_too(any_store: RecordStore) -> None:
    on_server = any_store.database.is_server
    drop = "DROP TRIGGER review_counts_delete" + (" ON review_queue" if on_server else "")
    _change(any_store, drop)
    assert verify(any_store).missing_guards == ("review_counts_delete",)


_DO_NOTHING = "() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN COALESCE(NEW, OLD); END $$"


@pytest.mark.parametrize(
    ("statements", "faults"),
    [
        (
            [f"CREATE OR REPLACE FUNCTION assay_refuse_change{_DO_NOTHING}"],
            [
                f"{table}_refuse_{what} (changed)"
                for table in ("chain_origin", "facets", "records")
                for what in ("change", "truncate")
            ],
        ),
        (
            [f"CREATE OR REPLACE FUNCTION assay_review_takes_in{_DO_NOTHING}"],
            ["review_takes_in (changed)"],
        ),
        (
            ["ALTER FUNCTION assay_review_takes_in() SET search_path = elsewhere"],
            ["review_takes_in (changed)"],
        ),
        (
            [
                "DROP TRIGGER records_refuse_change ON records",
                "CREATE TRIGGER records_refuse_change BEFORE UPDATE ON records"
                " FOR EACH ROW EXECUTE FUNCTION assay_refuse_change()",
            ],
            ["records_refuse_change (changed)"],
        ),
        (
            [
                "DROP TRIGGER records_refuse_change ON records",
                "CREATE TRIGGER records_refuse_change BEFORE UPDATE OR DELETE ON review_leases"
                " FOR EACH ROW EXECUTE FUNCTION assay_refuse_change()",
            ],
            ["records_refuse_change", "records_refuse_change (added to review_leases)"],
        ),
        (["ALTER TABLE records ENABLE REPLICA TRIGGER records_refuse_gap"], ["records_refuse_gap"]),
        (
            [
                "DROP TRIGGER review_takes_in ON records",
                "CREATE TRIGGER review_takes_in AFTER INSERT ON records FOR EACH ROW"
                " WHEN (NEW.of_id IS NULL AND NEW.id < 0) EXECUTE FUNCTION assay_review_takes_in()",
            ],
            ["review_takes_in (changed)"],
        ),
    ],
    ids=["refuses", "takes in", "search path", "deletes", "other table", "replica", "condition"],
)
def test_guards_of_a_server_that_were_changed_are_found(
    postgres_store: RecordStore, statements: list[str], faults: list[str]
) -> None:
    """The names alone stay as they were."""
    add_many(postgres_store, 1)
    _change(postgres_store, *statements)
    report = verify(postgres_store)
    assert not report.holds and list(report.missing_guards) == faults


def test_a_server_whose_triggers_all_keep_quiet_is_found_out(postgres_store: RecordStore) -> None:
    _change(
        postgres_store,
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET "
        "session_replication_role = replica', current_database()); END $$",
    )
    postgres_store.database.engine.dispose()
    report = verify(postgres_store)
    assert not report.holds and "records_refuse_change" in report.missing_guards


def test_other_peoples_tables_on_a_server_are_their_own(postgres_store: RecordStore) -> None:
    _change(
        postgres_store,
        "CREATE TABLE theirs (id int)",
        f"CREATE FUNCTION theirs_too{_DO_NOTHING}",
        "CREATE TRIGGER theirs BEFORE INSERT ON theirs FOR EACH ROW EXECUTE FUNCTION theirs_too()",
        "CREATE VIEW their_view AS SELECT id FROM theirs",
    )
    assert verify(postgres_store).holds
