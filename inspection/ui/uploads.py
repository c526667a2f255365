"""What people drop on the page: pictures, and archives of pictures that may be hostile.

An archive is read in memory and within bounds: its directory, the number of its entries, the bytes of each and of all
are limited whatever its headers claim, no name in it is ever used as a path, and an archive inside it is not opened.
"""

import io
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from inspection.errors import AssayError, PictureRefused

_ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_END = struct.Struct("<4s4H2LH")  # end of central directory, APPNOTE 4.3.16
_END_SIGNATURE = b"PK\x05\x06"
_ZIP64_LOCATOR = b"PK\x06\x07"
_ENCRYPTED = 0x1
# zipfile unpacks these by the piece; by bzip2 or LZMA, of 350 bytes, 600 MB at the first piece that is asked for
_BOUNDED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_LONGEST_NAME = 80
_CHUNK_BYTES = 64 * 1024
# what unpacking a damaged entry raises
DAMAGED = (
    zipfile.BadZipFile,
    NotImplementedError,
    zlib.error,
    EOFError,
    OSError,
    OverflowError,  # a place beyond what a file can have
    ValueError,
)


class ArchiveRefused(PictureRefused):
    """The archive, or what is left of it, is not read."""


@dataclass(frozen=True, slots=True)
class Limits:
    pictures: int = 200
    total_bytes: int = 256 * 1024 * 1024
    entries: int = 2000  # folders and hidden files count too
    picture_bytes: int = 64 * 1024 * 1024
    directory_bytes: int = 1024 * 1024


@dataclass(slots=True)
class Meter:
    """Of one archive: what is refused or damaged has been unpacked all the same."""

    unpacked_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Upload:
    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Refusal:
    name: str
    kind: str
    message: str

    @classmethod
    def of(cls, name: str, error: AssayError) -> "Refusal":
        said = str(error).removeprefix(f"{name}: ")  # the name stands beside it
        return cls(name, error.kind, said[:1].upper() + said[1:])


def clean_name(name: str) -> str:
    """The last part of a name, printable and short: for people to read, never for a file system."""
    last = PurePosixPath(name.replace("\\", "/")).name
    # categories C*: control characters, and those that reorder the text around them
    shown = "".join(letter for letter in last if not unicodedata.category(letter).startswith("C")).strip()
    if len(shown) > _LONGEST_NAME:
        shown = f"{shown[: _LONGEST_NAME - 13]}…{shown[-12:]}"
    return shown or "unnamed"


def unpack(files: Iterable[tuple[str, bytes]], limits: Limits | None = None) -> list[Upload | Refusal]:
    """Every picture in the order it came; what is too much or unreadable is named, and the rest goes on."""
    limits = limits or Limits()
    taken: list[Upload | Refusal] = []
    pictures, total = 0, 0
    for item in _walk(files, limits):
        if isinstance(item, Refusal):
            taken.append(item)
            continue
        pictures, total = pictures + 1, total + len(item.data)
        if pictures > limits.pictures or total > limits.total_bytes:
            taken.append(_refuse_rest(item.name, limits))
            break
        taken.append(item)
    return taken


def _refuse_rest(name: str, limits: Limits) -> Refusal:
    message = (
        f"Expected at most {limits.pictures} pictures and {limits.total_bytes // 2**20} MB at a time; "
        "this picture and those after it were left out. Send them in a second batch."
    )
    return Refusal.of(name, ArchiveRefused(message))


def _walk(files: Iterable[tuple[str, bytes]], limits: Limits) -> Iterator[Upload | Refusal]:
    for raw_name, data in files:
        name = clean_name(raw_name)
        if not _is_archive(name, data):
            yield Upload(name, data)
            continue
        try:
            yield from _walk_archive(data, limits)
        except AssayError as error:
            yield Refusal.of(name, error)


def _is_archive(name: str, data: bytes) -> bool:
    return data.startswith(_ZIP_STARTS) or name.lower().endswith(".zip")


def _walk_archive(data: bytes, limits: Limits) -> Iterator[Upload | Refusal]:
    _check_directory(data, limits)
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise ArchiveRefused(
            f"Expected a ZIP archive; it cannot be read ({error}). Pack it again."
        ) from error
    infos = archive.infolist()
    if len(infos) > limits.entries:
        raise ArchiveRefused(
            f"Expected at most {limits.entries} entries, got {len(infos)}. Split the archive."
        )
    found, meter = 0, Meter()
    for info in infos:
        if is_folder(info) or _is_hidden(info.filename):
            continue
        found += 1
        name = clean_name(info.filename)
        try:
            data = _read_entry(archive, info, limits, meter)
            _check_entry(data, limits)
            yield Upload(name, data)
        except AssayError as error:
            yield Refusal.of(name, error)
        if meter.unpacked_bytes > limits.total_bytes:
            raise ArchiveRefused(
                f"It unpacks to more than {limits.total_bytes // 2**20} MB; the rest was left out. Split the archive."
            )
    if found == 0:
        raise ArchiveRefused("Expected pictures in the archive, found none. Put PNG or JPEG files into it.")


def _check_directory(data: bytes, limits: Limits) -> None:
    """Before zipfile builds an object for each entry: a few megabytes can list millions of them."""
    tail_start = max(0, len(data) - 65_535 - _END.size)
    position = data.rfind(_END_SIGNATURE, tail_start)
    if position < 0 or position + _END.size > len(data):
        raise ArchiveRefused(
            "Expected a ZIP archive, but it has no directory: it is cut short or something else."
        )
    directory_bytes = _END.unpack_from(data, position)[5]
    zip64 = data[max(0, position - 20) : position].startswith(_ZIP64_LOCATOR)
    if zip64 or directory_bytes > limits.directory_bytes:
        raise ArchiveRefused(
            f"Expected a directory of at most {limits.directory_bytes // 1024} kB, got "
            f"{'a ZIP64 archive' if zip64 else f'{directory_bytes // 1024} kB'}. Split the archive."
        )


def is_folder(info: zipfile.ZipInfo) -> bool:
    """As zipfile tells it, but for a name that is empty as well."""
    return info.filename.endswith("/")


def _is_hidden(name: str) -> bool:
    """What a desktop leaves in an archive: no picture, and nobody put it there."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    dotted = any(part.startswith(".") and part != ".." for part in parts)
    return dotted or "__MACOSX" in parts or parts[-1:] == ("Thumbs.db",)


def _read_entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limits: Limits, meter: Meter) -> bytes:
    if not info.filename:
        raise ArchiveRefused("Expected a name, got an entry without one. Pack it again.")
    check_packing(info)
    try:
        return b"".join(_read_chunks(archive, info, limits.picture_bytes + 1, meter))
    except DAMAGED as error:
        raise ArchiveRefused(f"It cannot be unpacked ({error}). Pack it again.") from error


def check_packing(info: zipfile.ZipInfo) -> None:
    if info.flag_bits & _ENCRYPTED:
        raise ArchiveRefused("It is encrypted. Pack it without a password.")
    if info.compress_type not in _BOUNDED:
        raise ArchiveRefused(
            "Expected an entry that is stored or packed by Deflate, as nearly all are, got another method of packing. "
            "Pack it again as an ordinary ZIP."
        )


def _read_chunks(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int, meter: Meter) -> Iterator[bytes]:
    """The header's size is a claim: reading stops at the limit whatever it says."""
    with archive.open(info) as stream:
        while most > 0:
            wanted = min(most, _CHUNK_BYTES)
            meter.unpacked_bytes += wanted  # first: a wrong checksum is told only once the bytes are unpacked
            chunk = stream.read(wanted)
            meter.unpacked_bytes -= wanted - len(chunk)
            if not chunk:
                return
            most -= len(chunk)
            yield chunk


def _check_entry(data: bytes, limits: Limits) -> None:
    if len(data) > limits.picture_bytes:
        raise ArchiveRefused(
            f"Expected at most {limits.picture_bytes // 2**20} MB unpacked, got more. Send a smaller picture."
        )
    if data.startswith(_ZIP_STARTS):
        raise ArchiveRefused("An archive inside an archive is not opened. Unpack it first.")
