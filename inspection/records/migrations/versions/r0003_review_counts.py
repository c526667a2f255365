"""How many wait, counted as they come and go: counting half a million rows on a page takes too long."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_ONE_MORE = """
    INSERT INTO review_counts (line, rank, answered_by, n) VALUES (NEW.line, NEW.rank, NEW.answered_by, 1)
    ON CONFLICT (line, rank, answered_by) DO UPDATE SET n = review_counts.n + 1;
"""
_ONE_LESS = """
    UPDATE review_counts SET n = n - 1
    WHERE line = OLD.line AND rank = OLD.rank AND answered_by = OLD.answered_by;
"""
_STEPS = {"INSERT": _ONE_MORE, "DELETE": _ONE_LESS, "UPDATE": _ONE_LESS + _ONE_MORE}


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
    for action, body in _STEPS.items():
        name = f"review_counts_{action.lower()}"
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql(
                f"CREATE TRIGGER {name} AFTER {action} ON review_queue BEGIN {body} END"
            )
            continue
        connection.exec_driver_sql(
            f"CREATE FUNCTION assay_{name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NULL; END $$"
        )
        connection.exec_driver_sql(
            f"CREATE TRIGGER {name} AFTER {action} ON review_queue FOR EACH ROW EXECUTE FUNCTION assay_{name}()"
        )
