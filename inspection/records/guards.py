"""The triggers that make the database refuse changes and send parts to review: are they still there?"""

import re

from sqlalchemy import Connection, text

from inspection.records.migrations.review_triggers import list_review_triggers
from inspection.records.migrations.triggers import list_triggers

_NAME = re.compile(r"CREATE TRIGGER (\w+)")


def find_missing_guards(connection: Connection) -> tuple[str, ...]:
    """Somebody who takes them away and leaves them off has opened the records to change, or keeps parts from people."""
    dialect = connection.dialect.name
    statements = [*list_triggers(dialect), *list_review_triggers(dialect)]
    wanted = {match[1]: one for one in statements if (match := _NAME.search(one))}
    if dialect == "sqlite":
        rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))
        found = {name: sql for name, sql in rows}
        return tuple(sorted(name for name, sql in wanted.items() if found.get(name) != sql))
    names = connection.execute(text("SELECT tgname FROM pg_trigger WHERE tgenabled IN ('O', 'A')")).scalars()
    return tuple(sorted(set(wanted) - set(names)))
