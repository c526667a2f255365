"""The chart of a race, its rows and what is taken away, on their data."""

import csv
import io
from dataclasses import replace

import numpy as np
import pytest

from inspection.racing.plan import Entrant
from inspection.racing.results import Laps, compare, rank
from inspection.ui.charts_race import COLOURS, SHOWN_LAPS, build_laps, tabulate_standings, write_laps
from inspection.ui.exhibits import write_rows
from inspection.ui.titles import TITLES
from tests.racing import FAST, SLOW, make_result


def test_a_line_a_lane_of_the_batch_that_is_asked_for() -> None:
    result = make_result(medians={(FAST, 1): 2.0, (SLOW, 1): 3.0, (FAST, 10): 9.0})
    spec = build_laps(result, batch=1, titles=TITLES)
    assert [line["name"] for line in spec["series"]] == ["ResNet50 INT8", "Compact CNN, grey F32"]
    assert [line["lineStyle"]["type"] for line in spec["series"]] == ["solid", "dotted"]
    assert [line["itemStyle"]["color"] for line in spec["series"]] == list(COLOURS[:2])
    assert spec["series"][0]["data"][1] == [2, 2.0] and spec["yAxis"]["type"] == "value"


def test_the_chart_names_what_is_withheld() -> None:
    result = make_result(medians={(FAST, 1): 2.0, (SLOW, 1): 3.0})
    spec = build_laps(result, batch=1, titles=TITLES, withheld={FAST: "it changes too much"})
    assert [line["name"] for line in spec["series"]] == [
        "ResNet50 INT8 (withheld now)",
        "Compact CNN, grey F32",
    ]


def test_one_model_has_one_colour_at_all_precisions() -> None:
    other = Entrant(FAST.model, "f32")
    spec = build_laps(make_result(medians={(FAST, 1): 2.0, (other, 1): 3.0}), batch=1, titles={})
    assert len({line["itemStyle"]["color"] for line in spec["series"]}) == 1
    assert len({line["lineStyle"]["type"] for line in spec["series"]}) == 2


def test_far_apart_models_share_a_logarithmic_axis_and_old_laps_leave() -> None:
    result = make_result(medians={(FAST, 1): 2.0, (SLOW, 1): 40.0})
    many = Laps(np.arange(900.0), np.ones(900), np.zeros(900, bool))
    result.laps[FAST, 1] = many  # type: ignore[index]
    spec = build_laps(result, batch=1, titles={})
    assert spec["yAxis"]["type"] == "log" and len(spec["series"][0]["data"]) == SHOWN_LAPS
    assert (spec["xAxis"]["min"], spec["xAxis"]["max"]) == (661, 900) and spec["series"][0]["data"][0][
        0
    ] == 661


def test_no_lap_no_line() -> None:
    assert build_laps(make_result(medians={}), batch=1, titles={})["series"] == []


def test_rows_have_the_kept_columns_only_beside_a_kept_race() -> None:
    now = rank(make_result(medians={(FAST, 1): 2.0, (SLOW, 1): 1.0}))
    assert "Against kept" not in tabulate_standings(compare(now, []), TITLES)[0]
    rows = tabulate_standings(compare(now, rank(make_result(medians={(FAST, 1): 4.0}))), TITLES)
    assert {row["Model"]: row["Against kept"] for row in rows} == {
        "ResNet50": "-50%",
        "Compact CNN, grey": None,
    }


def test_what_is_taken_away_reads_as_a_table() -> None:
    result = make_result(medians={(FAST, 1): 2.0, (SLOW, 10): 1.0})
    laps = list(csv.DictReader(io.StringIO(write_laps(result).decode("utf-8-sig"))))
    assert len(laps) == 10 and laps[0]["model"] in (FAST.model, SLOW.model)
    assert [float(lap["at_s"]) for lap in laps] == sorted(float(lap["at_s"]) for lap in laps)
    figures = write_rows(tabulate_standings(compare(rank(result), []), TITLES)).decode("utf-8-sig")
    assert figures.splitlines()[0].startswith("Model,Precision,Batch,") and len(figures.splitlines()) == 3


def test_no_name_of_a_kept_race_becomes_a_formula() -> None:
    evil = Entrant("=HYPERLINK(0)", "int8")
    laps = list(
        csv.DictReader(io.StringIO(write_laps(make_result(medians={(evil, 1): 2.0})).decode("utf-8-sig")))
    )
    assert {lap["model"] for lap in laps} == {"'=HYPERLINK(0)"}
    figures = write_rows(tabulate_standings(compare(rank(make_result(medians={(evil, 1): 2.0})), []), {}))
    assert "'=HYPERLINK(0)," in figures.decode("utf-8-sig")


@pytest.mark.parametrize(("laps", "told"), [(19, (False, False)), (20, (True, False)), (100, (True, True))])
def test_tails_are_told_of_enough_laps_only(laps: int, told: tuple[bool, bool]) -> None:
    """The slowest of seven laps had stood there as their p99."""
    lane = Laps(np.arange(laps, dtype=float), np.linspace(1.0, 2.0, laps), np.zeros(laps, bool))
    result = replace(make_result(medians={(FAST, 1): 1.0}), laps={(FAST, 1): lane})
    (row,) = tabulate_standings(compare(rank(result), []), TITLES)
    assert (row["p95, ms"] is not None, row["p99, ms"] is not None) == told and row["Laps"] == laps
    assert row["p50, ms"] == 1.5
