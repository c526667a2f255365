"""The race: who runs when, what is measured, what is kept."""

import threading
import time
from pathlib import Path

import numpy as np
import pytest

from inspection.errors import DataInvalid, WeightsMissing
from inspection.occupancy import OCCUPANCY, Occupancy
from inspection.racing import keeping
from inspection.racing.lineup import Course
from inspection.racing.plan import Entrant, Plan, make_plan
from inspection.racing.race import MOST_LAPS, Phase, Race
from inspection.racing.results import Laps, Result, Start, compare, rank
from inspection.types import Precision
from tests.explaining.toys import ColourEngine
from tests.ui.fakes import FakeInspector, make_line, make_png

PICTURES = [make_png(0), make_png(40)]
FAST, SLOW = Entrant("resnet50", "int8"), Entrant("compact_cnn", "f32")


class Stable:
    """Loads fake inspectors and remembers them; one model has no weights."""

    def __init__(self, *, missing: str = "") -> None:
        self.missing = missing
        self.loaded: list[FakeInspector] = []

    def load(self, line: str, model: str, precision: Precision) -> FakeInspector:
        if model == self.missing:
            raise WeightsMissing(f"Expected weights of {model}, found none. Train it.")
        self.loaded.append(FakeInspector(make_line(line), model, precision))
        return self.loaded[-1]


def plan_for(*entrants: Entrant, batches: tuple[int, ...] = (1, 10), length_s: float = 30.0) -> Plan:
    return Plan("fake", entrants, batches, length_s)


def wait_for(race: Race, *phases: Phase, timeout_s: float = 20.0) -> None:
    deadline = time.monotonic() + timeout_s
    while race.phase not in phases:
        assert time.monotonic() < deadline and not race.phase.over, race.phase
        time.sleep(0.005)


def count_laps(race: Race) -> int:
    return sum(len(laps.ms) for laps in race.read().laps.values())


def make_result(
    *, medians: dict[tuple[Entrant, int], float], threads: int = 2, cpu: str = "one", crowded: bool = False
) -> Result:
    entrants = tuple(dict.fromkeys(entrant for entrant, _ in medians))
    batches = tuple(sorted({batch for _, batch in medians}))
    times = np.array([0.5, 1.0, 1.0, 1.0, 9.0])
    return Result(
        plan=Plan("fake", entrants, batches, 15.0),
        machine={"cpu": cpu, "cores": 2, "instructions": ["AVX2"]},
        threads=threads,
        taken_at="2026-01-01T00:00:00+00:00",
        starts={entrant: Start("openvino 1", "CPU", 120.0, {1: 5.0}) for entrant in entrants},
        absent={Entrant("resnet18_cbam", "bf16"): "Expected bf16."},
        laps={
            lane: Laps(np.arange(5.0), times * ms, np.array([crowded] * 5)) for lane, ms in medians.items()
        },
    )


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


def wait_for_end(race: Race) -> None:
    deadline = time.monotonic() + 20
    while race.alive:
        assert time.monotonic() < deadline, race.phase
        time.sleep(0.005)


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


def test_a_kept_race_comes_back_as_it_was(tmp_path: Path) -> None:
    result = make_result(medians={(FAST, 1): 2.0, (SLOW, 10): 1.0}, crowded=True)
    kept = keeping.keep_race(result, "  INT8,\tnew server ", tmp_path)
    assert kept.name == "INT8, new server" and keeping.list_kept(tmp_path) == [kept]
    back = keeping.load_kept(kept.id, tmp_path)
    assert rank(back) == rank(result)
    assert (back.plan, back.machine, back.threads) == (result.plan, result.machine, result.threads)
    assert back.starts == result.starts and back.absent == result.absent and back.crowded_share == 1.0
    keeping.drop_kept(kept.id, tmp_path)
    assert keeping.list_kept(tmp_path) == [] and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "bell\a"])
def test_a_name_that_is_none_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataInvalid, match="printable"):
        keeping.keep_race(make_result(medians={(FAST, 1): 2.0}), name, tmp_path)


@pytest.mark.parametrize("id", ["../../etc/passwd", "nothing-01234567", "", "a/b-01234567"])
def test_only_a_kept_race_is_opened(id: str, tmp_path: Path) -> None:
    with pytest.raises(DataInvalid, match="not there"):
        keeping.load_kept(id, tmp_path)
    with pytest.raises(DataInvalid, match="not there"):
        keeping.drop_kept(id, tmp_path)


def test_what_is_no_race_is_not_listed(tmp_path: Path) -> None:
    (tmp_path / "broken-01234567.json").write_text("{")
    (tmp_path / "other.json").write_text("{}")
    assert keeping.list_kept(tmp_path) == []


def test_a_race_that_another_session_drops_meanwhile_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = make_result(medians={(FAST, 1): 2.0})
    halfway = keeping.keep_race(result, "halfway", tmp_path)
    (tmp_path / f"{halfway.id}.parquet").unlink()
    with pytest.raises(DataInvalid, match="not there"):
        keeping.load_kept(halfway.id, tmp_path)
    keeping.drop_kept(halfway.id, tmp_path)
    found = tmp_path / "found-01234567.json"
    found.symlink_to(tmp_path / "nothing")  # listed, and gone when it is opened
    assert keeping.list_kept(tmp_path) == []
    found.unlink()
    monkeypatch.setattr(keeping, "_find", lambda _id, _folder: found)
    with pytest.raises(DataInvalid, match="not there"):
        keeping.load_kept("found-01234567", tmp_path)
    keeping.drop_kept("found-01234567", tmp_path)


def test_a_race_without_a_lap_is_not_kept(tmp_path: Path) -> None:
    with pytest.raises(DataInvalid, match="at least one lap"):
        keeping.keep_race(make_result(medians={}), "empty", tmp_path)


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
