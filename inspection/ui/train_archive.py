"""A ZIP of pictures, one sub-folder a class → a folder below the data root. Hostile until it is unpacked.

Whatever the archive claims, what is read is counted, and nothing but pictures is written. Pictures are told by their
first bytes here; check-data decodes them all.
"""

import itertools
import os
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from inspection.errors import DataInvalid
from inspection.formats import bmp, jpeg, png, tiff_page, webp
from inspection.placing import hold_part
from inspection.ui.archive_names import Places, check_classes, clean_part, find_top, split_name
from inspection.ui.uploads import DAMAGED, ArchiveRefused, Refusal, check_packing, clean_name, is_folder
from inspection.wording import say_number

_SET_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_LOCATOR = 20  # of a ZIP64 archive, right before the directory's end record, APPNOTE 4.3.15
_END, _LONGEST_COMMENT = 22, 65_535  # the end record itself, and what may follow it, APPNOTE 4.3.16
_TELLS = _LOCATOR + _END + _LONGEST_COMMENT
_MB = 2**20


@dataclass(frozen=True, slots=True)
class Limits:
    entries: int = 20_000
    total_bytes: int = 4096 * _MB
    picture_bytes: int = 64 * _MB
    directory_bytes: int = 8 * _MB
    ratio: int = 100  # unpacked to packed; pictures are packed already
    free_bytes: int = 1024 * _MB  # left on the disk afterwards
    refusals: int = 50  # that are named; the others are counted


@dataclass(slots=True)
class Unpacked:
    path: Path
    classes: dict[str, int] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    refused: int = 0

    @property
    def pictures(self) -> int:
        return sum(self.classes.values())

    def refuse(self, refusal: Refusal, most: int) -> None:
        self.refused += 1
        if len(self.refusals) < most:
            self.refusals.append(refusal)


Progress = Callable[[float], object]  # the share done, 0…1


def unpack_set(
    stream: BinaryIO, name: str, root: Path, *, limits: Limits | None = None, progress: Progress | None = None
) -> Unpacked:
    """All of it or nothing: the folder gets its name when it is complete."""
    target = root / check_set_name(name, root)
    try:
        return _unpack(stream, target, limits or Limits(), progress)
    except OSError as error:
        raise DataInvalid(
            f"Expected to write pictures below the data root, got: {error.strerror or error}. Nothing of the archive is there. "
            "Make room, or give this user the right to write there, and unpack it again."
        ) from error


def _unpack(stream: BinaryIO, target: Path, limits: Limits, progress: Progress | None) -> Unpacked:
    root = target.parent
    archive, infos = open_archive(stream, limits, root)
    top = find_top(infos)
    check_classes(infos, top)
    # a click elsewhere ends the script here too, by an exception of its own
    with hold_part(root, ".incoming-") as partial:
        unpacked, places = Unpacked(target), Places(partial)
        for number, info in enumerate(infos):
            try:
                take_entry(archive, info, places, top, unpacked, limits)
            except ArchiveRefused as error:
                unpacked.refuse(Refusal.of(clean_name(info.filename), error), limits.refusals)
            if progress is not None:
                progress((number + 1) / len(infos))
        if len(unpacked.classes) < 2:
            raise ArchiveRefused(say_no_classes(unpacked))
        give_name(partial, target)
    return unpacked


def give_name(partial: Path, target: Path) -> None:
    os.sync()  # one for thousands of pictures: named before they are on the disk, a power cut would leave a set of zeros
    try:
        partial.rename(target)
    except OSError:  # somebody else's archive may have taken the name while this one was unpacked
        check_set_name(target.name, target.parent)
        raise


def check_set_name(name: str, root: Path) -> str:
    if not _SET_NAME.fullmatch(name):
        raise DataInvalid(
            f"Expected a name of small letters, digits and dashes (at most 40), got {name!r}. Rename it."
        )
    if (root / name).exists():
        raise DataInvalid(
            f"Expected a new name, but there are pictures under {name} already. Choose another: "
            f"{propose_set_name(name, root)} is free."
        )
    return name


def propose_set_name(file: str, root: Path) -> str:
    """Out of the archive's name, not taken yet: what was mended and packed again is a set beside the first."""
    stem = file.lower().removesuffix(".zip")
    words = re.sub(r"[^a-z0-9]+", "-", stem)[:34].strip("-") or "parts"
    numbered = (words if number == 1 else f"{words}-{number}" for number in itertools.count(1))
    return next(name for name in numbered if not (root / name).exists())


def say_no_classes(unpacked: Unpacked) -> str:
    why = f" The first that was refused: {unpacked.refusals[0].message}" if unpacked.refusals else ""
    return (
        f"Expected pictures in at least two sub-folders, one a class; found {say_number(unpacked.pictures, 'picture')} "
        f"in {len(unpacked.classes)}.{why}"
    )


def open_archive(
    stream: BinaryIO, limits: Limits, root: Path
) -> tuple[zipfile.ZipFile, list[zipfile.ZipInfo]]:
    """What can be refused as a whole, by its directory."""
    packed = stream.seek(0, 2)
    check_directory(stream, packed, limits)
    stream.seek(0)
    try:
        archive = zipfile.ZipFile(stream)
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise ArchiveRefused(
            f"Expected a ZIP archive; it cannot be read ({error}). Pack it again."
        ) from error
    infos = [info for info in archive.infolist() if not is_folder(info) and not is_hidden(info.filename)]
    if len(archive.infolist()) > limits.entries:
        raise ArchiveRefused(
            f"Expected at most {limits.entries:,} files, got {len(archive.infolist()):,}. Split the archive."
        )
    claimed = sum(info.file_size for info in infos)
    if claimed > limits.total_bytes or claimed > max(limits.ratio * packed, 10 * _MB):
        raise ArchiveRefused(
            f"It would unpack from {packed / _MB:,.1f} MB to {claimed / _MB:,.0f} MB, which pictures do not. "
            f"At most {limits.total_bytes // _MB:,} MB and {limits.ratio} times its size are unpacked."
        )
    root.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(root).free - claimed < limits.free_bytes:
        raise ArchiveRefused(
            "Expected room on the disk, but it is nearly full. Remove old runs or data sets first."
        )
    return archive, infos


def check_directory(stream: BinaryIO, packed: int, limits: Limits) -> None:
    """Before zipfile builds an object for each entry: a few megabytes can list millions."""
    start = stream.seek(max(0, packed - _TELLS))
    tail = stream.read()
    position = tail.rfind(b"PK\x05\x06")
    if position < 0 or position + _END > len(tail):
        raise ArchiveRefused(
            "Expected a ZIP archive, but it has no directory: it is cut short or something else."
        )
    size = int.from_bytes(tail[position + 12 : position + 16], "little")
    before = tail[max(0, position - _LOCATOR) : position]
    if before.startswith(b"PK\x06\x07") or size > limits.directory_bytes:
        raise ArchiveRefused("Expected a smaller archive: its directory lists too many files. Split it.")
    if size > start + position:
        raise ArchiveRefused(
            "Expected a ZIP archive, but its directory claims more than there is. Pack it again."
        )


def is_hidden(name: str) -> bool:
    """What a desktop leaves in an archive."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    dotted = any(part.startswith(".") and part != ".." for part in parts)
    return dotted or "__MACOSX" in parts or parts[-1:] == ("Thumbs.db",)


def take_entry(
    archive: zipfile.ZipFile,
    info: zipfile.ZipInfo,
    places: Places,
    top: str | None,
    unpacked: Unpacked,
    limits: Limits,
) -> None:
    parts = tuple(clean_part(part) for part in split_name(info, top))
    data = read_entry(archive, info, limits)
    if not is_picture(data):
        raise ArchiveRefused("Its bytes are no picture (JPEG, PNG, BMP, TIFF or WebP). Export it again.")
    path = places.find(parts)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise ArchiveRefused("A file of the archive has the name of its folder. Pack it again.") from error
    path.write_bytes(data)
    unpacked.classes[parts[0]] = unpacked.classes.get(parts[0], 0) + 1


def read_entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limits: Limits) -> bytes:
    check_packing(info)
    try:
        data = b"".join(read_chunks(archive, info, limits.picture_bytes + 1))
    except DAMAGED as error:
        raise ArchiveRefused(f"It cannot be unpacked ({error}). Pack it again.") from error
    if len(data) > limits.picture_bytes:
        raise ArchiveRefused(
            f"Expected at most {limits.picture_bytes // _MB} MB a picture, got more. Send a smaller one."
        )
    return data


def read_chunks(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int) -> Iterator[bytes]:
    """The header's size is a claim: reading stops at the limit whatever it says."""
    with archive.open(info) as stream:
        while most > 0 and (chunk := stream.read(min(most, _MB))):
            most -= len(chunk)
            yield chunk


def is_picture(data: bytes) -> bool:
    starts = (jpeg.MAGIC, png.MAGIC, *tiff_page.MAGIC)
    return data.startswith(starts) or webp.is_webp(data) or bmp.is_bmp(data)
