"""A chart is drawn once for the same numbers, and never shown for others."""

import plotly.graph_objects as go
from streamlit.testing.v1 import AppTest

from inspection.ui.charts import build_probabilities, build_timings
from inspection.ui.drawn import Drawn, drawn_once
from tests.ui.test_explain_page import open_explain

SHARES = {"flawless": 0.2, "cracked": 0.8}


def test_the_same_numbers_are_not_drawn_again() -> None:
    first = build_probabilities(dict(SHARES), chosen="cracked", colour="#B93A0B")
    assert build_probabilities(dict(SHARES), chosen="cracked", colour="#B93A0B") is first


def test_another_number_or_another_look_is_another_figure() -> None:
    first = build_probabilities(SHARES, chosen="cracked", colour="#B93A0B")
    nearly = build_probabilities(SHARES | {"cracked": 0.81}, chosen="cracked", colour="#B93A0B")
    asked = build_probabilities(SHARES, chosen="cracked", colour="#B93A0B", needed_0_1=0.9)
    assert nearly.data[0].x != first.data[0].x and nearly.data[0].x[-1] == 0.81
    assert not first.layout.shapes and len(asked.layout.shapes) == 1


def test_two_charts_of_the_same_table_stay_two() -> None:
    @drawn_once
    def build_dots(table: dict[str, float]) -> go.Figure:
        return go.Figure(go.Scatter(x=list(table), y=list(table.values())))

    table = {"decode": 1.0, "total": 1.0}
    assert build_dots(table).data[0].type == "scatter" and build_timings(table).data[0].type == "bar"


def test_what_was_not_asked_for_longest_makes_room() -> None:
    drawn, counted = Drawn(2), []

    def draw(name: bytes) -> go.Figure:
        counted.append(name)
        return go.Figure()

    for name in (b"a", b"b", b"a", b"c", b"a", b"b"):
        drawn.find(name, lambda name=name: draw(name))
    assert counted == [b"a", b"b", b"c", b"b"] and len(drawn) == 2


def test_the_evidence_is_painted_once_for_a_picture(app: AppTest) -> None:
    app.run()
    painted = app.session_state["viewer.evidence"][1]
    app.run()
    assert app.session_state["viewer.evidence"][1] is painted
    app.button(key="sample.flawless-01").click().run()
    assert not app.exception
    another = app.session_state["viewer.evidence"][1]
    assert "PASS: flawless" in another["alt"] and another["photo"] != painted["photo"]


def test_a_map_is_painted_again_when_its_look_is_turned(app: AppTest) -> None:
    open_explain(app)
    shelf = app.session_state["explain.drawn"]
    count = len(shelf)
    app.run()
    assert count and len(shelf) == count
    app.slider(key="explain.opacity").set_value(20).run()
    assert not app.exception and len(shelf) == 2 * count
