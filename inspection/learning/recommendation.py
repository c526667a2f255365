"""Which model to take, and why: one sentence that a manager can repeat."""

from collections.abc import Sequence
from dataclasses import dataclass

from inspection.learning.comparison import SIGNIFICANT, Contender, compare_escapes, compare_pair
from inspection.learning.costs import keeps_pace, say_pace
from inspection.wording import round_bound_up

TOSS_UP = 0.5  # McNemar's p of two parts that only one model lets escape; one alone says nothing


@dataclass(frozen=True, slots=True)
class Recommendation:
    winner: int  # its place among the contenders
    reasons: tuple[str, ...]

    def say(self, title: str) -> str:
        return f"{title}: {'; '.join(self.reasons)}."


def recommend(
    contenders: Sequence[Contender], *, parts_a_minute: float | None = None
) -> Recommendation | None:
    """Of those that keep pace, those whose escapes chance may have made; of these, those whose accuracy cannot be told
    from the best one's; of these, those with the fewest escapes, then the fastest. None where none keeps pace.

    Fewest escapes alone would let three parts of five hundred, which is chance, outweigh eight points of accuracy, and
    one part of nine hundred, which is a toss-up, the triple time of the same network at F32.
    """
    able = [each for each in contenders if parts_a_minute is None or keeps_pace(each.p95_ms, parts_a_minute)]
    if not able:
        return None
    careful = keep_careful(able)
    best = min(careful, key=lambda each: (-(each.figures.accuracy or 0.0), each.p95_ms, each.title))
    bests = [each for each in careful if each.figures.accuracy == best.figures.accuracy]
    equals = [each for each in careful if not any(is_worse(each, other) for other in bests)]
    chosen = min(keep_careful(equals, unless=TOSS_UP), key=rank_equal)
    reasons = [
        *say_escapes(chosen, contenders, able=able),
        say_accuracy(chosen) + rank_accuracy(chosen, contenders, able=able, careful=careful, best=best),
        f"p95 {chosen.p95_ms:.1f} ms" + rank_speed(chosen, contenders, equals=equals),
    ]
    if parts_a_minute is not None:
        reasons.append(f"it keeps up with {say_pace(parts_a_minute)}")
    winner = next(place for place, each in enumerate(contenders) if each is chosen)
    return Recommendation(winner, tuple(reasons))


def rank_equal(each: Contender) -> tuple[float, int, float, str]:
    """The fastest; of as fast ones whoever lets fewer escape, then the more accurate: never whoever was chosen first."""
    return each.p95_ms, each.escapes or 0, -(each.figures.accuracy or 0.0), each.title


def find_safest(contenders: Sequence[Contender]) -> Contender | None:
    """The one with the fewest escapes; None where nobody's are counted."""
    counted = [each for each in contenders if each.escapes is not None]
    return min(counted, key=lambda each: (each.escapes or 0, each.title), default=None)


def keep_careful(contenders: Sequence[Contender], *, unless: float = SIGNIFICANT) -> list[Contender]:
    """Without those that let more escape than one with the fewest, `unless` chance does so as often; of several with as
    few, any shows it, so that the order in which they were chosen does not count."""
    safest = find_safest(contenders)
    if safest is None:
        return list(contenders)
    rivals = [each for each in contenders if each.escapes == safest.escapes]
    return [each for each in contenders if not any(escapes_more(each, rival, unless) for rival in rivals)]


def escapes_more(one: Contender, safest: Contender, unless: float) -> bool:
    p_value = compare_escapes(one, safest)
    return p_value is not None and p_value <= unless and (one.escapes or 0) > (safest.escapes or 0)


def is_worse(one: Contender, best: Contender) -> bool:
    pairing = compare_pair(one.evaluation, best.evaluation)
    return pairing.differs and pairing.second_only > pairing.first_only


def rank_speed(chosen: Contender, contenders: Sequence[Contender], *, equals: Sequence[Contender]) -> str:
    """Nothing where it did not decide: of those that are as good, another may be faster and let more escape."""
    if len(contenders) > 1 and all(chosen.p95_ms <= each.p95_ms for each in contenders):
        return ", the fastest of all"
    if len(equals) > 1 and all(chosen.p95_ms <= each.p95_ms for each in equals):
        return ", the fastest of those that are as good"
    return ""


def say_escapes(
    chosen: Contender, contenders: Sequence[Contender], *, able: Sequence[Contender] | None = None
) -> list[str]:
    """able: those that keep pace, where it was asked for."""
    decision = chosen.figures.decision
    if decision is None or decision.escape_rate_below is None:
        return []
    bound = f"the true rate may be {round_bound_up(decision.escape_rate_below)} %"
    rank = rank_escapes(chosen, contenders, able=contenders if able is None else able)
    return [f"{decision.escapes} of {decision.defective} defective parts escaped ({bound}){rank}"]


def rank_escapes(chosen: Contender, contenders: Sequence[Contender], *, able: Sequence[Contender]) -> str:
    safest = find_safest(able)
    if len(contenders) == 1 or safest is None:
        return ""
    if (chosen.escapes or 0) > (safest.escapes or 0):
        p_value = compare_escapes(chosen, safest)
        return f", {safest.escapes} with {safest.title}, which chance may explain (McNemar p = {p_value:.2g})"
    fewest = all(each.escapes is None or each.escapes >= (chosen.escapes or 0) for each in contenders)
    return ", no model fewer" if fewest else ", none that keeps pace fewer"


def say_accuracy(chosen: Contender) -> str:
    accuracy, interval = chosen.figures.accuracy, chosen.figures.accuracy_interval
    if accuracy is None or interval is None:
        return "it judged no picture"
    return (
        f"accuracy {accuracy * 100:.1f} % (95 %: {interval.low * 100:.1f} to {interval.high * 100:.1f}, "
        f"n = {chosen.figures.n})"
    )


def rank_accuracy(
    chosen: Contender,
    contenders: Sequence[Contender],
    *,
    able: Sequence[Contender],
    careful: Sequence[Contender],
    best: Contender,
) -> str:
    """careful: those among whom accuracy decided; `best` has the highest of theirs."""
    if len(contenders) == 1:
        return ", the only model chosen"
    if len(careful) == 1:
        return ""
    mine = chosen.figures.accuracy or 0.0
    if mine < (best.figures.accuracy or 0.0):
        pairing = compare_pair(chosen.evaluation, best.evaluation)
        return f", which the test cannot tell from {best.title} (McNemar p = {pairing.p_value:.2g})"
    circles = (
        (contenders, "of all"), (able, "of those that keep pace"), (careful, "of those with so few escapes"),
    )  # fmt: skip
    others, circle = next(
        each
        for each in circles
        if each[0] is careful or all(mine >= (one.figures.accuracy or 0.0) for one in each[0])
    )
    if any(each is not chosen and each.figures.accuracy == mine for each in others):
        return ", as high as any" if circle == "of all" else f", as high as any {circle}"
    return f", the highest {circle}"
