"""Writes a folder of scenes: one sub-folder a class, masks, and the boxes as COCO keeps them."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from inspection.learning.synthesis.defects import CONDITIONS
from inspection.learning.synthesis.parts import DESIGNS, HELD_OUT_DESIGNS
from inspection.learning.synthesis.scene import Scene, render_scene
from inspection.learning.synthesis.sprite import Kind
from inspection.learning.synthesis.textures import stream

NEGATIVES: tuple[Kind, ...] = ("empty", "foreign", "partial")
NO_PART = "no_part"  # the folder of the negatives
TRAINED_DESIGNS: tuple[str, ...] = tuple(name for name in DESIGNS if name not in HELD_OUT_DESIGNS)
_PLAN = 90
_FAINT = 91


@dataclass(frozen=True, slots=True)
class PlannedScene:
    seed: int
    condition: str | None  # none for a negative
    design: str | None
    kind: Kind
    faint: bool = False  # of defects the small ones are drawn more often

    @property
    def folder(self) -> str:
        return self.condition or NO_PART

    @property
    def name(self) -> str:
        return f"{self.folder}_{self.seed:08d}.jpg"

    @property
    def severity_0_1(self) -> float | None:
        """Squared, a third of them are below a tenth; none where the scene draws its own."""
        return float(stream(self.seed, _FAINT).uniform()) ** 2 if self.faint else None

    def render(self, *, width: int = 640, height: int = 480) -> Scene:
        return render_scene(
            self.seed,
            condition=self.condition,
            design=self.design,
            kind=self.kind,
            severity_0_1=self.severity_0_1,
            width=width,
            height=height,
        )


@dataclass(frozen=True, slots=True)
class WrittenScene:
    """What boxes.json says of it."""

    number: int
    image: dict[str, object]
    part: dict[str, object] | None  # its annotation but for the id; none for a negative


def plan_dataset(
    count: int,
    seed: int,
    *,
    designs: Sequence[str] = TRAINED_DESIGNS,
    negatives_share: float = 0.1,
    faint: bool = False,
) -> tuple[PlannedScene, ...]:
    """What is to be rendered; conditions and designs come round in turn, so the classes are balanced.

    The scene's own seed is seed × 1,000,000 + its number: two data sets of different seeds share no scene.
    """
    negatives = round(count * negatives_share)
    order = stream(seed, _PLAN).permutation(count)
    plan = []
    for number in range(count):
        turn, own = int(order[number]), seed * 1_000_000 + number
        if turn < negatives:
            plan.append(
                PlannedScene(own, None, designs[turn % len(designs)], NEGATIVES[turn % len(NEGATIVES)])
            )
            continue
        turn -= negatives
        design = designs[turn // len(CONDITIONS) % len(designs)]
        plan.append(PlannedScene(own, CONDITIONS[turn % len(CONDITIONS)], design, "part", faint))
    return tuple(plan)


def write_dataset(
    folder: Path,
    *,
    count: int,
    seed: int,
    designs: Sequence[str] = TRAINED_DESIGNS,
    negatives_share: float = 0.1,
    width: int = 640,
    height: int = 480,
    on_progress: Callable[[int, int], None] | None = None,
) -> Path:
    """`on_progress(done, count)` after each picture. Returns the path of boxes.json."""
    plan = plan_dataset(count, seed, designs=designs, negatives_share=negatives_share)
    rows = []
    for done, planned in enumerate(plan, start=1):
        rows.append(write_scene(folder, planned, done, width=width, height=height))
        if on_progress is not None:
            on_progress(done, count)
    return write_boxes(folder, rows)


def write_scene(
    folder: Path, planned: PlannedScene, number: int, *, width: int = 640, height: int = 480
) -> WrittenScene:
    """number: its place in the plan, from 1."""
    scene = planned.render(width=width, height=height)
    path = Path(planned.folder) / planned.name
    _write_pictures(folder, path, scene)
    part = None if scene.box is None else _describe_part(number, scene)
    return WrittenScene(number, _describe_image(number, path, scene, planned.seed), part)


def write_boxes(folder: Path, rows: Sequence[WrittenScene]) -> Path:
    """rows: in the order of the plan."""
    parts = [row.part for row in rows if row.part is not None]
    annotations = [{"id": index, **part} for index, part in enumerate(parts, start=1)]
    categories = [{"id": index, "name": name} for index, name in enumerate(CONDITIONS, start=1)]
    content = {"images": [row.image for row in rows], "annotations": annotations, "categories": categories}
    boxes = folder / "boxes.json"
    boxes.write_text(json.dumps(content, indent=1), encoding="utf-8")
    return boxes


def _write_pictures(folder: Path, path: Path, scene: Scene) -> None:
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(encode_scene(scene))
    if scene.mask.any():
        mask_path = folder / "masks" / path.with_suffix(".png")
        mask_path.parent.mkdir(parents=True, exist_ok=True)
        _, coded = cv2.imencode(".png", scene.mask)
        mask_path.write_bytes(np.asarray(coded).tobytes())


def encode_scene(scene: Scene) -> bytes:
    """The scene has been through its camera's JPEG once; this copy is to lose nothing more that an eye would see."""
    _, coded = cv2.imencode(".jpg", scene.pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])
    return np.asarray(coded).tobytes()


def _describe_image(number: int, path: Path, scene: Scene, seed: int) -> dict[str, object]:
    height, width = scene.pixels.shape[:2]
    return {
        "id": number,
        "file_name": path.as_posix(),
        "width": width,
        "height": height,
        "seed": seed,
        "kind": scene.kind,
        "design": scene.design,
        "severity_0_1": round(scene.severity_0_1, 4),
    }


def _describe_part(image: int, scene: Scene) -> dict[str, object]:
    assert scene.box is not None and scene.condition is not None
    x1, y1, x2, y2 = scene.box.as_list()
    return {
        "image_id": image,
        "category_id": CONDITIONS.index(scene.condition) + 1,
        "bbox": [x1, y1, x2 - x1, y2 - y1],
        "area": scene.box.area,
        "iscrowd": 0,
    }
