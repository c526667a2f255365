"""Pairs, the front, money and the recommendation, against numbers worked out by hand."""

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.learning.comparison import Contender, PicturesDiffer, compare_pair, find_pareto
from inspection.learning.costs import (
    Prices,
    budget_ms,
    cost_thousand,
    find_cheapest,
    find_pace,
    keeps_pace,
    say_pace,
)
from inspection.learning.evaluate import Evaluation
from inspection.learning.intervals import compare_mcnemar
from inspection.learning.recommendation import recommend
from inspection.learning.thresholds import Routing, route, sweep

NAMES = ("good", "bad")


def make_rows(labels: list[int], called: list[int], *, ms: float = 2.0, sure: float = 4.0) -> Evaluation:
    logits = np.zeros((len(labels), 2), np.float32)
    logits[np.arange(len(labels)), called] = sure
    keys = tuple(f"test/{row}.png" for row in range(len(labels)))
    taken = np.full(len(labels), ms, np.float32)
    return Evaluation("test", "int8", keys, np.array(labels, np.int64), logits, taken)


def enter(title: str, evaluation: Evaluation, *, good: str | None = "good") -> Contender:
    figures = evaluation.figures(NAMES, good=good, temperature=1.0)
    return Contender(title.lower(), title, evaluation, figures, 1000, 2000, "CPU")


def make_contender(
    title: str,
    *,
    escapes: int = 0,
    rejects: int = 0,
    ms: float = 2.0,
    n: int = 100,
    good: str | None = "good",
) -> Contender:
    """n good and n bad parts; the first few of each are called wrongly."""
    labels = [0] * n + [1] * n
    called = [1] * rejects + [0] * (n - rejects) + [0] * escapes + [1] * (n - escapes)
    return enter(title, make_rows(labels, called, ms=ms), good=good)


def test_a_pair_is_counted_picture_by_picture() -> None:
    first, second = make_rows([0, 0, 1, 1, 1], [0, 1, 1, 0, 0]), make_rows([0, 0, 1, 1, 1], [0, 0, 0, 1, 0])
    pairing = compare_pair(first, second)
    assert (pairing.n, pairing.both_right, pairing.first_only, pairing.second_only, pairing.both_wrong) == (
        5,
        1,
        1,
        2,
        1,
    )
    assert [(flip.key, flip.kind) for flip in pairing.flips] == [
        ("test/1.png", "second right"),
        ("test/2.png", "first right"),
        ("test/3.png", "second right"),
    ]
    assert pairing.p_value == 1.0 and not pairing.differs


@pytest.mark.parametrize(("fewer", "more", "p"), [(0, 6, 0.03125), (0, 5, 0.0625), (1, 9, 0.021484375)])
def test_mcnemar_is_the_exact_binomial(fewer: int, more: int, p: float) -> None:
    labels = [0] * 20
    first = make_rows(labels, [1] * more + [0] * (20 - more))
    second = make_rows(labels, [0] * (20 - fewer) + [1] * fewer)
    pairing = compare_pair(first, second)
    assert (pairing.first_only, pairing.second_only) == (fewer, more)
    assert pairing.p_value == p and pairing.differs == (p < 0.05)


def test_the_order_of_rows_does_not_count() -> None:
    rows = make_rows([0, 1, 1], [0, 1, 0])
    turned = replace(rows, keys=rows.keys[::-1], labels=rows.labels[::-1], logits=rows.logits[::-1])
    pairing = compare_pair(rows, turned)
    assert not pairing.flips and pairing.both_right == 2 and pairing.both_wrong == 1


def test_only_shared_pictures_are_compared() -> None:
    rows = make_rows([0, 1, 1], [0, 1, 0])
    part = replace(rows, keys=("test/2.png", "x", "y"), labels=np.array([1, 0, 0]))
    assert compare_pair(rows, part).n == 1
    with pytest.raises(PicturesDiffer, match="none in common"):
        compare_pair(rows, replace(rows, keys=("a", "b", "c")))


def test_labels_that_differ_are_refused() -> None:
    rows = make_rows([0, 1], [0, 1])
    with pytest.raises(PicturesDiffer, match="one label a picture"):
        compare_pair(rows, replace(rows, labels=np.array([1, 1])))


def test_three_classes_can_both_be_wrong_differently() -> None:
    logits = np.eye(3, dtype=np.float32)
    rows = Evaluation("test", "int8", ("a",), np.array([0]), logits[[1]], np.ones(1, np.float32))
    (flip,) = compare_pair(rows, replace(rows, logits=logits[[2]])).flips
    assert (flip.kind, flip.first_called, flip.second_called) == ("both wrong", 1, 2)


@pytest.mark.parametrize(
    ("points", "front"),
    [
        ([], ()),
        ([(1, 0.9)], (0,)),
        ([(3, 0.99), (1, 0.9), (2, 0.8)], (1, 0)),
        ([(1, 0.9), (1, 0.9)], (0,)),
        ([(1, 0.8), (1, 0.9)], (1,)),
        ([(2, 0.9), (1, 0.9)], (1,)),
    ],
)
def test_the_front(points: list[tuple[float, float]], front: tuple[int, ...]) -> None:
    assert find_pareto(points) == front


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=12))
def test_the_front_is_those_that_none_beats(points: list[tuple[int, int]]) -> None:
    def beats(one: tuple[int, int], other: tuple[int, int]) -> bool:
        return one != other and one[0] <= other[0] and one[1] >= other[1]

    unbeaten = {each for each in points if not any(beats(other, each) for other in points)}
    front = find_pareto(points)
    assert {points[place] for place in front} == unbeaten and len(front) == len(unbeaten)


def make_routing(**changes: object) -> Routing:
    values: dict = {
        "threshold_0_1": 0.0,
        "n": 200,
        "reviewed": 0,
        "right": 197,
        "good": 100,
        "defective": 100,
        "good_reviewed": 0,
        "defective_reviewed": 0,
        "escapes": 2,
        "false_rejects": 1,
    }
    return Routing(**{**values, **changes})


def test_money_by_hand() -> None:
    # 1,000 parts, 50 defective: 50 · 2 % = 1 escape, 950 · 1 % = 9.5 false rejects
    cost = cost_thousand(make_routing(), Prices(100, 10, 1), defective_0_1=0.05)
    assert cost is not None
    assert cost.money == pytest.approx(1 * 100 + 9.5 * 10)
    assert cost.escapes_a_million == pytest.approx(1000) and cost.false_rejects == pytest.approx(9.5)
    assert cost.reviews == 0 and cost.money_at_most > cost.money


def test_reviews_cost_by_where_they_fall() -> None:
    routing = make_routing(reviewed=30, good_reviewed=20, defective_reviewed=10)
    cost = cost_thousand(routing, Prices(0, 0, 2), defective_0_1=0.5)
    assert cost is not None and cost.reviews == pytest.approx(500 * 0.1 + 500 * 0.2)
    assert cost.money == pytest.approx(300)


def test_what_is_undefined_has_no_price() -> None:
    prices = Prices(1, 1, 1)
    assert cost_thousand(make_routing(escapes=None), prices, defective_0_1=0.1) is None
    assert cost_thousand(make_routing(good=0), prices, defective_0_1=0.1) is None
    assert find_cheapest([], prices, defective_0_1=0.1) is None


def test_dear_escapes_ask_for_more_people_and_cheap_ones_for_fewer() -> None:
    labels, p = [0, 0, 1, 1], [[0.99, 0.01], [0.9, 0.1], [0.6, 0.4], [0.01, 0.99]]
    routings = sweep(labels, p, thresholds_0_1=(0.0, 0.7, 1.0), good=0)
    dear = find_cheapest(routings, Prices(1000, 10, 1), defective_0_1=0.1)
    cheap = find_cheapest(routings, Prices(0.1, 10, 1), defective_0_1=0.1)
    assert dear is not None and dear.routing.threshold_0_1 == 0.7 and dear.escapes_a_million == 0
    assert cheap is not None and cheap.routing.threshold_0_1 == 0.0


@given(st.floats(0, 1000), st.floats(0, 1000), st.floats(0, 1000), st.floats(0, 1), st.integers(0, 100))
def test_money_is_what_a_million_parts_would_cost(
    escape: float, reject: float, review: float, defective: float, escapes: int
) -> None:
    routing = make_routing(escapes=escapes, reviewed=7, good_reviewed=7)
    cost = cost_thousand(routing, Prices(escape, reject, review), defective_0_1=defective)
    assert cost is not None
    a_million = (
        cost.escapes_a_million * escape + 1000 * cost.false_rejects * reject + 1000 * cost.reviews * review
    )
    assert cost.money * 1000 == pytest.approx(a_million, rel=1e-9, abs=1e-6)
    assert cost.money_at_most >= cost.money - 1e-9


def test_pace() -> None:
    assert budget_ms(120) == 500.0
    assert (say_pace(1), say_pace(1200)) == ("1 part a minute", "1,200 parts a minute")
    assert keeps_pace(500.0, 120) and not keeps_pace(500.1, 120)
    assert find_pace(47.6) == 1260 and keeps_pace(47.6, 1260) and not keeps_pace(47.6, 1261), (
        "1260.5, not rounded up"
    )


def test_the_fewest_escapes_win_over_speed_and_accuracy() -> None:
    safe = make_contender("Safe", escapes=0, rejects=20, ms=9.0)
    fast = make_contender("Fast", escapes=6, rejects=0, ms=1.0)
    found = recommend([fast, safe])
    assert found is not None and found.winner == 1
    assert "0 of 100 defective parts escaped (the true rate may be 3 %), no model fewer" in found.reasons
    assert "fastest" not in found.say("Safe")  # its speed decided nothing


def test_escapes_that_chance_may_have_made_do_not_outweigh_accuracy() -> None:
    lucky = make_contender("Lucky", escapes=3, rejects=40, ms=1.0)
    good = make_contender("Good", escapes=6, rejects=5, ms=9.0)
    found = recommend([lucky, good])
    assert found is not None and found.winner == 1
    said = found.say("Good")
    assert ", 3 with Lucky, which chance may explain (McNemar p = 0.25)" in said
    assert "the highest of all; p95 9.0 ms." in said


def test_of_those_that_are_as_accurate_the_fewest_escapes_win_over_speed() -> None:
    safe, fast = make_contender("Safe", rejects=5, ms=9.0), make_contender("Fast", escapes=3, ms=1.0)
    found = recommend([fast, safe])
    assert found is not None and found.winner == 1
    assert "0 of 100 defective parts escaped (the true rate may be 3 %), no model fewer" in found.say("Safe")
    assert "cannot tell from Fast (McNemar p = 0.73)" in found.say("Safe") and "fastest" not in found.say(
        "Safe"
    )


def test_one_part_more_is_a_toss_up_and_speed_decides() -> None:
    """As between the precisions of one network."""
    slow, fast = make_contender("Slow", ms=40.0), make_contender("Fast", escapes=1, ms=14.0)
    found = recommend([slow, fast])
    assert found is not None and found.winner == 1
    said = found.say("Fast")
    assert "1 of 100 defective parts escaped (the true rate may be 4.7 %), 0 with Slow, which chance" in said
    assert "the fastest of all" in said


def test_speed_decides_between_those_that_cannot_be_told_apart() -> None:
    best, near = make_contender("Best", rejects=0, ms=9.0), make_contender("Near", rejects=3, ms=1.0)
    far = make_contender("Far", rejects=20, ms=0.5)
    found = recommend([best, near, far])
    assert found is not None and found.winner == 1
    assert "cannot tell from Best (McNemar p = 0.25)" in found.say("Near")


def test_pace_comes_first() -> None:
    slow, fast = make_contender("Slow", ms=600.0), make_contender("Fast", escapes=2, ms=400.0)
    found = recommend([slow, fast], parts_a_minute=120)
    assert found is not None and found.winner == 1
    assert "(the true rate may be 6.2 %), none that keeps pace fewer" in found.say("Fast")
    assert "keeps up with 120 parts a minute" in found.say("Fast")
    assert recommend([slow], parts_a_minute=120) is None and recommend([]) is None


def test_without_a_good_class_accuracy_and_speed_decide() -> None:
    one = make_contender("One", escapes=30, good=None)
    other = make_contender("Other", escapes=0, ms=5.0, good=None)
    found = recommend([one, other])
    assert found is not None and found.winner == 1 and "escaped" not in found.say("Other")
    assert "the highest of all" in found.say("Other")


def test_who_shares_the_highest_accuracy_is_not_called_the_highest() -> None:
    one, other = make_contender("One", ms=1.0), make_contender("Other", ms=5.0)
    found = recommend([one, other, make_contender("Far", rejects=20, ms=9.0)])
    assert found is not None and found.winner == 0
    assert "as high as any; p95" in found.say("One") and "highest" not in found.say("One")
    lucky = make_contender("Lucky", escapes=9, rejects=0, ms=9.0)
    some = recommend(
        [make_contender(name, rejects=15, ms=ms) for name, ms in (("A", 1.0), ("B", 2.0))] + [lucky]
    )
    assert some is not None and "as high as any of those with so few escapes" in some.say("A")
    slow = make_contender("Slow", ms=900.0)
    able = [make_contender(name, rejects=rejects, ms=5.0) for name, rejects in (("A", 5), ("B", 15))]
    paced = recommend([slow, *able], parts_a_minute=120)
    assert paced is not None and "the highest of those that keep pace" in paced.say("A")
    equal = recommend([make_contender("Slow", rejects=5, ms=900.0), *able], parts_a_minute=120)
    assert equal is not None and "as high as any" in equal.say("A"), "also as one that is too slow"


def test_of_as_fast_ones_the_order_counts_for_nothing_either() -> None:
    """Two that are as good and as fast: whoever had been chosen first was taken, whatever it let escape."""
    worse, better = (make_contender(name, escapes=count, ms=2.0) for name, count in (("A", 1), ("B", 0)))
    for pair in ((worse, better), (better, worse)):
        found = recommend(pair)
        assert found is not None and pair[found.winner] is better


def test_the_order_in_which_models_are_chosen_counts_for_nothing() -> None:
    """Two let as few parts escape, but others: what is shown against one of them holds."""

    def let_escape(title: str, parts: range, rejects: int) -> Contender:
        called = [1] * rejects + [0] * (100 - rejects) + [0 if part in parts else 1 for part in range(100)]
        return enter(title, make_rows([0] * 100 + [1] * 100, called))

    models = [
        let_escape("A", range(3), 40), let_escape("B", range(50, 53), 40), let_escape("C", range(9), 0),
    ]  # fmt: skip
    taken = set()
    for order in permutations(models):
        found = recommend(order)
        assert found is not None
        taken.add((order[found.winner].title, order[found.winner].figures.accuracy))
    assert {accuracy for _, accuracy in taken} == {0.785}


def test_one_alone_is_not_called_the_best() -> None:
    found = recommend([make_contender("Only")])
    assert found is not None
    assert "the only model chosen" in found.say("Only") and "fastest" not in found.say("Only")


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12), st.integers(1, 9)), min_size=1, max_size=5))
def test_nobody_is_recommended_whom_another_beats(entries: list[tuple[int, int, int]]) -> None:
    contenders = [
        make_contender(str(place), escapes=escapes, rejects=rejects, ms=float(ms), n=20)
        for place, (escapes, rejects, ms) in enumerate(entries)
    ]
    found = recommend(contenders)
    assert found is not None
    chosen = contenders[found.winner]
    safest = min(contenders, key=lambda each: each.escapes or 0)
    more = (chosen.escapes or 0) - (safest.escapes or 0)  # the first parts escape with each of them
    assert compare_mcnemar(more, 0) >= 0.05
    for each in contenders:
        no_more_escape = (each.escapes or 0) <= (chosen.escapes or 0)
        as_accurate = (each.figures.accuracy or 0) >= (chosen.figures.accuracy or 0)
        assert not (no_more_escape and as_accurate and each.p95_ms < chosen.p95_ms)


def test_a_routing_of_a_contender_prices_it() -> None:
    each = make_contender("A", escapes=2, rejects=1)
    routing = route(each.evaluation.labels, [[0.9, 0.1]] * 200, threshold_0_1=0.0, good=0)
    assert routing.escapes == 100 and routing.false_rejects == 0
