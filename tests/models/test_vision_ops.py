"""The suppression that stands in for torchvision's, and the step aside where the real one loads."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from inspection.config import ROOT
from models import vision_ops
from models.vision_ops import load_real_operators, nms, prepare

# Whole numbers make equal scores, shared edges, copies and empty boxes likely.
corner = st.integers(0, 12)
box = st.tuples(corner, corner, st.integers(0, 8), st.integers(0, 8)).map(
    lambda sides: (sides[0], sides[1], sides[0] + sides[2], sides[1] + sides[3])
)
candidates = st.lists(st.tuples(box, st.integers(0, 4)), max_size=14)


def suppress_plainly(boxes: list[tuple[int, ...]], scores: list[int], threshold: float) -> list[int]:
    """Greedy suppression as it is told in words, with whole areas so that nothing rounds."""
    waiting = sorted(range(len(boxes)), key=lambda index: (-scores[index], index))
    kept: list[int] = []
    while waiting:
        best = waiting.pop(0)
        kept.append(best)
        waiting = [other for other in waiting if not overlap_exceeds(boxes[best], boxes[other], threshold)]
    return kept


def overlap_exceeds(one: tuple[int, ...], other: tuple[int, ...], threshold: float) -> bool:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(0, width) * max(0, height)
    areas = [(edges[2] - edges[0]) * (edges[3] - edges[1]) for edges in (one, other)]
    union = sum(areas) - shared
    return union > 0 and shared > threshold * union


def to_tensors(drawn: list[tuple[tuple[int, ...], int]]) -> tuple[Tensor, Tensor]:
    boxes = torch.tensor([edges for edges, _ in drawn], dtype=torch.float32).reshape(-1, 4)
    return boxes, torch.tensor([score for _, score in drawn], dtype=torch.float32)


@settings(max_examples=200, deadline=None)
@given(drawn=candidates, threshold=st.sampled_from((0.0, 0.25, 0.5, 0.75, 1.0)))
def test_nms_is_greedy_suppression(drawn: list[tuple[tuple[int, ...], int]], threshold: float) -> None:
    boxes, scores = to_tensors(drawn)
    expected = suppress_plainly([edges for edges, _ in drawn], [score for _, score in drawn], threshold)
    assert nms(boxes, scores, threshold).tolist() == expected


@settings(max_examples=50, deadline=None)
@given(drawn=candidates)
def test_what_nms_keeps_does_not_overlap(drawn: list[tuple[tuple[int, ...], int]]) -> None:
    boxes, scores = to_tensors(drawn)
    kept = nms(boxes, scores, 0.5)
    assert nms(boxes[kept], scores[kept], 0.5).tolist() == list(range(len(kept)))
    assert scores[kept].tolist() == sorted(scores[kept].tolist(), reverse=True)


@pytest.mark.parametrize(
    ("boxes", "scores", "expected"),
    (
        pytest.param([], [], [], id="none"),
        pytest.param([(0, 0, 4, 4)], [0.5], [0], id="one"),
        pytest.param([(0, 0, 4, 4), (0, 0, 4, 4)], [0.5, 0.5], [0], id="a copy with the same score"),
        pytest.param([(0, 0, 4, 4), (0, 0, 4, 4)], [0.5, 0.9], [1], id="a copy with a better score"),
        pytest.param([(0, 0, 4, 4), (0, 0, 4, 2)], [0.9, 0.5], [0, 1], id="exactly the threshold is kept"),
        pytest.param([(2, 2, 2, 2), (2, 2, 2, 2)], [0.9, 0.5], [0, 1], id="empty boxes"),
        pytest.param([(0, 0, 4, 4), (4, 0, 8, 4)], [0.9, 0.5], [0, 1], id="a shared edge"),
    ),
)
def test_nms_at_the_edges(boxes: list[tuple[int, ...]], scores: list[float], expected: list[int]) -> None:
    kept = nms(torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4), torch.tensor(scores), 0.5)
    assert kept.tolist() == expected
    assert kept.dtype == torch.int64


def test_torchvision_suppresses_the_same() -> None:
    prepare()
    from torchvision.ops import nms as torchvision_nms

    boxes = torch.rand(40, 4, generator=torch.Generator().manual_seed(0)) * 20
    boxes[:, 2:] += boxes[:, :2]
    scores = torch.rand(40, generator=torch.Generator().manual_seed(1))
    assert torchvision_nms(boxes, scores, 0.4).tolist() == nms(boxes, scores, 0.4).tolist()


def test_preparing_twice_defines_nothing_twice() -> None:
    assert prepare() == prepare()
    assert len(vision_ops._libraries) <= 1


def test_nothing_is_defined_where_the_real_operators_load(monkeypatch: pytest.MonkeyPatch) -> None:
    before = list(vision_ops._libraries)
    monkeypatch.setattr(vision_ops, "load_real_operators", lambda: True)
    monkeypatch.setattr(vision_ops, "_prepared", [])
    assert prepare() is True
    assert vision_ops._libraries == before


def test_real_operators_are_found_by_loading_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "_C.so").write_bytes(b"not a library")
    found = SimpleNamespace(origin=str(tmp_path / "__init__.py"))
    monkeypatch.setattr(vision_ops.importlib.util, "find_spec", lambda name: found)
    assert load_real_operators() is False  # it is there, and does not load
    loaded: list[str] = []
    monkeypatch.setattr(torch.ops, "load_library", loaded.append)
    assert load_real_operators() is True
    assert loaded == [str(tmp_path / "_C.so")]


def test_absent_torchvision_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vision_ops.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match="pip install -r requirements.txt"):
        load_real_operators()


def test_models_that_are_loaded_side_by_side_define_the_operators_once() -> None:
    """In a process of its own, where nothing is prepared yet: torch refuses a second definition."""
    program = (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "from threading import Barrier\n"
        "from models import vision_ops\n"
        "start = Barrier(4)\n"
        "def enter(_):\n"
        "    start.wait()\n"
        "    return vision_ops.prepare()\n"
        "with ThreadPoolExecutor(4) as pool:\n"
        "    assert len(set(pool.map(enter, range(4)))) == 1\n"
        "import torchvision\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
