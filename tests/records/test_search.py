"""A search finds exactly what fits, in order, page by page, and by index alone."""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from inspection.records.decisions import Answer
from inspection.records.errors import SearchRefused
from inspection.records.filling import Plan, fill_store
from inspection.records.record import Kind, Record, to_us
from inspection.records.search import Cursor, Search
from inspection.records.store import RecordStore, open_store
from inspection.records.verify import verify
from inspection.types import VerdictKind
from tests.records.makers import add_many

START = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
HOURS = 60
RECORDS = 250
PEOPLE = ("inspector-1", "inspector-2")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RecordStore]:
    """250 inspections in 60 hours, several at the same microsecond, and what people said of some of them."""
    folder = tmp_path_factory.mktemp("filled")
    times = iter(START + timedelta(hours=HOURS - n % 50, microseconds=n % 3) for n in range(10_000))
    store = open_store(
        f"sqlite:///{folder / 'records.sqlite'}", str(folder / "pictures"), clock=lambda: next(times)
    )
    plan = Plan(RECORDS, pictures=12, picture_bytes=50, since=START, until=START + timedelta(hours=HOURS))
    fill_store(store, plan)
    rng = random.Random(1)
    for subject in rng.sample(range(1, RECORDS), 40):
        answer = Answer(rng.choice(list(VerdictKind)), rng.choice(("cracked", "flawless", None)))
        store.decide(subject, answer, person=rng.choice(PEOPLE), saw_map=False, took_ms=5.0)
    yield store
    store.close()


@pytest.fixture(scope="module")
def everything(filled: RecordStore) -> list[Record]:
    found = [filled.get(number) for number in range(1, RECORDS + 41)]
    return sorted(found, key=lambda record: (to_us(record.at), record.id), reverse=True)


def _fits(search: Search, record: Record) -> bool:
    low, high = search.span_us()
    chosen = (
        (search.kinds, record.kind),
        (search.lines, record.line),
        (search.verdicts, record.verdict),
        (search.class_names, record.class_name or ""),
        (search.models, record.model),
        (search.persons, record.person),
    )
    return (
        low <= to_us(record.at) < high
        and all(not words or word in words for words, word in chosen)
        and search.agrees in (None, record.agrees)
        and search.picture_sha256 in (None, record.picture_sha256)
    )


def _some(*words: str) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(words), max_size=2, unique=True).map(tuple)


times = st.none() | st.integers(-2 * 3600, (HOURS + 2) * 3600).map(lambda s: START + timedelta(seconds=s))
searches = st.builds(
    Search,
    since=times,
    until=times,
    kinds=st.sampled_from([(Kind.INSPECTION,), (Kind.DECISION,), ()]),
    lines=_some("aluminium", "casting", "steel", "nowhere"),
    verdicts=_some("PASS", "REJECT", "REVIEW"),
    class_names=_some("cracked", "flawless", "ok", "crazing"),
    models=_some("resnet50", "compact_cnn"),
    persons=_some("operator-01", "operator-02", *PEOPLE),
    agrees=st.sampled_from([None, None, None, True, False]),
)


@given(search=searches, limit=st.sampled_from([3, 17, 60, 400]), picture=st.none() | st.integers(1, RECORDS))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_pages_hold_exactly_what_fits(
    filled, everything, search: Search, limit: int, picture: int | None
) -> None:
    if picture is not None:
        search = replace(search, picture_sha256=filled.get(picture).picture_sha256)
    expected = [record.id for record in everything if _fits(search, record)]
    found: list[int] = []
    after: Cursor | None = None
    while True:
        page = filled.search(search, after=after, limit=limit)
        assert len(page.records) <= limit
        found += [record.id for record in page.records]
        if page.next is None:
            break
        assert len(page.records) == limit
        after = Cursor.parse(str(page.next))
    assert found == expected
    assert [record.id for record in filled.walk(search)] == sorted(expected)
    assert filled.count(search) == len(expected)


def test_a_found_record_is_the_record(filled: RecordStore) -> None:
    page = filled.search(Search(kinds=()), limit=100)
    assert page.records == tuple(filled.get(record.id) for record in page.records)


@pytest.mark.parametrize("hours", [1, 5, 24, 48])
def test_counts_by_time_are_those_of_the_records(filled, everything, hours: int) -> None:
    search = Search(since=START, until=START + timedelta(hours=100), lines=("aluminium",))
    counted = filled.count_by(search, hours=hours, words=("verdict", "model"))
    expected: Counter[tuple[int, str, str]] = Counter()
    scores: Counter[tuple[int, str, str]] = Counter()
    for record in everything:
        if record.kind is Kind.INSPECTION and record.line == "aluminium":
            key = (int(record.at.timestamp()) // (hours * 3600), record.verdict, record.model)
            expected[key] += 1
            scores[key] += record.score_0_1
    found = {
        (int(one.since.timestamp()) // (hours * 3600), one.words["verdict"], one.words["model"]): one
        for one in counted
    }
    assert {key: one.n for key, one in found.items()} == dict(expected)
    for key, one in found.items():
        assert one.mean_score_0_1 == pytest.approx(scores[key] / expected[key], abs=1e-6)
        assert 9 < one.mean_latency_ms < 12


def test_words_to_choose_from_are_those_that_occur(filled: RecordStore) -> None:
    words = filled.words()
    assert words["line"] == ("aluminium", "casting", "steel")
    assert set(PEOPLE) <= set(words["person"]) and words["agrees"] == ("no", "yes")


def test_the_start_of_a_hash_finds_its_picture(filled: RecordStore) -> None:
    digest = filled.get(1).picture_sha256
    assert digest is not None
    for length in (6, 7, 20, 64):
        assert filled.complete_picture_hash(digest[:length].upper()) == (digest,)
    for start in ("", "abc", "no hash", digest + "0"):
        with pytest.raises(SearchRefused):
            filled.complete_picture_hash(start)
    assert filled.complete_picture_hash("000000") == ()


@pytest.mark.parametrize(
    "call",
    [
        lambda store: store.search(Search(since=datetime(2026, 1, 1))),
        lambda store: store.search(Search(picture_sha256="12ab")),
        lambda store: store.search(Search(picture_sha256="x" * 64)),
        lambda store: store.search(Search(), limit=0),
        lambda store: store.search(Search(), limit=1_000_000),
        lambda store: store.search(Search(until=START), after=Cursor(to_us(START), 5)),
        lambda store: store.count_by(Search(), hours=0, words=()),
        lambda store: store.count_by(Search(), hours=1, words=("person",)),
        lambda store: store.count_by(Search(persons=("a",)), hours=1, words=()),
        lambda store: Cursor.parse("12"),
        lambda store: Cursor.parse("a-b"),
        lambda store: Cursor.parse("9" * 30 + "-" + "9" * 30),
    ],
)
def test_searches_that_make_no_sense_are_refused(filled: RecordStore, call) -> None:
    with pytest.raises(SearchRefused):
        call(filled)


def test_no_search_scans_the_records(filled: RecordStore) -> None:
    """What keeps a million rows fast, whatever the machine: each search goes by an index."""
    seen: list[tuple[str, object]] = []
    event.listen(
        filled.database.engine,
        "before_cursor_execute",
        lambda connection, cursor, statement, values, *rest: seen.append((statement, values)),
    )
    digest = filled.get(1).picture_sha256
    after = Cursor(to_us(START + timedelta(hours=30)), 0)
    for search in (
        Search(),
        Search(since=START, until=START + timedelta(hours=3)),
        Search(lines=("steel",), verdicts=("REVIEW",), persons=("operator-01",)),
        Search(picture_sha256=digest),
        Search(picture_sha256=digest, models=("resnet50",)),
    ):
        filled.search(search)
        filled.search(replace(search, until=None), after=after)
        filled.count(search)
    filled.complete_picture_hash(str(digest)[:8])
    filled.about(1)
    plans = []
    with filled.database.reading() as connection:
        for statement, values in [one for one in seen if one[0].startswith("SELECT")]:
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            plans += [row[3] for row in rows]
    assert any("records_by_facet" in plan for plan in plans)
    assert any("records_by_picture" in plan for plan in plans)
    assert any("records_by_subject" in plan for plan in plans)
    assert [plan for plan in plans if plan.startswith(("SCAN records", "SCAN before"))] == []


def test_postgresql_finds_the_same(postgres_url: str, filled, everything, tmp_path: Path) -> None:
    store = open_store(postgres_url, str(tmp_path / "pictures"))
    plan = Plan(RECORDS, pictures=12, picture_bytes=50, since=START, until=START + timedelta(hours=HOURS))
    fill_store(store, plan)
    digest = filled.get(1).picture_sha256
    inspections = [record for record in everything if record.kind is Kind.INSPECTION]
    for search in (
        Search(),
        Search(since=START + timedelta(hours=5), until=START + timedelta(hours=31, minutes=7)),
        Search(
            lines=("aluminium", "steel"),
            verdicts=("REVIEW", "REJECT"),
            persons=("operator-01", "operator-02"),
        ),
        Search(picture_sha256=digest, verdicts=("PASS",)),
    ):
        first = store.search(search, limit=30)
        rest = store.search(search, after=first.next, limit=5_000) if first.next else None
        found = [record.id for record in (*first.records, *(rest.records if rest else ()))]
        assert found == [record.id for record in inspections if _fits(search, record)]
        assert store.count(search) == len(found)
        assert [record.id for record in store.walk(search)] == sorted(found)
    assert store.count_by(Search(), hours=24, words=("line",)) == filled.count_by(
        Search(), hours=24, words=("line",)
    )
    assert store.complete_picture_hash(str(digest)[:9]) == (digest,)
    assert verify(store).holds
    store.close()


def test_a_filled_store_is_a_good_chain_that_goes_on(filled: RecordStore) -> None:
    report = verify(filled)
    assert report.holds and report.records == RECORDS + 40
    assert {field.name for field in fields(Search)} >= {"lines", "persons"}


def test_new_words_are_found_at_once_by_another_process_view(store: RecordStore, tmp_path: Path) -> None:
    other = open_store(f"sqlite:///{tmp_path / 'records.sqlite'}", str(tmp_path / "pictures"))
    add_many(store, 2)
    assert len(other.search(Search(lines=("aluminium",))).records) == 2
    other.note("new line", {}, person="manager-1", line="glass")
    assert store.words()["line"] == ("aluminium", "glass")
    other.close()


@pytest.mark.parametrize("word", ["a\0b", "\ud800", "two\nlines"])
def test_a_word_that_no_record_can_say_is_refused_and_harms_no_connection(
    any_store: RecordStore, word: str
) -> None:
    add_many(any_store, 2)
    for ask in (any_store.search, any_store.count, any_store.find_last):
        with pytest.raises(SearchRefused, match="as records say them"):
            ask(Search(lines=(word,)))
    assert len(any_store.search(Search(lines=("%_", "'; DROP TABLE records; --"))).records) == 0
    assert any_store.count(Search()) == 2
