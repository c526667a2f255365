"""The charts of Metrics and Compare are asserted on their data."""

from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
import pytest
from sklearn.metrics import f1_score

from inspection.learning.calibration import trace_reliability
from inspection.learning.comparison import Contender
from inspection.learning.curves import (
    measure_auc,
    measure_average_precision,
    trace_precision_recall,
    trace_roc,
)
from inspection.learning.metrics import Figures
from inspection.learning.thresholds import sweep
from inspection.ui import charts_compare, charts_curves, charts_metrics
from inspection.ui.palette import NEUTRAL
from inspection.ui.tables_compare import find_best, tabulate_contenders, tabulate_published
from inspection.ui.tables_metrics import (
    find_worst,
    rank_classes,
    tabulate_classes,
    tabulate_confusion,
    tabulate_robustness,
)
from tests.ui.fakes import CLASSES
from tests.ui.measured import make_evaluation

LABELS = [0] * 40 + [2] * 40 + [4] * 10  # excess and stained never occur
MISTAKES = {0: 2, 40: 0, 41: 0, 80: 4}
CONFUSION = ((3, 1, 0), (0, 0, 2))  # two classes and the review


@pytest.fixture
def figures() -> Figures:
    return make_evaluation(LABELS, MISTAKES).figures(CLASSES, good="flawless", temperature=1.0)


def test_the_worst_class_is_on_top_and_one_that_never_occurs_below(figures: Figures) -> None:
    assert [each.name for each in rank_classes(figures)] == [
        "cracked",
        "flawless",
        "dented",
        "excess",
        "stained",
    ]
    worst = find_worst(figures)
    assert worst is not None and worst.name == "cracked"
    recall, thin, precision, _ = charts_metrics.build_class_dots(figures).data
    assert recall.x[-1] == 0.95 and recall.y[-1] > precision.y[-1]  # plotly draws upwards
    assert thin.name == "recall" and thin.x[0] is None  # undefined is not zero


def test_intervals_reach_from_the_dot(figures: Figures) -> None:
    recall = charts_metrics.build_class_dots(figures).data[0]
    row = tabulate_classes(figures)[0]
    assert recall.x[-1] + recall.error_x.array[-1] == pytest.approx(row["Recall high"])
    assert recall.x[-1] - recall.error_x.arrayminus[-1] == pytest.approx(row["Recall low"])
    assert row["Recall low"] < 0.95 < row["Recall high"]


def test_thin_classes_are_grey(figures: Figures) -> None:
    full, thin, *_ = charts_metrics.build_class_dots(figures).data
    assert [name for name, _ in full.customdata] == ["flawless (40)", "cracked (40)"]
    assert "dented (10)" in [name for name, _ in thin.customdata]
    assert (full.marker.color, thin.marker.color) == (charts_metrics.RECALL, NEUTRAL)
    assert (full.showlegend, thin.showlegend) == (True, False)


def test_the_axis_cuts_no_interval(figures: Figures) -> None:
    figure = charts_metrics.build_class_dots(figures)
    lowest = min(row["Recall low"] for row in tabulate_classes(figures) if row["Recall"] is not None)
    assert figure.layout.xaxis.range[0] < lowest


@pytest.mark.parametrize(
    ("normalised", "words"),
    [
        (False, (("3", "1", "0"), ("0", "0", "2"))),
        (True, (("75.0 %", "25.0 %", "0.0 %"), ("0.0 %", "0.0 %", "100.0 %"))),
    ],
)
def test_cells_show_counts_or_shares(normalised: bool, words: tuple[tuple[str, ...], ...]) -> None:
    heat, faint, full, places = charts_metrics.build_confusion(
        CONFUSION, ("a", "b"), normalised=normalised
    ).data
    shown = {
        (y, x): text for each in (faint, full) for x, y, text in zip(each.x, each.y, each.text, strict=True)
    }
    assert tuple(tuple(shown[row, column] for column in range(3)) for row in range(2)) == words
    assert list(zip(full.y, full.x, strict=True)) == [(0, 0), (1, 2)], "those that are coloured fully"
    assert [list(row) for row in heat.z] == [[0.75, 0.25, 0.0], [0.0, 0.0, 1.0]]
    assert list(map(tuple, places.customdata)) == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]
    assert places.text[1] == "a called b: 1 picture" and places.text[5] == "b for review: 2 pictures"


def test_a_matrix_without_reviews_has_no_column_for_them() -> None:
    heat, faint, *_ = charts_metrics.build_confusion(((3, 1, 0), (0, 0, 0)), ("a", "b"), normalised=True).data
    assert list(heat.x) == [0, 1] and faint.text[1:] == ("–", "–")  # shares of nothing
    assert tabulate_confusion(((3, 1, 0), (0, 2, 0)), ("a", "b"))[0] == {"True class": "a", "a": 3, "b": 1}


def test_curves_carry_their_areas() -> None:
    scores, truth = np.array([0.9, 0.8, 0.3, 0.1]), np.array([True, False, True, False])
    roc, recall = trace_roc(scores, truth), trace_precision_recall(scores, truth)
    assert roc is not None and recall is not None
    curve, chance = charts_curves.build_roc({"a": roc}, {"a": 0.75}).data
    assert curve.name == "a (AUC 0.7500)" and tuple(curve.x) == roc.x and chance.name == "chance"
    (drawn,) = charts_curves.build_precision_recall({"a": recall}, {"a": None}).data
    assert drawn.name == "a" and tuple(drawn.y) == (recall.y[0], *recall.y) and drawn.x[0] == 0


def measure_drawn(line: go.Scatter) -> float:
    """The area under a line as plotly draws it."""
    steps, heights = np.diff(line.x), np.asarray(line.y)
    height = {"vh": heights[1:], "hv": heights[:-1], "linear": (heights[1:] + heights[:-1]) / 2}
    return float(steps @ height[line.line.shape])


@pytest.mark.parametrize("decimals", [1, 9])
def test_the_area_under_a_curve_is_the_one_that_it_states(decimals: int) -> None:
    """decimals: with one, many pictures tie."""
    rng = np.random.default_rng(0)
    truth = rng.random(60) < 0.3
    scores = np.round(0.7 * rng.random(60) + 0.3 * truth, decimals)
    roc, recall = trace_roc(scores, truth), trace_precision_recall(scores, truth)
    assert roc is not None and recall is not None
    line = charts_curves.build_roc({"a": roc}, {"a": None}).data[0]
    assert measure_drawn(line) == pytest.approx(measure_auc(scores, truth))
    (line,) = charts_curves.build_precision_recall({"a": recall}, {"a": None}).data
    assert measure_drawn(line) == pytest.approx(measure_average_precision(scores, truth))


def test_empty_bins_are_not_drawn() -> None:
    bins = trace_reliability([[0.9, 0.1], [0.9, 0.1], [0.4, 0.6]], [0, 1, 1])
    dots = charts_curves.build_reliability(bins).data[1]
    assert list(dots.customdata) == [1, 2] and list(dots.y) == [1.0, 0.5]
    assert dots.marker.size[1] > dots.marker.size[0]
    assert len(charts_curves.build_reliability(trace_reliability(np.zeros((0, 2)), [])).data[1].x) == 0


def test_the_trade_has_a_line_of_escapes_only_where_there_are_such() -> None:
    rows = ([0, 1], [[0.9, 0.1], [0.6, 0.4]])
    with_good = charts_curves.build_routings(sweep(*rows, thresholds_0_1=(0.0, 0.7), good=0), chosen_0_1=0.7)
    assert [line.name for line in with_good.data] == [
        "share to review",
        "accuracy of the decided",
        "escape rate",
    ]
    assert list(with_good.data[0].y) == [0.0, 0.5] and list(with_good.data[2].y) == [1.0, 0.0]
    assert with_good.layout.shapes[0].x0 == 0.7
    without = charts_curves.build_routings(sweep(*rows, thresholds_0_1=(0.0,)), chosen_0_1=0.0)
    assert len(without.data) == 2


def test_robustness_draws_a_line_a_condition_in_the_order_of_severity() -> None:
    rows = [
        {"condition": "blur", "severity": 2, "accuracy": 0.8},
        {"condition": "blur", "severity": 1, "accuracy": 0.9},
        {"condition": "noise", "severity": 1, "accuracy": 0.7},
    ]
    blur, noise = charts_curves.build_robustness(tabulate_robustness({"robustness": rows})).data
    assert list(blur.x) == [1, 2] and list(blur.y) == [0.9, 0.8] and noise.name == "noise"
    assert tabulate_robustness({}) == [] and tabulate_robustness({"robustness": [{"severity": 1}]}) == []


def test_learning_shows_losses_and_scores_and_nothing_else() -> None:
    curves = [
        {"epoch": 1, "train_loss": 2.0, "seconds": 29.3, "is_best": False, "learning_rate": 1e-4},
        {"epoch": 2, "train_loss": 1.0, "seconds": 28.1, "val_accuracy": 0.9, "val_loss": 1.1},
    ]
    figure = charts_curves.build_learning(curves)
    drawn = {line.name: (list(line.y), line.yaxis) for line in figure.data}
    assert drawn == {
        "train loss": ([2.0, 1.0], "y"),
        "validation accuracy": ([None, 0.9], "y2"),
        "validation loss": ([None, 1.1], "y"),
    }


def enter(title: str, mistakes: dict[int, int], *, ms: float) -> Contender:
    evaluation = make_evaluation(LABELS, mistakes, ms=ms)
    figures = evaluation.figures(CLASSES, good="flawless", temperature=1.0)
    return Contender(title, title, evaluation, figures, 1000, 2_000_000, "CPU")


def test_the_pareto_line_joins_those_that_none_beats() -> None:
    contenders = [enter("slow", {}, ms=9.0), enter("bad", MISTAKES, ms=5.0), enter("fast", {0: 2}, ms=1.0)]
    figure = charts_compare.build_trade(contenders, winner=2, parts_a_minute=6000)
    line, *dots = figure.data
    assert list(line.y) == [pytest.approx(89 / 90), 1.0]
    assert [dot.name for dot in dots] == ["slow", "bad", "fast (recommended)"]
    assert figure.layout.shapes[0].x0 == 10.0
    assert len({dot.marker.symbol for dot in dots}) == 3  # no colour speaks alone
    assert not charts_compare.build_trade(contenders, winner=None, parts_a_minute=60).layout.shapes


def test_classes_are_ranked_by_the_worst_of_any_model() -> None:
    contenders = [enter("one", {80: 2}, ms=1.0), enter("other", {0: 2}, ms=1.0)]
    figure = charts_compare.build_class_comparison(contenders)
    assert figure.layout.yaxis.ticktext[-1] == "dented"  # plotly draws upwards
    one, other = figure.data
    assert one.x[0] == 0.9 and other.x[0] == 1.0 and one.y[0] > other.y[0]
    assert one.x[-1] is None


def test_the_best_of_a_column_is_shaded_where_they_differ() -> None:
    contenders = [enter("one", {}, ms=9.0), enter("other", MISTAKES, ms=1.0)]
    best = find_best(tabulate_contenders(contenders, winner=0, parts_a_minute=60))
    assert best["Accuracy"] == 1.0 and best["Escapes"] == 0
    assert best["p95 ms"] == pytest.approx(contenders[1].p95_ms)
    assert "MB" not in best


def test_a_detector_that_learns_has_its_scores_beside_its_loss() -> None:
    """The chart after its training had shown the loss alone."""
    curves = [{"epoch": 1, "train_loss": 2.0, "val_map50": 0.5, "val_map75": 0.25, "score": 0.5, "size": 320}]
    drawn = charts_curves.build_learning(curves).data
    assert {line.name: line.yaxis for line in drawn} == {
        "train loss": "y", "validation map50": "y2", "validation map75": "y2",
    }  # fmt: skip


def test_what_a_document_prints_stands_beside_its_like() -> None:
    """Weighted F1 beside weighted; nothing beside a test on augmented pictures, where ours had stood."""
    rows = tabulate_published("casting", [replace(enter("Ours", MISTAKES, ms=1.0), model="compact_cnn")])
    found = {(row["Where"], row["Their model"]): row for row in rows}
    alike = found["002, Tables 2 and 4", "Custom model"]
    weighted = f1_score(LABELS, call(MISTAKES), average="weighted")
    assert alike["Ours, weighted-F1 %"] == pytest.approx(100 * weighted) and "Ours, macro-F1 %" not in alike
    other = found["002, Table 6", "Custom model (augmented), augmented test"]
    assert other["Ours"] is None and other["Ours, accuracy %"] is None and other["Accuracy %"] == 98.18


def call(mistakes: dict[int, int]) -> list[int]:
    return [mistakes.get(place, label) for place, label in enumerate(LABELS)]
