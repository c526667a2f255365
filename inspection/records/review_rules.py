"""What waits for a person: the rules, kept in the store so that every writer goes by the same ones."""

from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import Connection, Row, func, insert, select

from inspection.records.database import Database
from inspection.records.errors import RecordRefused
from inspection.records.record import Kind, Record, to_us
from inspection.records.schema import facets, records, review_rules
from inspection.records.store import RecordStore

_EVENT = "review rules"


@dataclass(frozen=True, slots=True)
class ReviewRules:
    """They hold for what is inspected from then on; what waits already goes on waiting."""

    confidence_0_1: float = 0.85  # a verdict less sure than this waits
    novelty_p: float = 0.01  # a part at least this unlike the training parts waits
    sample_0_1: float = 0.03  # of the passes, drawn by the record's uid
    second_0_1: float = (
        0.10  # of all that waits, shown to two people: without it nobody knows how far people agree
    )

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not 0 <= value <= 1:
                raise RecordRefused(f"Expected {field.name} from 0 to 1, got {value}. Choose a share.")


@dataclass(frozen=True, slots=True)
class DatedRules:
    id: int  # counted from 1, the newest hold
    person: str  # empty: as it was delivered
    rules: ReviewRules


@dataclass(frozen=True, slots=True)
class PlacedRules:
    after: int  # the record that changed them: they hold for those behind it, whatever clocks said; 0: from the start
    rules: ReviewRules


def share_below(share_0_1: float) -> bytes:
    """What a random uid is below with this probability; nine bytes of 255 are above every uid."""
    if share_0_1 >= 1:
        return b"\xff" * 9
    return int(share_0_1 * 2**64).to_bytes(8, "big")


def is_sampled(uid: bytes, rules: ReviewRules) -> bool:
    return uid < share_below(rules.sample_0_1)


def read_rules(database: Database) -> ReviewRules:
    return read_dated_rules(database).rules


def read_dated_rules(database: Database) -> DatedRules:
    with database.reading() as connection:
        return _read_newest(connection)


def _read_newest(connection: Connection) -> DatedRules:
    row = connection.execute(select(review_rules).order_by(review_rules.c.id.desc()).limit(1)).one()
    return _restore(row)


def place_rules(database: Database) -> list[PlacedRules]:
    """By their places in the chain, the first ones first. Each change is one event, added with them."""
    changes = (
        select(records.c.id)
        .join(facets, facets.c.id == records.c.facet_id)
        .where(facets.c.kind == Kind.EVENT.value, facets.c.line == "")
        .where(records.c.body.contains(f'"event":"{_EVENT}"'))  # as canonical JSON has it
        .order_by(records.c.id)
    )
    with database.reading_one_moment() as connection:
        rows = connection.execute(select(review_rules).order_by(review_rules.c.id)).all()
        places = [0, *connection.execute(changes).scalars()]
    return [PlacedRules(place, _restore(row).rules) for place, row in zip(places, rows, strict=False)]


def change_rules(store: RecordStore, rules: ReviewRules, *, person: str, seen: int | None = None) -> Record:
    """The change takes effect in the transaction that adds its record: neither is ever there without the other.

    seen: the id of the rules that held when the person looked; where others hold by now nothing is changed.
    """
    old = read_dated_rules(store.database)
    _check_seen(old, seen=old.id if seen is None else seen)
    words = [field.name for field in fields(ReviewRules)]

    def replace_old(connection: Connection) -> None:
        _check_seen(_read_newest(connection), seen=old.id)
        _add_rules(connection, rules, person=person, at=store.appender.clock())

    return store.note(
        _EVENT,
        {
            "old": {word: getattr(old.rules, word) for word in words},
            "new": {word: getattr(rules, word) for word in words},
        },
        person=person,
        check=replace_old,
    )


def _check_seen(now: DatedRules, *, seen: int) -> None:
    if now.id != seen:
        raise RecordRefused(
            f"Expected the review rules as they were when you opened them, but {now.person} changed them meanwhile. "
            "Nothing was changed: look at what holds now, and change it again."
        )


def _add_rules(connection: Connection, rules: ReviewRules, *, person: str, at: datetime) -> None:
    last = connection.execute(select(func.max(review_rules.c.id))).scalar() or 0
    connection.execute(
        insert(review_rules),
        {
            "id": last + 1,
            "at_us": to_us(at),
            "person": person,
            "confidence_0_1": rules.confidence_0_1,
            "novelty_p": rules.novelty_p,
            "sample_0_1": rules.sample_0_1,
            "sample_below": share_below(rules.sample_0_1),
            "second_0_1": rules.second_0_1,
            "second_below": share_below(rules.second_0_1),
        },
    )


def _restore(row: Row[*tuple[object, ...]]) -> DatedRules:
    words = row._mapping
    rules = ReviewRules(**{field.name: float(words[field.name]) for field in fields(ReviewRules)})
    return DatedRules(int(words["id"]), str(words["person"]), rules)
