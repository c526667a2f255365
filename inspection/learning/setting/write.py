"""Writes a detector's pictures: parts of published pictures on belts, as they were published, and without a part."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from inspection.errors import DataInvalid
from inspection.learning.arrays import read_rgb
from inspection.learning.data import BOXES
from inspection.learning.line_sides import SIDES
from inspection.learning.setting.as_published import show_ground, show_half, show_padded, show_whole
from inspection.learning.setting.cut import Cut, cut_part
from inspection.learning.setting.on_belt import lay_on_belt
from inspection.learning.setting.sources import Source, divide_sources, draw_sources
from inspection.learning.synthesis import NO_PART, render_scene
from inspection.learning.synthesis.textures import stream
from inspection.lines import Line
from inspection.types import U8, Box

Kind = Literal[
    "belt", "published", "padded", "empty", "foreign", "other part", "half", "half published", "ground"
]
NEGATIVES: tuple[Kind, ...] = ("empty", "foreign", "half", "other part", "half published", "ground")
NEGATIVES_SHARE, PUBLISHED_SHARE = 0.12, 0.25
SIZES = ((640, 480), (480, 480))
_WIDE_SHARE = 0.8  # of the belts are photographed in the first size
_MOST_FAULTY = 0.2  # of the cuts; more, and these are not the round parts that the cut knows
_PLAN, _SIZE = 91, 92  # purposes of random streams
_APART = 300_000  # seeds between two sides
_NOTICE = """Made from the pictures of {folder} by `python -m inspection set-on-belts {line}`.
Their licence goes with them: {licence}.
Keep this folder to yourself unless that licence lets you pass it on.
"""


@dataclass(frozen=True, slots=True)
class Planned:
    seed: int
    kind: Kind
    source: Source  # of a part, a half or a ground; the others only take its place in turn

    @property
    def folder(self) -> str:
        return NO_PART if self.kind in NEGATIVES else self.source.class_name

    @property
    def name(self) -> str:
        return f"{self.folder}_{self.seed:08d}.jpg"


@dataclass(frozen=True, slots=True)
class Written:
    counts: Mapping[str, Mapping[str, int]]  # side → kind → pictures
    cuts: int
    faulty: int  # cuts that failed their own check and were replaced


def write_set_parts(
    folder: Path,
    source_folder: Path,
    *,
    line: Line,
    counts: Mapping[str, int],
    seed: int,
    on_progress: Callable[[int, int], None] | None = None,
) -> Written:
    """train/, validation/ and test/ with boxes.json each; `on_progress(done, count)` after each picture."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataInvalid(
            f"Expected no folder or an empty one at {folder}, got {'files' if folder.is_dir() else 'a file'}. Remove it, or name another."
        )
    sources = divide_sources(line, source_folder)
    plans = {side: plan_side(sources[side], counts[side], side, line=line, seed=seed) for side in SIDES}
    total, done = sum(counts.values()), 0
    cutter = Cutter(source_folder)
    for side in SIDES:
        images: list[dict[str, object]] = []
        annotations: list[dict[str, object]] = []
        for number, planned in enumerate(plans[side], start=1):
            chosen, pixels, box = cutter.show(planned, sources[side])
            write_picture(folder / side / chosen.folder / chosen.name, pixels)
            images.append(describe_image(number, chosen, pixels))
            if box is not None:
                class_number = line.classes.index(chosen.source.class_name) + 1
                annotations.append(describe_part(len(annotations) + 1, number, class_number, box))
            done += 1
            if on_progress is not None:
                on_progress(done, total)
        write_boxes(folder / side / BOXES, images, annotations, line.classes)
    notice = _NOTICE.format(folder=source_folder.name, line=line.name, licence=line.licence or "unknown")
    (folder / "LICENCE.txt").write_text(notice, encoding="utf-8")
    kinds = {side: Counter(str(planned.kind) for planned in plans[side]) for side in SIDES}
    return Written(kinds, cutter.cuts, cutter.faulty)


def plan_side(
    sources: tuple[Source, ...], count: int, side: str, *, line: Line, seed: int
) -> tuple[Planned, ...]:
    """Seed × 1,000,000 + the side's own range: no two pictures share a belt, a light or a camera."""
    first = seed * 1_000_000 + SIDES.index(side) * _APART
    rng = stream(first, _PLAN)
    negatives, published = round(count * NEGATIVES_SHARE), round(count * PUBLISHED_SHARE)
    kinds: list[Kind] = [NEGATIVES[number % len(NEGATIVES)] for number in range(negatives)]
    kinds += ["padded" if number % 5 < 2 else "published" for number in range(published)]
    kinds += ["belt"] * (count - len(kinds))
    drawn = draw_sources(sources, count, line.classes, rng)
    order = rng.permutation(count)
    return tuple(Planned(first + number, kinds[int(order[number])], drawn[number]) for number in range(count))


class Cutter:
    """Renders what was planned and counts the cuts that failed."""

    def __init__(self, source_folder: Path) -> None:
        self.source_folder = source_folder
        self.cuts = 0
        self.faulty = 0

    def show(self, planned: Planned, others: tuple[Source, ...]) -> tuple[Planned, U8, Box | None]:
        """The picture, and what was planned with the source that served in the end."""
        width, height = SIZES[int(stream(planned.seed, _SIZE).random() >= _WIDE_SHARE)]
        if planned.kind in ("empty", "foreign", "other part"):
            kind = "part" if planned.kind == "other part" else planned.kind
            scene = render_scene(planned.seed, kind=kind, width=width, height=height)
            return planned, scene.pixels, None
        source, pixels, cut = self.cut_sound(planned.source, others)
        chosen = Planned(planned.seed, planned.kind, source)
        shown = show_kind(chosen, pixels, cut, size=(width, height))
        return chosen, shown[0], shown[1]

    def cut_sound(self, source: Source, others: tuple[Source, ...]) -> tuple[Source, U8, Cut]:
        """Of this picture, or of the next one of its class whose cut passes its own check."""
        same = [other for other in others if other.class_name == source.class_name]
        start = same.index(source)
        for candidate in same[start:] + same[:start]:
            pixels = read_rgb(candidate.path)
            cut = cut_part(pixels)
            self.cuts += 1
            if cut is not None and not cut.faults:
                return candidate, pixels, cut
            self.faulty += 1
            if self.faulty > 20 and self.faulty > _MOST_FAULTY * self.cuts:
                break
        raise DataInvalid(
            f"Expected round parts with a dark middle on plain ground in {self.source_folder}, but {self.faulty} "
            f"of {self.cuts} could not be cut out. Mark the boxes of such parts by hand."
        )


def show_kind(planned: Planned, pixels: U8, cut: Cut, *, size: tuple[int, int]) -> tuple[U8, Box | None]:
    seed = planned.seed
    if planned.kind in ("belt", "half"):
        reach: Literal["whole", "half"] = "whole" if planned.kind == "belt" else "half"
        laid = lay_on_belt(cut, seed, width=size[0], height=size[1], reach=reach)
        return laid.pixels, laid.box
    makers = {
        "published": lambda: show_whole(pixels, cut),
        "padded": lambda: show_padded(pixels, cut, seed),
        "half published": lambda: show_half(pixels, cut, seed),
        "ground": lambda: show_ground(pixels, cut, seed),
    }
    shown = makers[planned.kind]()
    return shown.pixels, shown.box


def write_picture(path: Path, pixels: U8) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # It has been through a camera's JPEG already; this copy is to lose nothing more that an eye would see.
    _, coded = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])
    path.write_bytes(np.asarray(coded).tobytes())


def write_boxes(
    path: Path,
    images: list[dict[str, object]],
    annotations: list[dict[str, object]],
    classes: tuple[str, ...],
) -> None:
    categories = [{"id": number, "name": name} for number, name in enumerate(classes, start=1)]
    content = {"images": images, "annotations": annotations, "categories": categories}
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")


def describe_image(number: int, planned: Planned, pixels: U8) -> dict[str, object]:
    bare = planned.kind in ("empty", "foreign", "other part")
    return {
        "id": number,
        "file_name": f"{planned.folder}/{planned.name}",
        "width": int(pixels.shape[1]),
        "height": int(pixels.shape[0]),
        "seed": planned.seed,
        "kind": planned.kind,
        "source": None if bare else planned.source.key,
        "group": None if bare else planned.source.group,
    }


def describe_part(number: int, image: int, category: int, box: Box) -> dict[str, object]:
    bbox = [box.x1, box.y1, box.x2 - box.x1, box.y2 - box.y1]
    return {
        "id": number, "image_id": image, "category_id": category, "bbox": bbox, "area": box.area, "iscrowd": 0
    }  # fmt: skip
