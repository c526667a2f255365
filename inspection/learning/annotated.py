"""Pictures with boxes: Pascal VOC and COCO detection, as labelled samples."""

import json
import math
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Sequence
from pathlib import Path

from inspection.errors import DataInvalid
from inspection.learning.data import (
    CSV_LIST,
    EMPTY_CLASS,
    Dataset,
    LabelledBox,
    Sample,
    build_dataset,
    list_pictures,
    read_csv,
    read_text,
    require_folder,
    resolve_inside,
)
from inspection.types import Box
from inspection.wording import say_number


def read_voc(images_dir: Path, annotations_dir: Path, *, class_names: Sequence[str] | None = None) -> Dataset:
    """Pascal VOC: one XML a picture, of the same stem, at the same place below its folder or all in one.

    A picture's class is the folder or the beginning of the file name where that is a class (NEU-DET's
    `rolled-in_scale_10.jpg`), else the class of most of its boxes.
    """
    require_folder(images_dir)
    require_folder(annotations_dir)
    pictures, others = list_pictures(images_dir)
    annotations = index_voc(annotations_dir)
    boxes: dict[Path, tuple[LabelledBox, ...]] = {}
    for path in pictures:
        place = path.relative_to(images_dir).with_suffix("")
        annotation = annotations.get(place, annotations.get(Path(place.name)))
        if annotation is None:
            others.append(path)
        else:
            boxes[path] = parse_voc(annotation)
    if pictures and not boxes:
        raise DataInvalid(
            f"Expected for each picture in {images_dir} an annotation of the same name in {annotations_dir}, got "
            f"{say_number(len(pictures), 'picture')} and {say_number(len(annotations), 'annotation')}, none of the same name. "
            "Rename them, or export them again."
        )
    known = {box.class_name for found in boxes.values() for box in found}
    samples = [Sample(path, name_class(path, found, known), found) for path, found in boxes.items()]
    return build_dataset(images_dir, samples, ignored=others, class_names=class_names)


def read_annotated(folder: Path, *, class_names: Sequence[str] | None = None) -> Dataset | None:
    """Pascal VOC or a list of pictures, in this order; None where the folder is neither."""
    images, annotations = folder / "images", folder / "annotations"
    if images.is_dir() and annotations.is_dir():
        return read_voc(images, annotations, class_names=class_names)
    if (folder / CSV_LIST).is_file():
        return read_csv(folder / CSV_LIST, class_names=class_names)
    return None


def index_voc(folder: Path) -> dict[Path, Path]:
    """place below the folder, without its ending → annotation; of .xml and .XML, as some cameras' tools write"""
    _, files = list_pictures(folder)
    return {path.relative_to(folder).with_suffix(""): path for path in files if path.suffix.lower() == ".xml"}


def parse_voc(path: Path) -> tuple[LabelledBox, ...]:
    text = read_text(path)
    # expat expands entities that a document type declares, without a bound: refuse both before it reads them
    if "<!DOCTYPE" in text.upper() or "<!ENTITY" in text.upper():
        raise DataInvalid(
            f"Expected a plain Pascal VOC annotation in {path}, got one with a document type or an entity, "
            "which is refused because it can exhaust the memory. Remove those declarations."
        )
    try:
        root = ElementTree.fromstring(text)
        boxes = tuple(parse_voc_object(node) for node in root.iter("object"))
        check_told(boxes, root.findtext("size/width"), root.findtext("size/height"))
        return boxes
    except (ElementTree.ParseError, ValueError) as error:
        raise DataInvalid(f"Expected a Pascal VOC annotation in {path}: {error}. Export it again.") from error


def parse_voc_object(node: ElementTree.Element) -> LabelledBox:
    name = (node.findtext("name") or "").strip()
    if not name:
        raise ValueError("an object has no name")
    edges = [float(node.findtext(f"bndbox/{edge}") or "nan") for edge in ("xmin", "ymin", "xmax", "ymax")]
    # VOC counts pixels from 1 and includes the last one; a Box counts from 0 and excludes it
    left, top = (max(edge - 1, 0) if math.isfinite(edge) else edge for edge in edges[:2])
    return make_box(name, left, top, edges[2], edges[3])


def read_coco(json_path: Path, images_dir: Path, *, class_names: Sequence[str] | None = None) -> Dataset:
    """COCO detection; a picture's class is that of most of its boxes, and `empty` where it has none."""
    require_folder(images_dir)
    try:
        document = json.loads(read_text(json_path))
        names = {int(row["id"]): str(row["name"]) for row in document["categories"]}
        boxes: dict[int, list[LabelledBox]] = {int(row["id"]): [] for row in document["images"]}
        for row in document["annotations"]:
            if row.get("iscrowd"):  # a crowd is a region to leave alone, not a box to learn
                continue
            x, y, width, height = (float(value) for value in row["bbox"])
            name = names[int(row["category_id"])]
            boxes[int(row["image_id"])].append(make_box(name, x, y, x + width, y + height))
        images = [
            (int(row["id"]), str(row["file_name"]), read_severity(row.get("severity_0_1")))
            for row in document["images"]
        ]
        for row in document["images"]:
            check_told(boxes[int(row["id"])], row.get("width"), row.get("height"))
    # a list where an object belongs has no `get`, an infinite id is no whole number, and deep nesting ends the parser
    except (AttributeError, KeyError, OverflowError, RecursionError, TypeError, ValueError) as error:
        raise DataInvalid(
            f"Expected COCO annotations in {json_path} (images, annotations, categories): "
            f"{type(error).__name__} {error}. Export them again."
        ) from error
    samples = []
    for number, file_name, severity in images:
        found = tuple(boxes[number])
        path = resolve_inside(images_dir, file_name, json_path)
        samples.append(Sample(path, name_class(path, found, set()), found, severity_0_1=severity))
    return build_dataset(images_dir, samples, class_names=class_names)


def read_severity(value: object) -> float | None:
    """Synthesised pictures tell how gross the defect is; others have no such field."""
    return None if value is None else float(str(value))


def name_class(path: Path, boxes: Sequence[LabelledBox], known: set[str]) -> str:
    if path.parent.name in known:
        return path.parent.name
    beginnings = [name for name in known if path.stem.startswith(f"{name}_")]
    if beginnings:
        return max(beginnings, key=len)
    if not boxes:
        return EMPTY_CLASS
    names = [box.class_name for box in boxes]
    areas = {name: sum(box.box.area for box in boxes if box.class_name == name) for name in names}
    return max(sorted(areas), key=lambda name: (names.count(name), areas[name]))


def make_box(name: str, x1: float, y1: float, x2: float, y2: float) -> LabelledBox:
    edges = f"{x1:g} {y1:g} {x2:g} {y2:g}"
    if not all(math.isfinite(edge) for edge in (x1, y1, x2, y2)):
        raise ValueError(f"a box of class {name} has an edge that is no finite number: {edges}")
    if not (x1 < x2 and y1 < y2):
        raise ValueError(f"a box of class {name} has no area: {edges}")
    return LabelledBox(Box(x1, y1, x2, y2), name)


def check_told(boxes: Iterable[LabelledBox], width: object, height: object) -> None:
    """Against the size that an annotation tells; none, or 0 as some tools write, tells nothing."""
    extents = [float(str(value or 0)) or math.inf for value in (width, height)]
    check_inside(boxes, width=extents[0], height=extents[1])


def check_inside(boxes: Iterable[LabelledBox], *, width: float, height: float) -> None:
    """A box beside the picture is cut from the nearest corner: bare ground would teach as the class."""
    for box, name in ((each.box, each.class_name) for each in boxes):
        if box.x1 >= width or box.y1 >= height or box.x2 <= 0 or box.y2 <= 0:
            edges = f"{box.x1:g} {box.y1:g} {box.x2:g} {box.y2:g}"
            raise ValueError(
                f"a box of class {name} lies outside its picture of {width:g} × {height:g} pixels: {edges}"
            )
