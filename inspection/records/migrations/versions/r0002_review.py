"""The review queue: the rules, what waits for a person, and who has which part in hand."""

import sqlalchemy as sa
from alembic import op

from inspection.records.migrations.review_triggers import ADOPT, list_review_triggers

revision = "0002"
down_revision = "0001"

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# 3 % of the passes, two people for every tenth part; the shares again as the bytes that uids are compared with
FIRST_RULES = {
    "id": 1,
    "at_us": 0,
    "person": "",
    "confidence_0_1": 0.85,
    "novelty_p": 0.01,
    "sample_0_1": 0.03,
    "sample_below": int(0.03 * 2**64).to_bytes(8, "big"),
    "second_0_1": 0.1,
    "second_below": int(0.1 * 2**64).to_bytes(8, "big"),
}


def upgrade() -> None:
    rules = op.create_table(
        "review_rules",
        sa.Column("id", SERIAL, primary_key=True, autoincrement=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("confidence_0_1", sa.Float(53), nullable=False),
        sa.Column("novelty_p", sa.Float(53), nullable=False),
        sa.Column("sample_0_1", sa.Float(53), nullable=False),
        sa.Column("sample_below", sa.LargeBinary(9), nullable=False),
        sa.Column("second_0_1", sa.Float(53), nullable=False),
        sa.Column("second_below", sa.LargeBinary(9), nullable=False),
    )
    op.create_table(
        "review_queue",
        sa.Column("record_id", SERIAL, sa.ForeignKey("records.id"), primary_key=True, autoincrement=False),
        sa.Column("line", sa.Text, nullable=False),
        sa.Column("rank", sa.Integer, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False),
        sa.Column("wanted", sa.Integer, nullable=False),
        sa.Column("answered_by", sa.Text, nullable=False),
    )
    op.create_index(
        "review_queue_by_value", "review_queue", ["line", "rank", "at_us", "record_id", "answered_by"]
    )
    op.create_table(
        "review_leases",
        sa.Column("record_id", SERIAL, sa.ForeignKey("records.id"), primary_key=True, autoincrement=False),
        sa.Column("token", sa.Text, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("until_us", sa.BigInteger, nullable=False),
    )
    op.bulk_insert(rules, [FIRST_RULES])
    connection = op.get_bind()
    connection.exec_driver_sql(ADOPT)
    for statement in list_review_triggers(connection.dialect.name):
        connection.exec_driver_sql(statement)
