"""Adds one record behind the last, in one transaction: the link, the searchable words, the hourly count."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Insert, bindparam, insert, select, text, type_coerce
from sqlalchemy.types import NullType

from inspection.records.chain import canonical_json, link_hash, origin_hash
from inspection.records.content import SCHEMA
from inspection.records.database import Database
from inspection.records.errors import StoreDamaged, StoreLost
from inspection.records.reading import fetch_record
from inspection.records.record import (
    Facet,
    Record,
    read_columns,
    read_facet,
    write_time,
)
from inspection.records.schema import chain_origin, facets, records
from inspection.records.tallies import TallySums, count_one, list_tallies

# A server's connection may be cut before, or just after, the record was confirmed: it is looked up by its uid
# and only added when it is not there. SQLite has no such cut, and its waiting is in database.py.
SERVER_TRIES = 3
_PAUSE_S = 0.1

# as it lies in the file: somebody may have put something else there
_ORIGIN = select(type_coerce(chain_origin.c.uid, NullType()))
_LAST = select(records.c.id, records.c.hash).order_by(records.c.id.desc()).limit(1)
_TOPIC = tuple(word for word in Facet._fields if word != "person")
_FIND_FACET = select(facets.c.id, facets.c.topic_id).where(
    *(facets.c[word] == bindparam(word) for word in Facet._fields)
)
_FIND_TOPIC = (
    select(facets.c.topic_id).where(*(facets.c[word] == bindparam(word) for word in _TOPIC)).limit(1)
)
_LAST_FACET = select(facets.c.id).order_by(facets.c.id.desc()).limit(1)
_ADD_FACET = insert(facets).execution_options(preserve_rowcount=True)
_ADD_RECORD = insert(records).execution_options(preserve_rowcount=True)
ADD_TALLY = text(
    "INSERT INTO tallies (span_hours, start, topic_id, n, score_ppm, latency_us)"
    " VALUES (:span_hours, :start, :topic_id, :n, :score_ppm, :latency_us)"
    " ON CONFLICT (span_hours, start, topic_id) DO UPDATE SET n = tallies.n + excluded.n,"
    " score_ppm = tallies.score_ppm + excluded.score_ppm, latency_us = tallies.latency_us + excluded.latency_us"
)


Check = Callable[[Connection], None]


class FacetKey(NamedTuple):
    id: int
    topic_id: int


@dataclass(frozen=True, slots=True)
class Appender:
    database: Database
    clock: Callable[[], datetime]
    known_facets: dict[Facet, FacetKey] = field(default_factory=dict)  # only ever of committed rows

    def append(self, body: Mapping[str, Any], *, check: Check | None = None) -> Record:
        """check: refuses by an error, in the transaction that would add the record; then nothing is added."""
        uid = os.urandom(16)
        for attempt in range(1, SERVER_TRIES + 1):
            try:
                return self._append_once(body, uid, check, retried=attempt > 1)
            except StoreLost:
                self.known_facets.clear()  # it may come back from a copy that knew fewer
                if attempt == SERVER_TRIES or not self.database.is_server:
                    raise
                time.sleep(_PAUSE_S * 2**attempt)
        raise AssertionError("the last try returns or raises")

    def _append_once(
        self, body: Mapping[str, Any], uid: bytes, check: Check | None, *, retried: bool
    ) -> Record:
        with self.database.writing() as connection:
            if retried and (kept := fetch_record(connection, records.c.uid == uid)):
                return kept
            if check is not None:
                check(connection)
            last_id, previous = read_last(connection)
            # the time is taken here, where writers take turns, so that it follows the order of the chain
            full = complete_body(body, uid=uid, at=self.clock())
            facet = read_facet(full["about"])
            key = self._find_facet(connection, facet)
            written = write_record(connection, full, previous=previous, record_id=last_id + 1, key=key)
        self.known_facets[facet] = key
        return written

    def _find_facet(self, connection: Connection, facet: Facet) -> FacetKey:
        known = self.known_facets.get(facet)
        return known if known is not None else find_or_add_facet(connection, facet)


def complete_body(body: Mapping[str, Any], *, uid: bytes, at: datetime) -> dict[str, Any]:
    about = {**body["about"], "uid": uid.hex(), "at": write_time(at)}
    return {**body, "schema": SCHEMA, "about": about}


def read_last(connection: Connection) -> tuple[int, bytes]:
    """The number and the hash that the next record builds on."""
    last = connection.execute(_LAST).first()
    if last is not None:
        return last.id, last.hash
    return 0, origin_hash(read_store_uid(connection))


def read_store_uid(connection: Connection) -> bytes:
    found = connection.execute(_ORIGIN).scalars().all()
    if not found:
        raise StoreDamaged(
            "Expected the row that begins the chain, but it is gone. Restore the store from a copy."
        )
    if len(found) > 1 or not isinstance(found[0], bytes):
        raise StoreDamaged(
            f"Expected one row that begins the chain, with the store's uid, got {found!r:.100}. "
            "Restore the store from a copy."
        )
    return found[0]


def find_or_add_facet(connection: Connection, facet: Facet) -> FacetKey:
    """Safe because writers take turns."""
    words = facet._asdict()
    known = connection.execute(_FIND_FACET, words).first()
    if known is not None:
        return FacetKey(*known)
    facet_id = int(connection.execute(_LAST_FACET).scalar() or 0) + 1
    topic_id = connection.execute(_FIND_TOPIC, {word: words[word] for word in _TOPIC}).scalar() or facet_id
    _add_row(connection, _ADD_FACET, {"id": facet_id, "topic_id": topic_id, **words})
    return FacetKey(facet_id, topic_id)


def _add_row(connection: Connection, statement: Insert, row: Mapping[str, Any]) -> None:
    """A trigger or rule that somebody has put in can swallow a row without an error: it would be confirmed and lost."""
    added = connection.execute(statement, row).rowcount
    if added != 1:
        raise StoreDamaged(
            f"Expected the database to add one row to {statement.table.name}, it added {added}: a trigger or a rule "
            "that is not Assay's swallows it. Run verify, take away what it names, then keep it again."
        )


def write_record(
    connection: Connection, body: Mapping[str, Any], *, previous: bytes, record_id: int, key: FacetKey
) -> Record:
    words = canonical_json(body)
    digest = link_hash(previous, words.encode())
    columns = read_columns(body["about"])
    row = {"id": record_id, "facet_id": key.id, "hash": digest, "body": words, **columns._asdict()}
    _add_row(connection, _ADD_RECORD, row)
    counts: TallySums = {}
    count_one(counts, columns, key.topic_id)
    connection.execute(ADD_TALLY, list_tallies(counts))
    return Record(id=record_id, hash=digest.hex(), previous_hash=previous.hex(), body=body)
