"""What people said in review, read back from the chain: for the agreement study, and what is not confirmed yet."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import JSON, case, cast, func, select

from inspection.learning.agreement import NO_PART, Opinion
from inspection.records.database import Database
from inspection.records.record import HOUR_US, Kind, Record, to_us
from inspection.records.review_rules import PlacedRules, is_sampled, place_rules, share_below
from inspection.records.schema import facets, records, review_queue
from inspection.records.search import Search
from inspection.records.store import RecordStore
from inspection.types import VerdictKind

_BATCH = 5_000
# A sample is cut at midnight and not at the part that waits: that is most often one of which the model was sure, and a
# cut just before it leaves doubtful ones over.
_DAY_US = 24 * HOUR_US


def read_opinions(store: RecordStore, *, line: str, since: datetime | None = None) -> list[Opinion]:
    """One a person and part, in the order of the parts. since: when they decided."""
    # before the answers: what is answered in between counts as waiting, and nothing is taken for complete too early
    waiting = list_waiting_draws(store.database, line=line, since=since)
    said = defaultdict[tuple[int, str], list[Record]](list)
    search = Search(kinds=(Kind.DECISION,), lines=(line,), since=since)
    for record in store.walk(search):
        if record.of_id is not None:
            said[record.of_id, record.person].append(record)
    subjects = _read_subjects(store.database, sorted({part for part, _ in said}))
    rules = place_rules(store.database)
    since_us = 0 if since is None else to_us(since)
    opinions = []
    for (part, _), decisions in sorted(said.items()):
        uid, at_us = subjects[part]
        # of an older part the answers before that time are not read: those that were answered late would stand for all
        sampled = at_us >= since_us and _was_sampled(part, uid, rules)
        opinion = _build_opinion(part, decisions, sampled=sampled)
        opinions.append(replace(opinion, complete=not waiting or at_us < waiting[0] // _DAY_US * _DAY_US))
    return opinions


def list_waiting_draws(database: Database, *, line: str, since: datetime | None = None) -> list[int]:
    """When the passes that were drawn at random and that nobody has answered were inspected, in microseconds since 1970,
    the oldest first. since: when they were inspected."""
    rules = place_rules(database)
    queue = review_queue.c
    with database.reading() as connection:
        rows = connection.execute(
            select(records.c.id, records.c.uid, records.c.at_us)
            .join_from(review_queue, records, records.c.id == queue.record_id)
            .join(facets, facets.c.id == records.c.facet_id)
            .where(queue.line == line, queue.answered_by == "", facets.c.verdict == VerdictKind.PASS.value)
            .where(queue.at_us >= (0 if since is None else to_us(since)))
            .where(records.c.uid < share_below(max(each.rules.sample_0_1 for each in rules)))
        ).all()
    return sorted(at_us for part, uid, at_us in rows if _was_sampled(part, uid, rules))


def list_unconfirmed(database: Database, *, person: str, lines: Sequence[str] = ()) -> dict[int, str]:
    """The parts of which this person said something before the map and nothing after it, with their lines, the first
    that was answered first. lines: empty means all."""
    # of all that is in a body only this is needed, so no body is read into Python
    saw_map = (
        cast(records.c.body, JSON)["saw_map"].as_boolean()
        if database.is_server
        else func.json_extract(records.c.body, "$.saw_map") == 1
    )
    own = Search(kinds=(Kind.DECISION,), persons=(person,), lines=tuple(lines))
    with database.reading() as connection:
        rows = connection.execute(
            select(records.c.of_id, func.min(facets.c.line))
            .join(facets, facets.c.id == records.c.facet_id)
            .where(*own.facet_rules())
            .group_by(records.c.of_id)
            .having(func.max(case((saw_map, 1), else_=0)) == 0)
            .order_by(func.min(records.c.id))
        ).all()
    return {int(part): str(line) for part, line in rows}


def read_label(verdict: str, class_name: str | None) -> str | None:
    """One word for what was said; None: could not tell."""
    if verdict == VerdictKind.NO_PART:
        return NO_PART
    return None if verdict == VerdictKind.REVIEW else class_name


def _build_opinion(part: int, decisions: Sequence[Record], *, sampled: bool) -> Opinion:
    first, last = decisions[0], decisions[-1]
    said: Mapping[str, str | None] = first.body["model_said"]
    verdict = str(said["verdict"])
    blind = not first.body["saw_map"]
    return Opinion(
        record_id=part,
        picture=first.body["subject_picture_sha256"],
        person=first.person,
        # a second answer before the map was seen does not count: the first is the one that nothing led to
        blind=read_label(first.verdict, first.class_name) if blind else None,
        settled=read_label(last.verdict, last.class_name),
        saw_map=bool(last.body["saw_map"]),
        model=NO_PART if verdict == VerdictKind.NO_PART else said["class"],
        decided=verdict != VerdictKind.REVIEW,
        sampled=sampled and verdict == VerdictKind.PASS,
        took_ms=float(first.body["took_ms"]),
    )


def _read_subjects(database: Database, parts: Sequence[int]) -> dict[int, tuple[bytes, int]]:
    return dict(_walk_subjects(database, parts))


def _walk_subjects(database: Database, parts: Sequence[int]) -> Iterator[tuple[int, tuple[bytes, int]]]:
    for start in range(0, len(parts), _BATCH):
        batch = parts[start : start + _BATCH]
        with database.reading() as connection:
            rows = connection.execute(
                select(records.c.id, records.c.uid, records.c.at_us).where(records.c.id.in_(batch))
            ).all()
        for part, uid, at_us in rows:
            yield part, (uid, at_us)


def _was_sampled(part: int, uid: bytes, rules: Sequence[PlacedRules]) -> bool:
    """By the rules that held when the part was kept."""
    place = bisect_right([each.after for each in rules], part) - 1
    return is_sampled(uid, rules[max(place, 0)].rules)
