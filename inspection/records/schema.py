"""The tables as they are now; how they came to be is in migrations/."""

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

# SQLite gives the row's own key only to a column of exactly this type
SERIAL = BigInteger().with_variant(Integer(), "sqlite")

metadata = MetaData()

# One row: who this chain is. Its uid starts the chain, so that records cannot be moved between stores.
chain_origin = Table(
    "chain_origin",
    metadata,
    Column("id", SERIAL, primary_key=True, autoincrement=False),
    Column("uid", LargeBinary(16), nullable=False),
)

# Every combination of searchable words that has occurred. There are few (lines × verdicts × models × people),
# which is what keeps any search over a million records to one index seek a combination (search.py).
facets = Table(
    "facets",
    metadata,
    Column("id", SERIAL, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("line", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("class_name", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("agrees", Text, nullable=False),  # "yes" or "no" for a person's decision, else empty
    Column("topic_id", SERIAL, nullable=False),  # the first facet with the same words but for the person
    UniqueConstraint(
        "kind", "line", "verdict", "class_name", "model", "person", "agrees", name="facets_are_unique"
    ),
)

# Only ever added to. `body` is the canonical JSON that the chain covers; the columns beside it are copies for
# searching, and verify compares them with the body.
records = Table(
    "records",
    metadata,
    Column("id", SERIAL, primary_key=True, autoincrement=False),  # 1, 2, 3 … without a gap
    Column("uid", LargeBinary(16), nullable=False),  # chosen by the writer: a retry cannot keep it twice
    Column("at_us", BigInteger, nullable=False),  # microseconds since 1970, UTC
    Column("facet_id", SERIAL, ForeignKey("facets.id"), nullable=False),
    Column("picture_sha256", LargeBinary(32)),
    Column("evidence_sha256", LargeBinary(32)),  # heat map and features
    Column("of_id", BigInteger),  # the record that this one decides on or corrects
    Column("score_0_1", Float(53)),
    Column("latency_ms", Float(53)),
    Column("novelty_p", Float(53)),
    Column("hash", LargeBinary(32), nullable=False),
    Column("body", Text, nullable=False),
    UniqueConstraint("uid", name="records_uid_is_unique"),
)
Index("records_by_facet", records.c.facet_id, records.c.at_us, records.c.id)
Index("records_by_picture", records.c.picture_sha256, records.c.facet_id, records.c.at_us, records.c.id)
Index(
    "records_by_subject",
    records.c.of_id,
    records.c.id,
    sqlite_where=text("of_id IS NOT NULL"),
    postgresql_where=text("of_id IS NOT NULL"),
)

# How many records of each topic an hour (span 1) and a day (span 24) hold: counts and charts without a scan.
# Derived from the records in the same transaction; verify counts again.
tallies = Table(
    "tallies",
    metadata,
    Column("span_hours", Integer, primary_key=True),
    Column("start", Integer, primary_key=True),  # spans since 1970, UTC
    Column("topic_id", SERIAL, ForeignKey("facets.id"), primary_key=True),
    Column("n", BigInteger, nullable=False),
    Column("score_ppm", BigInteger, nullable=False),  # sum of scores, in millionths: integers add up exactly
    Column("latency_us", BigInteger, nullable=False),  # sum of latencies
)

# What follows serves the review queue. It is not in the chain: the queue follows from the records and the rules, and
# triggers keep it (migrations/review_triggers.py).

# The newest row holds; none is changed, so that it can be said by which rules a record was or was not taken in.
review_rules = Table(
    "review_rules",
    metadata,
    Column("id", SERIAL, primary_key=True, autoincrement=False),
    Column("at_us", BigInteger, nullable=False),
    Column("person", Text, nullable=False),
    Column("confidence_0_1", Float(53), nullable=False),
    Column("novelty_p", Float(53), nullable=False),
    Column("sample_0_1", Float(53), nullable=False),
    Column("sample_below", LargeBinary(9), nullable=False),  # a pass whose uid is below it is sampled
    Column("second_0_1", Float(53), nullable=False),
    Column("second_below", LargeBinary(9), nullable=False),  # likewise with the second half of the uid
)

# One row: a part that waits for a person. It goes when as many people as are wanted have decided.
review_queue = Table(
    "review_queue",
    metadata,
    Column("record_id", SERIAL, ForeignKey("records.id"), primary_key=True, autoincrement=False),
    Column("line", Text, nullable=False),
    Column("rank", Integer, nullable=False),  # queue.Reason
    Column("at_us", BigInteger, nullable=False),
    Column("wanted", Integer, nullable=False),  # 1, or 2 where a second opinion is asked
    Column("answered_by", Text, nullable=False),  # the first of two; else empty
)
Index(
    "review_queue_by_value",
    review_queue.c.line,
    review_queue.c.rank,
    review_queue.c.at_us,
    review_queue.c.record_id,
    review_queue.c.answered_by,
)

# How many rows of the queue there are of each kind; triggers count them (migrations/versions/r0003_review_counts.py).
review_counts = Table(
    "review_counts",
    metadata,
    Column("line", Text, primary_key=True),
    Column("rank", Integer, primary_key=True, autoincrement=False),
    Column("answered_by", Text, primary_key=True),
    Column("n", BigInteger, nullable=False),
)

# Who has which part in hand. The primary key is what keeps two from the same part.
review_leases = Table(
    "review_leases",
    metadata,
    Column("record_id", SERIAL, ForeignKey("records.id"), primary_key=True, autoincrement=False),
    Column("token", Text, nullable=False),  # one a browser tab
    Column("person", Text, nullable=False),
    Column("until_us", BigInteger, nullable=False),
)
