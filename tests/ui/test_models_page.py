"""The Models page over cards in a folder."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from inspection.lines import Line
from inspection.ui.zoo import (
    Trained,
    flatten,
    list_roles,
    tabulate_figures,
    tabulate_registry,
    tabulate_trained,
)
from models.card import Card, write_card
from models.registry import REGISTRY
from tests.ui.fakes import CLASSES, make_line


def make_card(model: str = "resnet50") -> Card:
    return Card(
        line="aluminium",
        model=model,
        class_names=CLASSES,
        input_size=224,
        parameters=23_518_277,
        weights_sha256="ab" * 32,
        weights_bytes=47_100_000,
        temperature=1.3,
        heat_scale=2.5,
        data={"source": "synthetic", "split": {"train": 900, "test": 300}},
        recipe={"epochs": 2},
        curves=[
            {"epoch": 1, "train_loss": 1.0, "accuracy": 0.5},
            {"epoch": 2, "train_loss": 0.5, "accuracy": 0.9},
        ],
        figures={"test": {"accuracy": 0.91, "n": 300}, "field": {"accuracy": 0.8, "n": 50}},
        precisions={"int8": {"agreement": 0.99}, "f32": {"agreement": 1.0}},
        licence="Apache-2.0",
        commit="abc1234",
        created="2026-01-01T00:00:00Z",
        notes=["*Held-out* designs."],
    )


@pytest.fixture
def line() -> Line:
    return make_line()


def open_models(app: AppTest) -> AppTest:
    app.run()
    app.switch_page("pages/models.py").run()
    assert not app.exception
    return app


def test_lines_and_their_models_are_listed(app: AppTest, tmp_path: Path) -> None:
    write_card(make_card(), tmp_path / "weights" / "aluminium" / "resnet50.json")
    table = open_models(app).dataframe[0].value
    assert list(table["Model"][:3]) == ["ResNet50", "Compact CNN, grey", "YOLOv5n"]
    assert list(table["Weights"][:2]) == ["shipped", "not trained yet"]
    assert table["MB"][0] == pytest.approx(47.1)


def test_the_architectures_are_the_registrys(app: AppTest) -> None:
    open_models(app).segmented_control(key="models.view").set_value("Architectures").run()
    table = app.dataframe[0].value
    assert len(table) == len(REGISTRY)
    assert set(table["Parameters"]) == {spec.parameters for spec in REGISTRY.values()}


def test_a_card_is_told(app: AppTest, tmp_path: Path) -> None:
    def page() -> None:
        from inspection.ui.cards import show_card
        from inspection.ui.zoo import Trained
        from tests.ui.fakes import make_line
        from tests.ui.test_models_page import make_card

        show_card(Trained(make_line(), "resnet50", "champion", make_card()), {"resnet50": "ResNet50"})

    card = AppTest.from_function(page, default_timeout=20).run()
    assert not card.exception
    assert card.header[0].value == "ResNet50 on fake line"
    assert [metric.value for metric in card.metric] == ["23,518,277", "47.1 MB", "224 × 224", "1.30"]
    assert list(card.dataframe[0].value["Split"]) == ["test", "field"]
    assert r"\*Held\-out\* designs\." in card.markdown[-1].value


def test_an_untrained_model_says_how_to_train_it() -> None:
    def page() -> None:
        from inspection.ui.cards import show_card
        from inspection.ui.zoo import Trained
        from tests.ui.fakes import make_line

        show_card(Trained(make_line(), "compact_cnn", "rival", None), {})

    card = AppTest.from_function(page, default_timeout=20).run()
    assert "python -m inspection train fake --model compact_cnn" in card.info[0].value


def test_every_model_of_a_line_has_its_role(line: Line) -> None:
    assert list_roles(line) == {"resnet50": "champion", "compact_cnn": "rival", "yolov5n": "locates the part"}


def test_an_untrained_row_is_empty_not_zero(line: Line) -> None:
    (row,) = tabulate_trained([Trained(line, "resnet50", "champion", None)], {})
    assert row["Parameters"] is None and row["MB"] is None and row["Data licence"] == "none"


def test_the_registry_names_who_uses_it() -> None:
    rows = tabulate_registry([REGISTRY["resnet50"]], {"resnet50": ["aluminium"]})
    assert rows[0]["Lines"] == ["aluminium"] and rows[0]["Input"] == "224 × 224 × 3"


@pytest.mark.parametrize(
    ("figures", "splits"),
    [
        ({"accuracy": 0.9}, ["validation"]),
        ({"test": {"accuracy": 0.9, "per_class": {}}}, ["test"]),
        ({"accuracy": 0.9, "test": {"accuracy": 0.8}}, ["validation", "test"]),
        ({}, []),
    ],
)
def test_figures_make_a_row_a_split(figures: dict, splits: list[str]) -> None:
    rows = tabulate_figures(figures)
    assert [row["Split"] for row in rows] == splits
    assert all("per_class" not in row for row in rows)


def test_nested_values_are_flattened() -> None:
    assert flatten({"a": {"b": [1, 2]}, "c": list(range(20))}, "data.") == {
        "data.a.b": "1, 2",
        "data.c": "20 values",
    }
