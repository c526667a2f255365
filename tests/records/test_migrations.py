"""The tables that the migrations make are the tables that the code expects."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from inspection.records.errors import StoreTooNew
from inspection.records.migrate import HEAD, build_config
from inspection.records.schema import metadata
from inspection.records.store import RecordStore, open_store


def test_the_named_head_is_the_newest_step() -> None:
    assert ScriptDirectory.from_config(build_config()).get_current_head() == HEAD


def test_migrated_tables_are_those_of_the_schema(any_store: RecordStore) -> None:
    with any_store.database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_a_store_of_a_newer_release_is_left_alone(any_store: RecordStore) -> None:
    with any_store.database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    url = any_store.database.engine.url.render_as_string(hide_password=False)
    if any_store.database.path is not None:
        url = f"sqlite:///{any_store.database.path}"
    with pytest.raises(StoreTooNew, match="9999"):
        open_store(url.replace("+pg8000", ""), any_store.pictures.url)
