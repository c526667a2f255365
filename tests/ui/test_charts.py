"""Charts are asserted on their data."""

import pytest

from inspection.ui import charts

PROBABILITIES = {"flawless": 0.05, "cracked": 0.9, "stained": 0.05}


def test_probabilities_draw_the_surest_on_top() -> None:
    figure = charts.build_probabilities(PROBABILITIES, chosen="cracked", colour="#123456", needed_0_1=0.8)
    bar = figure.data[0]
    assert bar.y[-1] == "cracked" and bar.x[-1] == 0.9  # plotly draws upwards
    assert bar.marker.color[-1] == "#123456" and set(bar.marker.color[:-1]) == {charts.NEUTRAL}
    assert [(note.y, note.text.strip()) for note in figure.layout.annotations[:3]] == [
        ("flawless", "5.0 %"),
        ("stained", "5.0 %"),
        ("cracked", "90.0 %"),
    ]


def test_probabilities_show_what_the_policy_asks() -> None:
    figure = charts.build_probabilities(PROBABILITIES, chosen="cracked", colour="#123456", needed_0_1=0.8)
    assert figure.layout.shapes[0].x0 == 0.8
    assert not charts.build_probabilities(PROBABILITIES, chosen=None, colour="#123456").layout.shapes


def test_timings_add_up_to_the_total() -> None:
    timings = {"decode": 2.0, "locate": 5.0, "classify": 3.5, "explain": 0.0, "total": 12.0}
    figure = charts.build_timings(timings)
    assert [bar.name for bar in figure.data] == [
        "decode 2.0 ms",
        "locate 5.0 ms",
        "classify 3.5 ms",
        "other 1.5 ms",
    ]
    assert sum(bar.x[0] for bar in figure.data) == pytest.approx(12.0)


def test_a_total_that_is_all_stages_has_no_rest() -> None:
    figure = charts.build_timings({"decode": 1.0, "total": 1.0})
    assert [bar.name for bar in figure.data] == ["decode 1.0 ms"]


def test_curves_put_losses_left_and_shares_right() -> None:
    curves = [
        {"epoch": 1, "train_loss": 2.0, "seconds": 9},
        {"epoch": 2, "train_loss": 1.5, "val_accuracy": 0.4},
        {"epoch": 3, "train_loss": 1.0},
        {"epoch": 4, "train_loss": 0.9, "val_accuracy": 0.8},
    ]
    loss, accuracy = charts.build_curves(curves).data
    assert loss.name == "train loss" and loss.yaxis == "y" and list(loss.y) == [2.0, 1.5, 1.0, 0.9]
    assert accuracy.name == "validation accuracy" and accuracy.yaxis == "y2"
    assert list(accuracy.x) == [2, 4] and list(accuracy.y) == [0.4, 0.8]


@pytest.mark.parametrize(
    ("value", "words"),
    [(1.0, "100.0 %"), (0.99999, "> 99.9 %"), (0.5, "50.0 %"), (0.0001, "< 0.1 %"), (0.0, "0.0 %")],
)
def test_shares_promise_nothing_that_is_not_so(value: float, words: str) -> None:
    assert charts.format_share(value) == words


@pytest.mark.parametrize(
    ("area", "words"), [(1.0, "1.0000"), (0.999983, "> 0.9999"), (0.9999, "0.9999"), (0.5, "0.5000")]
)
def test_one_is_said_of_a_whole_area_only(area: float, words: str) -> None:
    assert charts.format_area(area) == words


@pytest.mark.parametrize(("ms", "words"), [(0.42, "0.4 ms"), (99.95, "100.0 ms"), (1234.5, "1,234 ms")])
def test_milliseconds(ms: float, words: str) -> None:
    assert charts.format_ms(ms) == words


def test_five_stages_have_room_for_their_names() -> None:
    two_rows = {"decode": 1.0, "locate": 1.0, "classify": 1.0, "explain": 1.0, "total": 4.0}
    three_rows = {**two_rows, "total": 5.0}
    assert (
        charts.build_timings(three_rows).layout.height > charts.build_timings(two_rows).layout.height == 104
    )
