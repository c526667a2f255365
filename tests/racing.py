"""Races as their tests run them: two entrants, fake inspectors that load at once, and results that are made up."""

import time

import numpy as np

from inspection.errors import WeightsMissing
from inspection.racing.plan import Entrant, Plan
from inspection.racing.race import Phase, Race
from inspection.racing.results import Laps, Result, Start
from inspection.types import Precision
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


def wait_for_end(race: Race) -> None:
    deadline = time.monotonic() + 20
    while race.alive:
        assert time.monotonic() < deadline, race.phase
        time.sleep(0.005)
