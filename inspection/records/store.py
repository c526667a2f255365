"""The record store: inspections, decisions, corrections and events are added; nothing is ever changed."""

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from inspection.config import Settings, load_settings
from inspection.records.append import Appender, Check
from inspection.records.content import Context, build_inspection_body, check_word, restore_inspection
from inspection.records.counts import Count, count_by, count_records
from inspection.records.database import Database, open_database
from inspection.records.decisions import (
    Answer,
    build_correction_body,
    build_decision_body,
    check_seen,
    read_current,
)
from inspection.records.errors import RecordRefused
from inspection.records.evidence import Evidence, pack_evidence, unpack_evidence
from inspection.records.flushing import Flusher
from inspection.records.migrate import migrate
from inspection.records.pictures import PictureStore, open_pictures
from inspection.records.reading import (
    complete_picture_hash,
    find_by_code,
    find_last_correction,
    list_words,
    read_about,
    read_about_each,
    read_record,
)
from inspection.records.record import Kind, Record, build_about
from inspection.records.search import Cursor, Page, Search, find_last, find_page, walk_back, walk_records
from inspection.types import Inspection


@dataclass(frozen=True, slots=True)
class RecordStore:
    """Safe to use from many threads and many processes at once."""

    database: Database
    pictures: PictureStore
    appender: Appender
    flusher: Flusher

    def add(self, inspection: Inspection, picture: bytes, *, context: Context) -> Record:
        """picture: the bytes as they came. A StoreError means: not kept; nothing half is there, add it again later."""
        found = hashlib.sha256(picture).hexdigest()
        if found != inspection.sha256:
            raise RecordRefused(
                f"Expected the bytes that were inspected ({inspection.sha256[:12]}…), got others ({found[:12]}…). "
                "Hand over the picture as it came."
            )
        evidence = pack_evidence(
            Evidence(
                grid=None if inspection.heat_map is None else inspection.heat_map.grid,
                features=inspection.features,
            )
        )
        digest = None if evidence is None else hashlib.sha256(evidence).hexdigest()
        body = build_inspection_body(
            inspection, context=context, picture_bytes=len(picture), evidence_sha256=digest
        )
        # files first: a record never names what is not there; a file that no record names harms nothing
        self.pictures.keep(picture, found)
        if evidence is not None and digest is not None:
            self.pictures.keep(evidence, digest)
        return self._append(body)

    def decide(
        self, record_id: int, answer: Answer, *, person: str, saw_map: bool, took_ms: float, reason: str = ""
    ) -> Record:
        """What a person says of an inspection: once blind (saw_map=False), once after seeing verdict and map."""
        subject = self.get(record_id)
        earlier = [
            record
            for record in self.about(record_id)
            if record.kind is Kind.DECISION and record.person == person
        ]
        body = build_decision_body(
            subject, answer, person=person, saw_map=saw_map, took_ms=took_ms, reason=reason, earlier=earlier
        )
        return self._append(body)

    def correct(
        self,
        record_id: int,
        changes: Mapping[str, str],
        *,
        person: str,
        reason: str,
        good: str | None,
        seen: int | None = None,
    ) -> Record:
        """A new record that names the old one and keeps what it said; changes: verdict, class or part.

        good: the line's good class, which PASS and REJECT must agree with; None where it has none.
        seen: the record that held when the person looked; where another holds by now nothing is added.
        """
        subject, earlier = self.get(record_id), self.about(record_id)
        rests_on = read_current(subject, earlier)["record"]
        check_seen(record_id, rests_on, seen=rests_on if seen is None else seen)
        body = build_correction_body(
            subject, changes, person=person, reason=reason, good=good, earlier=earlier
        )

        def check_unchanged(connection: Connection) -> None:
            now = find_last_correction(connection, record_id) or record_id
            check_seen(record_id, now, seen=rests_on)

        return self._append(body, check_unchanged)

    def note(
        self,
        event: str,
        details: Mapping[str, object],
        *,
        person: str,
        line: str = "",
        model: str = "",
        check: Check | None = None,
    ) -> Record:
        """Anything else that must stand in the chain: a promotion, a challenge, a new threshold.

        check: what must still hold at the moment at which it is added, while nobody else writes.
        """
        return self._append(
            {
                "about": build_about(
                    Kind.EVENT,
                    person=check_word(person, what="person"),
                    line=check_word(line, what="line"),
                    model=check_word(model, what="model"),
                ),
                "event": check_word(event, what="event"),
                "details": dict(details),
            },
            check,
        )

    def get(self, record_id: int) -> Record:
        return read_record(self.database, record_id)

    def find(self, code: str) -> Record:
        """By its number, its uid, or the code on a printed page."""
        return find_by_code(self.database, code)

    def about(self, record_id: int) -> tuple[Record, ...]:
        """Decisions and corrections that name this record, oldest first."""
        return read_about(self.database, record_id)

    def about_each(self, record_ids: Sequence[int]) -> Mapping[int, tuple[Record, ...]]:
        """The same for each of a page of records; those about which nothing was said are left out."""
        return read_about_each(self.database, record_ids)

    def search(self, search: Search, *, after: Cursor | None = None, limit: int = 50) -> Page:
        """Newest first; `after` is the `next` of the page before."""
        return find_page(self.database, search, after=after, limit=limit)

    def walk(self, search: Search) -> Iterator[Record]:
        """Every match in the order of the chain, without holding more than a batch of them."""
        return walk_records(self.database, search)

    def walk_back(self, search: Search) -> Iterator[Record]:
        """Every match, the last of the chain first, whatever clocks said."""
        return walk_back(self.database, search)

    def find_last(self, search: Search) -> int:
        """The number of the last match in the chain; 0 where there is none."""
        return find_last(self.database, search)

    def count(self, search: Search) -> int:
        return count_records(self.database, search)

    def count_by(self, search: Search, *, hours: int, words: tuple[str, ...]) -> list[Count]:
        """How many in each span of `hours`, apart by facet words: what the charts over time are drawn from."""
        return count_by(self.database, search, hours=hours, words=words)

    def words(self) -> Mapping[str, tuple[str, ...]]:
        """Every line, verdict, class_name, model, person … that occurs: what a search can choose from."""
        return list_words(self.database)

    def complete_picture_hash(self, start: str) -> tuple[str, ...]:
        return complete_picture_hash(self.database, start)

    def read_picture(self, record: Record) -> bytes:
        """The bytes as they came, checked against the record."""
        if record.picture_sha256 is None:
            raise RecordRefused(f"Record {record.id} is of kind {record.kind.value}: it has no picture.")
        return self.pictures.read(record.picture_sha256)

    def read_inspection(self, record: Record) -> Inspection:
        """All that was found, and the heat map as it was."""
        if record.kind is not Kind.INSPECTION:
            raise RecordRefused(f"Expected an inspection, record {record.id} is of kind {record.kind.value}.")
        digest = record.evidence_sha256
        evidence = Evidence(None, None) if digest is None else unpack_evidence(self.pictures.read(digest))
        return restore_inspection(record.body, evidence)

    def warm(self) -> None:
        """Once, when a server starts: so that the first records are saved as fast as the later ones."""
        self.database.warm()

    def close(self) -> None:
        try:
            self.flusher.close()
        finally:
            self.database.close()

    def _append(self, body: Mapping[str, Any], check: Check | None = None) -> Record:
        self.flusher.refuse_if_failed()
        record = self.appender.append(body, check=check)
        self.flusher.wake()
        return record


def open_store(
    url: str | None = None,
    pictures_url: str | None = None,
    *,
    clock: Callable[[], datetime] | None = None,
    settings: Settings | None = None,
    **picture_options: Any,
) -> RecordStore:
    """Without arguments: ASSAY_DATABASE_URL and ASSAY_PICTURES_URL, else a file and a folder under var/."""
    var_dir = (settings or load_settings()).var_dir
    url = url or os.environ.get("ASSAY_DATABASE_URL") or f"sqlite:///{var_dir / 'records.sqlite'}"
    pictures_url = pictures_url or os.environ.get("ASSAY_PICTURES_URL") or str(var_dir / "pictures")
    pictures = open_pictures(pictures_url, **picture_options)
    database = open_database(url)
    try:
        migrate(database)
    except BaseException:
        database.close()
        raise
    return RecordStore(
        database=database,
        pictures=pictures,
        appender=Appender(database=database, clock=clock or _read_clock),
        flusher=Flusher(database=database, unsynced=pictures.unsynced),
    )


def _read_clock() -> datetime:
    return datetime.now(UTC)
