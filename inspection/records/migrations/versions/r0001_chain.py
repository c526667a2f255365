"""The chain: records, the words they are searched by, and the hourly counts."""

import os

import sqlalchemy as sa
from alembic import op

from inspection.records.migrations.triggers import list_triggers

revision = "0001"
down_revision = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
FACET_WORDS = ("kind", "line", "verdict", "class_name", "model", "person", "agrees")


def upgrade() -> None:
    origin = op.create_table(
        "chain_origin",
        sa.Column("id", SERIAL, primary_key=True, autoincrement=False),
        sa.Column("uid", sa.LargeBinary(16), nullable=False),
    )
    op.create_table(
        "facets",
        sa.Column("id", SERIAL, primary_key=True, autoincrement=False),
        *(sa.Column(word, sa.Text, nullable=False) for word in FACET_WORDS),
        sa.Column("topic_id", SERIAL, nullable=False),
        sa.UniqueConstraint(*FACET_WORDS, name="facets_are_unique"),
    )
    _create_records()
    op.create_table(
        "tallies",
        sa.Column("span_hours", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("start", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("topic_id", SERIAL, sa.ForeignKey("facets.id"), primary_key=True, autoincrement=False),
        sa.Column("n", sa.BigInteger, nullable=False),
        sa.Column("score_ppm", sa.BigInteger, nullable=False),
        sa.Column("latency_us", sa.BigInteger, nullable=False),
    )
    connection = op.get_bind()
    for statement in list_triggers(connection.dialect.name):
        connection.exec_driver_sql(statement)
    op.bulk_insert(origin, [{"id": 1, "uid": os.urandom(16)}])


def _create_records() -> None:
    op.create_table(
        "records",
        sa.Column("id", SERIAL, primary_key=True, autoincrement=False),
        sa.Column("uid", sa.LargeBinary(16), nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("facet_id", SERIAL, sa.ForeignKey("facets.id"), nullable=False),
        sa.Column("picture_sha256", sa.LargeBinary(32)),
        sa.Column("evidence_sha256", sa.LargeBinary(32)),
        sa.Column("of_id", sa.BigInteger),
        sa.Column("score_0_1", sa.Float(53)),
        sa.Column("latency_ms", sa.Float(53)),
        sa.Column("novelty_p", sa.Float(53)),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.UniqueConstraint("uid", name="records_uid_is_unique"),
    )
    op.create_index("records_by_facet", "records", ["facet_id", "at_us", "id"])
    op.create_index("records_by_picture", "records", ["picture_sha256", "facet_id", "at_us", "id"])
    told = sa.text("of_id IS NOT NULL")
    op.create_index(
        "records_by_subject", "records", ["of_id", "id"], sqlite_where=told, postgresql_where=told
    )
