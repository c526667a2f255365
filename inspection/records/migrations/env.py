"""Alembic's entry: the caller hands over a connection whose transaction holds the writers' lock.

Everything, the version row included, happens in that one transaction, so a process killed in between leaves the
store as it was.
"""

from alembic import context

from inspection.records.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
