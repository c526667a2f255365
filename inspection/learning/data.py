"""Labelled pictures on disk: what a data set is, and how folders, Pascal VOC, COCO and CSV are read into one."""

import csv
import hashlib
import json
import math
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from inspection.errors import DataInvalid
from inspection.hashing import hash_file
from inspection.lines import EMPTY_CLASS as EMPTY_CLASS  # whoever reads data takes it from here
from inspection.types import Box

PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"})


@dataclass(frozen=True, slots=True)
class LabelledBox:
    box: Box
    class_name: str


@dataclass(frozen=True, slots=True)
class Sample:
    path: Path
    class_name: str
    boxes: tuple[LabelledBox, ...] = ()
    group: str | None = None  # pictures of one original part share it
    severity_0_1: float | None = None  # how gross the defect is, where the picture was made and that is known


@dataclass(frozen=True, slots=True)
class Dataset:
    name: str
    class_names: tuple[str, ...]
    samples: tuple[Sample, ...]
    root: Path = Path()
    ignored: tuple[Path, ...] = ()  # files that are no pictures, so that nothing goes missing in silence

    def key_of(self, sample: Sample) -> str:
        """The sample's name in splits and evaluations: its path below the root, the same on every machine."""
        if sample.path.is_relative_to(self.root):
            return sample.path.relative_to(self.root).as_posix()
        return sample.path.as_posix()

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(self.key_of(sample) for sample in self.samples)

    @property
    def labels(self) -> tuple[int, ...]:
        """The index of each sample's class in `class_names`."""
        index = {name: number for number, name in enumerate(self.class_names)}
        return tuple(index[sample.class_name] for sample in self.samples)

    @property
    def box_class_names(self) -> tuple[str, ...]:
        """The classes that boxes carry, in the order of `class_names`."""
        used = {box.class_name for sample in self.samples for box in sample.boxes}
        return tuple(name for name in self.class_names if name in used)

    def select(self, keys: Iterable[str]) -> tuple[Sample, ...]:
        by_key = dict(zip(self.keys, self.samples, strict=True))
        wanted = tuple(keys)
        missing = [key for key in wanted if key not in by_key]
        if missing:
            raise DataInvalid(
                f"Expected every key of the split in data set “{self.name}”, but {len(missing)} are missing, "
                f"the first is {missing[0]}. The pictures changed since the split was made: split again."
            )
        return tuple(by_key[key] for key in wanted)


def read_folder(
    root: Path,
    *,
    parts: Sequence[str] = (),
    rename: Mapping[str, str] | None = None,
    class_names: Sequence[str] | None = None,
) -> Dataset:
    """One sub-folder a class; with parts=("train", "test") these lie one level deeper, below each part.

    `rename` maps folder names to class names. Classes stand in alphabetical order unless `class_names` says other.
    """
    samples: list[Sample] = []
    ignored: list[Path] = []
    names: set[str] = set()
    for home in [root / part for part in parts] or [root]:
        require_folder(home)
        ignored += [entry for entry in list_visible(home) if not entry.is_dir()]
        for folder in (entry for entry in list_visible(home) if entry.is_dir()):
            name = (rename or {}).get(folder.name, folder.name)
            names.add(name)
            pictures, others = list_pictures(folder)
            samples += [Sample(path, name) for path in pictures]
            ignored += others
    if not names:
        raise DataInvalid(
            f"Expected one sub-folder a class in {root}, but it has none. Sort the pictures into them."
        )
    return build_dataset(root, samples, ignored=ignored, class_names=class_names or sorted(names))


def read_voc(images_dir: Path, annotations_dir: Path, *, class_names: Sequence[str] | None = None) -> Dataset:
    """Pascal VOC: one XML a picture, of the same stem.

    A picture's class is the folder or the beginning of the file name where that is a class (NEU-DET's
    `rolled-in_scale_10.jpg`), else the class of most of its boxes.
    """
    require_folder(images_dir)
    require_folder(annotations_dir)
    pictures, others = list_pictures(images_dir)
    boxes: dict[Path, tuple[LabelledBox, ...]] = {}
    for path in pictures:
        annotation = annotations_dir / path.relative_to(images_dir).with_suffix(".xml")
        if annotation.is_file():
            boxes[path] = parse_voc(annotation)
        else:
            others.append(path)
    known = {box.class_name for found in boxes.values() for box in found}
    samples = [Sample(path, name_class(path, found, known), found) for path, found in boxes.items()]
    return build_dataset(images_dir, samples, ignored=others, class_names=class_names)


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


def read_csv(path: Path, *, root: Path | None = None, class_names: Sequence[str] | None = None) -> Dataset:
    """Columns path, class and perhaps group; paths are relative to `root`, or else to the folder of the CSV."""
    home = root or path.parent
    try:
        rows = list(csv.DictReader(read_text(path).splitlines()))
    except csv.Error as error:
        raise DataInvalid(
            f"Expected the columns path, class and perhaps group in {path}: {error}. Export it again."
        ) from error
    if not rows or not {"path", "class"} <= set(rows[0]):
        got = ", ".join(rows[0]) if rows else "no rows"
        raise DataInvalid(f"Expected the columns path, class and perhaps group in {path}, got {got}.")
    samples = []
    for number, row in enumerate(rows, start=2):
        if not row["path"] or not row["class"]:
            raise DataInvalid(f"Expected a path and a class on line {number} of {path}, got an empty field.")
        samples.append(
            Sample(resolve_inside(home, row["path"], path), row["class"], group=row.get("group") or None)
        )
    return build_dataset(home, samples, class_names=class_names)


def build_dataset(
    root: Path,
    samples: Sequence[Sample],
    *,
    ignored: Iterable[Path] = (),
    class_names: Sequence[str] | None = None,
) -> Dataset:
    """Put samples into a stable order and refuse what cannot be learnt from."""
    if not samples:
        raise DataInvalid(
            f"Expected pictures ({', '.join(sorted(PICTURE_SUFFIXES))}) in {root}, but found none. "
            "Check the folder and the file endings."
        )
    used = {sample.class_name for sample in samples}
    used |= {box.class_name for sample in samples for box in sample.boxes}
    names = tuple(class_names) if class_names else tuple(sorted(used))
    if used - set(names):
        raise DataInvalid(
            f"Expected only the classes {', '.join(names)} in {root}, got also {', '.join(sorted(used - set(names)))}. "
            "Rename them or add them to the classes."
        )
    ordered = sorted(samples, key=lambda sample: sample.path.as_posix())
    repeated = [path for path, times in Counter(sample.path for sample in ordered).items() if times > 1]
    if repeated:
        raise DataInvalid(
            f"Expected each picture once, got {repeated[0]} more than once. Keep one label for it."
        )
    return Dataset(root.name, names, tuple(ordered), root, tuple(sorted(ignored)))


def hash_dataset(dataset: Dataset) -> str:
    """SHA-256 of contents, classes and boxes: names, folders and order do not count."""
    rows = sorted(
        (
            hash_file(sample.path),
            sample.class_name,
            sorted((box.class_name, *box.box.as_list()) for box in sample.boxes),
        )
        for sample in dataset.samples
    )
    return hashlib.sha256(json.dumps(rows, ensure_ascii=False).encode()).hexdigest()


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


def resolve_inside(home: Path, name: str, source: Path) -> Path:
    """A path that a file names must stay below its folder and exist."""
    path = home / name
    try:
        inside, exists = path.resolve().is_relative_to(home.resolve()), path.is_file()
    except (OSError, ValueError) as error:  # a NUL, half a character, or longer than a name may be
        raise DataInvalid(
            f"Expected names of pictures in {source}, got {name[:80]!r}: {error}. Correct the name."
        ) from error
    if not inside:
        raise DataInvalid(f"Expected paths inside {home} in {source}, got {name}. Move the picture there.")
    if not exists:
        raise DataInvalid(f"Expected the picture {path} that {source} names, but there is none. Restore it.")
    return path


def list_visible(folder: Path) -> list[Path]:
    return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))


def list_pictures(folder: Path) -> tuple[list[Path], list[Path]]:
    """All visible files at any depth: those that end like a picture, and the rest."""
    pictures: list[Path] = []
    others: list[Path] = []
    for entry in list_visible(folder):
        if entry.is_dir():
            deeper = list_pictures(entry)
            pictures += deeper[0]
            others += deeper[1]
        else:
            (pictures if entry.suffix.lower() in PICTURE_SUFFIXES else others).append(entry)
    return pictures, others


def require_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise DataInvalid(f"Expected a folder at {folder}, but there is none. Check the path.")


def read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataInvalid(f"Expected a readable UTF-8 file at {path}: {error}.") from error
