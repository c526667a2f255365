"""What changed, since when, and where to look: the charts of a watched line, and an alarm for each shift in them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from inspection.learning.chart_shifts import Rule, Shift, find_shifts
from inspection.learning.control_charts import (
    SIGMAS,
    Chart,
    chart_rates,
    chart_values,
)
from inspection.learning.drift import Drift, compare_samples, compare_uniform, date_drift, make_uniform
from inspection.records.watching import F64, Sample, Watched
from inspection.types import VerdictKind
from inspection.wording import say_number

# A mean that moves by less than this share of itself is left alone: nobody acts on it.
LEAST_CHANGES = {"score": 0.01, "latency": 0.06}
RULES: Mapping[Rule, str] = {
    "beyond the limits": "beyond the three-sigma limits",
    "eight on one side": "eight spans in a row on one side",
    "weighted mean": "the weighted mean left its limits: small, but it lasts",
}


@dataclass(frozen=True, slots=True)
class Series:
    """One thing that is watched."""

    name: str
    title: str
    of: str  # what the rate is a share of; empty where it is no rate
    counts: tuple[int, ...]
    totals: tuple[int, ...]
    chart: Chart | None
    query: Mapping[str, str]  # of the records behind it, beside line, model and time
    unit: str = ""

    @property
    def shifts(self) -> tuple[Shift, ...]:
        """Without the trifles, on the charts as among the alarms."""
        if self.chart is None:
            return ()
        return tuple(shift for shift in find_shifts(self.chart) if not self.is_trifle(shift))

    def is_trifle(self, shift: Shift) -> bool:
        """A run asks for the side alone and the weighted mean for a third of a sigma, so over many spans both find what
        is less than the least change. A single span beyond the limits never is."""
        if self.of or self.chart is None or "beyond the limits" in shift.rules:
            return False
        mean, _ = self.average(shift)
        return abs(mean - self.chart.centre) < LEAST_CHANGES[self.name] * abs(self.chart.centre)

    def average(self, shift: Shift) -> tuple[float, int]:
        """(the mean of the shift's parts, how many they are)"""
        assert self.chart is not None  # it has a shift
        spans = range(shift.first, shift.last + 1)
        weighed = [(self.totals[place], self.chart.values[place]) for place in spans]
        parts = sum(n for n, value in weighed if value is not None)
        return sum(n * value for n, value in weighed if value is not None) / parts, parts


@dataclass(frozen=True, slots=True)
class Alarm:
    name: str
    title: str  # "Reject rate rose"
    words: str
    since: datetime
    until: datetime | None  # None: it still lasts
    query: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Drifts:
    score: Drift | None
    novelty: Drift | None


def build_series(watched: Watched, *, detects: bool) -> tuple[Series, ...]:
    """detects: whether a picture can turn out to hold no part."""
    parts, verdicts = watched.parts, watched.verdicts
    review = {"verdict": VerdictKind.REVIEW.value}
    found = [
        _rate("reject", "Reject rate", "parts", verdicts["REJECT"], parts, {"verdict": "REJECT"}, watched),
        _rate("review", "Review rate", "parts", verdicts["REVIEW"], parts, review, watched),
        _rate(
            "override",
            "Override rate",
            "answers to decided parts",
            watched.overrides,
            watched.answers,
            {"kind": "decision", "agrees": "no"},
            watched,
        ),
    ]
    if watched.novel is not None:
        found.append(_rate("novelty", "Novelty rate", "parts", watched.novel, parts, review, watched))
    if detects:
        none = verdicts[VerdictKind.NO_PART.value]
        query = {"verdict": VerdictKind.NO_PART.value}
        found.append(_rate("empty", "No-part rate", "pictures", none, watched.pictures, query, watched))
    for name, title, values, unit in (
        ("score", "Mean score", watched.mean_score_0_1, ""),
        ("latency", "Mean latency", watched.mean_latency_ms, "ms"),
    ):
        least_share = LEAST_CHANGES[name] / SIGMAS
        chart = chart_values(values, parts, reference=watched.reference, least_share=least_share)
        found.append(Series(name, title, "", parts, parts, chart, {}, unit))
    return tuple(found)


def _rate(
    name: str,
    title: str,
    of: str,
    counts: tuple[int, ...],
    totals: tuple[int, ...],
    query: Mapping[str, str],
    watched: Watched,
) -> Series:
    chart = chart_rates(counts, totals, reference=watched.reference)
    return Series(name, title, of, counts, totals, chart, query)


def measure_drifts(watched: Watched) -> Drifts:
    before, now = split_sample(watched)
    told = np.isfinite(now.novelty_p)
    novelty = compare_uniform(now.novelty_p[told], known=now.novelty_known[told]) if told.any() else None
    return Drifts(compare_samples(before.score_0_1, now.score_0_1), novelty)


def split_sample(watched: Watched) -> tuple[Sample, Sample]:
    """(the reference's, the shown spans')"""
    middle = watched.starts[min(watched.reference, len(watched.starts) - 1)]
    return (
        watched.sample.between(watched.starts[0], middle),
        watched.sample.between(middle, watched.until),
    )


def list_alarms(watched: Watched, series: tuple[Series, ...], drifts: Drifts) -> tuple[Alarm, ...]:
    """Those that last first, then the newest."""
    found = [describe_shift(watched, one, shift) for one in series for shift in one.shifts]
    if drifts.score is not None and drifts.score.moved:
        found.append(describe_score_drift(watched, drifts.score))
    if drifts.novelty is not None and drifts.novelty.moved:
        found.append(describe_novelty_drift(watched, drifts.novelty))
    return tuple(sorted(found, key=lambda alarm: (alarm.until is not None, -alarm.since.timestamp())))


def describe_shift(watched: Watched, one: Series, shift: Shift) -> Alarm:
    assert one.chart is not None  # it has a shift
    spans = range(shift.first, shift.last + 1)
    usual = say_value(one, one.chart.centre)
    if one.of:
        count, total = (sum(each[place] for place in spans) for each in (one.counts, one.totals))
        now = f"{count:,} of {total:,} {one.of}, {say_value(one, count / total)}; {usual} is usual"
    else:
        mean, parts = one.average(shift)
        now = f"{say_value(one, mean)} over {say_number(parts, 'part')}; {usual} is usual"
    why = ", ".join(RULES[rule] for rule in shift.rules)
    verb = "rose" if shift.side == "up" else "fell"
    return build_alarm(
        watched,
        one.name,
        f"{one.title} {verb}",
        f"{now} ({why}).",
        first=shift.first,
        last=None if shift.lasts else shift.last,
        query=one.query,
    )


def say_value(one: Series, value: float) -> str:
    if one.of or one.name == "score":
        return f"{value * 100:.2g} %" if value < 0.1 else f"{value * 100:.1f} %"
    return f"{value:.1f} {one.unit}".strip()


def describe_score_drift(watched: Watched, drift: Drift) -> Alarm:
    before, _ = split_sample(watched)
    first = date_judged(watched, before.score_0_1, lambda sample: sample.score_0_1)
    words = (
        f"The scores are spread otherwise than in the reference (PSI {drift.psi:.2f}, largest gap {drift.distance:.0%}, "
        f"from {drift.reference_n:,} and {drift.n:,} sampled parts), whatever their mean does."
    )
    return build_alarm(watched, "score drift", "Scores drifted", words, first=first, last=None, query={})


def describe_novelty_drift(watched: Watched, drift: Drift) -> Alarm:
    words = (
        f"Parts like those that the model knows would spread evenly over p; these do not (PSI {drift.psi:.2f}, largest "
        f"gap {drift.distance:.0%}, {drift.n:,} sampled parts against {drift.reference_n:,} known ones). "
        "Light, lens, position or the parts themselves are not as they were."
    )
    query = {"verdict": VerdictKind.REVIEW.value}
    _, now = split_sample(watched)
    known = now.novelty_known[np.isfinite(now.novelty_p)]
    first = date_judged(watched, make_uniform(known), lambda sample: sample.novelty_p)
    return build_alarm(
        watched,
        "novelty drift",
        "Parts grew unlike the known ones",
        words,
        first=first,
        last=None,
        query=query,
    )


def date_judged(watched: Watched, usual: F64, pick: Callable[[Sample], F64]) -> int:
    """The judged span from which on what is picked is likeliest to be spread otherwise than usual."""
    judged = min(watched.reference, len(watched.starts) - 1)
    spans = [
        pick(watched.sample.between(watched.starts[place], watched.end_of(place)))
        for place in range(judged, len(watched.starts))
    ]
    return judged + date_drift(usual, [values[np.isfinite(values)] for values in spans])


def build_alarm(
    watched: Watched,
    name: str,
    title: str,
    words: str,
    *,
    first: int,
    last: int | None,
    query: Mapping[str, str],
) -> Alarm:
    since = watched.starts[first]
    until = None if last is None else watched.end_of(last)
    link = {"line": watched.subject.line, **query, "since": since.isoformat()}
    if watched.subject.model is not None:
        link["model"] = watched.subject.model
    if until is not None:
        link["until"] = until.isoformat()
    return Alarm(name, title, words, since, until, link)
