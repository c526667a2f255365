"""A line's folder → which of its pictures teach, choose and judge, before any is decoded.

Four layouts are understood, tried in this order:
`train/ validation/ test/` with a boxes.json each · `images/ annotations/` as Pascal VOC · a pictures.csv · one sub-folder a
class, at the top or below `train/`, `test/` and perhaps `validation/`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inspection.errors import DataInvalid
from inspection.learning.annotated import read_annotated, read_coco
from inspection.learning.data import (
    BOXES,
    EMPTY_CLASS,
    Dataset,
    Sample,
    hash_dataset,
    read_folder,
    read_text,
)
from inspection.learning.kept_sides import SIDES as SIDES  # whoever reads a line takes them from here
from inspection.learning.kept_sides import keep_sides
from inspection.learning.parts import read_groups
from inspection.learning.splits import (
    VALIDATION_PARTS,
    Split,
    grouped_split,
    hash_split,
    official_split,
    stratified_split,
)
from inspection.lines import Line

# columns of a line's groups, once pictures were added to it (`added.take_in`)
SIDE, ADDED, SHA256 = "side", "added", "sha256"


@dataclass(frozen=True, slots=True)
class SplitSamples:
    """The three sides as samples, before anything is decoded."""

    dataset: Dataset
    split: Split

    def side(self, name: str) -> tuple[Sample, ...]:
        return self.dataset.select(getattr(self.split, name))

    def facts(self, line: Line, folder: Path) -> dict[str, Any]:
        counts = {side: len(getattr(self.split, side)) for side in SIDES}
        return {
            "folder": folder.name,
            "licence": line.licence,
            "sha256": hash_dataset(self.dataset),
            "split": {
                "kind": self.split.kind,
                "seed": self.split.seed,
                "sha256": hash_split(self.split),
                **counts,
                **self.tell_added(line),
            },
        }

    def tell_added(self, line: Line) -> dict[str, int]:
        """What came since the line's groups were recovered, and how much of it stands on no side; nothing where nothing did."""
        marked = read_line_column(line, ADDED) or {}
        added = sum(bool(marked.get(key)) for key in self.dataset.keys)
        left_out = len(self.dataset.samples) - sum(len(getattr(self.split, side)) for side in SIDES)
        return {"added": added, "left_out": left_out} if added else {}


def split_line(line: Line, folder: Path) -> SplitSamples:
    """The split is decided by the folder, the line's rules and nothing else."""
    if (folder / "train" / BOXES).is_file():
        return read_sides(line, folder)
    dataset, parts = read_pictures(line, folder)
    seed = line.data.split_seed
    groups, kept = read_line_groups(line) or tell_groups(dataset), read_line_column(line, SIDE)
    if parts:
        split = official_split(dataset, seed=seed, groups=groups)
    elif kept is not None:
        split = keep_sides(dataset, kept, seed=seed)
    elif groups is not None:
        split = grouped_split(dataset, groups, seed=seed)
    else:
        split = stratified_split(dataset, seed=seed)
    return SplitSamples(dataset, split)


def read_pictures(line: Line, folder: Path) -> tuple[Dataset, tuple[str, ...]]:
    """(all pictures, the publisher's parts that they lie in)."""
    dataset = read_annotated(folder, class_names=line.classes)
    if dataset is not None:
        return dataset, ()
    parts = find_published(folder)
    return read_folder(folder, parts=parts, rename=line.data.rename, class_names=line.classes), parts


def find_published(folder: Path) -> tuple[str, ...]:
    """The parts that a publisher made: train and test, and validation where there is one; none in a folder of classes."""
    if not all((folder / part).is_dir() for part in ("train", "test")):
        return ()
    chosen = [part for part in VALIDATION_PARTS if (folder / part).is_dir()]
    if len(chosen) > 1:
        raise DataInvalid(
            f"Expected one folder of validation pictures in {folder}, got {' and '.join(chosen)}. Join them, or move one away."
        )
    return ("train", *chosen, "test")


def read_sides(line: Line, folder: Path) -> SplitSamples:
    """Sides that were made apart, each with its boxes; pictures without a box teach the detector only."""
    samples: list[Sample] = []
    keys: dict[str, list[str]] = {}
    for side in SIDES:
        part = read_coco(folder / side / BOXES, folder / side)
        samples += part.samples
        keys[side] = [f"{side}/{key}" for key in part.keys]
    names = (*line.classes, EMPTY_CLASS)
    dataset = Dataset(folder.name, names, tuple(samples), folder)
    split = Split("official", None, *(tuple(keys[side]) for side in SIDES))
    return SplitSamples(dataset, split)


def read_line_groups(line: Line) -> Mapping[str, str] | None:
    """key → the original part that the picture shows; None where the line knows none."""
    return None if line.data.groups is None else read_groups(Path(line.data.groups))


def read_line_column(line: Line, column: str) -> Mapping[str, str] | None:
    """key → what the line's groups say besides; None where they have no such column, which all had not at first."""
    if line.data.groups is None:
        return None
    path = Path(line.data.groups)
    heading = read_text(path).partition("\n")[0].strip().split(",")
    return read_groups(path, column=column) if column in heading else None


def tell_groups(dataset: Dataset) -> Mapping[str, str] | None:
    """As a list of pictures tells them. Whoever names some parts names all, or copies of the others part unseen."""
    groups = {
        key: sample.group
        for key, sample in zip(dataset.keys, dataset.samples, strict=True)
        if sample.group is not None
    }
    if groups and len(groups) < len(dataset.samples):
        lone = next(key for key in dataset.keys if key not in groups)
        raise DataInvalid(
            f"Expected a group for every picture of “{dataset.name}” or for none, got none for {lone}. Fill in the column."
        )
    return groups or None
