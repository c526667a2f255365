"""What was drawn at random is told by the rules that drew it."""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from inspection.records.decisions import Answer
from inspection.records.opinions import list_waiting_draws, read_opinions
from inspection.records.queue import Reason, count_waiting
from inspection.records.record import to_us
from inspection.records.store import RecordStore, open_store
from inspection.types import VerdictKind
from tests.records.makers import add_one
from tests.records.queueing import Clock, set_rules


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def clocked(any_url: str, tmp_path: Path, clock: Clock) -> Iterator[RecordStore]:
    with closing(open_store(any_url, str(tmp_path / "pictures"), clock=clock)) as store:
        yield store


def test_a_pass_is_drawn_by_the_rules_before_it_in_the_chain_though_the_clock_was_put_back(
    clocked: RecordStore, clock: Clock
) -> None:
    set_rules(clocked, sample_0_1=0.0)
    clock.now -= timedelta(hours=2)
    set_rules(clocked, sample_0_1=1.0)
    clock.now += timedelta(minutes=1)
    drawn = add_one(clocked, 1, verdict=VerdictKind.PASS)
    assert [each.reason for each in count_waiting(clocked.database, person="bo")] == [Reason.SAMPLE]
    assert list_waiting_draws(clocked.database, line=drawn.line) == [to_us(drawn.at)]
    clock.now += timedelta(hours=4)
    set_rules(clocked, sample_0_1=0.0)
    right = Answer(VerdictKind.PASS, drawn.class_name)
    clocked.decide(drawn.id, right, person="bo", saw_map=False, took_ms=900.0)
    (opinion,) = read_opinions(clocked, line=drawn.line)
    assert opinion.sampled
