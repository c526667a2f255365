"""Pictures with boxes, before anything is cut by them: classes that can be learnt, one part each, boxes on the picture."""

from collections.abc import Sequence
from pathlib import Path

from inspection.errors import DataInvalid
from inspection.learning.annotated import check_inside
from inspection.learning.arrays import read_rgb
from inspection.learning.data import Sample
from inspection.lines import Line
from inspection.types import U8


def check_boxes(samples: Sequence[Sample], names: Sequence[str]) -> None:
    """Before anything is decoded: a class that nobody can learn."""
    for sample in samples:
        strange = sorted({each.class_name for each in sample.boxes} - set(names))
        if strange:
            raise DataInvalid(
                f"Expected boxes of {', '.join(names)} in {sample.path.name}, got {', '.join(strange)}. Correct the annotation, or "
                f"name the class under `classes` in the line's file."
            )


def check_parts(parts: Sequence[Sample], line: Line) -> None:
    """One crop and one class are learnt of a picture: which of several boxes, and which class, nobody could say."""
    check_boxes(parts, line.classes)
    for sample in parts:
        if len(sample.boxes) > 1:
            raise DataInvalid(
                f"Expected one part a picture for a classifier of line {line.name}, got {len(sample.boxes)} boxes in {sample.path}. "
                "Cut it into pictures of one part each, or leave one box of it in its annotation."
            )


def read_boxed(sample: Sample) -> U8:
    """The picture, once its boxes are known to lie on it: an annotation may not tell its size, or tell it wrongly."""
    pixels = read_rgb(sample.path)
    refuse_outside(sample, height=pixels.shape[0], width=pixels.shape[1])
    return pixels


def refuse_outside(sample: Sample, *, height: int, width: int) -> None:
    try:
        check_inside(sample.boxes, width=width, height=height)
    except ValueError as error:
        raise DataInvalid(
            f"Expected boxes on the picture {sample.path}: {error}. Correct the annotation."
        ) from error


def read_size(path: Path) -> tuple[int, int]:
    """(height, width) as the picture is decoded."""
    from PIL import Image

    with Image.open(path) as picture:
        if not picture.getexif():
            return picture.height, picture.width
    height, width = read_rgb(path).shape[:2]  # only the decoder knows which of its tags turn it
    return height, width
