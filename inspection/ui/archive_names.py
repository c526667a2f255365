"""Names in an archive of pictures → places below a folder. None is used as a path before every part of it was looked at."""

import re
import stat
import unicodedata
import zipfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from inspection.learning.data import PICTURE_SUFFIXES
from inspection.ui.uploads import ArchiveRefused

_DEEPEST = 4  # folders and the file itself, below the archive's own top folder
_LETTER_BYTES = 3  # most letters have so many or fewer in UTF-8; a rare one has four
_LONGEST_TOLD = 255  # what a file system takes; an archive's folder may claim more


@dataclass(frozen=True, slots=True)
class Places:
    """Where no other file is: names that differ only in what was cleaned away stay two files."""

    into: Path
    next_numbers: dict[Path, int] = field(default_factory=dict)  # of a name that was asked for again

    def find(self, parts: tuple[str, ...]) -> Path:
        path = asked = self.into.joinpath(*parts)
        number = self.next_numbers.get(asked, 2)
        while path.exists():
            path = asked.with_name(f"{asked.stem}-{number}{asked.suffix}")
            number += 1
        self.next_numbers[asked] = number
        return path


def find_top(infos: list[zipfile.ZipInfo]) -> str | None:
    """The one folder that holds all that is taken, if there is one and the classes lie below it."""
    taken = []
    for info in infos:
        with suppress(ArchiveRefused):
            taken.append(check_name(info))
    tops = {parts[0] for parts in taken}
    return tops.pop() if len(tops) == 1 and any(len(parts) > 2 for parts in taken) else None


def check_classes(infos: list[zipfile.ZipInfo], top: str | None) -> None:
    """Two folders that are one name once they are cleaned would be one class, and nobody would be told."""
    folders: dict[str, str] = {}
    for info in infos:
        try:
            folder = unicodedata.normalize("NFC", split_name(info, top)[0])
        except ArchiveRefused:  # it is named when its turn comes
            continue
        name = clean_part(folder)
        first = folders.setdefault(name, folder)
        if first != folder:
            raise ArchiveRefused(
                f"Expected a folder a class, but {first[:_LONGEST_TOLD]!r} and {folder[:_LONGEST_TOLD]!r} would both "
                f"become {name}: signs are written as _, and what is long is cut. Rename one and pack it again."
            )


def split_name(info: zipfile.ZipInfo, top: str | None) -> tuple[str, ...]:
    """The names of the folders and the file, from the class on, as the archive has them."""
    parts = check_name(info)
    inner = parts[1:] if top is not None else parts
    if not 2 <= len(inner) <= _DEEPEST:
        raise ArchiveRefused(
            "Expected it in the sub-folder of its class. Sort the pictures into one folder a class."
        )
    return inner


def check_name(info: zipfile.ZipInfo) -> tuple[str, ...]:
    name = info.filename.replace("\\", "/")
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        what = "a link" if kind == stat.S_IFLNK else "a device or a pipe"
        raise ArchiveRefused(f"It is {what}, not a file. Pack the files themselves.")
    parts = PurePosixPath(name).parts
    if name.startswith("/") or ".." in parts or re.match(r"[A-Za-z]:", name):
        raise ArchiveRefused("Its path leads out of the archive. Pack a plain folder.")
    if PurePosixPath(name).suffix.lower() not in PICTURE_SUFFIXES:
        raise ArchiveRefused(
            "It is no picture by its ending. Leave it out; boxes and masks are not read from archives."
        )
    return parts


def clean_part(part: str) -> str:
    """A name that every file system takes, and that reads like the one that was given."""
    text = unicodedata.normalize("NFC", part)
    kept = "".join(letter if letter.isalnum() or letter in "-_. +()" else "_" for letter in text).strip(" .")
    stem, dot, suffix = kept.rpartition(".")
    return f"{cut(stem, 60)}{dot}{cut(suffix, 20)}" if dot else (cut(kept, 60) or "unnamed")


def cut(text: str, most_letters: int) -> str:
    """File systems count bytes: at most 255 in a name, of which a number may need a few."""
    return text[:most_letters].encode()[: _LETTER_BYTES * most_letters].decode(errors="ignore")
