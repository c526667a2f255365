"""Average precision of boxes, quick enough to be asked after every epoch."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspection.types import F32


@dataclass(frozen=True, slots=True)
class Boxes:
    """Of one picture."""

    boxes: F32  # (m, 4) x1 y1 x2 y2
    labels: NDArray[np.int64]  # (m,)
    scores: F32  # (m,); not looked at where the boxes are the truth


def mean_average_precision(
    found: Sequence[Boxes], truth: Sequence[Boxes], *, classes: int, iou: float
) -> float:
    """The mean over the classes that the truth holds; the area under precision made monotonic, at every recall."""
    each = [
        average_precision(found, truth, label=label, iou=iou)
        for label in range(classes)
        if any((picture.labels == label).any() for picture in truth)
    ]
    return float(np.mean(each)) if each else 0.0


def average_precision(found: Sequence[Boxes], truth: Sequence[Boxes], *, label: int, iou: float) -> float:
    scores, hits, wanted = [], [], 0
    for seen, real in zip(found, truth, strict=True):
        mine, theirs = seen.labels == label, real.labels == label
        wanted += int(theirs.sum())
        order = np.argsort(-seen.scores[mine], kind="stable")
        scores.append(seen.scores[mine][order])
        hits.append(match_boxes(seen.boxes[mine][order], real.boxes[theirs], iou=iou))
    surest_first = np.argsort(-np.concatenate(scores), kind="stable")
    hit = np.concatenate(hits)[surest_first]
    if not wanted or not len(hit):
        return 0.0
    recall = hit.cumsum() / wanted
    precision = hit.cumsum() / np.arange(1, len(hit) + 1)
    best_later = np.maximum.accumulate(precision[::-1])[::-1]
    return float((np.diff(recall, prepend=0.0) * best_later).sum())


def match_boxes(found: F32, truth: F32, *, iou: float) -> NDArray[np.bool_]:
    """found: surest first. Each takes the free true box that it overlaps best, if by at least `iou`."""
    hits = np.zeros(len(found), bool)
    free = np.ones(len(truth), bool)
    overlaps = pairwise_iou(found, truth)
    for index in range(len(found)):
        row = np.where(free, overlaps[index], -1.0)
        if len(row) and row.max() >= iou:
            free[row.argmax()] = False
            hits[index] = True
    return hits


def pairwise_iou(first: F32, second: F32) -> NDArray[np.float64]:
    """(n, 4) and (m, 4) → (n, m)."""
    a, b = first.astype(np.float64)[:, None], second.astype(np.float64)[None]
    sides = (np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])).clip(0)
    overlap = sides.prod(axis=2)
    areas = (a[..., 2:] - a[..., :2]).prod(axis=2) + (b[..., 2:] - b[..., :2]).prod(axis=2)
    return np.asarray(overlap / np.maximum(areas - overlap, 1e-9))
