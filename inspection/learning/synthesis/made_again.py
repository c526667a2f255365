"""Whether a folder holds the pictures that its seeds make, whatever processor made them.

OpenCV and NumPy choose their instructions by the processor, and these round differently: a hash of pictures that were
made elsewhere is another, though no eye sees why. So what can be known without rendering is held against the plan for
every picture, and some pictures, which nobody can foresee, are made again and compared block by block.
"""

import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from inspection.errors import DataInvalid
from inspection.learning.synthesis.dataset import PlannedScene, encode_scene
from inspection.learning.synthesis.making import check_whole, plan_side, plan_sides
from inspection.types import U8

MOST_MASK = 32.0  # of a mask of 0 and 255: an edge may fall a pixel further
PROBES = 8  # of each side
BLOCK = 16  # pixels; a defect fills some, rounding spreads thin
MOST_DIFFERENCE = (
    6.0  # mean of a block, grey levels; rounding stays below, a defect that was painted over above (LOG.md)
)


def check_made_again(folder: Path, *, seed: int | None = None) -> None:
    """Raises DataInvalid where something is another than the seeds make. seed: of the choice, for tests."""
    told = {name: read_side(folder / name) for name in ("train", "validation", "test")}
    counts = {name: len(each["images"]) for name, each in told.items()}
    again = f"python -m inspection make-data aluminium --out FOLDER {' '.join(f'--{name} {n}' for name, n in counts.items())}"
    choose = random.Random(seed)
    for side in plan_sides(**counts):
        plan = plan_side(side)
        check_whole(folder / side.name, plan)
        parts = index_parts(told[side.name])
        for number in choose.sample(range(side.count), min(PROBES, side.count)):
            name = f"{plan[number].folder}/{plan[number].name}"
            wrong = find_difference(folder / side.name, plan[number], parts.get(number + 1))
            if wrong is not None:
                raise DataInvalid(
                    f"Expected {side.name}/{name} in {folder} as its seed makes it, got {wrong}. Make the pictures again: {again}."
                )
        for number, planned in enumerate(plan, start=1):
            condition = parts[number][0] if number in parts else None
            if condition != planned.condition:
                raise DataInvalid(
                    f"Expected {planned.condition or 'no part'} in {side.name}/{planned.folder}/{planned.name} of {folder}, got "
                    f"{condition or 'no part'}. Make the pictures again: {again}."
                )


def read_side(side: Path) -> dict[str, Any]:
    path = side / "boxes.json"
    told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    if not told.get("images"):
        raise DataInvalid(
            f"Expected {path} as make-data writes it, got none, or one without pictures. Make the pictures again."
        )
    return told


def index_parts(told: Mapping[str, Any]) -> dict[int, tuple[str, list[float]]]:
    """The number of a picture, from 1 → the condition of its part, and its box as COCO keeps it."""
    names = {row["id"]: row["name"] for row in told["categories"]}
    return {row["image_id"]: (names[row["category_id"]], row["bbox"]) for row in told["annotations"]}


def find_difference(side: Path, planned: PlannedScene, part: tuple[str, list[float]] | None) -> str | None:
    scene = planned.render()
    expected = None if scene.box is None else scene.box.as_list()
    if expected is not None and part is not None:
        x, y, width, height = part[1]
        if not np.allclose([x, y, x + width, y + height], expected, atol=1.0):
            return f"a box of {part[1]}"
    path = side / planned.folder / planned.name
    difference = measure_difference(read(path), decode(encode_scene(scene)))
    if difference > MOST_DIFFERENCE:
        return f"a picture that differs by {difference:.0f} grey levels in its worst block"
    mask = side / "masks" / Path(planned.folder, planned.name).with_suffix(".png")
    if measure_difference(read(mask), scene.mask if scene.mask.any() else None) > MOST_MASK:
        return "a mask of another defect"
    return None


def read(path: Path) -> U8 | None:
    pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED) if path.is_file() else None
    return None if pixels is None else np.asarray(pixels, np.uint8)


def decode(coded: bytes) -> U8:
    pixels = cv2.imdecode(np.frombuffer(coded, np.uint8), cv2.IMREAD_UNCHANGED)
    assert pixels is not None
    return np.asarray(pixels, np.uint8)


def measure_difference(there: U8 | None, expected: U8 | None) -> float:
    """The mean of the worst block; the most there can be where only one is there, or their shapes differ."""
    if there is None or expected is None:
        return 0.0 if there is expected else 255.0
    if there.shape != expected.shape:
        return 255.0
    apart = cv2.absdiff(there, expected)
    flat = apart if apart.ndim == 2 else apart.max(axis=2)
    height, width = (side // BLOCK * BLOCK for side in flat.shape)
    blocks = flat[:height, :width].reshape(height // BLOCK, BLOCK, width // BLOCK, BLOCK)
    return float(blocks.mean(axis=(1, 3)).max())
