"""The triggers that make the database refuse changes and send parts to review: are they there, whole, and alone?"""

import re

from sqlalchemy import Connection, text

from inspection.records.migrations.count_triggers import list_count_triggers
from inspection.records.migrations.review_triggers import list_review_triggers
from inspection.records.migrations.triggers import list_triggers
from inspection.records.schema import metadata

_Guards = dict[tuple[str, str], object]  # table and trigger → what it does

_TRIGGER = re.compile(r"CREATE TRIGGER (\w+) \w+ [A-Z ]*?ON (\w+) ")
_ON_SERVER = re.compile(
    r"CREATE TRIGGER \w+ (BEFORE|AFTER) ([A-Z ]+) ON \w+ FOR EACH (ROW|STATEMENT)"
    r"(?: WHEN \((.+)\))? EXECUTE (?:FUNCTION|PROCEDURE) (\w+)\(\)"
)
_FUNCTION = re.compile(r"CREATE FUNCTION (\w+)\(\) .*? AS \$\$(.*)\$\$\s*", re.DOTALL)

# Also what calls itself no trigger: SQLite runs whatever its table of contents says, and a careful hand may edit that.
_SQLITE_FOUND = text(
    "SELECT tbl_name, name, sql FROM sqlite_master WHERE type = 'trigger' OR sql LIKE 'create%trigger%'"
)
# Only those that fire: not what is disabled, nor what session_replication_role keeps quiet.
_SERVER_FOUND = text("""
    SELECT c.relname, t.tgname, pg_get_triggerdef(t.oid, true), p.prosrc,
        l.lanname = 'plpgsql' AND NOT p.prosecdef AND p.proconfig IS NULL
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
        JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_language l ON l.oid = p.prolang
    WHERE NOT t.tgisinternal AND pg_table_is_visible(c.oid) AND CAST(t.tgenabled AS text) IN
        ('A', CASE current_setting('session_replication_role') WHEN 'replica' THEN 'R' ELSE 'O' END)
""")
# A rule does what a trigger can: ON INSERT DO INSTEAD NOTHING swallows a row. None is ours.
_SERVER_RULES = text("""
    SELECT c.relname, r.rulename FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
    WHERE pg_table_is_visible(c.oid)
""")


def find_guard_faults(connection: Connection) -> tuple[str, ...]:
    """Guards that are gone, changed, or not ours. Who takes one away, or adds one that swallows rows, has opened the
    records to change, or keeps parts from people."""
    if connection.dialect.name == "sqlite":
        wanted, found = _list_wanted_in_file(), _read_file(connection)
    else:
        wanted, found = _list_wanted_on_server(), _read_server(connection)
    faults = [name for table, name in wanted.keys() - found.keys()]
    faults += [f"{key[1]} (changed)" for key in wanted.keys() & found.keys() if wanted[key] != found[key]]
    faults += [f"{name} (added to {table})" for table, name in found.keys() - wanted.keys()]
    return tuple(sorted(faults))


def _list_wanted_in_file() -> _Guards:
    return {
        (match[2], match[1]): statement
        for statement in _list_statements("sqlite")
        if (match := _TRIGGER.match(statement))
    }


def _list_wanted_on_server() -> _Guards:
    statements = _list_statements("postgresql")
    bodies = {match[1]: match[2] for one in statements if (match := _FUNCTION.fullmatch(one.strip()))}
    return {
        (match[2], match[1]): (_describe(statement), bodies[statement.rpartition(" ")[2].removesuffix("()")])
        for statement in statements
        if (match := _TRIGGER.match(statement))
    }


def _list_statements(dialect: str) -> list[str]:
    return [*list_triggers(dialect), *list_review_triggers(dialect), *list_count_triggers(dialect)]


def _read_file(connection: Connection) -> _Guards:
    """Whichever table they are on: nobody else has any business in the file."""
    return {(table, name): sql for table, name, sql in connection.execute(_SQLITE_FOUND)}


def _read_server(connection: Connection) -> _Guards:
    """Those on our tables: a server's database may hold other people's too."""
    found: _Guards = {}
    for table, name, definition, body, is_plain in connection.execute(_SERVER_FOUND):
        if table in metadata.tables:
            found[table, name] = _describe(definition), body if is_plain else None
    for table, name in connection.execute(_SERVER_RULES):
        if table in metadata.tables:
            found[table, name] = None
    return found


def _describe(statement: str) -> object:
    """What a server says of a trigger, and what we said when we made it, differ in order and case."""
    match = _ON_SERVER.fullmatch(statement)
    if match is None:
        return statement
    moment, actions, each, condition, function = match.groups()
    return moment, frozenset(actions.split(" OR ")), each, (condition or "").lower(), function
