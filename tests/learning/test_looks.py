"""How a released network looks at a part: what is asked for, else as the line's own weights look."""

from dataclasses import replace
from pathlib import Path

import pytest

from inspection.errors import DataInvalid
from inspection.learning.looks import ONE_LOOK, Looks, keep_looks, read_kept_looks, settle_looks
from inspection.learning.recipes import make_config
from models.card import write_card
from models.registry import find_spec
from tests.models.cards import make_card


def settle(config: object, line: str, turns: int | None = None, side: int | None = None) -> Looks:
    return settle_looks(line, config, turns=turns, side=side)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("line", "model", "own"),
    [
        ("aluminium", "resnet50", Looks(2, 256)),
        ("casting", "resnet50", ONE_LOOK),
        ("aluminium", "resnet18_cbam", ONE_LOOK),
    ],
)
def test_weights_of_the_line_itself_say_how_their_successor_looks(
    tmp_path: Path, line: str, model: str, own: Looks
) -> None:
    start = tmp_path / "aluminium" / "resnet50.safetensors"
    card = make_card(line="aluminium", model="resnet50", turns=2, input_size=256)
    write_card(card, start.with_suffix(".json"))
    config = make_config(line, model, ("good", "bad"), warm_start=str(start))
    assert settle(config, line) == own
    assert settle(config, line, turns=3, side=288) == Looks(3, 288)
    assert settle(config, line, turns=1) == replace(own, turns=1)
    assert settle(replace(config, warm_start=None), line) == ONE_LOOK


@pytest.mark.parametrize(
    ("model", "side", "word"),
    [
        ("mobilevit_xxs", 100, "multiples, as mobilevit_xxs takes them, got 100. Say 128"),
        ("mlp_mixer", 256, "only size that mlp_mixer takes"),
    ],
)
def test_a_side_that_the_network_cannot_take_is_refused(model: str, side: int, word: str) -> None:
    config = make_config("casting", model, ("good", "bad"))
    with pytest.raises(DataInvalid, match=word):
        settle(config, "casting", side=side)
    assert settle(config, "casting", side=find_spec(model).input_size).side == find_spec(model).input_size


def test_what_was_learnt_keeps_how_it_is_to_look(tmp_path: Path) -> None:
    keep_looks(Looks(2, 256), tmp_path)
    (tmp_path / "config.json").write_text("{}")  # of a training
    keep_looks(Looks(2, 256), tmp_path)
    with pytest.raises(DataInvalid, match="--turns 2 and --side 256.*got --turns 1 and the model's own side"):
        keep_looks(ONE_LOOK, tmp_path)
    assert read_kept_looks(tmp_path) == Looks(2, 256)


def test_looks_are_kept_beside_what_is_released_later(tmp_path: Path) -> None:
    for looks in (ONE_LOOK, Looks(2, 256)):
        keep_looks(looks, tmp_path / "run")
        assert read_kept_looks(tmp_path / "run") == looks
