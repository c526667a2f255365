"""What was imported is out of the collector's sight; what sessions made since is not."""

import gc
import sys
import weakref
from collections.abc import Iterator
from types import ModuleType

import pytest

from inspection.ui.heap import Heap


@pytest.fixture(autouse=True)
def thawed() -> Iterator[None]:
    gc.unfreeze()  # it was set aside once the tests were imported, and by each page that ran in this process before
    yield
    gc.freeze()  # for the tests that follow


class Knot:
    """It points to itself: only the collector frees it."""

    def __init__(self) -> None:
        self.me = self


def import_package(monkeypatch: pytest.MonkeyPatch, modules: int) -> None:
    for number in range(modules):
        monkeypatch.setitem(sys.modules, f"package.part_{number}", ModuleType("part"))


def test_imports_are_set_aside_once() -> None:
    heap = Heap()
    before = gc.get_freeze_count()
    assert heap.set_aside() and gc.get_freeze_count() > before + 10_000
    assert not heap.set_aside(), "nothing came since"


def test_a_package_that_comes_later_is_set_aside_too(monkeypatch: pytest.MonkeyPatch) -> None:
    heap = Heap(many=20)
    heap.set_aside()
    import_package(monkeypatch, 19)
    assert not heap.set_aside()
    import_package(monkeypatch, 20)
    assert heap.set_aside()


def test_garbage_is_freed_before_and_after() -> None:
    heap = Heap()
    early = weakref.ref(Knot())
    heap.set_aside()
    assert early() is None, "garbage that is set aside would stay for ever"
    late = weakref.ref(Knot())
    gc.collect()
    assert late() is None
