"""Image file directories: the tag lists of TIFF, which EXIF reuses (TIFF 6.0, section 2)."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

ORIENTATION = 274
# type → struct letter and bytes a value: BYTE, SHORT, LONG. No tag that is read here is of another type.
_LETTERS = {1: ("B", 1), 3: ("H", 2), 4: ("I", 4)}

_MAX_ENTRIES = 4_096


@dataclass(frozen=True, slots=True)
class Directory:
    order: Literal["<", ">"]
    entries: Mapping[int, tuple[int, int, int]]  # tag → type, count, where its value or its offset lies
    next_offset: int

    def count(self, tag: int) -> int:
        return self.entries[tag][1] if tag in self.entries else 0

    def read(self, data: bytes, tag: int, *, at_most: int) -> tuple[int, ...] | None:
        """The values of a tag; None where it is absent, of another type, longer than that or outside the data."""
        kind, count, position = self.entries.get(tag, (0, 0, 0))
        if kind not in _LETTERS or count > at_most:
            return None
        letter, size = _LETTERS[kind]
        if count * size > 4:
            position = struct.unpack_from(f"{self.order}I", data, position)[0]
        if count < 1 or position + count * size > len(data):
            return None
        return struct.unpack_from(f"{self.order}{count}{letter}", data, position)


def read_byte_order(data: bytes) -> Literal["<", ">"] | None:
    """Of a classic TIFF header; None for anything else, BigTIFF included."""
    if data[:4] == b"II*\0":
        return "<"
    return ">" if data[:4] == b"MM\0*" else None


def read_directory(data: bytes, order: Literal["<", ">"], offset: int) -> Directory | None:
    """None where the directory does not lie within the data."""
    if offset < 8 or offset + 2 > len(data):
        return None
    count = struct.unpack_from(f"{order}H", data, offset)[0]
    end = offset + 2 + 12 * count
    if end > len(data) or count > _MAX_ENTRIES:
        return None
    entries: dict[int, tuple[int, int, int]] = {}
    for position in range(offset + 2, end, 12):
        tag, kind, values = struct.unpack_from(f"{order}HHI", data, position)
        entries.setdefault(tag, (kind, values, position + 8))
    # EXIF blocks are often written without the closing offset
    next_offset = struct.unpack_from(f"{order}I", data, end)[0] if end + 4 <= len(data) else 0
    return Directory(order, entries, next_offset)


def read_orientation(exif: bytes) -> int:
    """1…8; anything unreadable counts as 1, as every viewer does."""
    exif = exif.removeprefix(b"Exif\0\0")
    order = read_byte_order(exif)
    if order is None or len(exif) < 8:
        return 1
    directory = read_directory(exif, order, struct.unpack_from(f"{order}I", exif, 4)[0])
    values = None if directory is None else directory.read(exif, ORIENTATION, at_most=1)
    return values[0] if values and 1 <= values[0] <= 8 else 1
