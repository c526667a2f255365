"""A line's folder → the picture sets that teach, choose and judge, with the facts that the card must tell."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from inspection.errors import DataInvalid
from inspection.learning.arrays import ArraySet, BoxSet, load_array_set, read_rgb, stamp_file
from inspection.learning.boxed_pictures import (
    check_boxes,
    check_parts,
    read_boxed,
    read_size,
    refuse_outside,
)
from inspection.learning.data import BOXES, Sample
from inspection.learning.line_sides import SIDES, split_line
from inspection.learning.pixel_cache import digest, map_pixels, stamp
from inspection.learning.splits import Split
from inspection.letterbox import boxes_to_letterbox, crop_box, crop_mask, letterbox
from inspection.lines import Line
from inspection.types import U8, Box


@dataclass(frozen=True, slots=True)
class LineData:
    train: ArraySet
    validation: ArraySet
    test: ArraySet
    facts: dict[str, Any]  # for the card
    split: Split | None = None  # which picture is on which side, to be kept beside the weights


@dataclass(frozen=True, slots=True)
class LineBoxes:
    class_names: tuple[str, ...]
    train: BoxSet
    validation: BoxSet
    test: BoxSet
    facts: dict[str, Any]
    split: Split | None = None


def load_line_data(line: Line, folder: Path, *, size: int, cache_dir: Path) -> LineData:
    """What the classifier sees, cut and resized by the functions that serve."""
    found = split_line(line, folder)
    boxed = (folder / "train" / BOXES).is_file() and line.locate.mode == "detector"
    sides = {}
    for side in SIDES:
        if boxed:
            sides[side] = cut_parts(found.side(side), line, folder, size=size, cache_dir=cache_dir)
        else:
            sides[side] = load_array_set(
                found.dataset, getattr(found.split, side), size=size, cache_dir=cache_dir
            )
    facts = found.facts(line, folder)
    return LineData(sides["train"], sides["validation"], sides["test"], facts, found.split)


def cut_parts(samples: Sequence[Sample], line: Line, folder: Path, *, size: int, cache_dir: Path) -> ArraySet:
    """Each part in the crop that a perfect detector would give."""
    parts = [sample for sample in samples if sample.boxes]
    if not parts:
        raise DataInvalid(f"Expected parts with boxes in {folder}, got none. Check {BOXES}.")
    check_parts(parts, line)
    labels = np.array([line.classes.index(sample.class_name) for sample in parts], np.int64)
    keys = tuple(sample.path.relative_to(folder).as_posix() for sample in parts)

    def cut(sample: Sample) -> U8:
        return crop_box(read_boxed(sample), sample.boxes[0].box, margin=line.locate.margin, size=size)

    boxes = [sample.boxes[0].box.as_list() for sample in parts]
    name = digest([stamp(parts), size, line.locate.margin, boxes])
    shape = (len(parts), size, size, 3)
    pixels = map_pixels(cache_dir / f"crops-{name}.npy", shape, lambda index: cut(parts[index]))
    return ArraySet(pixels, labels, keys)


def load_guided(line: Line, folder: Path, *, size: int, cache_dir: Path) -> ArraySet:
    """The parts that teach, a little larger than the network takes them, so that turning does not blur a hair crack;
    with the masks of their defects in the same crop."""
    parts = [sample for sample in split_line(line, folder).side("train") if sample.boxes]
    if not any(mask_path(sample).is_file() for sample in parts):
        raise DataInvalid(f"Expected masks in {folder / 'train' / 'masks'}, got none. Choose another recipe.")
    pictures = cut_parts(parts, line, folder, size=size, cache_dir=cache_dir)
    name = digest([stamp(parts), size, line.locate.margin, "masks", stamp_marks(parts)])
    masks = map_pixels(
        cache_dir / f"masks-{name}.npy",
        (len(parts), size, size),
        lambda index: cut_mask(parts[index], line.locate.margin, size),
    )
    return replace(pictures, masks=masks)


def cut_mask(sample: Sample, margin: float, size: int) -> U8:
    """(size, size), 0 or 255, in the crop that `cut_parts` makes."""
    mask = read_mask(sample)
    if mask is None:
        return np.zeros((size, size), np.uint8)
    return crop_mask(mask, sample.boxes[0].box, margin=margin, size=size)


def mask_path(sample: Sample) -> Path:
    return sample.path.parents[1] / "masks" / sample.path.parent.name / f"{sample.path.stem}.png"


def read_mask(sample: Sample) -> U8 | None:
    """None where there is no mask: nothing on the picture is a defect. A damaged one would teach the same, so it is refused."""
    import cv2

    path = mask_path(sample)
    if not path.is_file():
        return None
    mask = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    height, width = read_size(sample.path)
    if mask is None or mask.shape != (height, width):
        got = "one that cannot be read" if mask is None else f"one of {mask.shape[1]} × {mask.shape[0]}"
        raise DataInvalid(
            f"Expected at {path} a mask of its picture's {width} × {height} pixels, got {got}. Make it again."
        )
    return np.asarray(mask, np.uint8)


def load_patches(line: Line, folder: Path, *, size: int, cache_dir: Path) -> LineData:
    """Pieces of parts around a defect, or anywhere on a good part: patch-based learning (seed 000).

    On a whole part a fine defect is a thousandth of the picture, and a network with random weights does not find it in
    a few epochs. On a patch it is large; what was learnt there starts the training on whole parts.
    """
    found = split_line(line, folder)
    sides = {}
    for side in ("train", "validation"):
        parts = [sample for sample in found.side(side) if sample.boxes]
        if line.locate.mode == "detector":
            check_parts(parts, line)
        else:  # its boxes mark defects, of which a part may have several
            check_boxes(parts, line.classes)
        name = digest([stamp(parts), size, "tight patches", stamp_marks(parts)])
        pixels = map_pixels(
            cache_dir / f"patches-{name}.npy",
            (len(parts), size, size, 3),
            lambda index, parts=parts: cut_patch(parts[index], size),
        )
        labels = np.array([line.classes.index(sample.class_name) for sample in parts], np.int64)
        keys = tuple(sample.path.relative_to(folder).as_posix() for sample in parts)
        sides[side] = ArraySet(pixels, labels, keys)
    # a patch cannot be cut without knowing where the defect is: there is nothing to judge honestly, so no test side
    return LineData(sides["train"], sides["validation"], sides["validation"], found.facts(line, folder))


def cut_patch(sample: Sample, size: int) -> U8:
    """A square one and a third to three times as wide as the defect, that holds it off its centre."""
    seed = int(hashlib.sha256(sample.path.name.encode()).hexdigest()[:8], 16)
    rng = np.random.default_rng(seed)
    pixels, box = read_boxed(sample), sample.boxes[0].box
    part_side = max(box.x2 - box.x1, box.y2 - box.y1)
    mask = read_mask(sample)
    if mask is not None and mask.any():
        rows, columns = np.nonzero(mask)
        extent = max(np.ptp(rows), np.ptp(columns)) + 1
        side = float(np.clip(extent * rng.uniform(1.33, 3.0), 0.12 * part_side, 0.7 * part_side))
        x, y = (float(value.mean() + rng.uniform(-0.2, 0.2) * side) for value in (columns, rows))
    else:
        side = part_side * rng.uniform(0.15, 0.6)
        x, y = rng.uniform(box.x1, box.x2), rng.uniform(box.y1, box.y2)
    half = side / 2
    return crop_box(pixels, Box(x - half, y - half, x + half, y + half), margin=0.0, size=size)


def load_line_boxes(line: Line, folder: Path, *, size: int, cache_dir: Path, one_class: bool) -> LineBoxes:
    """Letterboxed pictures with boxes; `one_class`: whatever its condition, a part is a part."""
    found = split_line(line, folder)
    names = ("part",) if one_class else line.classes
    if not one_class:  # else whatever it is called, it is the part
        check_boxes(found.dataset.samples, names)
    sides = {
        side: letterbox_samples(found.side(side), names, folder, size=size, cache_dir=cache_dir)
        for side in SIDES
    }
    facts = found.facts(line, folder)
    return LineBoxes(names, sides["train"], sides["validation"], sides["test"], facts, found.split)


def letterbox_samples(
    samples: Sequence[Sample], names: Sequence[str], folder: Path, *, size: int, cache_dir: Path
) -> BoxSet:
    keys = tuple(sample.path.relative_to(folder).as_posix() for sample in samples)

    def fit(index: int) -> U8:
        return letterbox(read_rgb(samples[index].path), size)[0]

    name = digest([stamp(samples), size, "letterbox"])
    pixels = map_pixels(cache_dir / f"squares-{name}.npy", (len(samples), size, size, 3), fit)
    boxes, labels = [], []
    for sample in samples:
        height, width = read_size(sample.path)
        refuse_outside(sample, height=height, width=width)
        _, scale, offset = letterbox(np.zeros((height, width, 3), np.uint8), size)
        edges = np.array([each.box.as_list() for each in sample.boxes], np.float32).reshape(-1, 4)
        boxes.append(boxes_to_letterbox(edges, scale, offset))
        indices = [names.index(each.class_name) if len(names) > 1 else 0 for each in sample.boxes]
        labels.append(np.array(indices, np.int64))
    return BoxSet(pixels, tuple(boxes), tuple(labels), keys)


def stamp_marks(samples: Sequence[Sample]) -> list[object]:
    """Where a mask or a box was corrected, what was cut by it is another picture though the photograph is the same."""
    masks = [mask_path(sample) for sample in samples]
    boxes = [[each.box.as_list() for each in sample.boxes] for sample in samples]
    return [[stamp_file(path) if path.is_file() else None for path in masks], boxes]
