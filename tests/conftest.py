"""For all tests: no property is judged by the clock, which a busy machine would fail; the longest files are spread out."""

import gc
import os
from collections.abc import Generator

import pytest
from _pytest.runner import runtestprotocol
from hypothesis import settings

settings.register_profile("assay", deadline=None)
settings.load_profile("assay")
_WAITED_IN_VAIN = "playwright._impl._errors.TimeoutError"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    """Two more than there are cores: a third of the time walks in a browser and processes that start leave some idle."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None  # xdist reads it
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    return cores + 2


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What the test files import stays: to look through it again and again for garbage takes a quarter of each worker's start.
    From then on it is out of the collector's sight, as it is in the server (inspection/ui/heap.py)."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The walks in a browser are the longest files: begun last, one of them would keep one worker long after the others.
    After each come two other files, so that not every worker waits for a browser at the same time."""
    files: dict[str, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.nodeid.partition("::")[0], []).append(item)
    walks = [
        name for name, found in files.items() if any(item.get_closest_marker("browser") for item in found)
    ]
    others = iter([name for name in files if name not in walks])
    ordered = [name for walk in walks for name in (walk, next(others, None), next(others, None))]
    items[:] = [item for name in [*ordered, *others] if name is not None for item in files[name]]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """A walk that waited in vain is walked once more, and both are told: on a busy machine a press may go to what is just being
    drawn anew. What was wrong (words, numbers, an answer of 400 and more, a console error) is wrong at once."""
    if not isinstance(item, pytest.Function) or item.get_closest_marker("browser") is None:
        return None
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    reports = runtestprotocol(item, log=False, nextitem=nextitem)
    failed = [report.longreprtext for report in reports if report.failed]
    if failed and all(_WAITED_IN_VAIN in each for each in failed):
        item._initrequest()  # its fixtures are made anew
        reports = runtestprotocol(item, log=False, nextitem=nextitem)
        if not any(report.failed for report in reports):
            item.warn(
                pytest.PytestWarning(
                    f"waited in vain, and passed when it was walked again:\n{failed[0][-1500:]}"
                )
            )
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True
