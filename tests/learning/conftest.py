"""For all tests of learning: a line, its weights and what is learnt lie in folders of the test."""

from dataclasses import replace
from pathlib import Path

import pytest

from inspection.config import Settings, load_settings
from tests.learning.steel_pictures import write_pictures


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return replace(
        load_settings(),
        lines_dir=tmp_path / "lines",
        weights_dir=tmp_path / "weights",
        var_dir=tmp_path / "var",
    )


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Of the line steel."""
    return write_pictures(tmp_path / "pictures")
