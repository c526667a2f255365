"""Places from the environment: a variable that says nothing changes nothing."""

from collections.abc import Iterator

import pytest

from inspection.config import Settings, load_settings
from inspection.conveyor.watched import watch_root
from inspection.jobs.pictures import data_root
from inspection.ui.roles import roles_path

PLACES = ("ASSAY_VAR", "ASSAY_LINES", "ASSAY_WEIGHTS", "ASSAY_DATA", "ASSAY_WATCH", "ASSAY_ROLES")


@pytest.fixture(autouse=True)
def read_anew() -> Iterator[None]:
    load_settings.cache_clear()
    yield
    load_settings.cache_clear()


def read_all() -> tuple[object, ...]:
    load_settings.cache_clear()
    settings: Settings = load_settings()
    return settings, data_root(settings), watch_root(), roles_path()


@pytest.mark.parametrize("name", PLACES)
def test_an_empty_place_is_none(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(name, raising=False)
    without = read_all()
    monkeypatch.setenv(name, "")
    assert read_all() == without
