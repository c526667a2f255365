"""How far a mean average precision can be from that of all pictures: the pictures are drawn again, boxes and all.

Boxes of one picture are no trials of their own, so whole pictures are drawn (Efron and Tibshirani 1993, chapter 8).
Precision made monotonic favours pictures that are there twice, so the draws lie a little too high where pictures are few.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inspection.learning.intervals import Interval

RESAMPLES = 1000
RECALLS = np.linspace(0, 1, 101)  # where COCO reads the precision


@dataclass(frozen=True, slots=True)
class ClassMatches:
    """What COCO's matching made of one class: found boxes of all pictures, surest first."""

    picture: NDArray[np.int64]  # (d,) of each found box
    hits: NDArray[np.bool_]  # (IoU thresholds, d)
    wanted: NDArray[np.int64]  # (pictures,) true boxes


def collect_matches(evaluation: Any) -> list[ClassMatches]:
    """evaluation: pycocotools' COCOeval, evaluated. Classes without a true box count nowhere and are left out."""
    told = evaluation.params
    pictures, ranges = len(told.imgIds), len(told.areaRng)
    collected = []
    for number in range(len(told.catIds)):
        first = number * ranges * pictures  # of all sizes, which is the first range
        each = evaluation.evalImgs[first : first + pictures]
        wanted = np.array([0 if one is None else len(one["gtIds"]) for one in each], np.int64)
        if wanted.any():
            collected.append(order_matches(each, wanted, most=told.maxDets[-1], steps=len(told.iouThrs)))
    return collected


def order_matches(
    pictures: Sequence[dict[str, Any] | None], wanted: NDArray[np.int64], *, most: int, steps: int
) -> ClassMatches:
    scores, hits, where = [np.empty(0)], [np.empty((steps, 0), bool)], [np.empty(0, np.int64)]
    for index, one in enumerate(pictures):
        if one is not None:
            scores.append(np.array(one["dtScores"][:most]))
            hits.append(one["dtMatches"][:, :most] > 0)
            where.append(np.full(len(scores[-1]), index))
    surest = np.argsort(-np.concatenate(scores), kind="mergesort")
    return ClassMatches(np.concatenate(where)[surest], np.concatenate(hits, axis=1)[:, surest], wanted)


def average_precisions(matches: Sequence[ClassMatches], times: NDArray[np.int64]) -> NDArray[np.float64]:
    """(IoU thresholds,) mean over classes where each picture counts so many times; with 1 each it is COCO's figure."""
    found = [
        average_class(each, times) for each in matches if (each.wanted * times).any()
    ]  # a class that was not drawn says nothing
    return np.asarray(np.mean(found, axis=0))


def average_class(matches: ClassMatches, times: NDArray[np.int64]) -> NDArray[np.float64]:
    weight = times[matches.picture]
    drawn = weight > 0
    weight, hits = weight[drawn], matches.hits[:, drawn]
    if not len(weight):
        return np.zeros(len(matches.hits))
    right = (hits * weight).cumsum(axis=1)
    recall = right / (matches.wanted * times).sum()
    precision = right / weight.cumsum()
    best_later = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    read = [np.searchsorted(row, RECALLS, side="left") for row in recall]
    reached = np.pad(best_later, ((0, 0), (0, 1)))  # a recall that is never reached has no precision
    return np.array([row[at].mean() for row, at in zip(reached, read, strict=True)])


def find_map_intervals(
    matches: Sequence[ClassMatches], *, seed: int = 0
) -> tuple[Interval | None, Interval | None]:
    """(of mAP@0.5, of mAP@0.5:0.95), 95 %. None where it says nothing: no box, one picture, or nothing to vary."""
    pictures = len(matches[0].wanted) if matches else 0
    if pictures < 2:
        return None, None
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(RESAMPLES):
        times = np.bincount(rng.integers(0, pictures, pictures), minlength=pictures)
        if any((each.wanted * times).any() for each in matches):
            drawn.append(average_precisions(matches, times))
    values = np.array(drawn)
    return bound(values[:, 0]), bound(values.mean(axis=1))


def bound(values: NDArray[np.float64]) -> Interval | None:
    low, high = np.quantile(values, [0.025, 0.975])
    return None if low == high else Interval(float(low), float(high))
