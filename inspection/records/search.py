"""Search over any number of records, newest first, page by page without offsets.

A million rows are never scanned. The searchable words live in `facets`, one row a combination that occurs, a few
thousand at most. For each combination that fits, one seek on the index (facet_id, at_us, id) finds its newest
record in the span. The page's rows can only come from the combinations whose newest is among the newest, so they
are read in that order until the page is full. The cost is a seek a combination, whatever the words match.
"""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, func, select, true, tuple_

from inspection.records.database import Database
from inspection.records.errors import SearchRefused
from inspection.records.reading import fetch_in_order
from inspection.records.record import Kind, Record, to_us
from inspection.records.schema import facets, records

MOST_PER_PAGE = 5_000
_BATCH = 2_000
_FEW = 50
_EVER_US = (0, 2**62)


@dataclass(frozen=True, slots=True)
class Search:
    """Each filled field must hold; of several words in one field, any. Times carry a zone; `until` is not included."""

    since: datetime | None = None
    until: datetime | None = None
    kinds: tuple[Kind, ...] = (Kind.INSPECTION,)  # empty: every kind
    lines: tuple[str, ...] = ()
    verdicts: tuple[str, ...] = ()
    class_names: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    persons: tuple[str, ...] = ()
    agrees: bool | None = None  # decisions only: with the model or against it
    picture_sha256: str | None = None

    def span_us(self) -> tuple[int, int]:
        """[from, to) in microseconds since 1970."""
        for at in (self.since, self.until):
            if at is not None and at.tzinfo is None:
                raise SearchRefused(
                    f"Expected a time with a zone, got {at.isoformat()}. Say UTC or the local zone."
                )
        low = _EVER_US[0] if self.since is None else to_us(self.since)
        return low, _EVER_US[1] if self.until is None else to_us(self.until)

    def facet_rules(self) -> list[ColumnElement[bool]]:
        chosen = {
            "kind": tuple(kind.value for kind in self.kinds),
            "line": self.lines,
            "verdict": tuple(str(verdict) for verdict in self.verdicts),
            "class_name": self.class_names,
            "model": self.models,
            "person": self.persons,
            "agrees": () if self.agrees is None else (("yes" if self.agrees else "no"),),
        }
        for words in chosen.values():
            for word in words:
                # no record says it, and a server's connection would be left in the middle of a sentence by some of them
                if not word.isprintable():
                    raise SearchRefused(
                        f"Expected words as records say them, got {word[:60]!r}. Choose another."
                    )
        return [facets.c[column].in_(words) for column, words in chosen.items() if words]

    def record_rules(self) -> list[ColumnElement[bool]]:
        """Beyond the facet and the span."""
        if self.picture_sha256 is None:
            return []
        try:
            digest = bytes.fromhex(self.picture_sha256)
        except ValueError:
            digest = b""
        if len(digest) != 32:
            raise SearchRefused(
                f"Expected the 64 characters of a picture's SHA-256, got {self.picture_sha256[:70]!r}. "
                "Complete a shorter one first."
            )
        return [records.c.picture_sha256 == digest]


class Cursor(NamedTuple):
    """The last row of a page; the next page begins behind it. As text it fits into an address."""

    at_us: int
    id: int

    def __str__(self) -> str:
        return f"{self.at_us}-{self.id}"

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        at_us, _, record_id = text.partition("-")
        if not (at_us.isdecimal() and record_id.isdecimal()) or len(text) > 40:
            raise SearchRefused(
                f"Expected a place in a search such as 1766246400000000-12, got {text[:60]!r}."
            )
        return cls(int(at_us), int(record_id))


class _Head(NamedTuple):
    """The newest record of a combination of words."""

    facet_id: int
    at_us: int


@dataclass(frozen=True, slots=True)
class Page:
    records: tuple[Record, ...]
    next: Cursor | None  # None: this was the last page


def find_page(database: Database, search: Search, *, after: Cursor | None, limit: int) -> Page:
    if not 1 <= limit <= MOST_PER_PAGE:
        raise SearchRefused(f"Expected 1 to {MOST_PER_PAGE} records a page, got {limit}.")
    with database.reading() as connection:
        places = _find_places(connection, search, after=after, most=limit + 1)
        found = fetch_in_order(connection, [place.id for place in places[:limit]])
    more = len(places) > limit
    return Page(records=found, next=places[limit - 1] if more else None)


def walk_records(database: Database, search: Search) -> Iterator[Record]:
    """Every match in the order of the chain; a batch of them is held at a time."""
    with database.reading() as connection:
        ordered = sorted(_list_numbers(connection, search))
    yield from _walk(database, ordered, batch=_BATCH)


def walk_back(database: Database, search: Search) -> Iterator[Record]:
    """Every match, the last of the chain first: for what a later record overrules, whatever clocks said meanwhile."""
    with database.reading() as connection:
        ordered = sorted(_list_numbers(connection, search), reverse=True)
    yield from _walk(database, ordered, batch=_FEW)


def read_back(connection: Connection, search: Search) -> Iterator[Record]:
    """The same inside a writer's transaction: what nobody can change before it commits."""
    ordered = sorted(_list_numbers(connection, search), reverse=True)
    for start in range(0, len(ordered), _FEW):
        yield from fetch_in_order(connection, ordered[start : start + _FEW])


def find_last(database: Database, search: Search) -> int:
    """The number of the last match in the chain; 0 where there is none."""
    with database.reading() as connection:
        return connection.execute(_select_matches(func.max(records.c.id), search)).scalar() or 0


def _walk(database: Database, numbers: list[int], *, batch: int) -> Iterator[Record]:
    for start in range(0, len(numbers), batch):
        # records are only ever added to, so each batch may be read on its own
        with database.reading() as connection:
            found = fetch_in_order(connection, numbers[start : start + batch])
        yield from found


def _list_numbers(connection: Connection, search: Search) -> "array[int]":
    return array("q", connection.execute(_select_matches(records.c.id, search)).scalars())


def _select_matches(what: ColumnElement[Any], search: Search) -> Select[Any]:
    low, high = search.span_us()
    return (
        select(what)
        .select_from(records.join(facets, facets.c.id == records.c.facet_id))
        .where(records.c.at_us >= low, records.c.at_us < high, *search.facet_rules(), *search.record_rules())
    )


def _find_places(connection: Connection, search: Search, *, after: Cursor | None, most: int) -> list[Cursor]:
    """The newest `most` places, newest first."""
    rules = _list_place_rules(search, after)
    newest = (
        select(records.c.at_us)
        .where(records.c.facet_id == facets.c.id, *rules)
        .order_by(records.c.at_us.desc(), records.c.id.desc())
        .limit(1)
        .scalar_subquery()
        .label("newest")
    )
    heads = connection.execute(select(facets.c.id, newest).where(*search.facet_rules())).all()
    fitting = sorted(
        (_Head(facet_id, at_us) for facet_id, at_us in heads if at_us is not None),
        key=lambda head: -head.at_us,
    )
    # the first `most` heads are `most` places already: what is older than the last of them cannot be on the page
    oldest_us = fitting[most - 1].at_us if len(fitting) >= most else 0
    fitting = [head for head in fitting if head.at_us >= oldest_us]
    if connection.dialect.name == "sqlite":
        return _read_one_by_one(connection, fitting, rules, oldest_us=oldest_us, most=most)
    return _read_at_once(connection, fitting, rules, oldest_us=oldest_us, most=most)


def _select_places(
    facet_id: ColumnElement[int], rules: list[ColumnElement[bool]], most: int
) -> Select[int, int]:
    return (
        select(records.c.at_us, records.c.id)
        .where(records.c.facet_id == facet_id, records.c.at_us >= bindparam("oldest_us"), *rules)
        .order_by(records.c.at_us.desc(), records.c.id.desc())
        .limit(most)
    )


def _read_one_by_one(
    connection: Connection, heads: list[_Head], rules: list[ColumnElement[bool]], *, oldest_us: int, most: int
) -> list[Cursor]:
    """SQLite: a question costs microseconds, and the answers so far spare the rest."""
    places = _select_places(bindparam("facet_id"), rules, most)
    found: list[Cursor] = []
    for facet_id, head_us in heads:
        if len(found) == most:
            oldest_us = found[-1].at_us
            if head_us < oldest_us:
                break  # every record of this combination, and of those behind it, is older than the page
        rows = connection.execute(places, {"facet_id": facet_id, "oldest_us": oldest_us})
        found = list(islice(merge(found, (Cursor(*row) for row in rows), reverse=True), most))
    return found


def _read_at_once(
    connection: Connection, heads: list[_Head], rules: list[ColumnElement[bool]], *, oldest_us: int, most: int
) -> list[Cursor]:
    """A server: each question is a journey, so all are asked in one."""
    of_one = _select_places(facets.c.id, rules, most).lateral()
    rows = connection.execute(
        select(of_one.c.at_us, of_one.c.id)
        .select_from(facets.join(of_one, true()))
        .where(facets.c.id.in_([head.facet_id for head in heads]))
        .order_by(of_one.c.at_us.desc(), of_one.c.id.desc())
        .limit(most),
        {"oldest_us": oldest_us},
    )
    return [Cursor(*row) for row in rows]


def _list_place_rules(search: Search, after: Cursor | None) -> list[ColumnElement[bool]]:
    low, high = search.span_us()
    rules = [*search.record_rules(), records.c.at_us >= low]
    if after is None:
        return [*rules, records.c.at_us < high]
    if after.at_us >= high:
        raise SearchRefused(
            "The place to go on from lies outside the search. Start again from its first page."
        )
    # the first condition is implied by the second; it bounds the index range where row values do not
    behind = tuple_(records.c.at_us, records.c.id) < tuple_(after.at_us, after.id)
    return [*rules, and_(records.c.at_us <= after.at_us, behind)]
