"""The parts that wait for a person, the most valuable first.

The queue is one table that holds nothing but what waits; triggers keep it (migrations/review_triggers.py). The next
part is found by one seek a line and reason on its index, whatever its length.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum

from sqlalchemy import ColumnElement, Connection, Row, and_, case, func, select

from inspection.records.database import Database
from inspection.records.schema import review_counts, review_leases, review_queue

LEASE = timedelta(minutes=10)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FURTHEST_US = int(2 * LEASE.total_seconds() * 1e6)


class Reason(IntEnum):
    """Why a part waits, in the order in which they are served; of several, the first."""

    REVIEW = 0  # the model asked
    NOVEL = 1  # unlike the training parts
    UNSURE = 2  # decided, but with little confidence
    SAMPLE = 3  # a pass, drawn at random: the only way to learn of escapes


@dataclass(frozen=True, slots=True)
class Waiting:
    line: str
    reason: Reason
    parts: int
    seconds: int  # of these, wait for their second opinion
    oldest: datetime


@dataclass(frozen=True, slots=True)
class Place:
    record_id: int
    line: str
    reason: Reason
    second: bool  # another person has decided already


def count_waiting(database: Database, *, person: str) -> tuple[Waiting, ...]:
    """What this person may be given; parts that somebody has in hand are among them."""
    counts = review_counts.c
    second = case((counts.answered_by != "", counts.n), else_=0)
    with database.reading_one_moment() as connection:
        rows = connection.execute(
            select(counts.line, counts.rank, func.sum(counts.n), func.sum(second))
            .where(counts.answered_by != person, counts.n > 0)
            .group_by(counts.line, counts.rank)
            .order_by(counts.line, counts.rank)
        ).all()
        return tuple(
            Waiting(
                line=line,
                reason=Reason(rank),
                parts=int(parts),
                seconds=int(seconds),
                oldest=_find_oldest(connection, line, rank, person),
            )
            for line, rank, parts, seconds in rows
        )


def _find_oldest(connection: Connection, line: str, rank: int, person: str) -> datetime:
    queue = review_queue.c
    at_us = connection.execute(
        select(queue.at_us)
        .where(queue.line == line, queue.rank == rank, queue.answered_by != person)
        .order_by(queue.at_us)
        .limit(1)
    ).scalar_one()
    return _EPOCH + timedelta(microseconds=at_us)


def is_held(now_us: int) -> ColumnElement[bool]:
    """Of a lease: it holds. One that would hold for longer than it can be given for was written before the clock was put
    back, and would keep its part from all others until the clock is there again; clocks of two machines differ by less."""
    until_us = review_leases.c.until_us
    return and_(until_us > now_us, until_us <= now_us + _FURTHEST_US)


def find_next(
    connection: Connection, *, person: str, lines: Sequence[str], skipped: Sequence[int], now_us: int
) -> Place | None:
    """Inside the transaction that will take it: what nobody has in hand. lines: empty means all."""
    chosen = tuple(lines) or _list_lines(connection)
    for reason in Reason:
        heads = [
            found
            for line in chosen
            if (found := _find_head(connection, line, reason, _list_free_rules(person, skipped, now_us)))
        ]
        if heads:
            return _read_place(min(heads, key=lambda head: (head.at_us, head.record_id)))
    return None


def find_own(
    connection: Connection, *, person: str, lines: Sequence[str], skipped: Sequence[int], now_us: int
) -> Place | None:
    """What this person has in hand already, in a page that was reloaded or in another tab; in the queue's order.

    Sought among the leases, of which there are as many as people, not in the queue.
    """
    queue, lease = review_queue.c, review_leases.c
    chosen = [queue.line.in_(lines)] if lines else []
    row = connection.execute(
        _PLACES.join(review_leases, lease.record_id == queue.record_id)
        .where(lease.person == person, is_held(now_us), queue.answered_by != person)
        .where(queue.record_id.not_in(skipped), *chosen)
        .order_by(queue.rank, queue.at_us, queue.record_id)
        .limit(1)
    ).first()
    return None if row is None else _read_place(row)


def find_place(connection: Connection, record_id: int, *, person: str, now_us: int) -> Place | None:
    """This very part, if it still waits and nobody else has it in hand."""
    queue, lease = review_queue.c, review_leases.c
    others = select(lease.record_id).where(
        lease.record_id == queue.record_id, is_held(now_us), lease.person != person
    )
    row = connection.execute(
        _PLACES.where(queue.record_id == record_id, queue.answered_by != person, ~others.exists())
    ).first()
    return None if row is None else _read_place(row)


_PLACES = select(
    review_queue.c.record_id,
    review_queue.c.line,
    review_queue.c.rank,
    review_queue.c.at_us,
    review_queue.c.answered_by,
)


def _find_head(
    connection: Connection, line: str, reason: Reason, rules: list[ColumnElement[bool]]
) -> Row[int, str, int, int, str] | None:
    queue = review_queue.c
    return connection.execute(
        _PLACES.where(queue.line == line, queue.rank == int(reason), *rules)
        .order_by(queue.at_us, queue.record_id)
        .limit(1)
    ).first()


def _list_free_rules(person: str, skipped: Sequence[int], now_us: int) -> list[ColumnElement[bool]]:
    queue, lease = review_queue.c, review_leases.c
    in_hand = select(lease.record_id).where(lease.record_id == queue.record_id, is_held(now_us))
    rules = [queue.answered_by != person, ~in_hand.exists()]
    return [*rules, queue.record_id.not_in(skipped)] if skipped else rules


def _list_lines(connection: Connection) -> tuple[str, ...]:
    counts = review_counts.c
    return tuple(connection.execute(select(counts.line).where(counts.n > 0).distinct()).scalars())


def _read_place(row: Row[int, str, int, int, str]) -> Place:
    return Place(row.record_id, row.line, Reason(row.rank), second=row.answered_by != "")
