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
