"""One record, found by its number or a code; and the words that a search can choose from."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, literal, select, type_coerce, union_all
from sqlalchemy.types import NullType

from inspection.records.chain import origin_hash
from inspection.records.database import Database
from inspection.records.errors import RecordUnknown, SearchRefused, StoreDamaged
from inspection.records.record import Facet, Kind, Record, read_columns, read_facet
from inspection.records.schema import chain_origin, facets, records
from inspection.types import VerdictKind

_SHORTEST_START = 6
_MOST_PICTURES = 20
_KINDS, _VERDICTS = frozenset(Kind), frozenset(("", *VerdictKind))


def fetch_record(connection: Connection, where: ColumnElement[bool]) -> Record | None:
    return next(iter(_fetch(connection, where)), None)


def fetch_in_order(connection: Connection, ids: Sequence[int]) -> tuple[Record, ...]:
    """A page of records by one query, in the order of `ids`."""
    found = {record.id: record for record in _fetch(connection, records.c.id.in_(ids))}
    return tuple(found[record_id] for record_id in ids)


def _fetch(connection: Connection, where: ColumnElement[bool]) -> Iterator[Record]:
    before = records.alias("before")
    rows = connection.execute(
        select(records.c.id, records.c.hash, records.c.body, before.c.hash.label("previous"))
        .outerjoin(before, before.c.id == records.c.id - 1)
        .where(where)
    ).all()
    for row in rows:
        previous = row.previous
        if previous is None:  # the first record stands on the chain's origin
            previous = _read_origin(connection)
        # SQLite holds what it is given
        if not (isinstance(row.hash, bytes) and isinstance(previous, bytes)):
            raise _name_damage(row.id)
        yield Record(id=row.id, hash=row.hash.hex(), previous_hash=previous.hex(), body=_read_body(row))


def _read_origin(connection: Connection) -> bytes:
    uid = connection.execute(select(type_coerce(chain_origin.c.uid, NullType()))).scalars().first()
    if not isinstance(uid, bytes):  # as it lies in the file: somebody may have put something else there
        raise StoreDamaged(
            "Expected the row that begins the chain, but it is gone or changed. Run verify, and restore the store from a copy."
        )
    return origin_hash(uid)


def _read_body(row: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    """A body that was edited is shown as it is, and does not fit its hash; what is no record any more cannot be shown."""
    try:
        body: dict[str, Any] = json.loads(row.body)
        read_columns(body["about"])
        facet = read_facet(body["about"])
        if facet.kind not in _KINDS or facet.verdict not in _VERDICTS:
            raise ValueError(f"{facet.kind!r} or {facet.verdict!r} is none")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _name_damage(row.id) from error
    return body


def _name_damage(record_id: int) -> StoreDamaged:
    return StoreDamaged(
        f"Expected a record under the number {record_id}, but what stands there can no longer be read as one: it was changed, "
        "or the file is damaged. Run verify, and restore the store from a copy."
    )


def read_record(database: Database, record_id: int) -> Record:
    with database.reading() as connection:
        record = fetch_record(connection, records.c.id == record_id)
        if record is None:
            last = connection.execute(select(func.max(records.c.id))).scalar() or 0
            raise RecordUnknown(f"Expected a record from 1 to {last}, got {record_id}. Check the number.")
    return record


def find_by_code(database: Database, code: str) -> Record:
    """A number, a uid, or number-hash as it is printed; the last only while the record still reads the same."""
    code = code.strip().lower()
    number, _, start = code.partition("-")
    if number.isdecimal() and len(number) <= 18:
        record = read_record(database, int(number))
        if not record.hash.startswith(start):
            raise RecordUnknown(
                f"Record {number} has the hash {record.hash[:16]}…, the code says {start}: "
                "it comes from another store, or the record was changed. Run verify."
            )
        return record
    uid = _read_hex(code)
    if uid is None or len(uid) != 16:
        raise RecordUnknown(
            f"Expected a record's number, its code such as 12-9f3ab0…, or its uid, got {code[:60]!r}."
        )
    with database.reading() as connection:
        found = fetch_record(connection, records.c.uid == uid)
    if found is None:
        raise RecordUnknown(f"No record has the uid {code}. It may be in another store.")
    return found


def read_about(database: Database, record_id: int) -> tuple[Record, ...]:
    with database.reading() as connection:
        ids = connection.execute(
            select(records.c.id).where(records.c.of_id == record_id).order_by(records.c.id)
        )
        return fetch_in_order(connection, list(ids.scalars()))


def find_last_correction(connection: Connection, record_id: int) -> int | None:
    """The newest in the chain; inside a writer's transaction nobody adds another meanwhile."""
    found = select(func.max(records.c.id)).join(facets, facets.c.id == records.c.facet_id)
    about = found.where(records.c.of_id == record_id, facets.c.kind == Kind.CORRECTION.value)
    return connection.execute(about).scalar()


def read_about_each(database: Database, record_ids: Sequence[int]) -> Mapping[int, tuple[Record, ...]]:
    """The same for a page of records, by two queries; those about which nothing was said are left out."""
    found: dict[int, list[Record]] = {}
    with database.reading() as connection:
        ids = list(
            connection.execute(
                select(records.c.id).where(records.c.of_id.in_(record_ids)).order_by(records.c.id)
            ).scalars()
        )
        for record in fetch_in_order(connection, ids) if ids else ():
            assert record.of_id is not None  # it was found by it
            found.setdefault(record.of_id, []).append(record)
    return {record_id: tuple(later) for record_id, later in found.items()}


def list_words(database: Database) -> Mapping[str, tuple[str, ...]]:
    """By facet column. The table has a row a combination, thousands; the database hands over only the words."""
    words: dict[str, set[str]] = {word: set() for word in Facet._fields}
    each = [select(literal(word), facets.c[word]).distinct() for word in Facet._fields]
    with database.reading() as connection:
        for column, word in connection.execute(union_all(*each)):
            words[column].add(word)
    return {column: tuple(sorted(found - {""})) for column, found in words.items()}


def complete_picture_hash(database: Database, start: str) -> tuple[str, ...]:
    """The pictures whose SHA-256 begins so, at most 20. Hops from hash to hash on the index, however often each occurs."""
    start = start.strip().lower()
    even = _read_hex(start + "0" * (len(start) % 2))
    if even is None or not _SHORTEST_START <= len(start) <= 64:
        raise SearchRefused(
            f"Expected {_SHORTEST_START} to 64 characters of a SHA-256 (0-9, a-f), got {start[:70]!r}."
        )
    low = bytes.fromhex(start.ljust(64, "0"))
    high = bytes.fromhex(start.ljust(64, "f"))
    column, found = records.c.picture_sha256, list[str]()
    reach = column >= low
    with database.reading() as connection:
        while len(found) < _MOST_PICTURES:
            digest = connection.execute(
                select(column).where(reach, column <= high).order_by(column).limit(1)
            ).scalar()
            if digest is None:
                break
            found.append(digest.hex())
            reach = column > digest
    return tuple(found)


def _read_hex(text: str) -> bytes | None:
    try:
        return bytes.fromhex(text) if text else None
    except ValueError:
        return None
