"""Where releases are promoted: a line, the folders of a machine, and the weights that it shipped with.

The fixtures are named by the tests that need them: in conftest.py they would load torch for all tests of records.
"""

from dataclasses import replace
from pathlib import Path

import pytest

from inspection.config import Settings
from inspection.records.shelf import Release
from tests.records.answering import make_line
from tests.records.contenders import make_settings, write_release

LINE = replace(make_line(), rivals=("compact_cnn",))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path)


@pytest.fixture
def shipped(settings: Settings) -> Release:
    return write_release(settings.weights_dir, seed=1)
