"""How many records: from the hourly and daily tallies, so that a million are counted without being touched."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, Integer, func, literal_column, select

from inspection.records.database import Database
from inspection.records.errors import SearchRefused
from inspection.records.record import HOUR_US, Facet
from inspection.records.schema import facets, records, tallies
from inspection.records.search import Search
from inspection.records.tallies import SPANS_HOURS


@dataclass(frozen=True, slots=True)
class Count:
    since: datetime  # the span's start, UTC
    words: Mapping[str, str]
    n: int
    mean_score_0_1: float
    mean_latency_ms: float


def count_records(database: Database, search: Search) -> int:
    low, high = search.span_us()
    with database.reading() as connection:
        if search.picture_sha256 is not None or search.persons:  # the tallies know neither
            return _count_rows(connection, search, low, high)
        count = 0
        for span, first, last in _split_span(low, high):
            if span == 0:
                count += _count_rows(connection, search, first, last)
            else:
                count += _sum_tallies(connection, search, span=span, first=first, last=last)
        return count


def _split_span(low: int, high: int) -> Iterator[tuple[int, int, int]]:
    """[low, high) in whole days, the whole hours at both ends, and what is left, in microseconds, as span 0."""
    spans = [span for span in SPANS_HOURS if -(-low // (span * HOUR_US)) < high // (span * HOUR_US)]
    if not spans:
        if low < high:
            yield 0, low, high
        return
    span = max(spans)
    size = span * HOUR_US
    first, last = -(-low // size), high // size
    yield span, first, last
    yield from _split_span(low, first * size)
    yield from _split_span(last * size, high)


def _sum_tallies(connection: Connection, search: Search, *, span: int, first: int, last: int) -> int:
    total = connection.execute(
        select(func.sum(tallies.c.n))
        .join(facets, facets.c.id == tallies.c.topic_id)
        .where(
            tallies.c.span_hours == span,
            tallies.c.start >= first,
            tallies.c.start < last,
            *search.facet_rules(),
        )
    ).scalar()
    return int(total or 0)


def count_by(database: Database, search: Search, *, hours: int, words: tuple[str, ...]) -> list[Count]:
    """Spans of `hours` counted from 1970, UTC; the first and the last reach beyond the search where it cuts them."""
    unknown = sorted(set(words) - (set(Facet._fields) - {"person"}))
    if unknown or hours < 1 or search.picture_sha256 is not None or search.persons:
        raise SearchRefused(
            "Expected to count by words other than the person, in spans of at least an hour, and neither persons "
            f"nor a picture in the search, got {', '.join(words) or 'no words'} and {hours} h. Count each alone."
        )
    low, high = search.span_us()
    size = 24 if hours % 24 == 0 else 1
    # written out, so that PostgreSQL sees the same expression twice; a whole number, checked above
    span = (tallies.c.start // literal_column(str(hours // size), Integer)).label("span")
    columns = [facets.c[word] for word in words]
    with database.reading() as connection:
        rows = connection.execute(
            select(
                span,
                *columns,
                func.sum(tallies.c.n).label("n"),
                func.sum(tallies.c.score_ppm).label("score_ppm"),
                func.sum(tallies.c.latency_us).label("latency_us"),
            )
            .join(facets, facets.c.id == tallies.c.topic_id)
            .where(
                tallies.c.span_hours == size,
                tallies.c.start >= low // (size * HOUR_US),
                tallies.c.start < -(-high // (size * HOUR_US)),
                *search.facet_rules(),
            )
            .group_by(span, *columns)
        ).all()
    return [
        Count(
            since=datetime.fromtimestamp(row[0] * hours * 3600, tz=UTC),
            words=dict(zip(words, row[1 : 1 + len(words)], strict=True)),
            n=int(row.n),
            mean_score_0_1=int(row.score_ppm) / int(row.n) / 1e6,
            mean_latency_ms=int(row.latency_us) / int(row.n) / 1e3,
        )
        for row in sorted(rows, key=lambda row: tuple(row)[: 1 + len(words)])
    ]


def _count_rows(connection: Connection, search: Search, low: int, high: int) -> int:
    return int(
        connection.execute(
            select(func.count())
            .select_from(facets.join(records, records.c.facet_id == facets.c.id))
            .where(
                records.c.at_us >= low, records.c.at_us < high, *search.facet_rules(), *search.record_rules()
            )
        ).scalar_one()
    )
