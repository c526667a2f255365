import numpy as np
import pytest

from inspection.lines import Policy
from inspection.types import Box, VerdictKind
from inspection.verdict import decide, find_cut_sides, find_step, needs_retest, say_second_look, whole_step
from tests.fakes import make_line

SURE_FINE = np.array([0.95, 0.03, 0.02], np.float32)
SURE_TORN = np.array([0.02, 0.03, 0.95], np.float32)
WEAK = np.array([0.6, 0.2, 0.2], np.float32)  # below the confidence
CLOSE = np.array([0.05, 0.55, 0.4], np.float32)  # the next class is near


@pytest.mark.parametrize(
    ("first", "retested", "kind", "class_name"),
    [
        (SURE_FINE, None, VerdictKind.PASS, "fine"),
        (SURE_TORN, None, VerdictKind.REJECT, "torn"),
        (WEAK, SURE_FINE, VerdictKind.PASS, "fine"),
        (WEAK, SURE_TORN, VerdictKind.REJECT, "torn"),
        (WEAK, WEAK, VerdictKind.REVIEW, "fine"),
        (CLOSE, CLOSE, VerdictKind.REVIEW, "bent"),
        (WEAK, None, VerdictKind.REVIEW, "fine"),
    ],
)
def test_the_tree_decides(first, retested, kind, class_name):
    line = make_line()
    verdict = decide(line, found=find_step(line, found=True, score_0_1=1), first=first, after_retest=retested)
    assert (verdict.kind, verdict.class_name) == (kind, class_name)
    assert verdict.score_0_1 == pytest.approx(float((first if retested is None else retested).max()))


def test_no_part_ends_the_walk():
    line = make_line(detector=True)
    verdict = decide(line, found=find_step(line, found=False, score_0_1=None))
    assert verdict.kind is VerdictKind.NO_PART
    assert verdict.words == "NO PART"
    assert [step.passed for step in verdict.path] == [False]


def test_a_line_without_a_good_class_never_passes():
    line = make_line(good=None)
    found = find_step(line, found=True, score_0_1=1)
    assert decide(line, found=found, first=SURE_FINE).kind is VerdictKind.REJECT


def test_the_path_tells_what_was_asked():
    line = make_line(detector=True)
    found = find_step(line, found=True, score_0_1=0.9, others=2)
    verdict = decide(line, found=found, first=WEAK, after_retest=SURE_TORN)
    assert len(verdict.path) == 4
    assert "2 more" in verdict.path[0].answer
    assert "below 80%" in verdict.path[1].answer
    assert [step.passed for step in verdict.path] == [True, False, True, False]


@pytest.mark.parametrize(
    ("box", "sides"),
    [
        (Box(100, 100, 300, 300), ()),
        (Box(3.3, 100, 300, 300), ()),  # 0.5 % of 640 is 3.2
        (Box(3.2, 100, 300, 300), ("left",)),
        (Box(100, 0, 300, 480), ("top", "bottom")),
        (Box(-4, 100, 645, 300), ("left", "right")),
    ],
)
def test_a_part_is_cut_off_where_its_box_ends_with_the_picture(box: Box, sides: tuple[str, ...]) -> None:
    assert find_cut_sides(box, width=640, height=480) == sides


@pytest.mark.parametrize("first", [SURE_FINE, SURE_TORN])
def test_nobody_passes_or_rejects_what_the_picture_cuts_off(first) -> None:
    line = make_line(detector=True)
    found = find_step(line, found=True, score_0_1=1)
    verdict = decide(line, found=found, whole=whole_step(("top",)), first=first)
    assert verdict.kind is VerdictKind.REVIEW
    assert "the picture ends before it at the top" in verdict.path[1].answer
    assert verdict.path[-1].answer == "a person must look"
    uncut = decide(line, found=found, whole=whole_step(()), first=first)
    assert uncut.kind is not VerdictKind.REVIEW and uncut.path[1].passed


def test_the_threshold_itself_is_enough():
    policy = Policy(0.8, 0.2, True)
    assert not needs_retest(np.array([0.8, 0.1, 0.1], np.float64), policy)
    assert needs_retest(np.array([0.79, 0.11, 0.1], np.float64), policy)


def test_words_are_those_of_a_person():
    line = make_line()
    verdict = decide(line, found=find_step(line, found=True, score_0_1=1), first=SURE_TORN)
    assert verdict.words == "REJECT: torn, 95 %"


def test_what_is_not_certain_is_not_a_hundred_percent():
    line = make_line()
    nearly = np.array([0.9961, 0.002, 0.0019], np.float32)
    verdict = decide(line, found=find_step(line, found=True, score_0_1=0.99996), first=nearly)
    assert verdict.words == "PASS: fine, > 99 %"
    whole = decide(
        line, found=find_step(line, found=True, score_0_1=1), first=np.array([1, 0, 0], np.float32)
    )
    assert whole.words == "PASS: fine, 100 %"


@pytest.mark.parametrize(
    ("policy", "first", "answer"),
    [
        (Policy(0.9, 0.2), [0.89996, 0.06, 0.04004], "no: 89.996% is below 90%"),
        (Policy(0.925, 0.2), [0.9241, 0.04, 0.0359], "no: 92.4% is below 92.5%"),
        (
            Policy(0.5, 0.2),
            [0.5999, 0.40005, 0.00005],
            "no: it leads the next class by 19.98%, less than 20%",
        ),
    ],
)
def test_an_answer_does_not_contradict_itself_by_rounding(policy, first, answer):
    line = make_line(policy=policy)
    verdict = decide(line, found=find_step(line, found=True, score_0_1=1), first=np.array(first))
    assert verdict.path[1].answer == answer


@pytest.mark.parametrize(
    ("kind", "retested", "allowed", "said"),
    [
        (VerdictKind.REVIEW, False, False, "none: this line takes only one"),
        (VerdictKind.PASS, False, True, "not needed"),
        (VerdictKind.REVIEW, True, True, "yes, the looks were averaged"),
        (VerdictKind.NO_PART, False, True, "none: there was no part to look at"),
    ],
)
def test_a_look_that_the_line_never_takes_is_not_told_as_needless(
    kind: VerdictKind, retested: bool, allowed: bool, said: str
) -> None:
    assert say_second_look(kind, retested=retested, allowed=allowed) == said
