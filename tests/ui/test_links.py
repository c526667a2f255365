"""Links: what they ask for is shown; what is not there is said in a sentence, not passed over."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from inspection.ui.links import say_unknown
from tests.ui.measured import make_evaluation, make_measured_card, write_measured


@pytest.fixture
def measured(loaded: object, tmp_path: Path) -> None:
    for model in ("resnet50", "compact_cnn"):
        evaluations = [make_evaluation([0, 1, 2, 3, 4] * 4, split=split) for split in ("test", "validation")]
        write_measured(tmp_path / "weights", make_measured_card(model), evaluations)


def open_link(app: AppTest, page: str, **asked: str) -> AppTest:
    app.run()
    app.query_params.clear()  # as the menu does
    for name, value in asked.items():
        app.query_params[name] = value
    app.switch_page(f"screens/{page}.py").run()
    assert not app.exception
    return app


def list_warnings(app: AppTest) -> list[str]:
    """About the link; a page may have others."""
    said = [warning.value.replace("\\", "") for warning in app.warning]
    return [words for words in said if "What is shown instead" in words]


@pytest.mark.parametrize(
    "page", ["inspect", "explain", "live", "latency", "metrics", "compare", "watch", "review", "promote"]
)
def test_a_line_that_is_not_there_is_said(app: AppTest, measured: None, page: str) -> None:
    open_link(app, page, line="gears", evaluation="7")
    (said,) = list_warnings(app)
    assert "Not known here: evaluation “7” and line “gears”." in said
    app.run()
    assert list_warnings(app) == [], "once; what is shown is named below"


def test_a_model_and_a_precision_that_are_not_there_are_said(app: AppTest, measured: None) -> None:
    open_link(app, "live", line="aluminium", model="vgg", precision="int4")
    assert "Not known here: model “vgg” and precision “int4”." in list_warnings(app)[0]


def test_a_model_and_a_period_that_are_not_watched_are_said(app: AppTest, measured: None) -> None:
    open_link(app, "watch", line="bare", model="vgg", period="century")
    assert "Not known here: period “century” and model “vgg”." in list_warnings(app)[0]
    assert app.selectbox(key="watch.line").value == "bare"
    open_link(app, "watch", line="bare", period="week")
    assert not app.warning and app.segmented_control(key="watch.period").value == "week"


def test_a_link_to_a_race_is_followed_and_written(app: AppTest, measured: None) -> None:
    open_link(app, "latency", line="bare")
    assert app.selectbox(key="race.line").value == "bare" and list_warnings(app) == []
    open_link(app, "latency", line="aluminium", models="compact_cnn,vgg")
    assert app.selectbox(key="race.line").value == "aluminium"
    assert app.pills(key="race.models.aluminium").value == ["compact_cnn"]
    assert "Not known here: models “vgg”." in list_warnings(app)[0]
    assert app.query_params["models"] in ("compact_cnn", ["compact_cnn"])
    app.pills(key="race.models.aluminium").set_value(["resnet50", "compact_cnn"]).run()
    assert "models" not in app.query_params and list_warnings(app) == []


def test_a_link_to_an_evaluation_is_followed_and_written(app: AppTest, measured: None) -> None:
    open_link(app, "metrics", line="aluminium", model="compact_cnn", split="validation")
    assert app.selectbox(key="metrics.model.aluminium").value == "compact_cnn"
    assert app.segmented_control(key="metrics.split.aluminium").value == "validation"
    assert list_warnings(app) == []
    app.selectbox(key="metrics.model.aluminium").set_value("resnet50").run()
    assert app.query_params["model"] in ("resnet50", ["resnet50"])
    assert app.query_params["split"] in ("validation", ["validation"])


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"model": "vgg", "split": "test"}, "model “vgg” and split “test”"),
        ({"model": "resnet50", "split": "moon"}, "split “moon”"),
        ({"split": "test", "precision": "bf16"}, "precision “bf16”"),
    ],
)
def test_an_evaluation_that_is_not_there_is_said(
    app: AppTest, measured: None, asked: dict[str, str], said: str
) -> None:
    open_link(app, "metrics", **asked)
    assert f"Not known here: {said}." in list_warnings(app)[0]


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("records", "line verdict defect model person since until picture kind agrees record"),
        ("review", "line"),
        ("watch", "line model period"),
        ("promote", "line"),
        ("latency", "line models"),
    ],
)
def test_no_address_makes_a_page_fail(app: AppTest, measured: None, page: str, names: str) -> None:
    app.run()
    hostile = ("NaN", "9" * 5_000, "a\0b", "x" * 10_000, "0001-01-01T00:00+14:00")
    for name in [*names.split(), "other"]:
        for value in (*hostile, [*hostile, "aluminium"]):
            app.query_params.clear()
            app.query_params[name] = value
            app.switch_page(f"screens/{page}.py").run()
            assert not app.exception, (name, value[:30])


def test_of_many_unknown_words_some_are_named() -> None:
    said = say_unknown({f"word{number}": "x" for number in range(2_000)})
    assert "word11 “x” and 1,988 more." in said and len(said) < 400


def test_what_an_address_says_is_shown_short_and_without_markup() -> None:
    said = say_unknown({"line": "**bold**" + "x" * 90})
    assert r"\*\*bold\*\*" in said and len(said) < 200
