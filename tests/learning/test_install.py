"""A model that was trained comes into its line: on demand, whole, and named there."""

from pathlib import Path

import pytest

from inspection.config import Settings
from inspection.errors import DataInvalid, LineInvalid
from inspection.learning.install import Staged, add_rival, install
from inspection.lines import load_line
from tests.learning.staged import put_staged


def test_an_installed_model_is_replaced_only_on_demand(settings: Settings, tmp_path: Path) -> None:
    card = install(put_staged(tmp_path / "one", "first"), settings)
    again = put_staged(tmp_path / "two", "second")
    with pytest.raises(DataInvalid, match="Compare the two"):
        install(again, settings)
    assert card.read_text() == "first"
    install(again, settings, replace=True)
    assert {path.read_text() for path in card.parent.iterdir()} == {"second"} and len(
        list(card.parent.iterdir())
    ) == 3


def test_what_was_not_trained_is_not_installed(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(DataInvalid, match="Train it"):
        install(Staged("cloth", "tiny", tmp_path), settings)


TOML = """title = "Cloth" # a remark
part = "cloth"
classes = ["fine", "torn"]

[models]
# the first is the fastest
champion = "resnet50"
rivals = [
    "compact_cnn",
]  # more to come

[policy]
confidence = 0.9
"""


def test_a_rival_is_added_and_nothing_else_changes(settings: Settings) -> None:
    settings.lines_dir.mkdir()
    path = settings.lines_dir / "cloth.toml"
    path.write_text(TOML)
    assert add_rival("cloth", "mobilenetv2", settings)
    assert load_line("cloth", settings).rivals == ("compact_cnn", "mobilenetv2")
    assert path.read_text() == TOML.replace('[\n    "compact_cnn",\n]', '["compact_cnn", "mobilenetv2"]')
    assert not add_rival("cloth", "mobilenetv2", settings) and not add_rival("cloth", "resnet50", settings)


def test_a_line_without_a_row_of_rivals_is_left_alone(settings: Settings) -> None:
    settings.lines_dir.mkdir()
    path = settings.lines_dir / "cloth.toml"
    without = TOML.replace('rivals = [\n    "compact_cnn",\n]', "")
    path.write_text(without)
    with pytest.raises(LineInvalid, match="by hand"):
        add_rival("cloth", "mobilenetv2", settings)
    assert path.read_text() == without
