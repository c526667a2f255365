"""How well boxes are found: COCO's average precision, and what a threshold makes of the boxes."""

import contextlib
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from inspection.learning.data import LabelledBox
from inspection.learning.intervals import Interval, find_exact_interval, find_wilson_interval
from inspection.learning.map_interval import ClassMatches, collect_matches, find_map_intervals
from inspection.learning.metrics import divide
from inspection.types import Finding

LEAST_IOU = 0.5  # a box counts as found from this overlap on


@dataclass(frozen=True, slots=True)
class DetectionFigures:
    """None where it is undefined: no box to find, nothing found, no empty picture."""

    pictures: int
    boxes: int
    map_50: float | None  # mean over classes of AP at IoU 0.5
    map_50_interval: Interval | None  # whole pictures drawn again, 95 %
    map_50_95: float | None  # the same, mean over IoU 0.50, 0.55 … 0.95
    map_50_95_interval: Interval | None
    per_class_ap_50: dict[str, float | None]
    threshold: float  # boxes below it are left out of what follows
    found: int
    precision: float | None
    recall: float | None
    # Wilson, 95 %, as if each box were a picture of its own: where pictures hold several it may be too narrow
    recall_interval: Interval | None
    empty_pictures: int
    empty_called_part: int
    empty_called_part_rate: float | None
    empty_called_part_interval: Interval | None  # Clopper and Pearson, 95 %

    def to_dict(self) -> dict[str, object]:
        return asdict(self)


def measure_detections(
    truths: Sequence[Sequence[LabelledBox]],
    findings: Sequence[Sequence[Finding]],
    *,
    class_names: Sequence[str],
    threshold: float = 0.5,
) -> DetectionFigures:
    """One entry a picture in both; an empty truth is a picture without a part."""
    if len(truths) != len(findings):
        raise ValueError(f"expected findings for {len(truths)} pictures, got {len(findings)}")
    precision, matches = evaluate_coco(truths, findings, class_names)
    of_50, of_50_95 = find_map_intervals(matches)
    kept = [[each for each in found if each.score_0_1 >= threshold] for found in findings]
    hits = sum(count_hits(truth, found) for truth, found in zip(truths, kept, strict=True))
    boxes, found_boxes = sum(map(len, truths)), sum(map(len, kept))
    empty = [found for truth, found in zip(truths, kept, strict=True) if not truth]
    called = sum(bool(found) for found in empty)
    return DetectionFigures(
        pictures=len(truths),
        boxes=boxes,
        map_50=average_defined(precision[:1]),
        map_50_interval=of_50,
        map_50_95=average_defined(precision),
        map_50_95_interval=of_50_95,
        per_class_ap_50={
            name: average_defined(precision[:1, :, number]) for number, name in enumerate(class_names)
        },
        threshold=threshold,
        found=found_boxes,
        precision=divide(hits, found_boxes),
        recall=divide(hits, boxes),
        recall_interval=find_wilson_interval(hits, boxes),
        empty_pictures=len(empty),
        empty_called_part=called,
        empty_called_part_rate=divide(called, len(empty)),
        empty_called_part_interval=find_exact_interval(called, len(empty)),
    )


def evaluate_coco(
    truths: Sequence[Sequence[LabelledBox]], findings: Sequence[Sequence[Finding]], class_names: Sequence[str]
) -> tuple[NDArray[np.float64], list[ClassMatches]]:
    """Precision as (10 IoU thresholds, 101 recalls, classes), −1 where a class has no box; 100 boxes a picture. And what was
    matched, for intervals."""
    shape = (10, 101, len(class_names))
    if not any(truths):
        return np.full(shape, -1.0), []
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    numbers = {name: number for number, name in enumerate(class_names, start=1)}
    with contextlib.redirect_stdout(io.StringIO()):  # it reports its progress by print
        reference = COCO()
        reference.dataset = {
            "info": {},
            "images": [{"id": picture} for picture in range(len(truths))],
            "categories": [{"id": number, "name": name} for name, number in numbers.items()],
            "annotations": [
                annotate(each, picture, numbers) | {"iscrowd": 0}
                for picture, truth in enumerate(truths)
                for each in truth
            ],
        }
        for number, annotation in enumerate(reference.dataset["annotations"], start=1):
            annotation["id"] = number  # from 1: an id of 0 counts as unmatched there
        reference.createIndex()
        results = [
            annotate(each, picture, numbers) | {"score": each.score_0_1}
            for picture, found in enumerate(findings)
            for each in found
        ]
        if not results:
            present = {each.class_name for truth in truths for each in truth}
            nothing = [np.full((10, 101), 0.0 if n in present else -1.0) for n in class_names]
            return np.stack(nothing, axis=2), []
        evaluation = COCOeval(reference, reference.loadRes(results), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
    # (IoU, recall, class, area range, most boxes): all sizes, up to 100 boxes
    precision = np.asarray(evaluation.eval["precision"][:, :, :, 0, 2], dtype=np.float64)
    return precision, collect_matches(evaluation)


def annotate(each: LabelledBox | Finding, picture: int, numbers: dict[str, int]) -> dict[str, object]:
    box = each.box
    return {
        "image_id": picture,
        "category_id": numbers[each.class_name],
        "bbox": [box.x1, box.y1, box.x2 - box.x1, box.y2 - box.y1],
        "area": box.area,
    }


def count_hits(truth: Sequence[LabelledBox], found: Sequence[Finding]) -> int:
    """Greedy, the surest first: each true box is found at most once, by a box of its class."""
    free = list(truth)
    hits = 0
    for each in sorted(found, key=lambda finding: -finding.score_0_1):
        overlaps = [
            measure_iou(each.box.as_list(), other.box.as_list())
            if other.class_name == each.class_name
            else 0.0
            for other in free
        ]
        if overlaps and max(overlaps) >= LEAST_IOU:
            free.pop(int(np.argmax(overlaps)))
            hits += 1
    return hits


def measure_iou(first: Sequence[float], second: Sequence[float]) -> float:
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (first, second))
    return width * height / (areas - width * height)


def average_defined(precision: NDArray[np.float64]) -> float | None:
    defined = precision[precision > -1]
    return float(defined.mean()) if defined.size else None
