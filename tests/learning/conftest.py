"""For all tests of learning: a line, its weights and what is learnt lie in folders of the test."""

from dataclasses import replace
from pathlib import Path

import pytest

from inspection.config import Settings, load_settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return replace(
        load_settings(),
        lines_dir=tmp_path / "lines",
        weights_dir=tmp_path / "weights",
        var_dir=tmp_path / "var",
    )
