"""Where the part is, or where the defects are: letterbox → engine → suppression → boxes on the picture."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from inspection.letterbox import boxes_from_letterbox, letterbox
from inspection.types import F32, Box, Engine, Finding, Picture

NMS_IOU = 0.45
MOST_FINDINGS = 100
MOST_CANDIDATES = 500  # the surest, that are compared with one another


def suppress(boxes: F32, scores: F32, *, iou_threshold: float = NMS_IOU) -> NDArray[np.intp]:
    """Greedy: keep the surest box, drop what overlaps it by more than the threshold, repeat. Surest first."""
    order = np.argsort(-scores, kind="stable")
    x1, y1, x2, y2 = boxes[order].astype(np.float64).T
    area = (x2 - x1) * (y2 - y1)
    alive = np.ones(len(order), dtype=bool)
    kept: list[int] = []
    for index in range(len(order)):
        if not alive[index]:
            continue
        kept.append(index)
        rest = slice(index + 1, None)
        width = np.minimum(x2[index], x2[rest]) - np.maximum(x1[index], x1[rest])
        height = np.minimum(y2[index], y2[rest]) - np.maximum(y1[index], y1[rest])
        overlap = np.maximum(width, 0) * np.maximum(height, 0)
        alive[rest] &= overlap <= iou_threshold * (area[index] + area[rest] - overlap)
        if len(kept) == MOST_FINDINGS:
            break
    return order[kept]


def find_boxes(
    picture: Picture, engine: Engine, *, size: int, class_names: Sequence[str], threshold_0_1: float
) -> list[Finding]:
    """All boxes above the threshold, surest first, clipped to the picture."""
    square, scale, offset = letterbox(picture.pixels, size)
    candidates = engine.run(square[None]).outputs[0][0]  # (candidates, 4 + classes)
    return select_findings(
        candidates,
        class_names=class_names,
        threshold_0_1=threshold_0_1,
        scale=scale,
        offset=offset,
        picture_size=(picture.width, picture.height),
    )


def select_findings(
    candidates: F32,
    *,
    class_names: Sequence[str],
    threshold_0_1: float,
    scale: float,
    offset: tuple[int, int],
    picture_size: tuple[int, int],
) -> list[Finding]:
    scores = candidates[:, 4:]
    best = scores.argmax(axis=1)
    surest = scores[np.arange(len(scores)), best]
    rows = np.flatnonzero(surest >= threshold_0_1)
    if len(rows) == 0:
        return []
    rows = rows[np.argsort(-surest[rows], kind="stable")[:MOST_CANDIDATES]]
    boxes, surest, best = candidates[rows, :4], surest[rows], best[rows]
    # one suppression for all classes: boxes of different classes are moved apart by more than a picture's size
    apart = boxes + (best * 4.0 * max(float(np.abs(boxes).max()), 1.0))[:, None].astype(np.float32)
    kept = suppress(apart, surest)
    width, height = picture_size
    found = []
    for index, box in zip(kept, boxes_from_letterbox(boxes[kept], scale, offset), strict=True):
        x1, x2 = np.clip(box[[0, 2]], 0, width)
        y1, y2 = np.clip(box[[1, 3]], 0, height)
        if x2 - x1 >= 1 and y2 - y1 >= 1:
            clipped = Box(float(x1), float(y1), float(x2), float(y2))
            found.append(Finding(clipped, class_names[int(best[index])], float(surest[index])))
    return found
