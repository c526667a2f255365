"""What a race has measured: laps in columns, and the figures of each entrant at each batch size."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspection.engines.measure import spread
from inspection.racing.plan import Entrant, Plan

Lane = tuple[Entrant, int]  # an entrant at one batch size
# laps: of fewer none lies beyond, and the slowest would be told under the name
FEWEST_FOR_P95, FEWEST_FOR_P99 = 20, 100


@dataclass(frozen=True, slots=True)
class Laps:
    """One lane's laps, oldest first; the three arrays have one length."""

    at_s: NDArray[np.float64]  # racing time, pauses left out
    ms: NDArray[np.float64]
    crowded: NDArray[np.bool_]  # another session worked on the same cores


@dataclass(frozen=True, slots=True)
class Start:
    """An entrant's cold start: what it costs before the first lap."""

    engine: str  # "openvino 2026.4.1"
    device: str
    load_ms: float
    first_ms: Mapping[int, float]  # by batch size
    weights_sha256: str = ""  # not noted in races that were kept at first


@dataclass(frozen=True, slots=True)
class Result:
    plan: Plan
    machine: Mapping[str, object]
    threads: int
    taken_at: str  # ISO, UTC
    starts: Mapping[Entrant, Start]
    absent: Mapping[Entrant, str]
    laps: Mapping[Lane, Laps]

    @property
    def crowded_share(self) -> float:
        flags = [laps.crowded for laps in self.laps.values() if len(laps.crowded)]
        return float(np.concatenate(flags).mean()) if flags else 0.0


@dataclass(frozen=True, slots=True)
class Standing:
    entrant: Entrant
    batch: int
    laps: int
    p50_ms: float  # for the whole batch
    p95_ms: float | None  # None: too few laps to tell
    p99_ms: float | None
    pictures_per_s: float
    load_ms: float
    first_ms: float | None


def rank(result: Result) -> list[Standing]:
    """The fastest picture first within each batch size; a lane without a lap is left out."""
    standings = []
    for (entrant, batch), laps in result.laps.items():
        if not len(laps.ms):
            continue
        times = spread(laps.ms)
        start = result.starts[entrant]
        standings.append(
            Standing(
                entrant,
                batch,
                times.n,
                times.p50_ms,
                times.p95_ms if times.n >= FEWEST_FOR_P95 else None,
                float(np.percentile(laps.ms, 99)) if times.n >= FEWEST_FOR_P99 else None,
                # what went through, over the time it took: a slow lap counts with its length
                batch * times.n / float(laps.ms.sum()) * 1e3,
                start.load_ms,
                start.first_ms.get(batch),
            )
        )
    return sorted(standings, key=lambda standing: (standing.batch, standing.p50_ms))


@dataclass(frozen=True, slots=True)
class Compared:
    standing: Standing
    kept_p50_ms: float | None
    ratio: float | None  # of the medians: now / kept; None where the kept race has no such lane


def compare(now: Sequence[Standing], kept: Sequence[Standing]) -> list[Compared]:
    then = {(standing.entrant, standing.batch): standing.p50_ms for standing in kept}
    compared = []
    for standing in now:
        before = then.get((standing.entrant, standing.batch))
        compared.append(Compared(standing, before, None if before is None else standing.p50_ms / before))
    return compared


def say_differences(now: Result, kept: Result) -> list[str]:
    """Why two races may differ besides the models: each is a reason to take a ratio with care."""
    said = []
    for what, mine, theirs in (
        ("another machine", now.machine.get("cpu"), kept.machine.get("cpu")),
        ("another number of cores", now.machine.get("cores"), kept.machine.get("cores")),
        ("another number of threads", now.threads, kept.threads),
        ("another thing was timed", now.plan.scope, kept.plan.scope),
        ("another line", now.plan.line, kept.plan.line),
        (
            "another engine",
            sorted({start.engine for start in now.starts.values()}),
            sorted({start.engine for start in kept.starts.values()}),
        ),
    ):
        if mine != theirs and mine and theirs:
            said.append(f"{what} ({_plain(theirs)} then, {_plain(mine)} now)")
    others = dict.fromkeys(
        entrant.model
        for entrant, start in now.starts.items()
        if entrant in kept.starts and is_other(start.weights_sha256, kept.starts[entrant].weights_sha256)
    )
    if others:
        said.append(f"other weights of {', '.join(others)}, which may look at each picture more often")
    if max(now.crowded_share, kept.crowded_share) > 0:
        said.append("other work ran on the same cores in one of them")
    return said


def is_other(mine: str, theirs: str) -> bool:
    return bool(mine and theirs) and mine != theirs


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
