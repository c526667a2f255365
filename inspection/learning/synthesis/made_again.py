"""Whether a folder holds the pictures that its seeds make, whatever processor made them.

OpenCV and NumPy choose their instructions by the processor, and these round differently: of 460 pictures made with and
without AVX2 nearly all differed in a few pixels by up to 4 grey levels. So a hash cannot tell, and some pictures are
made again instead.
"""

import json
from pathlib import Path

import cv2
import numpy as np

from inspection.errors import DataInvalid
from inspection.learning.synthesis.dataset import encode_scene
from inspection.learning.synthesis.making import check_whole, plan_side, plan_sides
from inspection.types import U8

PROBES = 8  # of each side
MOST_DIFFERENCE = 0.5  # mean of all pixels, grey levels; rounding gives 0.01, another scene 20


def check_made_again(folder: Path) -> None:
    """Raises DataInvalid where a picture that was looked at is another than its seed makes."""
    counts = {name: len(read_images(folder / name)) for name in ("train", "validation", "test")}
    for side in plan_sides(**counts):
        plan = plan_side(side)
        check_whole(folder / side.name, plan)
        for number in np.linspace(0, side.count - 1, min(PROBES, side.count)).astype(int):
            planned = plan[number]
            path = folder / side.name / planned.folder / planned.name
            difference = measure_difference(path, encode_scene(planned.render(width=640, height=480)))
            if difference > MOST_DIFFERENCE:
                raise DataInvalid(
                    f"Expected in {path} what its seed makes, got a picture that differs by {difference:.1f} grey levels on "
                    f"average. Make the pictures again: python -m inspection make-data aluminium --out FOLDER."
                )


def read_images(side: Path) -> list[object]:
    path = side / "boxes.json"
    images = json.loads(path.read_text(encoding="utf-8")).get("images", []) if path.is_file() else []
    if not images:
        raise DataInvalid(
            f"Expected {path} as make-data writes it, got none, or one without pictures. Make the pictures again."
        )
    return list(images)


def measure_difference(path: Path, made: bytes) -> float:
    there = cv2.imread(str(path)) if path.is_file() else None
    expected = decode(made)
    if there is None or there.shape != expected.shape:
        return 255.0
    return float(cv2.absdiff(np.asarray(there, np.uint8), expected).mean())


def decode(coded: bytes) -> U8:
    pixels = cv2.imdecode(np.frombuffer(coded, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    return np.asarray(pixels, np.uint8)
