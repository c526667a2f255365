"""The decision tree of a line: found? whole? like the training parts? sure? sure after a second look? good?"""

from dataclasses import dataclass

import numpy as np

from inspection.lines import Line, Policy
from inspection.types import F32, Box, Novelty, Step, Verdict, VerdictKind
from inspection.wording import round_percent, say_apart, say_limit

UNLIKE = "unlike the training parts"
# Of the picture's longer side. Boxes of halves end within 0.1 % of the edge, those of whole parts lie 1.1 % inside it
# at the least (validation pictures of the aluminium line).
NEAR_EDGE = 0.005


@dataclass(frozen=True, slots=True)
class Sureness:
    best: int
    score_0_1: float
    lead_0_1: float

    @classmethod
    def of(cls, probabilities: F32) -> "Sureness":
        order = np.argsort(-probabilities, kind="stable")
        first, second = float(probabilities[order[0]]), float(probabilities[order[1]])
        return cls(int(order[0]), first, first - second)

    def enough(self, policy: Policy) -> bool:
        return self.score_0_1 >= policy.confidence_0_1 and self.lead_0_1 >= policy.lead_0_1


def needs_retest(probabilities: F32, policy: Policy) -> bool:
    return policy.retest and not Sureness.of(probabilities).enough(policy)


def say_second_look(kind: VerdictKind, *, retested: bool, allowed: bool) -> str:
    """allowed: by the rules that held."""
    if retested:
        return "yes, the looks were averaged"
    if kind is VerdictKind.NO_PART:
        return "none: there was no part to look at"
    return "not needed" if allowed else "none: this line takes only one"


def find_step(line: Line, *, found: bool, score_0_1: float | None, others: int = 0) -> Step:
    question = f"Is there a {line.part}?"
    if line.locate.mode == "frame":
        return Step("Where is the part?", "it fills the frame", True)
    if not found:
        return Step(question, f"none surer than {say_limit(line.locate.threshold_0_1)}", False)
    assert score_0_1 is not None  # what was found was rated
    more = f"; {others} more in the picture, the surest is judged" if others else ""
    return Step(question, f"yes, {say_sure(score_0_1)} sure{more}", True)


def find_cut_sides(box: Box, *, width: int, height: int) -> tuple[str, ...]:
    """The sides at which the picture ends before the part does."""
    near = NEAR_EDGE * max(width, height)
    sides = {"left": box.x1, "top": box.y1, "right": width - box.x2, "bottom": height - box.y2}
    return tuple(side for side, gap in sides.items() if gap <= near)


def whole_step(cut_sides: tuple[str, ...]) -> Step:
    question = "Is the whole part in the picture?"
    if cut_sides:
        return Step(question, f"no: the picture ends before it at the {' and '.join(cut_sides)}", False)
    return Step(question, "yes: the belt is seen all around it", True)


def say_sure(share_0_1: float) -> str:
    return f"{round_percent(share_0_1, 1)}%"


def sure_step(sureness: Sureness, policy: Policy, *, question: str) -> Step:
    if sureness.score_0_1 < policy.confidence_0_1:
        asked = policy.confidence_0_1
        answer = f"no: {say_apart(sureness.score_0_1, asked)} is below {say_limit(asked)}"
    elif sureness.lead_0_1 < policy.lead_0_1:
        asked = policy.lead_0_1
        lead = say_apart(sureness.lead_0_1, asked)
        answer = f"no: it leads the next class by {lead}, less than {say_limit(asked)}"
    else:
        answer = f"yes: {say_sure(sureness.score_0_1)}, {say_sure(sureness.lead_0_1)} ahead of the next class"
    return Step(question, answer, sureness.enough(policy))


def is_novel(novelty: Novelty | None, policy: Policy) -> bool:
    return novelty is not None and novelty.p < policy.novelty_0_1


def like_step(novelty: Novelty, policy: Policy) -> Step:
    question = "Is it like the training parts?"
    if is_novel(novelty, policy):
        p = say_apart(novelty.p, policy.novelty_0_1, digits=2)
        return Step(question, f"no, {UNLIKE}: p = {p} is below {say_limit(policy.novelty_0_1)}", False)
    # p counts the part itself among the known ones, so that it is never 0: here they alone are counted
    alike = round(novelty.p * (novelty.known + 1)) - 1
    return Step(question, f"yes: {alike:,} of {novelty.known:,} known parts are at least as unlike", True)


def decide(
    line: Line,
    *,
    found: Step,
    whole: Step | None = None,
    first: F32 | None = None,
    after_retest: F32 | None = None,
    novelty: Novelty | None = None,
) -> Verdict:
    """`whole`: where the line asks for it. `first` are the probabilities of the first look, `after_retest` the mean over all looks, where there were more."""
    if first is None:
        return Verdict(VerdictKind.NO_PART, None, 0.0, (found,))
    sureness = Sureness.of(first)
    path = [found] if whole is None else [found, whole]
    if novelty is not None:
        path.append(like_step(novelty, line.policy))
    path.append(sure_step(sureness, line.policy, question="Is the classifier sure?"))
    if after_retest is not None:
        sureness = Sureness.of(after_retest)
        path.append(sure_step(sureness, line.policy, question="Is it sure after a second look?"))
    name = line.classes[sureness.best]
    cut_off = whole is not None and not whole.passed
    if cut_off or is_novel(novelty, line.policy) or not sureness.enough(line.policy):
        path.append(Step("What now?", "a person must look", False))
        return Verdict(VerdictKind.REVIEW, name, sureness.score_0_1, tuple(path))
    good = name == line.good
    path.append(Step("Is the part good?", f"yes, {name}" if good else f"no, {name}", good))
    kind = VerdictKind.PASS if good else VerdictKind.REJECT
    return Verdict(kind, name, sureness.score_0_1, tuple(path))
