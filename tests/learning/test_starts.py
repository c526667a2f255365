"""Where a new line starts from."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from inspection.config import Settings, load_settings
from inspection.errors import DataInvalid
from inspection.learning.split_store import store_split
from inspection.learning.splits import Split, hash_split
from inspection.learning.starts import AUTOMATIC, find_start, list_starts, pick_model

SPLIT = Split("stratified", 42, ("a/1.png", "a/2.png"), ("a/3.png",), ("a/4.png",))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return replace(load_settings(), weights_dir=tmp_path / "weights")


def put_weights(settings: Settings, line: str, model: str, accuracy: float | None) -> Path:
    folder = settings.weights_dir / line
    folder.mkdir(parents=True, exist_ok=True)
    figures = {} if accuracy is None else {"validation": {"f32": {"accuracy": accuracy}}}
    card = {"figures": figures, "data": {"split": {"sha256": hash_split(SPLIT)}}}
    (folder / f"{model}.json").write_text(json.dumps(card))
    (folder / f"{model}.safetensors").write_bytes(b"")
    return folder / f"{model}.safetensors"


def test_a_start_is_the_weights_that_serve_their_own_line_best(settings: Settings) -> None:
    put_weights(settings, "aluminium", "resnet18_cbam", 0.4)
    best = put_weights(settings, "steel", "resnet18_cbam", 0.99)
    good = put_weights(settings, "casting", "resnet18_cbam", 0.95)
    put_weights(settings, "wood", "resnet18_cbam", None)
    assert list_starts("resnet18_cbam", settings)[:2] == [best, good]
    assert find_start("resnet18_cbam", AUTOMATIC, settings) == best
    assert find_start("resnet18_cbam", None, settings) is None
    assert find_start("resnet18_cbam", "casting/resnet18_cbam", settings) == good
    with pytest.raises(DataInvalid, match="There are: steel/resnet18_cbam"):
        find_start("resnet18_cbam", "glass/resnet18_cbam", settings)


def test_weights_that_learnt_little_start_nothing(settings: Settings) -> None:
    put_weights(settings, "aluminium", "mobilenetv2", 0.4)
    assert find_start("mobilenetv2", AUTOMATIC, settings) is None
    assert pick_model(settings) == "mobilenetv2"
    put_weights(settings, "steel", "resnet18_cbam", 0.99)
    assert pick_model(settings) == "resnet18_cbam"
    put_weights(settings, "steel", "mobilenetv2", 0.99)
    assert pick_model(settings) == "mobilenetv2"


def test_what_learnt_of_parts_in_light_comes_before_what_serves_its_own_line_better(
    settings: Settings,
) -> None:
    put_weights(settings, "steel", "mobilenetv2", 0.99)
    assert pick_model(settings) == "mobilenetv2"
    put_weights(settings, "aluminium", "resnet50", 0.5)  # has hardly learnt
    put_weights(settings, "steel", "resnet50", 0.97)
    assert pick_model(settings) == "mobilenetv2"
    best = put_weights(settings, "aluminium", "resnet50", 0.86)
    assert pick_model(settings) == "resnet50" and find_start("resnet50", AUTOMATIC, settings) == best


def test_weights_that_know_the_pictures_by_name_start_nothing(settings: Settings) -> None:
    """The sides are drawn anew: what taught them would judge the new line."""
    start = put_weights(settings, "steel", "mobilenetv2", 0.99)
    store_split(SPLIT, start.parent)
    known, strange = {"1.png", "4.png", "9.png"}, {"1.png", "8.png", "9.png"}
    assert find_start("mobilenetv2", AUTOMATIC, settings, pictures=known) is None
    assert find_start("mobilenetv2", AUTOMATIC, settings, pictures=strange) == start
    assert find_start("mobilenetv2", "steel/mobilenetv2", settings, pictures=strange) == start
    with pytest.raises(DataInvalid, match="steel/mobilenetv2, which knows at least half of them by name"):
        find_start("mobilenetv2", "steel/mobilenetv2", settings, pictures=known)
