"""From records to charts and alarms: every count is one that the test put there."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from inspection.records.alarms import build_series, list_alarms, measure_drifts
from inspection.records.decisions import Answer
from inspection.records.record import Kind
from inspection.records.store import RecordStore, open_store
from inspection.records.watching import PERIODS, Subject, Watched, draw_sample, list_starts, watch
from inspection.types import VerdictKind
from tests.records.shifts import NOW, Clock, keep_days, keep_parts

MONTH = PERIODS["month"]
LINE = Subject("aluminium")


def look(store: RecordStore, subject: Subject = LINE, period: str = "month") -> Watched:
    return watch(store, subject, PERIODS[period], now=NOW, novelty_0_1=0.01)


def alarms_of(watched: Watched) -> dict[str, object]:
    series = build_series(watched, detects=True)
    found = list_alarms(watched, series, measure_drifts(watched))
    return {alarm.title: alarm for alarm in found}


def test_spans_are_whole_and_the_last_holds_now() -> None:
    for period in PERIODS.values():
        starts = list_starts(period, NOW)
        assert len(starts) == period.spans and starts[-1] <= NOW
        assert NOW < starts[-1] + timedelta(hours=period.span_hours)
        assert {b - a for a, b in zip(starts, starts[1:], strict=False)} == {
            timedelta(hours=period.span_hours)
        }


def test_every_part_is_counted_in_its_span(clocked: tuple[RecordStore, Clock]) -> None:
    store, clock = clocked
    keep_days(store, clock, 1, until=NOW - timedelta(days=2), passed=7, rejected=2, unsure=1, empty=3)
    clock.now = NOW
    keep_parts(store, passed=4, novel=2, latency_ms=20.0)
    keep_parts(store, rejected=9, line="steel")
    watched = look(store)
    assert watched.parts[-3:] == (10, 0, 6)
    assert watched.verdicts["REJECT"][-3] == 2 and watched.verdicts["NO PART"][-3] == 3
    assert watched.pictures[-3] == 13 and sum(watched.pictures) == 19
    assert watched.novel is not None and sum(watched.novel) == 2
    assert watched.mean_latency_ms[-3] == pytest.approx(10.0) and watched.mean_latency_ms[-2] is None
    assert sum(look(store, Subject("steel")).parts) == 9
    assert sum(look(store, Subject("aluminium", "another")).parts) == 0


@pytest.mark.parametrize("period", PERIODS)
def test_every_period_counts_the_same_parts(period: str, clocked: tuple[RecordStore, Clock]) -> None:
    store, clock = clocked
    clock.now = NOW - timedelta(minutes=5)
    keep_parts(store, passed=3, rejected=2, novel=1)
    watched = look(store, period=period)
    assert sum(watched.parts) == watched.parts[-1] == 6
    assert watched.novel is not None and watched.novel[-1] == 1
    assert len(watched.sample.at) == 6


def test_answers_of_people_are_held_against_the_model(clocked: tuple[RecordStore, Clock]) -> None:
    store, clock = clocked
    clock.now = NOW
    records = keep_parts(store, rejected=5)
    for place, record in enumerate(records):
        answer = Answer(VerdictKind.PASS, "flawless") if place < 2 else Answer(VerdictKind.REJECT, "cracked")
        store.decide(record.id, answer, person="ada", saw_map=False, took_ms=900.0)
    watched = look(store)
    assert (watched.answers[-1], watched.overrides[-1]) == (5, 2)
    assert watched.parts[-1] == 5  # an answer is no part
    # the same person after seeing the map: one changes the mind, one stays, and nobody is counted twice
    for record, name in ((records[0], "cracked"), (records[1], "flawless"), (records[2], "cracked")):
        kind = VerdictKind.PASS if name == "flawless" else VerdictKind.REJECT
        said = {"person": "ada", "saw_map": True, "took_ms": 500.0, "reason": "seen"}
        store.decide(record.id, Answer(kind, name), **said)
    watched = look(store)
    assert (watched.answers[-1], watched.overrides[-1]) == (5, 1)
    store.decide(
        records[2].id, Answer(VerdictKind.PASS, "flawless"), person="bea", saw_map=False, took_ms=9.0
    )
    watched = look(store)
    assert (watched.answers[-1], watched.overrides[-1]) == (6, 2), "another person is another answer"


def test_an_answer_to_a_part_that_the_model_asked_about_overrides_nothing(
    clocked: tuple[RecordStore, Clock],
) -> None:
    store, clock = clocked
    clock.now = NOW
    asked, decided = keep_parts(store, unsure=3), keep_parts(store, rejected=2)
    for record in (*asked, *decided):
        answer = Answer(VerdictKind.REJECT, "cracked")
        said = store.decide(record.id, answer, person="ada", saw_map=True, took_ms=1.0, reason="looked")
        assert said.agrees is (None if record in asked else True)
    watched = look(store)
    assert (watched.answers[-1], watched.overrides[-1]) == (2, 0)


def test_two_lines_that_take_turns_are_both_sampled(
    clocked: tuple[RecordStore, Clock], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inspection.records.watching.MOST_SAMPLED", 40)
    store, clock = clocked
    clock.now = NOW
    for _ in range(80):
        keep_parts(store, passed=1, line="aluminium")
        keep_parts(store, passed=1, line="toy")
    for line in ("aluminium", "toy"):
        watched = look(store, Subject(line))
        assert 30 <= len(watched.sample.at) <= 50


def test_no_novelty_no_chart_of_it(clocked: tuple[RecordStore, Clock]) -> None:
    store, _ = clocked
    keep_parts(store, passed=3, with_novelty=False)
    watched = look(store)
    assert watched.novel is None
    assert "novelty" not in {one.name for one in build_series(watched, detects=True)}
    assert "empty" not in {one.name for one in build_series(watched, detects=False)}


def test_the_sample_is_spread_and_bounded(
    clocked: tuple[RecordStore, Clock], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, clock = clocked
    clock.now = NOW
    keep_parts(store, passed=60, rejected=20, empty=10)
    search = LINE.search(NOW - timedelta(days=1), NOW + timedelta(days=1), Kind.INSPECTION)
    assert len(draw_sample(store.database, search, total=90).at) == 80
    monkeypatch.setattr("inspection.records.watching.MOST_SAMPLED", 30)
    thinned = draw_sample(store.database, search, total=90)
    assert len(thinned.at) in (26, 27) and np.isfinite(thinned.novelty_p).all()
    assert set(thinned.novelty_known) == {240.0}


def test_a_quiet_line_raises_no_alarm(clocked: tuple[RecordStore, Clock]) -> None:
    store, clock = clocked
    keep_days(store, clock, 40, until=NOW, passed=17, rejected=2, unsure=1)
    assert alarms_of(look(store)) == {}


def test_an_alarm_says_what_changed_and_since_when(clocked: tuple[RecordStore, Clock]) -> None:
    store, clock = clocked
    keep_days(store, clock, 37, until=NOW - timedelta(days=3), passed=17, rejected=2, unsure=1)
    keep_days(store, clock, 3, until=NOW, passed=8, rejected=11, unsure=1, latency_ms=14.0)
    found = alarms_of(look(store))
    assert set(found) == {"Reject rate rose", "Mean latency rose"}
    alarm = found["Reject rate rose"]
    assert alarm.since == list_starts(MONTH, NOW)[-3] and alarm.until is None
    assert alarm.words.startswith("33 of 60 parts, 55.0 %; 10.0 % is usual (beyond the three-sigma limits")
    assert alarm.query == {"line": "aluminium", "verdict": "REJECT", "since": alarm.since.isoformat()}
    assert found["Mean latency rose"].words.startswith("14.0 ms over 60 parts; 10.0 ms is usual")


@pytest.mark.parametrize(
    ("score_0_1", "latency_ms", "told"),
    [
        (0.955, 10.4, set()),  # 0.5 % and 4 %: over ten days without exception on one side
        (0.955, 11.0, {"Mean latency rose"}),
        (0.945, 10.4, {"Mean score fell"}),
    ],
)
def test_a_change_that_nobody_acts_on_is_left_alone(
    clocked: tuple[RecordStore, Clock], score_0_1: float, latency_ms: float, told: set[str]
) -> None:
    store, clock = clocked
    keep_days(store, clock, 34, until=NOW - timedelta(days=10), passed=35, score_0_1=0.96)
    keep_days(store, clock, 10, until=NOW, passed=35, score_0_1=score_0_1, latency_ms=latency_ms)
    watched = look(store)
    series = build_series(watched, detects=True)
    shifts = [shift for one in series for shift in one.shifts]
    assert {title for title in alarms_of(watched) if title != "Scores drifted"} == told
    assert len(shifts) == len(told), "what is no alarm is not shaded on a chart either"


def test_a_bad_day_is_no_trifle_for_the_calm_ones_after_it(clocked: tuple[RecordStore, Clock]) -> None:
    store, clock = clocked
    keep_days(store, clock, 34, until=NOW - timedelta(days=5), passed=10)
    keep_days(store, clock, 1, until=NOW - timedelta(days=4), passed=10, latency_ms=10.7)
    keep_days(store, clock, 4, until=NOW, passed=10, latency_ms=10.5)
    assert set(alarms_of(look(store))) == {"Mean latency rose"}


def test_what_is_over_says_until_when(clocked: tuple[RecordStore, Clock]) -> None:
    store, clock = clocked
    quiet = {"passed": 17, "rejected": 2, "unsure": 1}
    keep_days(store, clock, 30, until=NOW - timedelta(days=12), **quiet)
    keep_days(store, clock, 2, until=NOW - timedelta(days=10), passed=6, rejected=2, novel=12)
    keep_days(store, clock, 10, until=NOW, **quiet)
    found = alarms_of(look(store))
    alarm = found["Novelty rate rose"]
    assert alarm.until is not None and alarm.query["until"] == alarm.until.isoformat()
    assert alarm.since == list_starts(MONTH, NOW)[-12]
    assert alarm.words.startswith("24 of ")


def test_scores_that_spread_otherwise_are_an_alarm(clocked: tuple[RecordStore, Clock]) -> None:
    store, clock = clocked
    keep_days(store, clock, 34, until=NOW - timedelta(days=6), passed=12, score_0_1=0.97)
    keep_days(store, clock, 6, until=NOW, passed=30, score_0_1=0.90)
    found = alarms_of(look(store))
    assert "Scores drifted" in found and "Mean score fell" in found
    assert found["Mean score fell"].since == list_starts(MONTH, NOW)[-6]


def test_a_drift_of_the_scores_says_since_when(clocked: tuple[RecordStore, Clock]) -> None:
    """Of thirty parts a day: no day by itself is enough to be compared."""
    store, clock = clocked
    keep_days(store, clock, 48, until=NOW - timedelta(days=12), passed=30, score_0_1=0.96)
    keep_days(store, clock, 12, until=NOW, passed=30, score_0_1=0.93)
    alarm = alarms_of(look(store))["Scores drifted"]
    assert alarm.since == list_starts(MONTH, NOW)[-12]


def test_parts_grown_unlike_the_known_ones_say_since_when(clocked: tuple[RecordStore, Clock]) -> None:
    store, clock = clocked
    keep_days(store, clock, 48, until=NOW - timedelta(days=12), passed=20)
    keep_days(store, clock, 12, until=NOW, passed=10, novel=10)
    alarm = alarms_of(look(store))["Parts grew unlike the known ones"]
    assert alarm.since == list_starts(MONTH, NOW)[-12]


def test_a_young_line_is_judged_by_its_own_first_half(clocked: tuple[RecordStore, Clock]) -> None:
    store, clock = clocked
    keep_days(store, clock, 20, until=NOW, passed=17, rejected=2)
    watched = look(store)
    busy = [place for place, n in enumerate(watched.parts) if n]
    assert watched.reference == busy[10]
    assert build_series(watched, detects=False)[0].chart is not None


def test_an_empty_store_is_watched_in_peace(clocked: tuple[RecordStore, Clock]) -> None:
    watched = look(clocked[0])
    assert alarms_of(watched) == {} and sum(watched.parts) == 0
    assert all(one.chart is None for one in build_series(watched, detects=True))


def test_a_server_counts_the_same(any_url: str, tmp_path: Path) -> None:
    store = open_store(any_url, str(tmp_path / "pictures"), clock=lambda: NOW)
    records = keep_parts(store, passed=4, rejected=2, novel=1)
    for saw_map in (False, True):
        said = {"person": "ada", "saw_map": saw_map, "took_ms": 5.0, "reason": "a shadow"}
        store.decide(records[4].id, Answer(VerdictKind.PASS, "flawless"), **said)
    watched = look(store)
    assert (watched.parts[-1], watched.answers[-1], watched.overrides[-1]) == (7, 1, 1)
    assert watched.novel is not None and watched.novel[-1] == 1
    assert set(watched.sample.novelty_known) == {240.0}
    store.close()
