import numpy as np
import pytest

from inspection.lines import Policy
from inspection.types import VerdictKind
from inspection.verdict import decide, find_step, needs_retest
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


def test_the_threshold_itself_is_enough():
    policy = Policy(0.8, 0.2, True)
    assert not needs_retest(np.array([0.8, 0.1, 0.1], np.float64), policy)
    assert needs_retest(np.array([0.79, 0.11, 0.1], np.float64), policy)


def test_words_are_those_of_a_person():
    line = make_line()
    verdict = decide(line, found=find_step(line, found=True, score_0_1=1), first=SURE_TORN)
    assert verdict.words == "REJECT: torn, 95 %"
