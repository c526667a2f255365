"""The one folder below which data sets are looked for; nothing outside it is ever read for a page."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from inspection.config import Settings, read_place
from inspection.errors import DataInvalid
from inspection.learning.data import CSV_LIST, PICTURE_SUFFIXES
from inspection.wording import is_text

_DEEPEST = 3  # folders below the root; deeper ones are pictures, not data sets


@dataclass(frozen=True, slots=True)
class DataSet:
    name: str  # the path below the root, which is what pages and jobs hand around
    path: Path
    layout: str  # in words


def data_root(settings: Settings) -> Path:
    return read_place("ASSAY_DATA", settings.var_dir / "data").resolve()


def resolve_folder(name: str, settings: Settings) -> Path:
    """A name comes from a page or an address: it must stay below the root, links followed."""
    root = data_root(settings)
    path = (root / name.replace("\0", "")).resolve()
    if "\0" in name or path == root or not path.is_relative_to(root) or not path.is_dir():
        raise DataInvalid(
            f"Expected a folder below {root}, got {name!r}. Choose one of those that are listed."
        )
    return path


def list_sets(settings: Settings) -> tuple[DataSet, ...]:
    root = data_root(settings)
    return tuple(walk_sets(root, root, _DEEPEST)) if root.is_dir() else ()


def walk_sets(folder: Path, root: Path, deepest: int) -> Iterator[DataSet]:
    """Data sets are not looked for inside data sets, nor through links that leave the root, nor under names that are no
    text: no page could show them."""
    for path in list_folders(folder):
        if not is_text(path.name) or not path.resolve().is_relative_to(root):
            continue
        layout = tell_layout(path)
        if layout is not None:
            yield DataSet(path.relative_to(root).as_posix(), path, layout)
        elif deepest > 1:
            yield from walk_sets(path, root, deepest - 1)


def tell_layout(path: Path) -> str | None:
    """The layouts that inspection.learning.line_data understands."""
    if (path / "train" / "boxes.json").is_file():
        return "sides with boxes"
    names = {entry.name for entry in list_folders(path)}
    if {"images", "annotations"} <= names:
        return "Pascal VOC"
    if (path / CSV_LIST).is_file():
        return "a list of pictures"
    if {"train", "test"} <= names:
        return "train and test, a folder a class"
    classes = [entry for entry in list_folders(path) if holds_pictures(entry)]
    return "a folder a class" if len(classes) >= 2 else None


def list_folders(path: Path) -> list[Path]:
    """Hidden ones left out."""
    try:
        entries = sorted(os.scandir(path), key=lambda entry: entry.name)
    except OSError:  # not ours to read: then it is none of the sets to choose from
        return []
    return [Path(entry.path) for entry in entries if not entry.name.startswith(".") and _is_folder(entry)]


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def holds_pictures(path: Path) -> bool:
    try:
        with os.scandir(path) as entries:
            return any(Path(entry.name).suffix.lower() in PICTURE_SUFFIXES for entry in entries)
    except OSError:
        return False


def count_pictures(path: Path) -> dict[str, int]:
    """folder with pictures, relative to `path` and as it can be shown → how many; by the endings, nothing is opened."""
    from inspection.images import clean_name  # brings OpenCV, which the small process over a job does without

    counts: dict[str, int] = {}
    for home, folders, files in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "masks")
        found = sum(Path(name).suffix.lower() in PICTURE_SUFFIXES for name in files)
        if found:
            name = clean_name(Path(home).relative_to(path).as_posix())
            counts[name] = counts.get(name, 0) + found
    return counts


def stamp_folder(path: Path) -> str:
    """Changes when a picture is added, removed or written again: a report on other pictures is no report."""
    newest, count, size = 0, 0, 0
    for home, folders, files in os.walk(path):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            count += 1
            try:
                stat = os.stat(os.path.join(home, name))
            except OSError:  # a link to what is gone, or removed since it was listed
                continue
            newest, size = max(newest, stat.st_mtime_ns), size + stat.st_size
    return f"{count}-{size}-{newest}"
