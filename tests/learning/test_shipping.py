"""What a card tells of its training holds on every machine."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from inspection.config import ROOT
from inspection.engines.quantize import Ranges
from inspection.errors import DataInvalid
from inspection.hashing import hash_file
from inspection.learning.origin import ORIGIN, note_origin, read_commit, read_origin, tell_recipe
from inspection.learning.recipes import make_config
from inspection.learning.shipping import choose_ranges


def test_weights_that_a_run_began_with_are_told_by_name_and_hash(tmp_path: Path) -> None:
    weights = tmp_path / "steel" / "resnet18_cbam.safetensors"
    weights.parent.mkdir()
    weights.write_bytes(b"weights")
    config = make_config("steel", "resnet50v2", ["a", "b"])
    config = replace(config, teacher="resnet18_cbam", teacher_weights=str(weights))
    note_origin(config, tmp_path, goes_on=False)
    begun, digest = read_origin(config, tmp_path), hash_file(weights)
    note_origin(config, tmp_path, goes_on=True)
    assert read_origin(config, tmp_path) == begun
    told = tell_recipe(config, tmp_path)
    assert told["teacher_weights"] == f"steel/resnet18_cbam.safetensors, SHA-256 {digest}"
    assert told["warm_start"] is None and told["model"] == "resnet50v2"
    weights.write_bytes(b"others, by the time of the release")
    assert tell_recipe(config, tmp_path) == told
    with pytest.raises(DataInvalid, match="Expected the teacher that the run"):
        note_origin(config, tmp_path, goes_on=True)


def test_what_another_run_left_in_the_folder_is_not_told_as_ones_own(tmp_path: Path) -> None:
    starts = {}
    for name in ("first", "second"):
        (tmp_path / f"{name}.safetensors").write_bytes(name.encode())
        config = make_config(
            "steel", "resnet50v2", ["a", "b"], warm_start=str(tmp_path / f"{name}.safetensors")
        )
        note_origin(config, tmp_path, goes_on=False)
        starts[name] = tell_recipe(config, tmp_path)["warm_start"]
    assert "first.safetensors" in starts["first"] and "second.safetensors" in starts["second"]
    # broken off before its first epoch was done and begun again under a later commit
    path = tmp_path / ORIGIN
    path.write_text(json.dumps(json.loads(path.read_text()) | {"commit": "earlier"}))
    note_origin(config, tmp_path, goes_on=False)
    assert read_origin(config, tmp_path)["commit"] == read_commit()


def test_a_run_that_began_before_there_was_a_note_claims_no_commit(tmp_path: Path) -> None:
    config = make_config("steel", "resnet50v2", ["a", "b"])
    note_origin(config, tmp_path, goes_on=True)
    assert read_origin(config, tmp_path)["commit"].endswith(" or before")


def test_without_git_the_commit_is_unknown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert read_commit() == "unknown"


def test_no_shipped_card_knows_the_machine_that_made_it() -> None:
    def find_paths(value: object) -> list[str]:
        if isinstance(value, dict):
            return [path for each in value.values() for path in find_paths(each)]
        if isinstance(value, list):
            return [path for each in value for path in find_paths(each)]
        return [value] if isinstance(value, str) and value.startswith(("/", "~", "C:")) else []

    cards = sorted((ROOT / "models" / "weights").rglob("*.json"))
    assert cards and not [path for card in cards for path in find_paths(json.loads(card.read_text("utf-8")))]


@pytest.mark.parametrize(
    ("refused", "asked", "kept"),
    [
        ((), ["all"], "all"),
        (("all",), ["all", "common"], "common"),
        (("all", "common"), ["all", "common"], "all"),  # nothing is gained: the plain way stays
    ],
)
def test_ranges_without_the_rarest_values_are_tried_only_where_int8_would_be_withheld(
    refused: tuple[Ranges, ...], asked: list[Ranges], kept: Ranges
) -> None:
    made: list[Ranges] = []
    told: list[str] = []

    def quantize(ranges: Ranges) -> Ranges:
        made.append(ranges)
        return ranges

    found = choose_ranges(
        quantize, lambda each: "INT8 changes 9 of 10" if each in refused else None, told.append
    )
    assert found == (kept, kept) and made == asked
    assert len(told) == len(asked) - 1
