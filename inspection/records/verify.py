"""Walks the whole chain, and says where it first breaks.

The walk ends with what is the last record when it starts. Rows are read in short batches, so that the store goes
on taking records meanwhile.
"""

import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, func, select, type_coerce
from sqlalchemy.types import NullType

from inspection.records.append import read_store_uid
from inspection.records.chain import link_hash, origin_hash
from inspection.records.checkpoints import Checkpoint
from inspection.records.errors import StoreDamaged
from inspection.records.guards import find_guard_faults
from inspection.records.picture_check import PictureCheck
from inspection.records.record import Columns, Facet, find_about, read_columns, read_facet
from inspection.records.report import Break, Report
from inspection.records.schema import facets, records, tallies
from inspection.records.store import RecordStore
from inspection.records.tallies import TallySums, count_one, list_tallies
from inspection.wording import say_number

BATCH = 5_000
# Read as they lie in the file, without the types that they ought to have: somebody may have put others there.
_ROWS = select(
    records.c.id,
    *(
        type_coerce(column, NullType())
        for column in (
            records.c.facet_id,
            records.c.hash,
            records.c.body,
            *(records.c[name] for name in Columns._fields),
        )
    ),
)
_FACETS = select(facets.c.id, facets.c.topic_id, *(facets.c[name] for name in Facet._fields)).order_by(
    facets.c.id
)
_FIRST_COLUMN = 4  # of Columns in a row of _ROWS


@dataclass(slots=True)
class _Walk:
    """What is known so far."""

    hash: bytes
    facets: dict[int, tuple[Facet, int]]  # with the topic
    anchors: dict[int, bytes | None]  # what the chain says where a checkpoint was signed
    next_id: int = 1
    walked: int = 0
    last_at_us: int = 0
    first_break: Break | None = None
    broken: int = 0
    clock_went_back: int = 0
    tallies: TallySums = field(default_factory=dict)

    def step(self, row: Row[*tuple[Any, ...]]) -> None:
        words = self._find_fault(row)
        if words is not None:
            self.broken += 1
            self.first_break = self.first_break or Break(
                self.next_id if row.id > self.next_id else row.id, words
            )
        self.walked += 1
        if row.id < self.next_id:
            return
        self.hash, self.next_id = row.hash if isinstance(row.hash, bytes) else b"", row.id + 1
        if row.id in self.anchors:
            self.anchors[row.id] = self.hash

    def _find_fault(self, row: Row[*tuple[Any, ...]]) -> str | None:
        record_id, facet_id, kept_hash, kept = row[0], row[1], row[2], row[3]
        if record_id < self.next_id:
            return f"Record {record_id} stands in front of the first."
        if record_id != self.next_id:
            return f"Record {self.next_id} is missing: the next is {record_id}."
        words = str(kept)
        if not words.isascii() or link_hash(self.hash, words.encode()) != kept_hash:
            return (
                f"Record {record_id} does not carry on from record {record_id - 1}: it was changed or moved."
            )
        try:
            about = find_about(words)
            facet, expected = read_facet(about), read_columns(about)
            filed, topic_id = self.facets.get(facet_id, (None, 0))
            count_one(self.tallies, expected, topic_id)
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            return f"Record {record_id} is not a record of this release ({error!r})."
        self.clock_went_back += expected.at_us < self.last_at_us
        self.last_at_us = expected.at_us
        if filed != facet:
            return f"Record {record_id} is filed under words that it does not say."
        for name, value, said in zip(Columns._fields, row[_FIRST_COLUMN:], expected, strict=True):
            if value != said:
                return f"Record {record_id}: the column {name} holds {value!r}, the record says {said!r}."
        return None


def verify(
    store: RecordStore,
    *,
    checkpoints: Sequence[Checkpoint] = (),
    picture_share_0_1: float = 1.0,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """picture_share_0_1: 1 reads every picture and map again, 0.01 a random hundredth (another one each time)."""
    start = time.perf_counter()
    begin = _read_start(store, checkpoints)
    walk, last_id = begin.walk, begin.last_id
    salt = secrets.randbits(64)
    with PictureCheck(store.pictures, share_0_1=picture_share_0_1, salt=salt) as pictures:
        done = -(2**63)  # a record below 1 would be found by searches, so it is looked for
        while rows := _read_rows(store, after=done, last=last_id):
            for row in rows:
                walk.step(row)
            if picture_share_0_1 > 0:
                pictures.check(_list_files(rows))
            done = rows[-1].id
            if progress is not None:
                progress(done, last_id)
    return Report(
        records=walk.walked,
        last_id=last_id,
        last_hash=walk.hash.hex(),
        first_break=walk.first_break,
        broken=walk.broken,
        clock_went_back=walk.clock_went_back,
        # a record that does not fit is not counted, so after a break the counts say nothing more
        tallies_match=begin.counted is not None
        and (walk.first_break is not None or _sort_tallies(list_tallies(walk.tallies)) == begin.counted),
        missing_guards=begin.missing_guards,
        files_checked=pictures.checked,
        picture_share_0_1=picture_share_0_1,
        picture_faults=tuple(pictures.faults),
        checkpoints=len(checkpoints),
        checkpoint_faults=_find_checkpoint_faults(checkpoints, begin.store_uid, last_id, walk.anchors),
        seconds=time.perf_counter() - start,
    )


@dataclass(frozen=True, slots=True)
class _Start:
    store_uid: bytes | None  # None: nobody can say any more
    last_id: int
    walk: _Walk
    counted: list[tuple[int, ...]] | None
    missing_guards: tuple[str, ...]


def _read_start(store: RecordStore, checkpoints: Sequence[Checkpoint]) -> _Start:
    with store.database.reading_one_moment() as connection:
        try:
            store_uid, first_break = read_store_uid(connection), None
        except StoreDamaged as error:
            store_uid, first_break = None, Break(1, f"Record 1 has nothing to carry on from. {error}")
        last_id = int(connection.execute(select(func.max(records.c.id))).scalar() or 0)
        words = connection.execute(_FACETS).all()
        counted = connection.execute(select(tallies)).mappings().all()
        missing_guards = find_guard_faults(connection)
    origin = b"" if store_uid is None else origin_hash(store_uid)
    anchors: dict[int, bytes | None] = {checkpoint.record_id: None for checkpoint in checkpoints}
    if 0 in anchors:
        anchors[0] = origin
    walk = _Walk(hash=origin, facets=_read_facets(words), anchors=anchors, first_break=first_break)
    return _Start(store_uid, last_id, walk, _sort_tallies(counted), missing_guards)


def _read_facets(rows: Iterable[Row[*tuple[Any, ...]]]) -> dict[int, tuple[Facet, int]]:
    """Only those whose topic is the right one: records under any other are misfiled."""
    found, topics = dict[int, tuple[Facet, int]](), dict[Facet, int]()
    for row in rows:
        facet = Facet(*row[2:])
        topic_id = topics.setdefault(facet._replace(person=""), row[0])
        if row[1] == topic_id:
            found[row[0]] = facet, topic_id
    return found


def _sort_tallies(rows: Iterable[Mapping[Any, Any]]) -> list[tuple[int, ...]] | None:
    """None where something else than whole numbers has been put there."""
    values = [tuple(row[column.name] for column in tallies.c) for row in rows]
    return sorted(values) if all(isinstance(one, int) for row in values for one in row) else None


def _read_rows(store: RecordStore, *, after: int, last: int) -> Sequence[Row[*tuple[Any, ...]]]:
    with store.database.reading() as connection:
        return connection.execute(
            _ROWS.where(records.c.id > after, records.c.id <= last).order_by(records.c.id).limit(BATCH)
        ).all()


def _list_files(rows: Sequence[Row[*tuple[Any, ...]]]) -> list[tuple[int, bytes]]:
    return [
        (row.id, digest)
        for row in rows
        for digest in (row.picture_sha256, row.evidence_sha256)
        if isinstance(digest, bytes)
    ]


def _find_checkpoint_faults(
    checkpoints: Sequence[Checkpoint],
    store_uid: bytes | None,
    last_id: int,
    anchors: dict[int, bytes | None],
) -> tuple[str, ...]:
    faults = []
    for checkpoint in checkpoints:
        number, found = checkpoint.record_id, anchors[checkpoint.record_id]
        if store_uid is not None and checkpoint.store != store_uid.hex():
            faults.append(f"The checkpoint of {checkpoint.at} was signed over another store.")
        elif number > last_id:
            faults.append(
                f"The end is cut off: the checkpoint of {checkpoint.at} saw {say_number(number, 'record')}, {say_number(last_id, 'is', 'are')} left."
            )
        elif found is None or found.hex() != checkpoint.record_hash:
            faults.append(f"Record {number} is not the one that the checkpoint of {checkpoint.at} saw.")
    return tuple(faults)
