"""Which model to take, and why: one sentence that a manager can repeat."""

from collections.abc import Sequence
from dataclasses import dataclass

from inspection.learning.comparison import Contender, compare_pair
from inspection.learning.costs import keeps_pace, say_pace


@dataclass(frozen=True, slots=True)
class Recommendation:
    winner: int  # its place among the contenders
    reasons: tuple[str, ...]

    def say(self, title: str) -> str:
        return f"{title}: {'; '.join(self.reasons)}."


def recommend(
    contenders: Sequence[Contender], *, parts_a_minute: float | None = None
) -> Recommendation | None:
    """Of those that keep pace, those with the fewest escapes; of these, those whose accuracy cannot be told from the
    best one's; of these, the fastest. None without a contender, or where none keeps pace."""
    left = [
        place
        for place, each in enumerate(contenders)
        if parts_a_minute is None or keeps_pace(each.p95_ms, parts_a_minute)
    ]
    if not left:
        return None
    left = safe = keep_fewest_escapes(contenders, left)
    best = max(left, key=lambda place: (contenders[place].figures.accuracy or 0.0, -contenders[place].p95_ms))
    left = [place for place in left if place == best or not is_worse(contenders[place], contenders[best])]
    winner = min(left, key=lambda place: (contenders[place].p95_ms, place))
    return Recommendation(
        winner,
        tuple(give_reasons(contenders, winner=winner, best=best, rivals=len(safe) - 1, pace=parts_a_minute)),
    )


def keep_fewest_escapes(contenders: Sequence[Contender], places: Sequence[int]) -> list[int]:
    counts = {place: contenders[place].escapes for place in places}
    defined = [count for count in counts.values() if count is not None]
    return [place for place in places if not defined or counts[place] == min(defined)]


def is_worse(one: Contender, best: Contender) -> bool:
    pairing = compare_pair(one.evaluation, best.evaluation)
    return pairing.differs and pairing.second_only > pairing.first_only


def give_reasons(
    contenders: Sequence[Contender], *, winner: int, best: int, rivals: int, pace: float | None
) -> list[str]:
    """`rivals`: how many others have as few escapes; without one, accuracy and speed decided nothing."""
    chosen = contenders[winner]
    accuracy, speed = say_accuracy(chosen), f"p95 {chosen.p95_ms:.1f} ms"
    if rivals:
        accuracy += rank_accuracy(chosen, contenders[best], contenders)
        speed += rank_speed(chosen, contenders)
    elif len(contenders) == 1:
        accuracy += ", the only model chosen"
    reasons = [*say_escapes(chosen, contenders), accuracy, speed]
    if pace is not None:
        reasons.append(f"it keeps up with {say_pace(pace)}")
    return reasons


def rank_speed(chosen: Contender, contenders: Sequence[Contender]) -> str:
    fastest = all(chosen.p95_ms <= each.p95_ms for each in contenders)
    return ", the fastest of all" if fastest else ", the fastest of those that are as good"


def say_escapes(chosen: Contender, contenders: Sequence[Contender]) -> list[str]:
    decision = chosen.figures.decision
    if decision is None or decision.escape_rate_below is None:
        return []
    fewest = all(each.escapes is None or each.escapes >= decision.escapes for each in contenders)
    rank = "" if len(contenders) == 1 else ", no model fewer" if fewest else ", none that keeps pace fewer"
    bound = f"the true rate may be {decision.escape_rate_below * 100:.2g} %"
    return [f"{decision.escapes} of {decision.defective} defective parts escaped{rank} ({bound})"]


def say_accuracy(chosen: Contender) -> str:
    accuracy, interval = chosen.figures.accuracy, chosen.figures.accuracy_interval
    if accuracy is None or interval is None:
        return "it judged no picture"
    return (
        f"accuracy {accuracy * 100:.1f} % (95 %: {interval.low * 100:.1f} to {interval.high * 100:.1f}, "
        f"n = {chosen.figures.n})"
    )


def rank_accuracy(chosen: Contender, best: Contender, contenders: Sequence[Contender]) -> str:
    if chosen is best:
        mine = chosen.figures.accuracy or 0.0
        highest = all(mine >= (each.figures.accuracy or 0.0) for each in contenders)
        rivals = [each for each in contenders if highest or each.escapes == chosen.escapes]
        if any(each is not chosen and each.figures.accuracy == mine for each in rivals):
            return f", as high as any{'' if highest else ' with as few escapes'}"
        return f", the highest {'of all' if highest else 'of those with as few escapes'}"
    pairing = compare_pair(chosen.evaluation, best.evaluation)
    return f", which the test cannot tell from {best.title} (McNemar p = {pairing.p_value:.2g})"
