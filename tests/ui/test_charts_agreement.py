"""The charts and tables of the agreement study are asserted on their data."""

import pytest

from inspection.learning.agreement import Kappa, Opinion, measure_kappa, rate, study_agreement
from inspection.learning.intervals import Interval
from inspection.ui.charts_agreement import KAPPA, build_errors, build_kappas
from inspection.ui.palette import NEUTRAL
from inspection.ui.review_agreement import find_decided, say_study
from inspection.ui.review_tables import tabulate_errors, tabulate_kappas

FOUND = [
    Kappa("people", "model", 80, 40, rate(70, 80), 0.76, Interval(0.65, 0.85)),
    Kappa("ada@example.org", "bo@example.org", 16, 8, rate(8, 16), -0.1, Interval(-0.6, 0.4)),
    measure_kappa([("flawless", "flawless")] * 5, first="cy", second="model"),
]


def test_each_kappa_has_its_interval_and_few_parts_are_grey() -> None:
    rows = tabulate_kappas(FOUND)
    assert [row["Compared"] for row in rows] == [80, 16, 5] and rows[2]["Kappa"] is None
    assert [row["Parts"] for row in rows] == [40, 8, 5]
    figure = build_kappas(rows)
    many, few = figure.data
    assert (list(many.x), many.marker.color, list(few.x), few.marker.color) == (
        [0.76],
        KAPPA,
        [-0.1],
        NEUTRAL,
    )
    assert many.error_x.array[0] == pytest.approx(0.09) and many.error_x.arrayminus[0] == pytest.approx(0.11)
    assert list(figure.layout.yaxis.ticktext) == ["people and model (80)", "ada and bo (16)"]
    assert many.y[0] > few.y[0], "in the order of the table, downwards"
    assert figure.layout.xaxis.range[0] < -0.6, "no interval is cut"
    assert [line.x0 for line in figure.layout.shapes] == [0.40, 0.75]


def test_errors_stand_beside_what_they_were_counted_from() -> None:
    opinions = [
        Opinion(part, f"p{part}", "ada", said, said, False, called, True, False, 1.0)
        for part, (said, called) in enumerate(
            [("cracked", "flawless")]
            + [("cracked", "cracked")] * 9
            + [("flawless", "cracked")] * 2
            + [("flawless", "flawless")] * 6
        )
    ]
    (row,) = tabulate_errors(study_agreement(opinions, good="flawless").defects)
    assert (row["Missed"], row["of parts"], row["Miss rate"]) == (1, 10, 0.1)
    assert (row["False alarms"], row["of good parts"], row["False alarm rate"]) == (2, 8, 0.25)
    misses, alarms = build_errors([row]).data
    assert (misses.x[0], alarms.x[0]) == (0.1, row["False alarm rate"])
    assert misses.error_x.array[0] == pytest.approx(row["Miss rate high"] - 0.1)
    assert "1 of 10" in misses.text[0] and misses.marker.symbol != alarms.marker.symbol
    assert misses.y[0] != alarms.y[0]


def test_without_a_figure_the_charts_are_empty() -> None:
    assert not build_kappas(tabulate_kappas(FOUND[2:])).data
    assert not build_errors([]).data


def tell(part: int, said: str, called: str, *, decided: bool) -> Opinion:
    return Opinion(part, f"p{part}", "ada", said, said, False, called, decided, False, 1.0)


def test_the_model_s_guess_where_it_asked_is_not_told_as_its_word() -> None:
    """While only parts had been answered that it had given to a person, its guesses stood under its name."""
    asked = [tell(part, "cracked" if part % 2 else "flawless", "cracked", decided=False) for part in range(6)]
    study = study_agreement(asked, good="flawless")
    assert [each.second for each in study.with_model] == ["model's best guess"]
    assert find_decided(study) is None
    assert say_study(study).startswith("6 parts answered, none of which the model had decided")
    decided = [tell(part, "cracked", "cracked", decided=True) for part in range(6, 12)]
    found = find_decided(study_agreement([*asked, *decided], good="flawless"))
    assert found is not None and found.n == 6


def test_many_parts_of_one_label_are_not_too_few() -> None:
    alike = [tell(part, "flawless", "flawless", decided=True) for part in range(500)]
    words = say_study(study_agreement(alike, good="flawless"))
    assert (
        words
        == "People and the model: 100.0 % of 500 answers alike; agreement cannot be said: only one label occurs"
    )
