"""Control charts: what is usual, learnt from reference spans that come first, and how far each span lies from it.

What of that is an alarm, and since when, chart_shifts.py says.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

SIGMAS = 3.0
EWMA_WEIGHT, EWMA_WIDTH = 0.2, 2.86
TAIL = 0.00135  # what lies beyond three sigmas on one side
FEW = 5.0  # expected counts below it are judged exactly, not by the normal curve
FEW_PARTS = 30  # a mean of fewer lies mostly on one side of its centre: one long tail
LARGE_N = 500  # parts a span from which Laney's correction is asked for
FEWEST_SPANS = 8  # in the reference, with anything in them
FEWEST_FOR_LANEY = 12
MOVING_RANGE = 1.128  # d2 for two: mean moving range / 1.128 estimates sigma


@dataclass(frozen=True, slots=True)
class Chart:
    """A value a span, None where there is none; the first `reference` spans tell what is usual."""

    values: tuple[float | None, ...]
    centre: float
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]
    z: tuple[float | None, ...]  # distance from the centre in sigmas
    ewma: tuple[float | None, ...]  # of z
    ewma_limit: tuple[float | None, ...]
    runs_count: tuple[bool, ...]  # whether the span may be part of a run
    reference: int
    sigma_z: float | None = None  # Laney's; None: not asked for

    @property
    def last(self) -> int | None:
        """The last span with a value."""
        return next(
            (place for place in reversed(range(len(self.values))) if self.values[place] is not None), None
        )


def chart_rates(counts: Sequence[int], totals: Sequence[int], *, reference: int) -> Chart | None:
    """A p-chart; Laney's p′ where the spans are large. None where the reference is too short to know the usual."""
    used = [place for place in range(reference) if totals[place] > 0]
    if len(used) < FEWEST_SPANS:
        return None
    of, n = sum(counts[place] for place in used), sum(totals[place] for place in used)
    centre = of / n
    # nothing, or all, counted so far does not make the rate 0 or 1: Laplace's rule for the limits
    usual = (of + 1) / (n + 2) if of in (0, n) else centre
    typical = sorted(totals[place] for place in used)[len(used) // 2]
    sigma_z = None
    if typical >= LARGE_N and len(used) >= FEWEST_FOR_LANEY:
        plain = math.sqrt(usual * (1 - usual))
        sigma_z = measure_sigma_z(
            [(counts[place] / totals[place] - usual) / (plain / math.sqrt(totals[place])) for place in used]
        )
    judged = [
        judge_count(count, total, usual, widen=sigma_z or 1.0)
        for count, total in zip(counts, totals, strict=True)
    ]
    values = [count / total if total else None for count, total in zip(counts, totals, strict=True)]
    low, high, z = ([each[column] for each in judged] for column in range(3))
    enough = [min(total * usual, total * (1 - usual)) >= FEW for total in totals]
    full = find_typical([totals[place] for place in used])
    told = [min(1.0, total / full) for total in totals]
    return assemble(values, centre, low, high, z, enough, reference=reference, sigma_z=sigma_z, told=told)


def judge_count(
    count: int, total: int, usual: float, *, widen: float
) -> tuple[float | None, float | None, float | None]:
    """(low limit, high limit, distance from the usual in sigmas)"""
    if total == 0:
        return None, None, None
    if total * (1 - usual) < FEW and usual > 0.5:
        # nearly all are counted: the few that are not are judged, and told the other way round. In whole counts, so
        # that a count at its limit divides to the very limit: 1 - 2/6 is more than 4/6
        bottom, top, z = judge_few(total - count, total, 1 - usual)
        return (total - top) / total, (total - bottom) / total, -z
    if total * usual < FEW:
        bottom, top, z = judge_few(count, total, usual)
        return bottom / total, top / total, z
    sigma = widen * math.sqrt(usual * (1 - usual) / total)
    low, high = max(0.0, usual - SIGMAS * sigma), min(1.0, usual + SIGMAS * sigma)
    return low, high, (count / total - usual) / sigma


def judge_few(count: int, total: int, usual: float) -> tuple[int, int, float]:
    """(least and most that chance allows, distance in sigmas). Anscombe 1948: the root of a small count is nearly normal."""
    bottom, top = find_exact_limits(total, usual)
    return bottom, top, 2 * (math.sqrt(count + 0.375) - math.sqrt(total * usual + 0.375))


def chart_values(
    values: Sequence[float | None], parts: Sequence[int], *, reference: int, least_share: float = 0.0
) -> Chart | None:
    """An individuals chart of means: centre ± 3 sigma from moving ranges (± 2.66 of their mean) for a typical span.

    The mean of fewer parts varies more, by √(typical / n). That of more is judged as a typical one: what differs from
    span to span does not average out within one.
    least_share: of the centre; a smaller sigma is taken as this. Means of thousands hardly vary, and a change of a
    thousandth is nobody's business.
    """
    known = [
        (value, n)
        for value, n in zip(values[:reference], parts[:reference], strict=True)
        if value is not None
    ]
    if len(known) < FEWEST_SPANS:
        return None
    centre = sum(value * n for value, n in known) / sum(n for _, n in known)
    typical = find_typical([n for _, n in known])
    sigma = measure_typical_sigma(known, centre, typical)
    least = max(least_share * abs(centre), 1e-12)
    sigmas = [max(sigma * math.sqrt(max(1.0, typical / max(1, n))), least) for n in parts]
    judged = list(zip(values, sigmas, strict=True))
    z = [None if value is None else (value - centre) / each for value, each in judged]
    low = [None if value is None else centre - SIGMAS * each for value, each in judged]
    high = [None if value is None else centre + SIGMAS * each for value, each in judged]
    enough = [n >= FEW_PARTS for n in parts]
    told = [(max(sigma, least) / each) ** 2 for each in sigmas]
    return assemble(values, centre, low, high, z, enough, reference=reference, sigma_z=None, told=told)


def find_typical(parts: Sequence[int]) -> int:
    """How many the span holds in which the middle part lies. The middle span would be a night's, and a day judged by
    its limits, where the line runs one shift."""
    ordered = sorted(parts)
    return next(n for n, seen in zip(ordered, accumulate(ordered), strict=True) if 2 * seen >= sum(ordered))


def measure_typical_sigma(known: Sequence[tuple[float, int]], centre: float, typical: int) -> float:
    """From the spans of at least half as many parts, where there are enough: what the smaller ones say of a typical
    one depends on how much of the variation lies between the spans and how much within them."""
    full = [(value, n) for value, n in known if 2 * n >= typical]
    chosen = full if len(full) >= FEWEST_SPANS else known
    return measure_moving_sigma([(value - centre) * math.sqrt(n / typical) for value, n in chosen])


def assemble(
    values: Sequence[float | None],
    centre: float,
    low: Sequence[float | None],
    high: Sequence[float | None],
    z: Sequence[float | None],
    enough: Sequence[bool],
    *,
    reference: int,
    sigma_z: float | None,
    told: Sequence[float] | None = None,
) -> Chart:
    ewma, limits = smooth(z, told=told)
    return Chart(
        tuple(values),
        centre,
        tuple(low),
        tuple(high),
        tuple(z),
        tuple(ewma),
        tuple(limits),
        tuple(enough),
        reference,
        sigma_z,
    )


def measure_moving_sigma(values: Sequence[float]) -> float:
    ranges = [abs(second - first) for first, second in zip(values, values[1:], strict=False)]
    return sum(ranges) / len(ranges) / MOVING_RANGE if ranges else 0.0


def measure_sigma_z(z: Sequence[float]) -> float:
    """How much more spans differ than chance makes them (Laney 2002). Below 1 it is left at 1: limits tighter than
    chance would cry wolf."""
    return max(1.0, measure_moving_sigma(z))


def find_exact_limits(total: int, rate: float) -> tuple[int, int]:
    """Counts that chance exceeds, on each side, in at most 0.135 % of spans (binomial).

    rate: at most a half and with few expected, or the sum begins below what a float can hold.
    """
    cumulated, low, mass = 0.0, 0, (1 - rate) ** total
    for count in range(total + 1):
        if cumulated + mass <= TAIL:
            low = count + 1
        cumulated += mass
        if cumulated >= 1 - TAIL:
            return low, count
        mass *= (total - count) / (count + 1) * rate / (1 - rate)
    return low, total


def smooth(
    z: Sequence[float | None],
    *,
    told: Sequence[float] | None = None,
    weight: float = EWMA_WEIGHT,
    width: float = EWMA_WIDTH,
) -> tuple[list[float | None], list[float | None]]:
    """(the weighted mean, its limit) a span, in sigmas of that span; a span without a value is passed over.

    told: how much a span tells beside a typical one, σ² / its σ². It weighs by that, or a night of three parts an hour
    would wear off what was seen by day.

    What is beyond three sigmas counts as three: the first rule has seen it, and one very bad hour would keep the
    mean beyond its limits for most of a day.
    """
    mean, variance = 0.0, 0.0  # in sigmas of a typical span
    means: list[float | None] = []
    limits: list[float | None] = []
    for value, share in zip(z, [1.0] * len(z) if told is None else told, strict=True):
        if value is None:
            means.append(None)
            limits.append(None)
            continue
        own, root = weight * share, math.sqrt(share)
        mean = own * min(SIGMAS, max(-SIGMAS, value)) / root + (1 - own) * mean
        variance = own**2 / share + (1 - own) ** 2 * variance
        means.append(mean * root)
        limits.append(width * math.sqrt(variance) * root)
    return means, limits
