"""A card is believed only when every key is there, of its type and possible."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from models.card import CardInvalid, read_card, write_card
from tests.models.cards import GOOD, make_card


def test_a_card_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "card.json"
    write_card(GOOD, path)
    assert read_card(path) == GOOD


def test_a_card_without_a_heat_scale_comes_back(tmp_path: Path) -> None:
    card = make_card(heat_scale=None, temperature=1)
    write_card(card, tmp_path / "card.json")
    assert read_card(tmp_path / "card.json") == card


def test_a_card_is_written_for_people_and_for_diffs(tmp_path: Path) -> None:
    write_card(make_card(class_names=("gut", "schräg")), tmp_path / "card.json")
    text = (tmp_path / "card.json").read_text(encoding="utf-8")
    keys = list(json.loads(text))
    assert keys == sorted(keys)
    assert '\n  "class_names": [\n    "gut",\n    "schräg"\n  ],\n' in text
    assert text.endswith("}\n")


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    (
        ("line", 3, "expected line to be str, got int '3'"),
        ("class_names", "ok", "expected class_names"),
        ("class_names", ["ok", 1], "expected class_names"),
        ("class_names", [], "at least one class name"),
        ("class_names", ["ok", "ok"], "each once"),
        ("input_size", 224.5, "expected input_size to be int"),
        ("input_size", True, "expected input_size to be int"),
        ("input_size", 0, "a positive input_size"),
        ("temperature", None, "expected temperature to be float"),
        ("turns", 0, "a part looked at 1 to 4 times"),
        ("turns", 5, "a part looked at 1 to 4 times"),
        ("temperature", 0.0, "a temperature above 0"),
        ("temperature", float("nan"), "a temperature above 0"),
        ("heat_scale", "hot", "expected heat_scale to be float | None"),
        ("heat_scale", -1.0, "a heat_scale above 0 or null"),
        ("weights_sha256", "0" * 63, "64 lower-case hexadecimal digits"),
        ("weights_sha256", "G" * 64, "64 lower-case hexadecimal digits"),
        ("data", [], "expected data"),
        ("curves", [1], "expected curves"),
        ("notes", "one", "expected notes"),
    ),
)
def test_an_impossible_value_is_refused(tmp_path: Path, key: str, value: object, reason: str) -> None:
    path = tmp_path / "card.json"
    path.write_text(json.dumps(asdict(GOOD) | {key: value}), encoding="utf-8")
    with pytest.raises(CardInvalid) as refusal:
        read_card(path)
    assert reason in str(refusal.value)
    assert str(refusal.value).startswith("card.json: expected")


def test_unknown_and_missing_keys_are_refused(tmp_path: Path) -> None:
    values = asdict(GOOD) | {"accuracy": 1.0}
    del values["licence"]
    path = tmp_path / "card.json"
    path.write_text(json.dumps(values), encoding="utf-8")
    with pytest.raises(CardInvalid, match="unknown: accuracy, missing: licence"):
        read_card(path)


@pytest.mark.parametrize("content", (b"", b"{", b"\xff\xfe{}", b"[" * 200_000))
def test_what_is_not_json_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "card.json"
    path.write_bytes(content)
    with pytest.raises(CardInvalid, match="Expected JSON in card.json"):
        read_card(path)


def test_a_list_is_no_card(tmp_path: Path) -> None:
    (tmp_path / "card.json").write_text("[]", encoding="utf-8")
    with pytest.raises(CardInvalid, match="got list"):
        read_card(tmp_path / "card.json")


def test_an_absent_card_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CardInvalid, match="found none"):
        read_card(tmp_path / "card.json")


def test_an_impossible_card_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(CardInvalid, match="temperature above 0"):
        write_card(make_card(temperature=-1.0), tmp_path / "card.json")
    with pytest.raises(ValueError, match="JSON compliant"):
        write_card(make_card(figures={"auc": float("nan")}), tmp_path / "card.json")
    assert not (tmp_path / "card.json").exists()


@pytest.mark.parametrize(
    ("figures", "int8", "served"),
    [
        ({"test": {"f32": {"accuracy": 0.5}, "int8": {"accuracy": 0.25}}}, {}, {"accuracy": 0.25}),
        (
            {"test": {"f32": {"accuracy": 0.5}, "int8": {"accuracy": 0.25}}},
            {"withheld": "it changes"},
            {"accuracy": 0.5},
        ),
        ({"test": {"f32": {"map_50": 0.9}}}, {}, {"map_50": 0.9}),
        ({"validation": {"f32": {"accuracy": 0.5}}}, {}, {}),
        ({}, {}, {}),
    ],
)
def test_the_figures_told_are_those_of_the_precision_that_runs(
    figures: dict[str, object], int8: dict[str, object], served: dict[str, object]
) -> None:
    card = make_card(figures=figures, precisions={"int8": int8, "f32": {}})
    assert card.served_test == served and card.withheld == int8.get("withheld")
