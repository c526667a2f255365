"""The attribute agreement study, held against scikit-learn and against counting by hand."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score, confusion_matrix, recall_score

from inspection.learning.agreement import (
    MODEL,
    PEOPLE,
    DefectErrors,
    Opinion,
    Study,
    measure_kappa,
    say_kappa,
    study_agreement,
)
from inspection.learning.intervals import find_upper_bound, find_wilson_interval

GOOD = "flawless"
CLASSES = (GOOD, "cracked", "dented")


def make_opinion(record_id: int, person: str, blind: str | None, model: str, **chosen: object) -> Opinion:
    opinion = Opinion(
        record_id=record_id,
        picture=f"picture {record_id}",
        person=person,
        blind=blind,
        settled=blind,
        saw_map=False,
        model=model,
        decided=True,
        sampled=False,
        took_ms=1_000.0,
    )
    return replace(opinion, **chosen)  # type: ignore[arg-type]


def draw_opinions(
    count: int, *, seed: int, people: tuple[str, ...] = ("ada",), asks: float = 0.0
) -> list[Opinion]:
    """Each judges each part; the truth is seen with an error of a fifth."""
    rng = np.random.default_rng(seed)
    opinions = []
    for part in range(count):
        truth = int(rng.integers(3))
        seen = [
            CLASSES[truth if rng.random() < 0.8 else int(rng.integers(3))] for _ in range(len(people) + 1)
        ]
        decided = bool(rng.random() >= asks)
        opinions += [
            make_opinion(part, person, label, seen[0], decided=decided)
            for person, label in zip(people, seen[1:], strict=True)
        ]
    return opinions


def find_defect(study: Study, name: str) -> DefectErrors:
    return next(row for row in study.defects if row.name == name)


@pytest.mark.parametrize("seed", range(5))
def test_kappa_is_that_of_scikit_learn(seed: int) -> None:
    opinions = draw_opinions(60, seed=seed, people=("ada", "bo"))
    study = study_agreement(opinions, good=GOOD)
    said = {person: [one.blind for one in opinions if one.person == person] for person in ("ada", "bo")}
    model = [one.model for one in opinions if one.person == "ada"]
    rows = {(row.first, row.second): row for row in (*study.with_model, *study.between)}
    assert rows["ada", MODEL].kappa == pytest.approx(cohen_kappa_score(said["ada"], model))
    assert rows["ada", "bo"].kappa == pytest.approx(cohen_kappa_score(said["ada"], said["bo"]))
    everyone = [one.blind for one in opinions], [one.model for one in opinions]
    assert rows[PEOPLE, MODEL].kappa == pytest.approx(cohen_kappa_score(*everyone))
    assert rows["ada", "bo"].n == 60 and rows[PEOPLE, MODEL].n == 120


def test_kappa_either_way_does_not_ask_who_came_first() -> None:
    pairs = (
        [("cracked", GOOD)] * 3 + [(GOOD, "cracked")] * 7 + [(GOOD, GOOD)] * 20 + [("cracked", "cracked")] * 9
    )
    both = pairs + [(other, one) for one, other in pairs]
    found = measure_kappa(pairs, first="a", second="b", either_way=True)
    assert found.kappa == pytest.approx(cohen_kappa_score(*zip(*both, strict=True)))
    assert found.n == len(pairs)
    turned = measure_kappa([(other, one) for one, other in pairs], first="a", second="b", either_way=True)
    assert turned.kappa == pytest.approx(found.kappa)


@pytest.mark.parametrize(("count", "error"), [(15, 0.05), (40, 0.2), (150, 0.3)])
def test_the_interval_holds_the_true_kappa(count: int, error: float) -> None:
    """Two judges who err independently over two labels of equal share: kappa is (1 − 2·error)²."""
    rng, true, held = np.random.default_rng(count), (1 - 2 * error) ** 2, 0
    for _ in range(300):
        truth = rng.random(count) < 0.5
        seen = [np.where(rng.random(count) < error, ~truth, truth) for _ in range(2)]
        pairs = [(str(one), str(other)) for one, other in zip(*seen, strict=True)]
        interval = measure_kappa(pairs, first="a", second="b").interval
        held += interval is None or interval.low <= true <= interval.high
    assert held / 300 >= 0.94


def test_answers_about_one_part_are_no_trials_of_their_own() -> None:
    """Four people who all say the same of twenty parts say no more than one of them does."""
    people = ("ada", "bo", "cy", "dee")
    labels = [GOOD if part % 2 else "cracked" for part in range(20)]
    opinions = [make_opinion(part, who, label, label) for part, label in enumerate(labels) for who in people]
    study = study_agreement(opinions, good=GOOD)
    alone = measure_kappa([(label, label) for label in labels], first="ada", second=MODEL)
    assert alone.interval is not None and alone.interval.low < 0.75
    for pooled, answers in ((study.with_model[0], 80), (study.between[0], 120)):
        assert (pooled.n, pooled.parts, pooled.agreed.count) == (answers, 20, answers)
        assert pooled.interval == alone.interval and pooled.agreed.interval == alone.agreed.interval
        assert say_kappa(pooled) == "good so far, too few parts to be sure"


def test_a_part_that_many_judged_does_not_stand_for_many_parts() -> None:
    pairs, twice = [(GOOD, GOOD), ("cracked", "cracked")] * 10, [("cracked", "cracked")] * 30
    even = measure_kappa(pairs, first="a", second="b")
    uneven = measure_kappa(pairs + twice, first="a", second="b", parts=[*range(20), *[19] * 30])
    assert (uneven.n, uneven.parts) == (50, 20) and uneven.interval is not None and even.interval is not None
    assert uneven.interval.low < even.interval.low
    one = measure_kappa(pairs, first="a", second="b", parts=["p"] * 20)
    assert one.agreed.interval == find_wilson_interval(1, 1)


def test_a_picture_that_was_inspected_twice_is_one_part() -> None:
    opinions = [
        make_opinion(part, "ada", label, label, picture=f"p{part % 10}")
        for part, label in enumerate([GOOD, "cracked"] * 10)
    ]
    (found, _) = study_agreement(opinions, good=GOOD).with_model
    assert (found.n, found.parts) == (20, 10)
    assert found.agreed.interval == find_wilson_interval(10, 10)


def test_the_interval_holds_the_true_kappa_where_people_err_on_the_same_parts() -> None:
    """Four people who see a part alike, against a model: half of the parts are judged rightly by all, half by chance."""
    rng, held = np.random.default_rng(7), 0
    for _ in range(300):
        truth, hard = rng.random(30) < 0.5, rng.random(30) < 0.5
        seen = np.where(hard, rng.random(30) < 0.5, truth)
        pairs = [(str(one), str(other)) for one, other in zip(truth, seen, strict=True)] * 4
        interval = measure_kappa(pairs, first="people", second="model", parts=[*range(30)] * 4).interval
        held += interval is None or interval.low <= 0.5 <= interval.high
    assert held / 300 >= 0.94


def test_full_agreement_of_few_is_not_certainty() -> None:
    few = measure_kappa([(GOOD, GOOD)] * 4 + [("cracked", "cracked")] * 4, first="a", second="b")
    assert few.kappa == 1.0 and few.interval is not None and few.interval.low < 0.5
    assert say_kappa(few) == "good so far, too few parts to be sure"
    many = measure_kappa([(GOOD, GOOD)] * 60 + [("cracked", "cracked")] * 60, first="a", second="b")
    assert say_kappa(many) == "good"


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ([(GOOD, GOOD)] * 9, "cannot be said: only one label occurs"),
        ([(GOOD, "cracked"), ("cracked", GOOD)] * 40, "poor"),
        ([(GOOD, "cracked"), ("cracked", GOOD)], "poor so far, too few parts to be sure"),
        ([(GOOD, GOOD), ("cracked", "cracked")] * 40 + [(GOOD, "cracked")] * 20, "moderate so far"),
        (
            [(GOOD, GOOD), ("cracked", "cracked")] * 400 + [(GOOD, "cracked"), ("cracked", GOOD)] * 100,
            "moderate",
        ),
        ([], "cannot be said: only one label occurs"),
    ],
)
def test_kappa_in_words(pairs: list[tuple[str, str]], words: str) -> None:
    assert say_kappa(measure_kappa(pairs, first="a", second="b")) == words


def test_misses_and_false_alarms_are_those_of_the_confusion_matrix() -> None:
    opinions = draw_opinions(200, seed=4)
    study = study_agreement(opinions, good=GOOD)
    people, model = [one.blind for one in opinions], [one.model for one in opinions]
    matrix = confusion_matrix(people, model, labels=CLASSES)
    for place, name in enumerate(CLASSES[1:], start=1):
        row = find_defect(study, name)
        assert (row.missed.count, row.missed.n) == (matrix[place, 0], matrix[place].sum())
        assert row.confused.count == matrix[place, 1:].sum() - matrix[place, place]
        assert (row.false_alarms.count, row.false_alarms.n) == (matrix[0, place], matrix[0].sum())
        found = 1 - (row.missed.count + row.confused.count) / row.missed.n
        assert found == pytest.approx(recall_score(people, model, labels=[name], average="micro"))
        assert row.missed.interval == find_wilson_interval(row.missed.count, row.missed.n)
    any_defect = study.defects[0]
    assert any_defect.name == "any defect" and any_defect.confused.count == 0
    assert (any_defect.missed.count, any_defect.missed.n) == (matrix[1:, 0].sum(), matrix[1:].sum())
    assert (any_defect.false_alarms.count, any_defect.false_alarms.n) == (
        matrix[0, 1:].sum(),
        matrix[0].sum(),
    )


def test_what_the_model_asked_is_no_miss() -> None:
    opinions = [
        make_opinion(1, "ada", "cracked", GOOD, decided=False),
        make_opinion(2, "ada", "cracked", "cracked"),
        make_opinion(3, "ada", "cracked", GOOD),
    ]
    row = find_defect(study_agreement(opinions, good=GOOD), "cracked")
    assert (row.missed.count, row.missed.n) == (1, 2) and (row.asked.count, row.asked.n) == (1, 3)
    study = study_agreement(opinions, good=GOOD)
    assert [(one.second, one.n) for one in study.with_model] == [(MODEL, 2), ("model's best guess", 3)]


def test_parts_that_people_see_differently_say_nothing_of_the_model() -> None:
    opinions = [
        make_opinion(1, "ada", "cracked", GOOD),
        make_opinion(1, "bo", GOOD, GOOD),
        make_opinion(2, "ada", "cracked", GOOD),
        make_opinion(2, "bo", "cracked", GOOD),
        make_opinion(3, "ada", None, GOOD),
    ]
    study = study_agreement(opinions, good=GOOD)
    row = find_defect(study, "cracked")
    assert (row.missed.count, row.missed.n) == (1, 1)  # part 2, counted once
    assert (study.differed, study.unsure, study.parts, study.opinions) == (1, 1, 3, 5)
    assert study.between[0].n == 2 and study.between[0].agreed.count == 1


def test_people_as_pairs_and_together() -> None:
    opinions = [
        make_opinion(part, person, GOOD if part % 2 else "cracked", GOOD)
        for part in range(10)
        for person in (("ada", "bo") if part < 6 else ("bo", "cy"))
    ]
    rows = study_agreement(opinions, good=GOOD).between
    assert [(row.first, row.second, row.n) for row in rows] == [
        (PEOPLE, PEOPLE, 10),
        ("ada", "bo", 6),
        ("bo", "cy", 4),
    ]


def test_the_same_person_and_picture_twice() -> None:
    opinions = [
        make_opinion(1, "ada", "cracked", GOOD, picture="p"),
        make_opinion(7, "ada", GOOD, GOOD, picture="p"),
        make_opinion(2, "ada", GOOD, GOOD, picture="q"),
        make_opinion(8, "ada", GOOD, GOOD, picture="q"),
        make_opinion(9, "bo", GOOD, GOOD, picture="q"),
    ]
    (row,) = study_agreement(opinions, good=GOOD).within
    assert (row.first, row.n, row.agreed.count) == ("ada", 2, 1)


def test_the_sample_of_passes_bounds_what_escapes() -> None:
    opinions = [make_opinion(part, "ada", GOOD, GOOD, sampled=True) for part in range(300)]
    opinions += [make_opinion(400, "ada", "cracked", GOOD)]  # not drawn at random: says nothing of the rest
    study = study_agreement(opinions, good=GOOD)
    assert (study.sampled_passes.count, study.sampled_passes.n) == (0, 300)
    assert study.escape_rate_below == find_upper_bound(0, 300)


def test_passes_answered_before_older_ones_bound_nothing() -> None:
    """The queue serves the doubtful ones first: while others wait they would be taken for the line."""
    complete = [make_opinion(part, "ada", GOOD, GOOD, sampled=True) for part in range(20)]
    doubtful = [
        make_opinion(100 + part, "ada", "cracked", GOOD, sampled=True, complete=False) for part in range(5)
    ]
    study = study_agreement(doubtful, good=GOOD, drawn_waiting=200)
    assert study.sampled_passes.n == 0 and study.escape_rate_below is None
    assert (study.drawn_answered, study.drawn) == (5, 205)
    study = study_agreement(complete + doubtful, good=GOOD, drawn_waiting=200)
    assert (study.sampled_passes.count, study.sampled_passes.n) == (0, 20)
    assert study.escape_rate_below == find_upper_bound(0, 20)


def test_who_changes_their_mind_and_toward_what() -> None:
    opinions = [
        make_opinion(1, "ada", GOOD, "cracked", saw_map=True, settled="cracked"),
        make_opinion(2, "ada", GOOD, "cracked", saw_map=True, settled="dented"),
        make_opinion(3, "ada", GOOD, "cracked", saw_map=True),
        make_opinion(4, "ada", GOOD, "cracked"),
    ]
    blind = study_agreement(opinions, good=GOOD)
    assert (blind.changed.count, blind.changed.n) == (2, 3)
    assert (blind.toward_model.count, blind.toward_model.n) == (1, 2)
    assert find_defect(blind, "cracked").false_alarms.count == 4
    settled = study_agreement(opinions, good=GOOD, blind=False)
    assert find_defect(settled, "cracked").false_alarms.count == 2


def test_no_part_is_neither_good_nor_a_defect() -> None:
    opinions = [make_opinion(1, "ada", "no part", "cracked"), make_opinion(2, "ada", "cracked", "no part")]
    study = study_agreement(opinions, good=GOOD)
    (row,) = study.defects
    assert row.name == "cracked" and (row.missed.count, row.confused.count, row.false_alarms.count) == (
        0,
        1,
        0,
    )


def test_a_line_without_a_good_class_misses_nothing() -> None:
    row = find_defect(study_agreement(draw_opinions(50, seed=1), good=None), "cracked")
    assert row.missed.count == 0 and row.false_alarms.count == 0 and row.confused.count > 0


def test_nothing_said_is_no_figure() -> None:
    study = study_agreement([], good=GOOD)
    assert study.with_model == study.between == study.within == study.defects == ()
    assert study.sampled_passes.share is None and study.escape_rate_below is None


def test_one_picture_inspected_ten_times_is_no_ten_parts() -> None:
    """Ten passes of one sample had bounded the escapes of the line at 26 %, as ten different parts do."""
    passes = [make_opinion(part, "ada", GOOD, GOOD, sampled=True) for part in range(10)]
    apart, same = (
        study_agreement([replace(one, picture=name or one.picture) for one in passes], good=GOOD)
        for name in ("", "one picture")
    )
    assert apart.escape_rate_below == pytest.approx(0.2589, abs=1e-4)
    assert (same.sampled_passes.count, same.sampled_passes.n) == (0, 10)
    assert same.escape_rate_below == pytest.approx(find_upper_bound(0, 1))
    rejected = [make_opinion(part, "ada", GOOD, "cracked", picture="one picture") for part in range(10)]
    (errors,) = study_agreement(rejected, good=GOOD).defects
    assert (errors.false_alarms.count, errors.false_alarms.n) == (10, 10)
    assert errors.false_alarms.interval == find_wilson_interval(1, 1)
