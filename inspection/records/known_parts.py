"""Parts whose class is known: from a folder of masters, or from what people have said of earlier parts."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from inspection.errors import PictureRefused
from inspection.images import clean_name, read_file, read_limits, say_which
from inspection.lines import Line
from inspection.records.errors import PictureAltered, PictureMissing
from inspection.records.labels import Label, read_answer, settle
from inspection.records.record import Kind
from inspection.records.search import Search
from inspection.records.store import RecordStore

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"})
MOST_A_CLASS = 3  # of parts that people confirmed
MOST_LOOKED = 500  # pictures of a class, where people disagree on most of them
_A_PAGE = 20


@dataclass(frozen=True, slots=True)
class KnownPart:
    name: str
    data: bytes
    expected: str  # a class of the line


def name_class(stem: str, classes: Iterable[str]) -> str | None:
    """The class that a file is named after: "05-cracked-l-bracket" → "cracked"; None where it names none."""
    words = flatten(re.sub(r"^\d+[-_ ]*", "", stem))
    fitting = [name for name in classes if re.match(rf"{re.escape(flatten(name))}(-|$)", words)]
    return max(fitting, key=len, default=None)


def flatten(name: str) -> str:
    return re.sub(r"[-_ ]+", "-", name.lower())


def read_folder_parts(folder: Path, classes: Sequence[str]) -> tuple[KnownPart, ...]:
    """One sub-folder a class. One that cannot be read, or is too large, is refused by name: a challenge with a master part
    fewer than the folder holds would show less than it says."""
    return tuple(
        KnownPart(path.name, _read_master(path), name)
        for name in classes
        for path in sorted((folder / name).glob("*"))
        if path.suffix.lower() in SUFFIXES and not path.is_dir()
    )


def _read_master(path: Path) -> bytes:
    try:
        return read_file(path, read_limits(None))
    except PictureRefused as error:
        raise say_which(clean_name(path.name), error) from None


def read_confirmed_parts(store: RecordStore, line: Line) -> tuple[KnownPart, ...]:
    """Parts whose class people have said and agree on (labels.py), the newest first: of each class a few."""
    parts: list[tuple[int, KnownPart]] = []
    for name in line.classes:
        found = islice(walk_confirmed(store, line, name), MOST_A_CLASS)
        parts += [(number, KnownPart(f"record {number}", data, name)) for number, data in found]
    return tuple(part for _, part in sorted(parts, key=lambda pair: -pair[0]))


def walk_confirmed(store: RecordStore, line: Line, name: str) -> Iterator[tuple[int, bytes]]:
    """(record, picture) of parts of this class. Each class is sought for itself, however many answers name others."""
    search = Search(kinds=(Kind.DECISION, Kind.CORRECTION), lines=(line.name,), class_names=(name,))
    seen: set[str | None] = set()
    cursor = None
    while len(seen) < MOST_LOOKED:
        page = store.search(search, after=cursor, limit=_A_PAGE)
        for answer in page.records:
            subject = store.get(int(answer.of_id or 0))
            if subject.picture_sha256 in seen:
                continue
            seen.add(subject.picture_sha256)
            label = label_picture(store, line, subject.picture_sha256)
            if label is None or label.class_name != name:
                continue
            try:
                yield subject.id, store.read_picture(subject)
            except (PictureMissing, PictureAltered):
                continue  # verify names it; a challenge takes another
        cursor = page.next
        if cursor is None:
            return


def label_picture(store: RecordStore, line: Line, picture_sha256: str | None) -> Label | None:
    """Of all that people said of this picture, whichever inspection of it they had before them (labels.py)."""
    shown = store.walk(Search(lines=(line.name,), picture_sha256=picture_sha256))
    about = store.about_each([inspection.id for inspection in shown])
    later = sorted((record for records in about.values() for record in records), key=lambda record: record.id)
    said = [answer for record in later if (answer := read_answer(store, record, line)) is not None]
    label = settle(said) if said else None
    return label if isinstance(label, Label) else None
