"""From records to series: how many parts of each kind a span of time held, and a sample of their scores.

The counts come from the tallies, so a million records cost what a thousand do. Three things the tallies do not hold:
how many parts were novel, which is counted among the few that went to a person; what people said at last, which is
counted among their answers; and how scores are distributed, which is read off a sample spread evenly over the records.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import JSON, BigInteger, Integer, cast, func, literal_column, select

from inspection.records.database import Database
from inspection.records.record import HOUR_US, Kind
from inspection.records.schema import facets, records
from inspection.records.search import Search
from inspection.records.store import RecordStore
from inspection.types import VerdictKind

MOST_SAMPLED = 4_000
_SCATTER, _SCATTERED = 648_055, 2**20  # the golden section of it, odd: no rhythm of the numbers meets it
F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Period:
    """`reference` spans tell what is usual, the `shown` ones after them are judged."""

    title: str
    span_hours: int
    shown: int
    reference: int

    @property
    def spans(self) -> int:
        return self.reference + self.shown


PERIODS: dict[str, Period] = {
    "day": Period("24 hours", 1, 24, 72),
    "week": Period("7 days", 6, 28, 56),
    "month": Period("30 days", 24, 30, 30),
    "year": Period("12 months", 168, 52, 26),
}


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose records: one line, and one of its models or all."""

    line: str
    model: str | None = None

    def search(self, since: datetime, until: datetime, *kinds: Kind) -> Search:
        models = () if self.model is None else (self.model,)
        return Search(since=since, until=until, kinds=kinds, lines=(self.line,), models=models)


@dataclass(frozen=True, slots=True)
class Sample:
    """Of the inspections, evenly spread; a value is NaN where the inspection has none."""

    at: NDArray[np.int64]  # (n,) microseconds since 1970
    score_0_1: F64
    latency_ms: F64
    novelty_p: F64
    novelty_known: F64  # how many parts p was held against

    def between(self, since: datetime, until: datetime) -> "Sample":
        low, high = (round(at.timestamp() * 1e6) for at in (since, until))
        keep = (self.at >= low) & (self.at < high)
        columns = (self.score_0_1, self.latency_ms, self.novelty_p, self.novelty_known)
        return Sample(self.at[keep], *(column[keep] for column in columns))


@dataclass(frozen=True, slots=True)
class Watched:
    """Column by column, a value a span; the first `reference` spans tell what is usual."""

    subject: Subject
    period: Period
    starts: tuple[datetime, ...]
    reference: int
    verdicts: dict[str, tuple[int, ...]]
    answers: tuple[int, ...]  # of people, to parts that the model decided: one a person and part, the last
    overrides: tuple[int, ...]  # of them, those that differ from the model's
    novel: tuple[int, ...] | None  # None: no record says how novel its part was
    mean_score_0_1: tuple[float | None, ...]  # of pictures with a part
    mean_latency_ms: tuple[float | None, ...]
    sample: Sample

    @property
    def parts(self) -> tuple[int, ...]:
        """Pictures in which a part was found."""
        found = (self.verdicts[kind.value] for kind in VerdictKind if kind is not VerdictKind.NO_PART)
        return tuple(map(sum, zip(*found, strict=True)))

    @property
    def pictures(self) -> tuple[int, ...]:
        return tuple(map(sum, zip(*self.verdicts.values(), strict=True)))

    @property
    def until(self) -> datetime:
        return self.end_of(len(self.starts) - 1)

    def end_of(self, place: int) -> datetime:
        return self.starts[place] + timedelta(hours=self.period.span_hours)


def watch(
    store: RecordStore, subject: Subject, period: Period, *, now: datetime, novelty_0_1: float
) -> Watched:
    """novelty_0_1: below it a part counts as novel."""
    starts = list_starts(period, now)
    since, until = starts[0], starts[-1] + timedelta(hours=period.span_hours)
    n = len(starts)
    place = {start: index for index, start in enumerate(starts)}
    verdicts = {kind.value: [0] * n for kind in VerdictKind}
    scores, latencies, weights = np.zeros(n), np.zeros(n), np.zeros(n)
    search = subject.search(since, until, Kind.INSPECTION)
    for count in store.count_by(search, hours=period.span_hours, words=("verdict",)):
        index = place.get(count.since)
        verdict = count.words["verdict"]
        if index is not None and verdict in verdicts:
            verdicts[verdict][index] += count.n
            if verdict != VerdictKind.NO_PART:
                weights[index] += count.n
                scores[index] += count.n * count.mean_score_0_1
                latencies[index] += count.n * count.mean_latency_ms
    total = sum(map(sum, verdicts.values()))
    sample = draw_sample(store.database, search, total=total)
    novel = None
    if np.isfinite(sample.novelty_p).any():
        novel = count_novel(store.database, search, starts, period, below=novelty_0_1)
    said = subject.search(since, until, Kind.DECISION)
    answers, overrides = count_answers(store.database, said, starts, period)
    return Watched(
        subject,
        period,
        tuple(starts),
        find_reference(weights, period),
        {kind: tuple(counts) for kind, counts in verdicts.items()},
        answers,
        overrides,
        novel,
        divide(scores, weights),
        divide(latencies, weights),
        sample,
    )


def list_starts(period: Period, now: datetime) -> list[datetime]:
    """Whole spans counted from 1970, UTC, as the tallies count them; the last one is not over yet."""
    last = int(now.timestamp() // (period.span_hours * 3600))
    return [
        datetime.fromtimestamp(number * period.span_hours * 3600, tz=UTC)
        for number in range(last - period.spans + 1, last + 1)
    ]


def find_reference(parts: Sequence[float] | F64, period: Period) -> int:
    """The spans before the shown ones; where the line is younger than they are, the first half of its own."""
    busy = [place for place, n in enumerate(parts) if n > 0]
    if not busy or busy[0] < period.reference // 2:
        return period.reference
    return max(period.reference, busy[len(busy) // 2])


def divide(sums: F64, weights: F64) -> tuple[float | None, ...]:
    return tuple(
        float(total / weight) if weight else None for total, weight in zip(sums, weights, strict=True)
    )


def draw_sample(database: Database, search: Search, *, total: int) -> Sample:
    """A share of the records by their number, scattered: every k-th would see one of two lines that take turns, and
    not the other. Which ones is read off the index alone, so only the sampled rows are touched."""
    low, high = search.span_us()
    share = min(1.0, MOST_SAMPLED / max(total, 1))
    # of all that is in a body only this is needed, and only of the sampled rows
    known = (
        cast(records.c.body, JSON)["novelty"]["known"].as_integer()
        if database.is_server
        else func.json_extract(records.c.body, "$.novelty.known")
    )
    with database.reading() as connection:
        rows = connection.execute(
            select(records.c.at_us, records.c.score_0_1, records.c.latency_ms, records.c.novelty_p, known)
            .join(facets, facets.c.id == records.c.facet_id)
            .where(
                *search.facet_rules(),
                facets.c.verdict != VerdictKind.NO_PART.value,
                records.c.at_us >= low,
                records.c.at_us < high,
                cast(records.c.id, BigInteger) * _SCATTER % _SCATTERED < round(share * _SCATTERED),
            )
        ).all()
    columns = [[np.nan if row[place] is None else row[place] for row in rows] for place in (1, 2, 3, 4)]
    at = np.array([row[0] for row in rows], np.int64)
    order = np.argsort(at, kind="stable")
    return Sample(at[order], *(np.array(column, np.float64)[order] for column in columns))


def count_novel(
    database: Database, search: Search, starts: Sequence[datetime], period: Period, *, below: float
) -> tuple[int, ...]:
    """A novel part always goes to a person, so only those that did are looked at."""
    low, high = search.span_us()
    size_us = literal_column(str(period.span_hours * HOUR_US), Integer)
    span = (records.c.at_us // size_us).label("span")
    with database.reading() as connection:
        rows = connection.execute(
            select(span, func.count())
            .select_from(records.join(facets, facets.c.id == records.c.facet_id))
            .where(
                *search.facet_rules(),
                facets.c.verdict == VerdictKind.REVIEW.value,
                records.c.at_us >= low,
                records.c.at_us < high,
                records.c.novelty_p < below,
            )
            .group_by(span)
        ).all()
    counts = {int(row[0]): int(row[1]) for row in rows}
    hours = period.span_hours * 3600
    return tuple(counts.get(int(start.timestamp()) // hours, 0) for start in starts)


def count_answers(
    database: Database, search: Search, starts: Sequence[datetime], period: Period
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """(answers, overrides): a person who answers blind and again after seeing the map has answered once, at last.

    Of parts that the model decided: where it asked, no answer overrides anything. Nor does one of a person who at last
    cannot tell; older records say of it that it differs.
    """
    low, high = search.span_us()
    part, judged = records.alias(), facets.alias()
    with database.reading() as connection:
        rows = connection.execute(
            select(
                records.c.id,
                records.c.at_us,
                records.c.of_id,
                facets.c.person,
                facets.c.verdict,
                facets.c.agrees,
            )
            .select_from(records.join(facets, facets.c.id == records.c.facet_id))
            .join(part, part.c.id == records.c.of_id)
            .join(judged, judged.c.id == part.c.facet_id)
            .where(*search.facet_rules(), records.c.at_us >= low, records.c.at_us < high)
            .where(judged.c.verdict != VerdictKind.REVIEW.value)
        ).all()
    last = {(row.of_id, row.person): row for row in sorted(rows, key=lambda row: int(row.id))}
    hours_us = period.span_hours * HOUR_US
    first = int(starts[0].timestamp()) * 1_000_000 // hours_us
    answers, overrides = [0] * len(starts), [0] * len(starts)
    for row in last.values():
        if row.verdict == VerdictKind.REVIEW:
            continue
        place = row.at_us // hours_us - first
        answers[place] += 1
        overrides[place] += row.agrees == "no"
    return tuple(answers), tuple(overrides)
