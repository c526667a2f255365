"""Look for what spoils a data set before anything is learnt from it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from inspection.errors import DataInvalid
from inspection.learning.annotated import read_annotated, read_coco
from inspection.learning.data import (
    BOXES,
    EMPTY_CLASS,
    Dataset,
    list_visible,
    read_folder,
    require_folder,
)
from inspection.learning.data_concerns import Item, count_originals, list_concerns
from inspection.learning.data_report import DataReport, FolderCount, Severity
from inspection.learning.duplicates import (
    Progress,
    find_near_copies,
    name_groups,
    sketch_pictures,
)
from inspection.types import Box

PART_NAMES = frozenset({"train", "training", "test", "val", "valid", "validation"})
_SEVERITIES: tuple[Severity, ...] = ("stop", "warn", "note")


def check_data(folders: Sequence[Path], *, progress: Progress | None = None) -> DataReport:
    """A folder with parts such as train and test is taken as these parts; each may have any layout that teaches."""
    datasets = [read_home(home) for folder in folders for home in find_parts(folder)]
    places = {
        sample.path: (str(dataset.root), sample.class_name)
        for dataset in datasets
        for sample in dataset.samples
    }
    sketches, refusals = sketch_pictures(list(places), boxes=find_part_boxes(datasets), progress=progress)
    if not sketches:
        raise DataInvalid(
            f"Expected pictures in {', '.join(map(str, folders))}, but none of {len(places)} files can be read. "
            f"The first: {refusals[0].reason if refusals else 'no file'}"
        )
    near = find_near_copies(sketches, progress=progress)
    items = [
        Item(str(sketch.path), *places[sketch.path], original=int(original), sketch=sketch)
        for sketch, original in zip(sketches, near.groups, strict=True)
    ]
    names = sorted({name for dataset in datasets for name in dataset.class_names})
    concerns = list(list_concerns(datasets, items, refusals, names))
    return DataReport(
        folders=tuple(count_folder(str(dataset.root), items, names) for dataset in datasets),
        originals=count_originals(items, names),
        compared_by=near.frame,
        concerns=tuple(sorted(concerns, key=lambda concern: _SEVERITIES.index(concern.severity))),
        groups=name_groups([item.file for item in items], [item.original for item in items]),
    )


def find_parts(folder: Path) -> list[Path]:
    require_folder(folder)
    inner = [entry for entry in list_visible(folder) if entry.is_dir()]
    if inner and all(entry.name.lower() in PART_NAMES for entry in inner):
        return inner
    return [folder]


def read_home(home: Path) -> Dataset:
    """As `split_line` reads it. Pictures without a part are no class and are left out."""
    boxes = home / BOXES
    dataset = read_coco(boxes, home) if boxes.is_file() else read_annotated(home)
    if dataset is None:
        return read_folder(home)
    parts = tuple(sample for sample in dataset.samples if sample.class_name != EMPTY_CLASS)
    names = tuple(name for name in dataset.class_names if name != EMPTY_CLASS)
    return replace(dataset, samples=parts, class_names=names)


def find_part_boxes(datasets: Sequence[Dataset]) -> dict[Path, Box]:
    """Of sets whose boxes are parts on a belt; Pascal VOC's are defects, and a patch of a part says little of which it is."""
    return {
        sample.path: sample.boxes[0].box
        for dataset in datasets
        if (dataset.root / BOXES).is_file()
        for sample in dataset.samples
        if len(sample.boxes) == 1
    }


def count_folder(folder: str, items: Sequence[Item], names: Sequence[str]) -> FolderCount:
    counts = Counter(item.class_name for item in items if item.folder == folder)
    return FolderCount(folder, {name: counts[name] for name in names})
