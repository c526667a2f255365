"""How many wait, counted as they come and go: counting half a million rows on a page takes too long."""

import sqlalchemy as sa
from alembic import op

from inspection.records.migrations.count_triggers import list_count_triggers

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "review_counts",
        sa.Column("line", sa.Text, primary_key=True),
        sa.Column("rank", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("answered_by", sa.Text, primary_key=True),
        sa.Column("n", sa.BigInteger, nullable=False),
    )
    connection = op.get_bind()
    connection.exec_driver_sql(
        "INSERT INTO review_counts (line, rank, answered_by, n) "
        "SELECT line, rank, answered_by, COUNT(*) FROM review_queue GROUP BY line, rank, answered_by"
    )
    for statement in list_count_triggers(connection.dialect.name):
        connection.exec_driver_sql(statement)
