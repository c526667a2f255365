"""May a challenger replace the champion? Both judged the same frozen pictures; each rule has an outcome and a sentence.

Not worse has to be shown: that nothing bad was seen on few pictures shows little. So a rule has three outcomes, and a
gate that is unproven is not passed.
"""

import math
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from inspection.errors import DataInvalid
from inspection.learning.comparison import PicturesDiffer, compare_pair
from inspection.learning.evaluate import Evaluation
from inspection.learning.intervals import (
    Interval,
    find_paired_difference,
    find_upper_bound,
    find_wilson_interval,
    find_z,
)
from inspection.wording import round_bound_up, say_apart

RECALL_MARGIN = 0.02  # what a class may lose; the line's owner may be stricter
CONFIDENCE = 0.95  # one-sided: of the bound on the loss
SIGNIFICANT = 0.05


class Outcome(StrEnum):
    PASSED = "passed"
    UNPROVEN = (
        "unproven"  # nothing bad beyond the margin was seen, but the pictures are too few to exclude it
    )
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Rule:
    name: str
    outcome: Outcome
    sentence: str
    class_name: str | None = None  # of a rule about one class
    n: int = 0  # pictures that it rests on
    champion: float | None = None  # recall, accuracy or escapes
    challenger: float | None = None
    champion_only: int = 0  # right with the champion alone
    challenger_only: int = 0
    difference: Interval | None = None  # challenger − champion; its low end is the one-sided bound


@dataclass(frozen=True, slots=True)
class Gate:
    rules: tuple[Rule, ...]
    n: int
    precision: str
    margin_0_1: float
    p_value: float  # McNemar, exact, two-sided
    champion_only: int
    challenger_only: int
    difference: Interval | None  # accuracy(challenger) − accuracy(champion), 95 %

    @property
    def outcome(self) -> Outcome:
        """The worst of its rules."""
        found = {rule.outcome for rule in self.rules}
        worst_first = (Outcome.FAILED, Outcome.UNPROVEN, Outcome.PASSED)
        return next(outcome for outcome in worst_first if outcome in found)

    @property
    def passed(self) -> bool:
        return self.outcome is Outcome.PASSED

    def to_dict(self) -> dict[str, Any]:
        """For the chain: plain numbers, texts and lists."""
        told = asdict(self)
        rules = [{**asdict(rule), "outcome": rule.outcome.value} for rule in self.rules]
        return {**told, "outcome": self.outcome.value, "passed": self.passed, "rules": rules}


def judge_challenger(
    champion: Evaluation,
    challenger: Evaluation,
    *,
    class_names: tuple[str, ...],
    good: str | None,
    margin_0_1: float = RECALL_MARGIN,
) -> Gate:
    """Both must have judged exactly the same pictures under the same labels, at the same precision."""
    if not 0 < margin_0_1 < 1:
        raise DataInvalid(f"Expected a margin between 0 and 1, got {margin_0_1}. Name it as a share.")
    check_same_rows(champion, challenger)
    places = {key: row for row, key in enumerate(challenger.keys)}
    called = challenger.called[[places[key] for key in champion.keys]]
    labels = champion.labels
    right_before, right_now = champion.called == labels, called == labels
    pairing = compare_pair(challenger, champion)
    rules = [judge_accuracy(right_before, right_now, pairing.p_value)]
    if good is not None:
        place = class_names.index(good)
        rules.append(judge_escapes(labels, champion.called, called, good=place))
    for number, name in enumerate(class_names):
        mine = labels == number
        rules.append(judge_recall(name, right_before[mine], right_now[mine], margin_0_1=margin_0_1))
    return Gate(
        rules=tuple(rules),
        n=len(champion),
        precision=champion.precision,
        margin_0_1=margin_0_1,
        p_value=pairing.p_value,
        champion_only=pairing.second_only,
        challenger_only=pairing.first_only,
        difference=pairing.difference,
    )


def check_same_rows(champion: Evaluation, challenger: Evaluation) -> None:
    one, other = (dict(zip(each.keys, each.labels.tolist(), strict=True)) for each in (champion, challenger))
    if one != other or len(one) != len(champion) or len(other) != len(challenger):
        raise PicturesDiffer(
            f"Expected champion and challenger on the same frozen pictures and labels, got {len(champion)} and "
            f"{len(challenger)} that differ. Evaluate both on one test set again."
        )
    if champion.precision != challenger.precision:
        raise PicturesDiffer(
            f"Expected one precision, got {champion.precision} and {challenger.precision}. Compare like with like."
        )


def judge_accuracy(before: np.ndarray, now: np.ndarray, p_value: float) -> Rule:
    """Fails where the challenger is worse beyond chance."""
    lost, won, n = int((before & ~now).sum()), int((now & ~before).sum()), len(before)
    worse = lost > won and p_value < SIGNIFICANT
    better = won > lost and p_value < SIGNIFICANT
    verdict = (
        "worse beyond chance"
        if worse
        else "better beyond chance"
        if better
        else "no difference beyond chance"
    )
    return Rule(
        name="Accuracy",
        outcome=Outcome.FAILED if worse else Outcome.PASSED,
        sentence=f"Right on {int(now.sum())} of {n}, the champion on {int(before.sum())}: {won} won, {lost} lost, "
        f"{verdict} (McNemar p = {p_value:.2g}).",
        n=n,
        champion=float(before.mean()),
        challenger=float(now.mean()),
        champion_only=lost,
        challenger_only=won,
        difference=find_paired_difference(won, lost, n),
    )


def judge_escapes(labels: np.ndarray, before: np.ndarray, now: np.ndarray, *, good: int) -> Rule:
    """A count, not a test: one more defective part that passes is one too many."""
    defective = labels != good
    n = int(defective.sum())
    was, now_is = int((defective & (before == good)).sum()), int((defective & (now == good)).sum())
    bound = find_upper_bound(now_is, n)
    if bound is None:
        outcome, words = Outcome.UNPROVEN, "No defective part is in the test set."
    else:
        outcome = Outcome.FAILED if now_is > was else Outcome.PASSED
        words = (
            f"{now_is} of {n} defective parts called good, {was} by the champion; the true rate is at most "
            f"{round_bound_up(bound)}% (95 %)."
        )
    return Rule(
        name="Escapes",
        outcome=outcome,
        sentence=words,
        n=n,
        champion=float(was),
        challenger=float(now_is),
        champion_only=int((defective & (now == good) & (before != good)).sum()),
        challenger_only=int((defective & (before == good) & (now != good)).sum()),
    )


def judge_recall(name: str, before: np.ndarray, now: np.ndarray, *, margin_0_1: float) -> Rule:
    """Non-inferiority: the lower bound of the difference must lie above −margin (Tango's interval, one-sided)."""
    n = len(before)
    if n == 0:
        return Rule(
            f"Recall of {name}",
            Outcome.UNPROVEN,
            "No picture of this class is in the test set.",
            class_name=name,
        )
    lost, won = int((before & ~now).sum()), int((now & ~before).sum())
    bounds = find_paired_difference(won, lost, n, confidence=2 * CONFIDENCE - 1)
    fell = (lost - won) / n
    points = f"{margin_0_1 * 100:g} points"
    if fell > margin_0_1:
        outcome, words = Outcome.FAILED, f"it fell by {say_apart(fell, margin_0_1)}, more than {points}"
    elif bounds.low > -margin_0_1:
        outcome, words = (
            Outcome.PASSED,
            f"a fall of {points} is excluded (at most {say_fall(-bounds.low, margin_0_1)})",
        )
    else:
        outcome = Outcome.UNPROVEN
        words = f"a fall of up to {round_bound_up(-bounds.low)}% is not excluded; {say_needed(n, margin_0_1)}"
    return Rule(
        name=f"Recall of {name}",
        outcome=outcome,
        sentence=f"{say_share(int(now.sum()), n)}, the champion {int(before.sum())}: {words}.",
        class_name=name,
        n=n,
        champion=float(before.mean()),
        challenger=float(now.mean()),
        champion_only=lost,
        challenger_only=won,
        difference=bounds,
    )


def say_fall(bound_0_1: float, margin_0_1: float) -> str:
    """Rounded upwards, as every bound, with as many decimals as it takes to stay below the margin that it is below."""
    percent = max(0.0, bound_0_1) * 100
    for digits in range(2, 7):
        told = math.ceil(percent * 10**digits - 1e-6) / 10**digits
        if told < margin_0_1 * 100:
            return f"{told:.{digits}f}%"
    return f"{percent!r}%"


def say_share(right: int, n: int) -> str:
    interval = find_wilson_interval(right, n)
    assert interval is not None  # n > 0
    return f"{right} of {n} found ({interval.low:.1%} to {interval.high:.1%})"


def say_needed(n: int, margin_0_1: float) -> str:
    least = count_needed(margin_0_1)
    return (
        f"even without a loss it takes {least} pictures"
        if n < least
        else "the two disagree too often for that"
    )


def count_needed(margin_0_1: float) -> int:
    """The fewest pictures on which two models that never disagree are shown to differ by less than the margin.

    Without a disagreement Tango's bound is z²/(n + z²).
    """
    z2 = find_z(2 * CONFIDENCE - 1) ** 2
    return math.floor(z2 * (1 - margin_0_1) / margin_0_1) + 1
