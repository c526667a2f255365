"""The race: who runs when, and what is measured."""

import threading
import time

import pytest

from inspection.errors import DataInvalid
from inspection.occupancy import OCCUPANCY, Occupancy
from inspection.racing.lineup import Course
from inspection.racing.plan import Plan, make_plan
from inspection.racing.race import MOST_LAPS, Phase, Race
from inspection.racing.results import compare, rank
from inspection.types import Precision
from tests.explaining.toys import ColourEngine
from tests.racing import (
    FAST,
    PICTURES,
    SLOW,
    Stable,
    count_laps,
    make_result,
    plan_for,
    wait_for,
    wait_for_end,
)
from tests.ui.fakes import FakeInspector


def test_a_race_without_its_tab_stops_by_itself() -> None:
    there = threading.Event()
    there.set()
    race = Race(
        plan_for(FAST), PICTURES, owner="me", load=Stable().load, attended=there.is_set, patience_s=0.2
    ).start()
    wait_for(race, Phase.RUNNING)
    while not count_laps(race):
        time.sleep(0.005)
    there.clear()
    wait_for_end(race)
    assert race.phase is Phase.DESERTED and race.phase.over
    assert count_laps(race) > 0  # what was measured stays


def test_a_race_outlives_a_reload() -> None:
    absences = iter([False] * 5)
    race = Race(
        plan_for(FAST, length_s=0.3),
        PICTURES,
        owner="me",
        load=Stable().load,
        attended=lambda: next(absences, True),
        patience_s=20.0,
    ).start()
    wait_for_end(race)
    assert race.phase is Phase.FINISHED


def test_one_look_that_finds_nobody_after_a_long_load_ends_no_race() -> None:
    looks = iter([True, False])  # before the model is loaded, and after it
    stable = Stable()

    def load_slowly(line: str, model: str, precision: Precision) -> FakeInspector:
        time.sleep(0.4)
        return stable.load(line, model, precision)

    race = Race(
        plan_for(FAST, length_s=0.2),
        PICTURES,
        owner="me",
        load=load_slowly,
        attended=lambda: next(looks, True),
        patience_s=0.3,
    ).start()
    wait_for_end(race)
    assert race.phase is Phase.FINISHED and next(looks, None) is None


def test_every_model_meets_every_precision() -> None:
    plan = make_plan("x", models=("a", "b"), precisions=("f32", "int8"), batches=(10, 1), length_s=15)
    assert [entrant.key for entrant in plan.entrants] == ["a int8", "a f32", "b int8", "b f32"]
    assert plan.batches == (1, 10)


def test_a_whole_inspection_takes_one_picture_at_a_time() -> None:
    plan = make_plan("x", models=("a",), precisions=("int8",), batches=(50,), length_s=15, scope="inspection")
    assert plan.batches == (1,)


@pytest.mark.parametrize("missing", ["models", "precisions", "batches"])
def test_a_plan_of_nothing_is_refused(missing: str) -> None:
    given = {"models": ("a",), "precisions": ("int8",), "batches": (1,)} | {missing: ()}
    with pytest.raises(DataInvalid, match="at least one"):
        make_plan("x", **given, length_s=15)  # type: ignore[arg-type]


def test_all_run_in_turn_until_it_is_stopped() -> None:
    race = Race(plan_for(FAST, SLOW), PICTURES, owner="me", load=Stable().load).start()
    wait_for(race, Phase.RUNNING)
    while count_laps(race) < 60:
        time.sleep(0.01)
    race.stop()
    assert race.phase is Phase.STOPPED and not race.alive
    counts = {lane: len(laps.ms) for lane, laps in race.read().laps.items()}
    for batch in (1, 10):  # a round is whole but for the last
        assert abs(counts[FAST, batch] - counts[SLOW, batch]) <= 1
        assert counts[FAST, batch] > 0


def test_small_batches_get_as_much_time_as_large_ones() -> None:
    race = Race(plan_for(FAST, batches=(1, 50)), PICTURES, owner="me", load=Stable().load).start()
    wait_for(race, Phase.RUNNING)
    while race.raced_s < 0.5:
        time.sleep(0.01)
    race.stop()
    spent = {batch: laps.ms.sum() for (_, batch), laps in race.read().laps.items()}
    assert 0.5 < spent[1] / spent[50] < 2


def test_the_engine_gets_the_batches_that_were_asked_for() -> None:
    stable = Stable()
    race = Race(plan_for(FAST, batches=(1, 10)), PICTURES, owner="me", load=stable.load).start()
    wait_for(race, Phase.RUNNING)
    race.stop()
    engine = stable.loaded[0].classifying.engine
    assert isinstance(engine, ColourEngine) and set(engine.sizes) == {1, 10}


def test_it_ends_by_itself() -> None:
    race = Race(plan_for(FAST, length_s=0.2), PICTURES, owner="me", load=Stable().load).start()
    wait_for(race, Phase.FINISHED)
    assert race.raced_s >= 0.2 and race.progress_0_1 == 1.0


def test_a_pause_adds_no_lap_and_no_time() -> None:
    race = Race(plan_for(FAST), PICTURES, owner="me", load=Stable().load).start()
    wait_for(race, Phase.RUNNING)
    race.pause()
    assert race.phase is Phase.PAUSED
    time.sleep(0.1)  # the lap in hand
    laps, raced_s = count_laps(race), race.raced_s
    time.sleep(0.2)
    assert (count_laps(race), race.raced_s) == (laps, raced_s)
    race.resume()
    while count_laps(race) == laps:
        time.sleep(0.005)
    race.stop()


def test_who_cannot_race_is_named_with_the_reason() -> None:
    race = Race(plan_for(SLOW, FAST), PICTURES, owner="me", load=Stable(missing=SLOW.model).load).start()
    wait_for(race, Phase.RUNNING)
    race.stop()
    result = race.read()
    assert "Train it" in result.absent[SLOW] and list(result.starts) == [FAST]
    assert {start.weights_sha256 for start in result.starts.values()} == {"0" * 64}


def test_a_race_of_nobody_is_over_at_once() -> None:
    race = Race(plan_for(SLOW), PICTURES, owner="me", load=Stable(missing=SLOW.model).load).start()
    wait_for(race, Phase.FINISHED)
    assert rank(race.read()) == []


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_fault_of_ours_is_a_failed_race() -> None:
    def load(line: str, model: str, precision: Precision) -> FakeInspector:
        raise ZeroDivisionError

    race = Race(plan_for(FAST), PICTURES, owner="me", load=load).start()
    wait_for(race, Phase.FAILED)
    race.stop()  # its thread has ended before this test does, and so has the warning of it
    assert not OCCUPANCY.list_others("anybody else")


def test_laps_beside_another_sessions_work_are_marked() -> None:
    race = Race(plan_for(FAST), PICTURES, owner="me", load=Stable().load)
    with OCCUPANCY.hold("somebody", "a race"):
        race.start()
        wait_for(race, Phase.RUNNING)
        while not count_laps(race):
            time.sleep(0.005)
    assert race.read().crowded_share > 0
    race.stop()


def test_the_others_are_seen_and_oneself_is_not() -> None:
    occupancy = Occupancy()
    with occupancy.hold("me", "a race"), occupancy.hold("me", "a live line"), occupancy.hold("you", "a race"):
        assert [work.what for work in occupancy.list_others("me", own="a race")] == ["a live line", "a race"]
        assert len(occupancy.list_others("you", own="a race")) == 2
    assert occupancy.list_others("nobody") == []


def test_the_whole_inspection_runs_on_the_files() -> None:
    stable = Stable()
    course = Course(Plan("fake", (FAST,), (1,), 15, "inspection"), PICTURES)
    ready = course.enter(FAST, stable.load)
    for number in range(3):
        ready.run(1, number)  # type: ignore[union-attr]
    assert stable.loaded[0].seen == ["race"] * 3


def test_no_picture_no_race() -> None:
    with pytest.raises(DataInvalid, match="at least one picture"):
        Course(plan_for(FAST), [])


def test_the_figures_are_those_of_the_laps() -> None:
    result = make_result(medians={(FAST, 1): 2.0, (SLOW, 1): 1.0, (FAST, 10): 4.0})
    standings = rank(result)
    assert [(row.entrant, row.batch) for row in standings] == [(SLOW, 1), (FAST, 1), (FAST, 10)]
    fast = standings[1]
    assert (fast.p50_ms, fast.laps, fast.first_ms) == (2.0, 5, 5.0)
    assert (fast.p95_ms, fast.p99_ms) == (None, None)  # of five laps: it would be the slowest
    assert fast.pictures_per_s == pytest.approx(5 / 25 * 1e3)  # five pictures in 25 ms
    assert standings[2].pictures_per_s == pytest.approx(50 / 50 * 1e3) and standings[2].first_ms is None


def test_two_races_are_compared_lane_by_lane() -> None:
    now = rank(make_result(medians={(FAST, 1): 2.0, (SLOW, 1): 1.0}))
    kept = rank(make_result(medians={(FAST, 1): 4.0}))
    ratios = {row.standing.entrant: row.ratio for row in compare(now, kept)}
    assert ratios == {FAST: 0.5, SLOW: None}


def test_laps_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inspection.racing.race.MOST_LAPS", 20)
    race = Race(plan_for(FAST, batches=(1,), length_s=60), PICTURES, owner="me", load=Stable().load).start()
    wait_for(race, Phase.FINISHED)
    assert count_laps(race) == 20 < MOST_LAPS


def test_laps_beside_a_job_of_another_process_are_marked() -> None:
    jobs = iter([False, False])
    race = Race(
        plan_for(FAST, batches=(1,), length_s=0.3),
        PICTURES,
        owner="me",
        load=Stable().load,
        crowded=lambda: next(jobs, True),
    ).start()
    wait_for_end(race)
    (laps,) = race.read().laps.values()
    assert laps.crowded[:2].tolist() == [False, False] and laps.crowded[2:].all() and len(laps.crowded) > 3


def test_a_race_leaves_no_thread() -> None:
    before = threading.active_count()
    race = Race(plan_for(FAST), PICTURES, owner="me", load=Stable().load).start()
    wait_for(race, Phase.RUNNING)
    race.stop()
    assert threading.active_count() == before
