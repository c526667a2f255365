"""JPEG (ITU-T T.81): a walk over the segments, then one cv2.imdecode.

Decoders fill what is missing with grey and say so on stderr at most, so completeness is proved here: the end marker,
every restart marker, every component and coefficient, and, where the picture could have ended early, a second decoding.
JPEG has no checksum: a flipped bit that leaves all of this whole cannot be seen.
"""

import io
import re
from dataclasses import dataclass

import cv2
import numpy as np

from inspection.errors import PictureDamaged, PictureUnsupported
from inspection.formats.ifd import read_orientation
from inspection.formats.refusals import Limits, refuse, refuse_cut
from inspection.types import U8

MAGIC = b"\xff\xd8\xff"
_SOF_NAMES = {
    0xC3: "lossless", 0xC5: "hierarchical", 0xC6: "hierarchical", 0xC7: "hierarchical lossless",
    0xC9: "arithmetic-coded", 0xCA: "arithmetic-coded", 0xCB: "arithmetic-coded lossless",
    0xCD: "hierarchical", 0xCE: "hierarchical", 0xCF: "hierarchical lossless",
}  # fmt: skip
_SOF, _SOF_PROGRESSIVE = (0xC0, 0xC1, 0xC2), 0xC2
_EOI, _SOS, _DRI, _APP1 = 0xD9, 0xDA, 0xDD, 0xE1
_COLOUR_MARKS = {0xE0: 14, 0xEE: 12}  # JFIF and Adobe say how the components are meant, in this many bytes
_REMARKS = frozenset({0xFE, *range(0xE0, 0xF0)})
# tables, comments and APPn: read by the decoder, skipped here
_SKIPPED = _REMARKS | {0xC4, 0xCC, 0xDB, 0xDC}
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_MARKS = re.compile(rb"\xff+")  # more than one is fill (T.81, B.1.1.2)
_RESTART = re.compile(rb"\xff[\xd0-\xd7]")
_MAX_SEGMENTS = 5_000
_MAX_SCANS = 40  # usual are ten; each walks the whole picture, so a small file of many would take very long
_ALL_COEFFICIENTS = (1 << 64) - 1
# Bytes without 0xFF, so no marker; varied, so that whoever reads them as codes does not see a flat picture.
_NOISE = bytes((index * 73 + 41) % 255 for index in range(512))


@dataclass(frozen=True, slots=True)
class Frame:
    width: int
    height: int
    progressive: bool
    sampling: dict[int, tuple[int, int]]  # component → horizontal, vertical factor

    def count_units(self, components: list[int]) -> int:
        """Coded units of a scan: blocks where it has one component, interleaved groups otherwise (T.81, A.2)."""
        widest = max(h for h, _ in self.sampling.values())
        tallest = max(v for _, v in self.sampling.values())
        h, v = self.sampling[components[0]] if len(components) == 1 else (1, 1)
        across, down = (8 * widest, 8 * tallest)
        return -(-self.width * h // across) * -(-self.height * v // down)


@dataclass(frozen=True, slots=True)
class Header:
    frame: Frame
    orientation: int
    scan_ends: tuple[int, ...]  # where the data of each scan stop
    remarks: tuple[tuple[int, int], ...]  # segments that do not touch the pixels


def decode(data: bytes, limits: Limits) -> tuple[U8, int]:
    """The pixels as they are stored, RGB, and their EXIF orientation."""
    header = read_header(data, limits)
    flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    if decoded is None or decoded.shape != (header.frame.height, header.frame.width, 3):
        raise refuse(PictureDamaged, expected="JPEG data that decode", got="data that the decoder rejects")
    pixels = np.asarray(decoded, np.uint8)
    if could_be_short(pixels, header) and not are_scans_whole(data, pixels, header):
        raise refuse(
            PictureDamaged,
            expected=f"data for {header.frame.width} × {header.frame.height} pixels",
            got="a JPEG whose data end before its last pixel",
        )
    return pixels, header.orientation


def read_header(data: bytes, limits: Limits) -> Header:
    frame: Frame | None = None
    orientation, restart_interval, position = 0, 0, 2
    scan_ends: list[int] = []
    remarks: list[tuple[int, int]] = []
    coverage: dict[int, int] = {}
    for _ in range(_MAX_SEGMENTS):
        marker, start, end = read_segment(data, position)
        if marker == _EOI:
            whole = check_coverage(frame, coverage)
            return Header(whole, orientation or 1, tuple(scan_ends), tuple(remarks))
        if marker in _REMARKS and end - start < _COLOUR_MARKS.get(marker, len(data)):
            remarks.append((position, end))
        position = end
        if marker in _SOF or marker in _SOF_NAMES:
            if frame is not None:
                raise refuse(PictureDamaged, expected="one frame", got="a JPEG with two")
            frame = read_frame(data[start:end], marker, limits)
        elif marker == _APP1 and not orientation and data.startswith(b"Exif\0\0", start):
            orientation = read_orientation(data[start:end])
        elif marker == _DRI and end - start >= 2:
            restart_interval = int.from_bytes(data[start : start + 2], "big")
        elif marker == _SOS:
            components = read_scan(data[start:end], frame, coverage)
            position = find_scan_end(data, end)
            if restart_interval and frame is not None:
                wanted = -(-frame.count_units(components) // restart_interval) - 1
                check_restarts(data, end, position, wanted=wanted)
            scan_ends.append(position)
            if len(scan_ends) > _MAX_SCANS:
                raise refuse(
                    PictureUnsupported, expected=f"at most {_MAX_SCANS} scans", got="a JPEG with more"
                )
        elif marker not in _SKIPPED:
            raise refuse(PictureDamaged, expected="a JPEG segment", got=f"0xFF{marker:02X} at byte {start:,}")
    raise refuse(PictureUnsupported, expected=f"at most {_MAX_SEGMENTS:,} segments", got="a JPEG with more")


def read_segment(data: bytes, position: int) -> tuple[int, int, int]:
    """The next marker, and where its content starts and ends."""
    marks = _MARKS.match(data, position)
    if marks is None:
        if position >= len(data):
            raise _refuse_cut(data)
        got = f"0x{data[position]:02X}"
        raise refuse(PictureDamaged, expected=f"a JPEG marker at byte {position:,}", got=got)
    marker_at = marks.end()
    start = marker_at + 3
    if data[marker_at : marker_at + 1] == bytes([_EOI]):
        return _EOI, marker_at + 1, marker_at + 1
    if start > len(data):
        raise _refuse_cut(data)
    length = int.from_bytes(data[marker_at + 1 : start], "big")
    end = marker_at + 1 + length
    if length < 2:
        raise refuse(PictureDamaged, expected="a segment of 2 bytes or more", got=f"a length of {length}")
    if end > len(data):
        raise _refuse_cut(data)
    return data[marker_at], start, end


def read_frame(body: bytes, marker: int, limits: Limits) -> Frame:
    if len(body) < 6 or len(body) < 6 + 3 * body[5]:
        raise refuse(PictureDamaged, expected="a whole frame header", got=f"{len(body)} bytes of it")
    precision, count = body[0], body[5]
    limits.check_size(int.from_bytes(body[3:5], "big"), int.from_bytes(body[1:3], "big"))
    if marker in _SOF_NAMES:
        raise refuse(
            PictureUnsupported, expected="a JPEG of the usual kind", got=f"{_SOF_NAMES[marker]} JPEG"
        )
    if precision != 8:
        raise refuse(PictureUnsupported, expected="8 bits a sample in a JPEG", got=f"{precision}")
    if count not in (1, 3, 4):
        raise refuse(PictureUnsupported, expected="a JPEG of 1, 3 or 4 components", got=f"{count}")
    sampling = {body[at]: (body[at + 1] >> 4, body[at + 1] & 15) for at in range(6, 6 + 3 * count, 3)}
    if len(sampling) != count or any(not (1 <= h <= 4 and 1 <= v <= 4) for h, v in sampling.values()):
        raise refuse(PictureDamaged, expected="distinct components, sampled 1 to 4 times", got=f"{sampling}")
    return Frame(
        width=int.from_bytes(body[3:5], "big"),
        height=int.from_bytes(body[1:3], "big"),
        progressive=marker == _SOF_PROGRESSIVE,
        sampling=sampling,
    )


def read_scan(body: bytes, frame: Frame | None, coverage: dict[int, int]) -> list[int]:
    """The components of a scan; notes in `coverage` which coefficients it brings to full precision."""
    count = body[0] if body else 0
    components = list(body[1 : 1 + 2 * count : 2])
    if frame is None or not components or len(body) != 4 + 2 * count or set(components) - set(frame.sampling):
        raise refuse(PictureDamaged, expected="a scan of the frame's components", got=f"{components}")
    first, last, low_bit = body[-3], body[-2], body[-1] & 15
    if not frame.progressive:  # T.81 fixes the three numbers here, and some cameras write others
        first, last, low_bit = 0, 63, 0
    for component in components:
        gained = (1 << min(last, 63) + 1) - (1 << min(first, 63)) if low_bit == 0 else 0
        coverage[component] = coverage.get(component, 0) | gained
    return components


def find_scan_end(data: bytes, start: int) -> int:
    found = _NEXT_MARKER.search(data, start)
    if found is None:
        raise _refuse_cut(data)
    end = found.start()
    # fill before the marker; in the pattern it would make the search twenty times slower
    return end if data[end - 1] != 0xFF else start + len(data[start:end].rstrip(b"\xff"))


def check_restarts(data: bytes, start: int, end: int, *, wanted: int) -> None:
    """Restart markers count 0…7 over and over; some encoders close with one more than is needed."""
    count = 0
    for marker in _RESTART.finditer(data, start, end):
        if data[marker.end() - 1] != 0xD0 + count % 8 or count > wanted:
            raise refuse(
                PictureDamaged, expected=f"restart marker {count % 8}", got="another or one too many"
            )
        count += 1
    if count not in (wanted, wanted + 1):
        raise refuse(PictureDamaged, expected=f"{wanted} restart markers", got=f"{count}")


def check_coverage(frame: Frame | None, coverage: dict[int, int]) -> Frame:
    if frame is None or not coverage:
        raise refuse(PictureDamaged, expected="a JPEG with a picture in it", got="one that ends before any")
    if any(coverage.get(component) != _ALL_COEFFICIENTS for component in frame.sampling):
        raise refuse(
            PictureDamaged, expected="all scans of the picture", got="a JPEG that lacks its last scans"
        )
    return frame


def could_be_short(pixels: U8, header: Header) -> bool:
    """Whether the data may have ended early: missing blocks come out as the middle of every component's range."""
    if len(header.scan_ends) > 1:
        return True
    middle = 64 if len(header.frame.sampling) == 4 else 128  # CMYK: 128 of ink on 128 of black
    return all(abs(value - middle) <= 1 for value in pixels[-1, -1].tolist())


def are_scans_whole(data: bytes, pixels: U8, header: Header) -> bool:
    """A whole scan ignores bytes that follow its last block; a short one decodes them into something else."""
    padded = decode_quietly(data, header, padding=_NOISE)
    # the two decoders may be different builds: before blaming the file, let one decode both
    return np.array_equal(padded, pixels) or np.array_equal(padded, decode_quietly(data, header, padding=b""))


def decode_quietly(data: bytes, header: Header, *, padding: bytes) -> U8:
    """With Pillow, which does not print libjpeg's remarks about padding put after each scan on purpose."""
    from PIL import Image

    edits = [
        *((start, end, b"") for start, end in header.remarks),
        *((at, at, padding) for at in header.scan_ends),
    ]
    pieces, position = [], 0
    for start, end, insert in sorted(edits):
        pieces += [data[position:start], insert]
        position = end
    stream = io.BytesIO(b"".join([*pieces, data[position:]]))
    try:
        with Image.open(stream, formats=("JPEG",)) as picture:
            return np.asarray(picture.convert("RGB"))
    except OSError as error:
        raise refuse(PictureDamaged, expected="JPEG data that decode", got=f"an error ({error})") from None


def _refuse_cut(data: bytes) -> Exception:
    return refuse_cut("JPEG", expected="a JPEG up to its end marker", got=f"none in {len(data):,} bytes")
