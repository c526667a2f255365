"""Brings a store's tables to the shape that this release expects, at open, under the writers' lock."""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from inspection.records.database import Database
from inspection.records.errors import StoreTooNew

if TYPE_CHECKING:
    from alembic.config import Config

# The newest step. Named here, because reading it through Alembic costs a third of a second at every start.
HEAD = "0003"
_FOLDER = Path(__file__).resolve().parent / "migrations"


def migrate(database: Database) -> None:
    with database.reading() as connection:
        if _read_revision(connection) == HEAD:
            return
    with database.writing() as connection:
        revision = _read_revision(connection)  # again: another process may have been first
        if revision != HEAD:
            _upgrade(connection, revision, where=database.where)


def build_config() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _upgrade(connection: Connection, revision: str | None, *, where: str) -> None:
    from alembic import command
    from alembic.script import ScriptDirectory

    config = build_config()
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if revision is not None and revision not in known:
        raise StoreTooNew(
            f"The record store at {where} has the shape {revision}, this release knows {HEAD}. "
            "Use the release that wrote it, or a newer one."
        )
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _read_revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)
