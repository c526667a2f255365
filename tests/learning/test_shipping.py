"""What a card tells of its training holds on every machine."""

import json
from dataclasses import replace
from pathlib import Path

from inspection.config import ROOT
from inspection.hashing import hash_file
from inspection.learning.origin import note_origin, read_origin, tell_recipe
from inspection.learning.recipes import make_config


def test_weights_that_a_run_began_with_are_told_by_name_and_hash(tmp_path: Path) -> None:
    weights = tmp_path / "steel" / "resnet18_cbam.safetensors"
    weights.parent.mkdir()
    weights.write_bytes(b"weights")
    config = make_config("steel", "resnet50v2", ["a", "b"])
    config = replace(config, teacher="resnet18_cbam", teacher_weights=str(weights))
    note_origin(config, tmp_path)
    begun, digest = read_origin(config, tmp_path), hash_file(weights)
    weights.write_bytes(b"others, by the time of the release")
    note_origin(config, tmp_path)  # as a run does that goes on
    assert read_origin(config, tmp_path) == begun
    told = tell_recipe(config, tmp_path)
    assert told["teacher_weights"] == f"steel/resnet18_cbam.safetensors, SHA-256 {digest}"
    assert told["warm_start"] is None and told["model"] == "resnet50v2"


def test_no_shipped_card_knows_the_machine_that_made_it() -> None:
    def find_paths(value: object) -> list[str]:
        if isinstance(value, dict):
            return [path for each in value.values() for path in find_paths(each)]
        if isinstance(value, list):
            return [path for each in value for path in find_paths(each)]
        return [value] if isinstance(value, str) and value.startswith(("/", "~", "C:")) else []

    cards = sorted((ROOT / "models" / "weights").rglob("*.json"))
    assert cards and not [path for card in cards for path in find_paths(json.loads(card.read_text("utf-8")))]
