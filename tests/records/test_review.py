"""The review queue: what waits, in which order, for whom; and that no two get the same part."""

import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select, text

from inspection.config import ROOT
from inspection.records.decisions import Answer
from inspection.records.leases import LEASE, Leases
from inspection.records.migrations.review_triggers import ADOPT
from inspection.records.opinions import list_unconfirmed, list_waiting_draws, read_opinions
from inspection.records.queue import Reason, count_waiting
from inspection.records.record import Record, to_us
from inspection.records.review_rules import (
    is_sampled,
    read_rules,
)
from inspection.records.schema import review_counts, review_leases, review_queue
from inspection.records.store import RecordStore, open_store
from inspection.records.verify import verify
from inspection.types import Novelty, VerdictKind
from tests.records.makers import CONTEXT, add_one, make_inspection
from tests.records.queueing import CRACKED, Clock, ask, decide, open_desk, set_rules


@pytest.fixture
def clock() -> Clock:
    return Clock()


def add_novel(store: RecordStore, number: int, p: float) -> Record:
    picture = f"novel {number}".encode()
    unlike = Novelty(p=p, score=3.0, method="knn", known=500)
    return store.add(replace(make_inspection(picture, seed=number), novelty=unlike), picture, context=CONTEXT)


def list_waiting(store: RecordStore) -> dict[int, Reason]:
    with store.database.reading() as connection:
        rows = connection.execute(select(review_queue.c.record_id, review_queue.c.rank)).all()
    return {record_id: Reason(rank) for record_id, rank in rows}


def test_each_record_waits_for_its_reason(any_store: RecordStore) -> None:
    set_rules(any_store, confidence_0_1=0.9, novelty_p=0.05)
    kept = {
        "asked": ask(any_store, 1).id,
        "novel": add_novel(any_store, 2, 0.04).id,
        "usual": add_novel(any_store, 3, 0.05).id,
        "unsure": add_one(any_store, 4, score_0_1=0.89).id,
        "sure": add_one(any_store, 5, score_0_1=0.9).id,
        "no part": add_one(any_store, 6, verdict=VerdictKind.NO_PART, class_name=None, score_0_1=0.0).id,
    }
    any_store.note("shift", {}, person="ada")
    waiting = list_waiting(any_store)
    assert {name: waiting[number] for name, number in kept.items() if number in waiting} == {
        "asked": Reason.REVIEW,
        "novel": Reason.NOVEL,
        "unsure": Reason.UNSURE,
    }


def test_the_sample_of_passes_is_drawn_by_their_uids(any_store: RecordStore) -> None:
    set_rules(any_store, sample_0_1=0.5)
    rules = read_rules(any_store.database)
    passes = [
        add_one(any_store, number, verdict=VerdictKind.PASS, class_name="flawless") for number in range(40)
    ]
    rejected = add_one(any_store, 99)
    expected = {record.id for record in passes if is_sampled(bytes.fromhex(record.uid), rules)}
    assert list_waiting(any_store) == dict.fromkeys(expected, Reason.SAMPLE)
    assert 5 <= len(expected) <= 35 and rejected.id not in expected


def test_the_most_valuable_is_served_first_and_the_oldest_of_these(
    any_store: RecordStore, clock: Clock
) -> None:
    set_rules(any_store, confidence_0_1=0.9, novelty_p=0.05, sample_0_1=1.0)
    passed = add_one(any_store, 1, verdict=VerdictKind.PASS, class_name="flawless").id
    unsure = add_one(any_store, 2, score_0_1=0.8).id
    novel = add_novel(any_store, 3, 0.001).id
    first, second = ask(any_store, 4, line="steel").id, ask(any_store, 5).id
    desk, served = open_desk(any_store, clock), []
    while lease := desk.take_next(token="t", person="ada", skipped=served):
        served.append(lease.place.record_id)
    assert served == [first, second, novel, unsure, passed]
    only = desk.take_next(token="t", person="ada", lines=("aluminium",))
    assert only is not None and only.place.record_id == second
    assert desk.take_next(token="t", person="ada", lines=("casting",)) is None


def test_what_waits_is_counted_with_the_oldest(any_store: RecordStore) -> None:
    set_rules(any_store, confidence_0_1=0.9, second_0_1=1.0)
    old = ask(any_store, 1)
    ask(any_store, 2)
    add_one(any_store, 3, score_0_1=0.8)
    decide(any_store, old.id, "ada")
    rows = {row.reason: row for row in count_waiting(any_store.database, person="bo")}
    assert rows[Reason.REVIEW].parts == 2 and rows[Reason.REVIEW].seconds == 1
    assert rows[Reason.REVIEW].oldest == old.at and rows[Reason.REVIEW].line == "aluminium"
    assert rows[Reason.UNSURE].parts == 1
    own = {row.reason: row for row in count_waiting(any_store.database, person="ada")}
    assert own[Reason.REVIEW].parts == 1 and own[Reason.REVIEW].seconds == 0


def count_rows(store: RecordStore) -> tuple[Counter[tuple[str, int, str]], Counter[tuple[str, int, str]]]:
    """As counted by the triggers, and as they are."""
    with store.database.reading() as connection:
        counted = connection.execute(select(review_counts).where(review_counts.c.n > 0)).all()
        queue = review_queue.c
        rows = connection.execute(select(queue.line, queue.rank, queue.answered_by)).all()
    return Counter({tuple(row[:3]): row[3] for row in counted}), Counter(tuple(row) for row in rows)


def test_the_counts_follow_what_comes_and_goes(any_store: RecordStore) -> None:
    set_rules(any_store, confidence_0_1=0.9, second_0_1=0.5)
    parts = [ask(any_store, number, line=("aluminium", "steel")[number % 2]).id for number in range(12)]
    parts += [add_one(any_store, number, score_0_1=0.8).id for number in range(20, 26)]
    for person, answered in (("ada", parts[:9]), ("bo", parts[4:12])):
        for part in answered:
            decide(any_store, part, person)
            counted, there = count_rows(any_store)
            assert counted == there
    assert 0 < sum(there.values()) < len(parts)


def test_one_answer_settles_a_part_and_a_second_opinion_takes_another_person(
    any_store: RecordStore, clock: Clock
) -> None:
    set_rules(any_store)
    single = ask(any_store, 1).id
    set_rules(any_store, second_0_1=1.0)
    double = ask(any_store, 2).id
    desk = open_desk(any_store, clock)
    decide(any_store, single, "ada")
    assert list(list_waiting(any_store)) == [double]
    decide(any_store, double, "ada")
    any_store.decide(double, CRACKED, person="ada", saw_map=True, took_ms=1, reason="the model asked")
    assert desk.take_next(token="a", person="ada") is None
    lease = desk.take_next(token="b", person="bo")
    assert lease is not None and lease.place.record_id == double and lease.place.second
    decide(any_store, double, "bo")
    assert list_waiting(any_store) == {}
    assert verify(any_store).holds


def test_a_correction_alone_answers_nothing(any_store: RecordStore) -> None:
    record = ask(any_store, 1)
    any_store.correct(record.id, {"part": "7"}, person="ada", reason="misread", good="flawless")
    assert list(list_waiting(any_store)) == [record.id]


def test_threads_that_compete_share_the_queue_out(any_store: RecordStore, clock: Clock) -> None:
    set_rules(any_store)
    parts = {ask(any_store, number).id for number in range(24)}
    desk, start = open_desk(any_store, clock), threading.Barrier(6)

    def work(number: int) -> list[int]:
        start.wait()
        done = []
        while lease := desk.take_next(token=str(number), person=f"person {number}"):
            done.append(decide(any_store, lease.place.record_id, lease.person).of_id)
        return done

    with ThreadPoolExecutor(6) as pool:
        served = [part for done in pool.map(work, range(6)) for part in done]
    assert sorted(served) == sorted(parts)


def test_processes_that_compete_share_the_queue_out(any_url: str, any_store: RecordStore) -> None:
    """Each takes leases and dies with them in hand, so no part may come twice while the leases last."""
    parts = {ask(any_store, number).id for number in range(30)}
    command = [sys.executable, "-m", "tests.records.reviewer", "hold", any_url, any_store.pictures.url, "15"]
    workers = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    served = Counter(int(line) for worker in workers for line in worker.communicate(timeout=120)[0].split())
    assert set(served) == parts and set(served.values()) == {1}
    assert Leases(any_store.database, lambda: datetime.now(UTC)).take_next(token="x", person="x") is None
    later = Leases(any_store.database, lambda: datetime.now(UTC) + LEASE + timedelta(seconds=5))
    assert later.take_next(token="x", person="x") is not None


def test_a_reviewer_that_is_killed_leaves_the_queue_as_the_chain_says(
    any_url: str, any_store: RecordStore
) -> None:
    set_rules(any_store, second_0_1=0.3)
    parts = [ask(any_store, number).id for number in range(60)]
    command = [
        sys.executable,
        "-m",
        "tests.records.reviewer",
        "decide",
        any_url,
        any_store.pictures.url,
        "99",
    ]
    for round_number in range(3):
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as worker:
            assert worker.stdout is not None
            for _ in range(5 + round_number):  # the last of them is being decided now
                worker.stdout.readline()
            worker.kill()
        decided = {part: {record.person for record in any_store.about(part)} for part in parts}
        with any_store.database.reading() as connection:
            rows = connection.execute(
                select(review_queue.c.record_id, review_queue.c.wanted, review_queue.c.answered_by)
            ).all()
        for part, wanted, answered_by in rows:
            assert decided[part] == ({answered_by} - {""}) and len(decided[part]) < wanted
        assert all(decided[part] for part in set(parts) - {row.record_id for row in rows})
        counted, there = count_rows(any_store)
        assert counted == there
    assert sum(map(len, decided.values())) >= 12 and verify(any_store).holds


def test_what_was_asked_before_there_was_a_queue_is_adopted(any_store: RecordStore) -> None:
    undecided, decided = ask(any_store, 1).id, ask(any_store, 2).id
    add_one(any_store, 3, score_0_1=0.99)
    decide(any_store, decided, "ada")
    with any_store.database.writing() as connection:
        connection.execute(delete(review_leases))
        connection.execute(delete(review_queue))
        connection.execute(text(ADOPT))
    assert list_waiting(any_store) == {undecided: Reason.REVIEW}


def test_opinions_are_read_back_as_they_were_given(any_store: RecordStore) -> None:
    set_rules(any_store, sample_0_1=1.0)
    passed = add_one(any_store, 1, verdict=VerdictKind.PASS, class_name="flawless")
    asked = ask(any_store, 2)
    set_rules(any_store, sample_0_1=0.0)  # what comes later does not change what was drawn
    decide(any_store, passed.id, "ada")
    good = Answer(VerdictKind.PASS, "flawless")
    any_store.decide(passed.id, good, person="ada", saw_map=True, took_ms=5, reason="a reflection")
    any_store.decide(asked.id, Answer(VerdictKind.REVIEW), person="bo", saw_map=False, took_ms=7)
    first, second = read_opinions(any_store, line="aluminium")
    assert (first.blind, first.settled, first.model, first.decided, first.saw_map, first.sampled) == (
        "cracked",
        "flawless",
        "flawless",
        True,
        True,
        True,
    )
    assert (second.blind, second.model, second.decided, second.sampled) == (None, "cracked", False, False)
    assert first.took_ms == 900.0 and first.picture == passed.picture_sha256
    assert read_opinions(any_store, line="steel") == []


def test_a_pass_is_complete_once_all_drawn_up_to_its_day_are_answered(
    any_url: str, tmp_path: Path, clock: Clock
) -> None:
    store = open_store(any_url, str(tmp_path / "pictures"), clock=clock)
    set_rules(store, confidence_0_1=0.9, sample_0_1=1.0)

    def add_pass(number: int, score_0_1: float) -> int:
        return add_one(store, number, verdict=VerdictKind.PASS, class_name="flawless", score_0_1=score_0_1).id

    def tell() -> list[tuple[int, bool]]:
        return [(each.record_id, each.complete) for each in read_opinions(store, line="aluminium")]

    unsure, sure = add_pass(1, 0.8), add_pass(2, 0.99)
    clock.now += timedelta(days=1)
    also_unsure, also_sure = add_pass(3, 0.8), add_pass(4, 0.99)
    for part in (unsure, also_unsure):  # they are served first
        decide(store, part, "ada")
    assert tell() == [(unsure, False), (also_unsure, False)]
    decide(store, sure, "ada")
    assert tell() == [(unsure, True), (sure, True), (also_unsure, False)]
    decide(store, also_sure, "ada")
    assert all(complete for _, complete in tell()) and len(tell()) == 4
    store.close()


def test_only_passes_that_were_drawn_wait_as_such(any_store: RecordStore) -> None:
    set_rules(any_store, confidence_0_1=0.9, sample_0_1=1.0)
    sure, unsure, late = (
        add_one(any_store, number, verdict=VerdictKind.PASS, class_name="flawless", score_0_1=score)
        for number, score in enumerate((0.99, 0.8, 0.99))
    )
    add_one(any_store, 7, score_0_1=0.8)  # a reject that waits was not drawn
    set_rules(any_store, confidence_0_1=1.0)
    add_one(any_store, 8, verdict=VerdictKind.PASS, class_name="flawless", score_0_1=0.7)  # nor was this one
    decide(any_store, unsure.id, "ada")
    waiting = list_waiting_draws(any_store.database, line="aluminium")
    assert waiting == [to_us(sure.at), to_us(late.at)]
    assert list_waiting_draws(any_store.database, line="aluminium", since=late.at) == [to_us(late.at)]


def test_a_pass_of_before_that_time_is_no_sample_of_it(any_store: RecordStore) -> None:
    """Its siblings were answered before, and are not read: those that were answered late would stand for all."""
    set_rules(any_store, sample_0_1=1.0)
    old, new = (
        add_one(any_store, number, verdict=VerdictKind.PASS, class_name="flawless") for number in range(2)
    )
    for part in (old, new):
        decide(any_store, part.id, "ada")
    assert [each.sampled for each in read_opinions(any_store, line="aluminium", since=new.at)] == [
        False,
        True,
    ]


def test_what_was_said_before_the_map_and_not_after_it_is_listed(any_store: RecordStore) -> None:
    set_rules(any_store, second_0_1=1.0)
    done, left, steel = ask(any_store, 1).id, ask(any_store, 2).id, ask(any_store, 3, line="steel").id
    for part in (steel, done, left):
        decide(any_store, part, "ada")
    decide(any_store, done, "bo")
    any_store.decide(done, CRACKED, person="ada", saw_map=True, took_ms=1, reason="the model asked")
    assert list(list_unconfirmed(any_store.database, person="ada").items()) == [
        (steel, "steel"),
        (left, "aluminium"),
    ]
    assert list(list_unconfirmed(any_store.database, person="ada", lines=("aluminium",))) == [left]
    assert list(list_unconfirmed(any_store.database, person="bo")) == [done]
    assert list_unconfirmed(any_store.database, person="cy") == {}
