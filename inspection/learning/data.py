"""Labelled pictures on disk: what a data set is, and how folders, Pascal VOC, COCO and CSV are read into one."""

import csv
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from inspection.errors import DataInvalid
from inspection.hashing import hash_file
from inspection.lines import EMPTY_CLASS as EMPTY_CLASS  # whoever reads data takes it from here
from inspection.types import Box

BOXES = "boxes.json"  # COCO, beside the pictures that it speaks of
CSV_LIST = "pictures.csv"  # in the folder of a line's pictures: path, class and perhaps group
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
        # fields beyond the heading stand under None
        got = ", ".join(filter(None, rows[0])) if rows else "no rows"
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
    refuse_names([sample.path for sample in samples])
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


def refuse_names(paths: Iterable[Path]) -> None:
    """Names are keys of splits and of reports, which are UTF-8; those of an old archive may be none."""
    for path in paths:
        try:
            str(path).encode()
        except UnicodeEncodeError as error:
            raise DataInvalid(
                f"Expected names of files and folders in UTF-8, got {ascii(str(path))}. Rename it, or unpack the archive anew with "
                "its encoding named."
            ) from error


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
    try:
        return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    except OSError as error:
        raise DataInvalid(
            f"Expected a folder that can be read at {folder}: {error}. Mend its rights."
        ) from error


def list_pictures(folder: Path, *, above: tuple[Path, ...] = ()) -> tuple[list[Path], list[Path]]:
    """All visible files at any depth: those that end like a picture, and the rest.

    above: the folders that lead here. A link back to one of them is among the rest: followed, it would give every
    picture again under other names, and below the folder of a class those of all classes.
    """
    chain = (*above, folder.resolve())
    pictures: list[Path] = []
    others: list[Path] = []
    for entry in list_visible(folder):
        if entry.is_dir():
            if any(place.is_relative_to(entry.resolve()) for place in chain):
                others.append(entry)
                continue
            deeper = list_pictures(entry, above=chain)
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
