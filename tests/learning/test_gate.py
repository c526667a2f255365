"""The promotion gate, held against counts made by hand and the binomial test of scipy."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from inspection.errors import DataInvalid
from inspection.learning.comparison import PicturesDiffer
from inspection.learning.evaluate import Evaluation
from inspection.learning.gate import CONFIDENCE, Gate, Outcome, count_needed, judge_challenger
from inspection.learning.intervals import find_paired_difference

NAMES = ("fine", "bent", "torn")
ENOUGH = 200  # pictures of each class: more than the 133 that two points take without a loss


def make_rows(labels: list[int], called: list[int], *, precision: str = "int8") -> Evaluation:
    logits = np.eye(len(NAMES), dtype=np.float32)[called]
    keys = tuple(f"{place:04d}" for place in range(len(labels)))
    return Evaluation(
        "test",
        precision,
        keys,
        np.array(labels),
        logits,
        np.ones(len(labels), np.float32),  # type: ignore[arg-type]
    )


def judge(labels: list[int], before: list[int], now: list[int], **told: object) -> Gate:
    chosen = {"class_names": NAMES, "good": "fine", **told}
    return judge_challenger(make_rows(labels, before), make_rows(labels, now), **chosen)  # type: ignore[arg-type]


def spread(each: int = ENOUGH) -> list[int]:
    return [label for label in range(3) for _ in range(each)]


def outcomes(gate: Gate) -> dict[str, Outcome]:
    return {rule.name: rule.outcome for rule in gate.rules}


def test_a_challenger_that_judges_alike_passes_where_the_pictures_suffice() -> None:
    labels = spread()
    gate = judge(labels, labels, labels)
    assert gate.passed and gate.outcome is Outcome.PASSED and gate.p_value == 1.0
    assert set(outcomes(gate)) == {"Accuracy", "Escapes", *(f"Recall of {name}" for name in NAMES)}


def test_on_few_pictures_the_same_is_unproven_and_says_how_many_it_takes() -> None:
    labels = spread(40)
    gate = judge(labels, labels, labels)
    assert gate.outcome is Outcome.UNPROVEN and not gate.passed
    said = next(rule.sentence for rule in gate.rules if rule.class_name == "bent")
    assert str(count_needed(0.02)) in said and "40 of 40 found" in said


@pytest.mark.parametrize("margin", [0.005, 0.02, 0.05, 0.3])
def test_count_needed_is_the_fewest(margin: float) -> None:
    least = count_needed(margin)
    confidence = 2 * CONFIDENCE - 1
    assert find_paired_difference(0, 0, least, confidence=confidence).low > -margin
    assert least == 1 or find_paired_difference(0, 0, least - 1, confidence=confidence).low <= -margin


def test_a_class_that_falls_beyond_the_margin_stops_it_even_if_the_rest_rises() -> None:
    labels = spread()
    before = [0 if place % 4 == 0 else label for place, label in enumerate(labels)]  # a quarter escapes
    now = list(labels)
    for place in range(2 * ENOUGH, 2 * ENOUGH + 55):  # of torn, 50 were lost before
        now[place] = 1
    gate = judge(labels, before, now)
    assert outcomes(gate)["Recall of torn"] is Outcome.FAILED
    assert outcomes(gate)["Accuracy"] is Outcome.PASSED and outcomes(gate)["Escapes"] is Outcome.PASSED
    assert gate.outcome is Outcome.FAILED


def test_one_more_escape_is_one_too_many() -> None:
    labels = spread(1000)
    now = list(labels)
    now[1500] = 0
    gate = judge(labels, labels, now)
    assert [name for name, outcome in outcomes(gate).items() if outcome is Outcome.FAILED] == ["Escapes"]


def test_an_escape_swapped_for_another_is_counted_and_allowed() -> None:
    labels = spread(1000)
    before, now = list(labels), list(labels)
    before[1500] = now[1600] = 0
    rule = next(rule for rule in judge(labels, before, now).rules if rule.name == "Escapes")
    assert (rule.champion_only, rule.challenger_only, rule.outcome) == (1, 1, Outcome.PASSED)


def test_where_every_defect_escapes_the_rate_is_not_told_as_below_all() -> None:
    labels = np.array([1] * 5)
    rule = next(rule for rule in judge(labels, labels, np.zeros(5, int)).rules if rule.name == "Escapes")
    assert "the true rate is at most 100% (95 %)" in rule.sentence


@pytest.mark.parametrize(
    ("pictures", "words"),
    [
        (200, "a fall of 2 points is excluded (at most 1.34%)"),  # 1.3347
        (
            133,
            "a fall of 2 points is excluded (at most 1.994%)",
        ),  # 1.9937: of two decimals it would be the margin
        (66, "a fall of up to 4% is not excluded"),  # 3.94
    ],
)
def test_what_a_class_may_have_lost_at_most_is_rounded_upwards(pictures: int, words: str) -> None:
    labels = spread(pictures)
    rule = next(rule for rule in judge(labels, labels, labels).rules if rule.class_name == "bent")
    assert rule.difference is not None and words in rule.sentence


def test_a_fall_beyond_the_margin_is_not_told_as_the_margin() -> None:
    """“it fell by 2.0%, more than 2 points” had been told of 5 of 245."""
    labels = spread(245)
    now = [2 if place in range(245, 250) else label for place, label in enumerate(labels)]
    rule = next(rule for rule in judge(labels, labels, now).rules if rule.class_name == "bent")
    assert rule.outcome is Outcome.FAILED and "it fell by 2.04%, more than 2 points" in rule.sentence


def test_a_line_without_a_good_class_has_no_escapes() -> None:
    labels = spread()
    assert "Escapes" not in outcomes(judge(labels, labels, labels, good=None))


def test_a_class_or_defect_that_is_absent_proves_nothing() -> None:
    gate = judge([0] * 300, [0] * 300, [0] * 300)
    found = outcomes(gate)
    assert found["Escapes"] is Outcome.UNPROVEN and found["Recall of torn"] is Outcome.UNPROVEN
    assert found["Recall of fine"] is Outcome.PASSED


def test_rows_in_another_order_are_matched_by_their_keys() -> None:
    labels = spread(50)
    before, now = make_rows(labels, labels), make_rows(labels, [0] * 150)
    order = np.random.default_rng(3).permutation(150)
    mixed = Evaluation(
        "test",
        "int8",
        tuple(now.keys[row] for row in order),
        now.labels[order],
        now.logits[order],
        now.classify_ms,
    )
    told = {"class_names": NAMES, "good": "fine"}
    assert judge_challenger(before, mixed, **told) == judge_challenger(before, now, **told)  # type: ignore[arg-type]


@pytest.mark.parametrize("fault", ["fewer", "label", "precision", "twice"])
def test_other_pictures_are_refused(fault: str) -> None:
    labels = spread(10)
    before = make_rows(labels, labels)
    other = make_rows(labels, labels, precision="f32" if fault == "precision" else "int8")
    if fault == "fewer":
        other = make_rows(labels[:-1], labels[:-1])
    if fault == "label":
        other.labels[3] = 2
    if fault == "twice":
        other = Evaluation("test", "int8", (*other.keys[:-1], other.keys[0]), *_rest(other))
    with pytest.raises(PicturesDiffer):
        judge_challenger(before, other, class_names=NAMES, good="fine")


def _rest(rows: Evaluation) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return rows.labels, rows.logits, rows.classify_ms


def test_a_margin_that_is_no_share_is_refused() -> None:
    with pytest.raises(DataInvalid, match="margin"):
        judge([0], [0], [0], margin_0_1=2.0)


def test_what_goes_into_the_chain_is_plain() -> None:
    labels = spread(20)
    told = judge(labels, labels, [0] * 60).to_dict()
    assert json.loads(json.dumps(told, allow_nan=False)) == told or told["rules"]
    assert told["passed"] is False and told["outcome"] == "failed"
    assert {rule["outcome"] for rule in told["rules"]} <= {"passed", "unproven", "failed"}


calls = st.lists(st.tuples(*[st.integers(0, 2)] * 3), min_size=1, max_size=120)


@settings(max_examples=50, deadline=None)
@given(calls)
def test_counts_and_p_are_those_of_a_count_by_hand(rows: list[tuple[int, int, int]]) -> None:
    labels, before, now = (list(column) for column in zip(*rows, strict=True))
    gate = judge(labels, before, now)
    lost = sum(b == y != n for y, b, n in rows)
    won = sum(n == y != b for y, b, n in rows)
    assert (gate.champion_only, gate.challenger_only) == (lost, won)
    expected = 1.0 if lost + won == 0 else binomtest(lost, lost + won, 0.5).pvalue
    assert gate.p_value == pytest.approx(expected)
    for place, name in enumerate(NAMES):
        rule = next(rule for rule in gate.rules if rule.class_name == name)
        mine = [row for row in rows if row[0] == place]
        assert rule.n == len(mine)
        if mine:
            assert rule.champion == pytest.approx(sum(b == place for _, b, _ in mine) / len(mine))
            assert rule.challenger == pytest.approx(sum(n == place for _, _, n in mine) / len(mine))
            fell = rule.champion - rule.challenger
            assert (rule.outcome is Outcome.FAILED) == (fell > gate.margin_0_1)
            assert rule.difference is not None and rule.difference.low <= -fell <= rule.difference.high
            assert rule.outcome is not Outcome.PASSED or rule.difference.low > -gate.margin_0_1
    escapes = [sum(row[0] != 0 and row[column] == 0 for row in rows) for column in (1, 2)]
    rule = next(rule for rule in gate.rules if rule.name == "Escapes")
    assert [rule.champion, rule.challenger] == escapes
    assert (rule.outcome is Outcome.FAILED) == (escapes[1] > escapes[0] and any(row[0] for row in rows))


_RANK = {Outcome.FAILED: 0, Outcome.UNPROVEN: 1, Outcome.PASSED: 2}


@settings(max_examples=25, deadline=None)
@given(calls, st.data())
def test_one_more_right_answer_never_worsens_a_rule(
    rows: list[tuple[int, int, int]], data: st.DataObject
) -> None:
    labels, before, now = (list(column) for column in zip(*rows, strict=True))
    place = data.draw(st.integers(0, len(rows) - 1))
    better = list(now)
    better[place] = labels[place]
    first, second = outcomes(judge(labels, before, now)), outcomes(judge(labels, before, better))
    assert all(_RANK[second[name]] >= _RANK[outcome] for name, outcome in first.items())
