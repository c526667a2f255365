"""Who has which part in hand. A part is found and taken in one transaction, while nobody else writes.

A lease ends by itself: the part of a browser that died, or of a process that was killed, is given out again. It keeps
out other people, never the person whose it is: a page that was reloaded is another tab to us, and takes over.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update

from inspection.records.database import Database
from inspection.records.errors import StoreError
from inspection.records.queue import LEASE as LEASE
from inspection.records.queue import Place, find_next, find_own, find_place, is_held
from inspection.records.record import to_us
from inspection.records.schema import review_leases, review_queue


class PartTaken(StoreError):
    """The part went to somebody else, or needs nobody any more."""


@dataclass(frozen=True, slots=True)
class Lease:
    place: Place
    token: str  # one a browser tab: two tabs get different parts while there are enough
    person: str
    until_us: int


@dataclass(frozen=True, slots=True)
class Hand:
    """A part that somebody has taken and not answered yet."""

    line: str
    person: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Leases:
    database: Database
    clock: Callable[[], datetime]

    def take_next(
        self,
        *,
        token: str,
        person: str,
        lines: Sequence[str] = (),
        skipped: Sequence[int] = (),
        resume: bool = False,
    ) -> Lease | None:
        """None: nothing waits for this person. What the token held before is given back.

        resume: whoever sits down goes on with what they have in hand already. Otherwise that comes last, so that two
        tabs do not take each other's part while there are others.
        """
        now_us = to_us(self.clock())
        finders = (find_own, find_next) if resume else (find_next, find_own)
        with self.database.writing() as connection:
            _forget(connection, token, now_us)
            for find in finders:
                place = find(connection, person=person, lines=lines, skipped=skipped, now_us=now_us)
                if place is not None:
                    break
            return None if place is None else self._write(connection, place, token, person, now_us)

    def take(self, record_id: int, *, token: str, person: str) -> Lease:
        now_us = to_us(self.clock())
        with self.database.writing() as connection:
            _forget(connection, token, now_us)
            place = find_place(connection, record_id, person=person, now_us=now_us)
            if place is None:
                raise PartTaken(
                    f"Part {record_id} is in other hands or was decided meanwhile. Go on to the next."
                )
            return self._write(connection, place, token, person, now_us)

    def renew(self, lease: Lease) -> Lease:
        """Before anything is decided. A lease that ran out holds on where nobody else took the part."""
        now_us = to_us(self.clock())
        held = review_leases.c
        with self.database.writing() as connection:
            renewed = connection.execute(
                update(review_leases)
                .where(held.record_id == lease.place.record_id, held.token == lease.token)
                .values(until_us=now_us + _LEASE_US)
            ).rowcount
            if renewed:
                return replace(lease, until_us=now_us + _LEASE_US)
            place = find_place(connection, lease.place.record_id, person=lease.person, now_us=now_us)
            if place is None:
                raise PartTaken(
                    f"Part {lease.place.record_id} was answered in another tab of yours, or lay here for more than "
                    f"{LEASE.seconds // 60} minutes and went to somebody else. Your answer was not kept. Go on to "
                    "the next."
                )
            _forget(connection, lease.token, now_us)
            return self._write(connection, place, lease.token, lease.person, now_us)

    def give_back(self, token: str) -> None:
        with self.database.writing() as connection:
            _forget(connection, token, to_us(self.clock()))

    def list_in_hand(self, *, person: str) -> tuple[Hand, ...]:
        """Of the parts that this person may be given, those that anybody has taken; the first to end first."""
        held, queue = review_leases.c, review_queue.c
        with self.database.reading() as connection:
            rows = connection.execute(
                select(queue.line, held.person, held.until_us)
                .join_from(review_leases, review_queue, held.record_id == queue.record_id)
                .where(is_held(to_us(self.clock())), queue.answered_by != person)
                .order_by(held.until_us, held.record_id)
            ).all()
        return tuple(Hand(line, holder, _EPOCH + timedelta(microseconds=us)) for line, holder, us in rows)

    def _write(self, connection: Connection, place: Place, token: str, person: str, now_us: int) -> Lease:
        lease = Lease(place, token, person, now_us + _LEASE_US)
        row = {"record_id": place.record_id, "token": token, "person": person, "until_us": lease.until_us}
        # what lay there has ended or is this person's own, in another tab
        connection.execute(delete(review_leases).where(review_leases.c.record_id == place.record_id))
        connection.execute(insert(review_leases), row)
        return lease


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LEASE_US = int(LEASE.total_seconds() * 1e6)


def _forget(connection: Connection, token: str, now_us: int) -> None:
    """The token's own, and all that hold no longer."""
    own = review_leases.c.token == token
    connection.execute(delete(review_leases).where(own | ~is_held(now_us)))
