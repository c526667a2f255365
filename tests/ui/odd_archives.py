"""ZIP archives of good entries and one, the last, that no packer writes."""

import io
import struct
import zipfile

_CENTRAL = b"PK\x01\x02"
_BEYOND = 2**64 - 16  # bytes


def make_unnamed(entries: dict[str, bytes]) -> bytes:
    odd = zipfile.ZipInfo("odd")
    odd.filename = ""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
        archive.writestr(odd, b"x")
    return stream.getvalue()


def make_misplaced(entries: dict[str, bytes]) -> bytes:
    """Its ZIP64 field places it beyond the end of any file."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in {**entries, "bent/odd.png": b"x"}.items():
            archive.writestr(name, data)
    told = stream.getvalue()
    central, end = told.rindex(_CENTRAL), told.rindex(b"PK\x05\x06")
    field = struct.pack("<HHQ", 1, 8, _BEYOND)
    entry, tail = bytearray(told[central:end] + field), bytearray(told[end:])
    struct.pack_into("<H", entry, 30, len(field))
    struct.pack_into("<L", entry, 42, 0xFFFFFFFF)  # the place stands in the field
    struct.pack_into("<L", tail, 12, struct.unpack_from("<L", tail, 12)[0] + len(field))
    return told[:central] + bytes(entry) + bytes(tail)


def make_crowded(count: int) -> bytes:
    """A ZIP64 whose directory lists the same entry so many times. Its longest of comments sets the record that says so as
    far from the end as it can be, and the record that everybody looks for claims a small directory."""
    name = b"a/b.png"
    entry = struct.pack("<4s4B4HL2L5H2L", _CENTRAL, 20, 0, 20, *[0] * 8, len(name), *[0] * 6) + name
    size = count * len(entry)
    told = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, 0)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, size, 1)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 100, 0xFFFFFFFF, 0xFFFF)
    return entry * count + told + locator + end + b"c" * 0xFFFF
