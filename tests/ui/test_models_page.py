"""The Models page over cards in a folder."""

from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from inspection.lines import Line
from inspection.ui.cards import list_identity
from inspection.ui.zoo import (
    OWN_SIDES,
    Trained,
    flatten,
    list_roles,
    list_trained,
    say_headline,
    tabulate_figures,
    tabulate_registry,
    tabulate_trained,
    tell_figures,
)
from models.card import Card, write_card
from models.registry import REGISTRY
from tests.ui.fakes import CLASSES, make_line

MEASURED = {
    "n": 300,
    "accuracy": 0.91,
    "accuracy_interval": {"low": 0.872, "high": 0.938},
    "macro_f1": 0.9,
    "decision": {"escapes": 4, "defective": 200, "false_rejects": 3, "good": 100},
}
AGAINST = {"int8": {"against_f32": {"test": {"flipped": 1, "n": 300}}}, "f32": {}}
DETECTED = {"pictures": 1200, "map_50": 0.945, "recall": 0.96, "empty_called_part": 62, "empty_pictures": 120}


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
        curves=[{"epoch": 1, "train_loss": 1.0}, {"epoch": 2, "train_loss": 0.5, "val_accuracy": 0.9}],
        figures={"test": {"int8": MEASURED, "f32": MEASURED}, "validation": {"f32": MEASURED}},
        precisions=AGAINST,
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
    app.switch_page("screens/models.py").run()
    assert not app.exception
    return app


def test_lines_and_their_models_are_listed(app: AppTest, tmp_path: Path) -> None:
    write_card(make_card(), tmp_path / "weights" / "aluminium" / "resnet50.json")
    table = open_models(app).dataframe[0].value
    assert list(table["Model"][:3]) == ["ResNet50", "Compact CNN, grey", "YOLOv5n"]
    assert list(table["On the test pictures"][:2]) == ["accuracy 91.0 %", "not trained yet"]
    assert table["MB"][0] == pytest.approx(47.1)


def test_a_damaged_card_leaves_the_others_on_the_page(app: AppTest, tmp_path: Path) -> None:
    write_card(make_card(), tmp_path / "weights" / "aluminium" / "resnet50.json")
    (tmp_path / "weights" / "aluminium" / "ssdlite320.json").write_text("{")
    table = open_models(app).dataframe[0].value
    told = set(zip(table["Model"], table["On the test pictures"], strict=True))
    assert {("ResNet50", "accuracy 91.0 %"), ("SSDLite320, MobileNetV3", "card unreadable")} <= told


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
    assert list(card.dataframe[0].value["Split"]) == ["test", "test", "validation"]
    assert r"\*Held\-out\* designs\." in card.markdown[-1].value


@pytest.mark.parametrize(
    ("turns", "side", "words"),
    [
        (1, 224, None),
        (2, 224, "looks 2 times, turned by a quarter from look to look; the mean answers"),
        (1, 256, "looks once, at 256 px instead of 224"),
        (
            2,
            256,
            "looks 2 times, turned by a quarter from look to look, at 256 px instead of 224; the mean answers",
        ),
    ],
)
def test_a_card_says_of_whom_looks_otherwise_than_usual_how(turns: int, side: int, words: str | None) -> None:
    assert list_identity(replace(make_card(), turns=turns, input_size=side)).get("answer") == words


def test_the_sides_are_the_registrys() -> None:
    # other tests of the same process may have registered toys
    ours = {name: spec.input_size for name, spec in REGISTRY.items() if spec.source != "assay:toy"}
    assert ours == OWN_SIDES


def test_trained_weights_are_listed_with_the_size_that_they_judge_at(line: Line) -> None:
    """224 had stood there of all, beside weights that judge at 256."""
    card = replace(make_card(), input_size=256)
    rows = tabulate_trained([Trained(line, "resnet50", "champion", card)], {})
    rows += tabulate_trained([Trained(line, "compact_cnn", "rival", None)], {})
    assert [row["Input"] for row in rows] == ["256 × 256", ""]


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


def test_weights_that_no_line_file_names_are_listed_and_what_is_untrained_comes_last(line: Line) -> None:
    card = make_card()
    found = {"compact_cnn": card, "ssdlite320": card}
    rows = list_trained([line], lambda name: ["compact_cnn", "ssdlite320"], lambda _, model: found.get(model))
    assert [(row.model, row.role) for row in rows] == [
        ("compact_cnn", "rival"),
        ("ssdlite320", "in stock"),
        ("resnet50", "champion"),
        ("yolov5n", "locates the part"),
    ]


def test_an_untrained_row_is_empty_not_zero(line: Line) -> None:
    (row,) = tabulate_trained([Trained(line, "resnet50", "champion", None)], {})
    assert row["Parameters"] is None and row["MB"] is None and row["Data licence"] == "none"


def test_the_registry_names_who_uses_it() -> None:
    rows = tabulate_registry([REGISTRY["resnet50"]], {"resnet50": ["aluminium"]})
    assert rows[0]["Lines"] == ["aluminium"] and rows[0]["Usual input"] == "224 × 224 × 3"


def test_rates_come_with_their_counts_and_intervals() -> None:
    (row,) = tabulate_figures({"test": {"int8": MEASURED}}, AGAINST)
    assert row == {
        "Split": "test",
        "Precision": "INT8",
        "Pictures": "300",
        "Accuracy (95 % interval)": "91.0 % (87.2 to 93.8 %)",
        "Macro F1": "90.0 %",
        "Escapes": "4 of 200",
        "False rejects": "3 of 100",
        "Differs from F32": "1 of 300",
    }


def test_a_detector_has_its_own_figures() -> None:
    (row,) = tabulate_figures({"test": {"f32": DETECTED}}, {"f32": {}})
    assert row["mAP 50"] == "94.5 %" and row["Belt taken for a part"] == "62 of 120" and "Escapes" not in row


@pytest.mark.parametrize(
    ("values", "words"),
    [({"accuracy": 0.25}, "accuracy 25.0 %"), (DETECTED, "mAP 50 94.5 %"), ({}, "")],
)
def test_the_headline_is_one_figure(values: dict, words: str) -> None:
    assert say_headline(values) == words


def test_nearly_all_is_not_called_all() -> None:
    assert say_headline({"map_50": 0.9996}) == "mAP 50 99.96 %"
    values = {"map_50": 0.9996, "map_50_interval": {"low": 0.9987, "high": 0.99991}}
    assert tell_figures(values)["mAP 50"] == "99.96 % (99.9 to 99.99 %)"
    assert say_headline({"accuracy": 1.0}) == "accuracy 100.0 %"
    assert say_headline({"accuracy": 0.99999}) == "accuracy 99.999 %"


def test_nested_values_are_flattened() -> None:
    nested = {"a_z": {"b": [1, 2]}, "c": list(range(20))}
    assert flatten(nested, "data ") == {"data a z b": "1, 2", "data c": "20 values"}
    assert flatten({"teacher": None, "trainable": []}) == {"teacher": "–", "trainable": "–"}


def test_a_bad_line_is_named_and_the_others_work(app: AppTest, tmp_path: Path) -> None:
    (tmp_path / "lines" / "spoilt.toml").write_text("title = ")
    open_models(app)
    assert not app.exception and not app.error
    assert "spoilt.toml" in app.sidebar.warning[0].value.replace("\\", "")
    app.switch_page("screens/watch.py").run()
    assert not app.exception and app.selectbox(key="watch.line").options == ["Fake aluminium", "Bare line"]


def test_without_a_line_that_can_be_read_it_says_so(app: AppTest, tmp_path: Path) -> None:
    for path in (tmp_path / "lines").glob("*.toml"):
        path.write_text("title = ")
    app.run()
    assert not app.exception and "Expected a line that can be read" in app.error[0].value
