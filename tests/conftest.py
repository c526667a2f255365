"""For all tests: no property is judged by the clock, which a busy machine would fail; the longest files come first."""

import pytest
from hypothesis import settings

settings.register_profile("assay", deadline=None)
settings.load_profile("assay")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The walks in a browser are the longest files: begun last, one of them would keep one worker long after the other."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is None)
