"""The first page of a TIFF 6.0 file, read and checked: what its samples mean and where its blocks lie."""

import struct
from dataclasses import dataclass
from itertools import product
from typing import Literal

from inspection.errors import PictureAnimated, PictureDamaged, PictureTooLarge, PictureUnsupported
from inspection.formats.ifd import ORIENTATION, Directory, read_byte_order, read_directory
from inspection.formats.refusals import Limits, refuse, refuse_cut

MAGIC = (b"II*\0", b"MM\0*")
NONE, LZW, DEFLATE, PACKBITS = 1, 5, 8, 32773
_COMPRESSIONS = {1: NONE, 5: LZW, 8: DEFLATE, 32946: DEFLATE, 32773: PACKBITS}
_OTHER_COMPRESSIONS = {
    2: "CCITT", 3: "CCITT fax", 4: "CCITT fax", 6: "old JPEG", 7: "JPEG", 34712: "JPEG 2000", 34925: "LZMA",
    50000: "Zstandard", 50001: "WebP", 52546: "JPEG XL",
}  # fmt: skip
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, CMYK = 0, 1, 2, 3, 5
_COLOUR_CHANNELS = {WHITE_IS_ZERO: 1, BLACK_IS_ZERO: 1, RGB: 3, PALETTE: 1, CMYK: 4}
_MAX_CHANNELS = 8
_MAX_PAGES = 64
_MAX_BLOCKS = 100_000
_MOST_PADDED = 2  # times the limit of pixels: tiles overhang the picture, and none is cut
_MAX_PIXEL_BYTES = 8  # RGB and alpha of 16 bits: more is for pictures that stay below the limit of pixels
(_SUBFILE, _WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _FILL_ORDER) = (
    254,
    256,
    257,
    258,
    259,
    262,
    266,
)
(_STRIP_OFFSETS, _CHANNELS, _STRIP_ROWS, _STRIP_BYTES, _PLANAR, _PREDICTOR) = (273, 277, 278, 279, 284, 317)
(_COLOUR_MAP, _TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS, _TILE_BYTES) = (320, 322, 323, 324, 325)
(_INK_SET, _EXTRA_SAMPLES, _SAMPLE_FORMAT) = (332, 338, 339)
_REDUCED, _MASK = 1, 4  # of the subfile tag: a preview or a mask is no page
_DEFAULTS = {
    _SUBFILE: 0, _BITS: 1, _COMPRESSION: 1, _FILL_ORDER: 1, ORIENTATION: 1, _CHANNELS: 1, _STRIP_ROWS: 2**32 - 1,
    _PLANAR: 1, _PREDICTOR: 1, _INK_SET: 1, _SAMPLE_FORMAT: 1,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Block:
    """A strip or a tile: where its bytes lie and which part of the picture it covers."""

    offset: int
    size: int
    x: int
    y: int
    rows: int
    plane: int  # the channel it holds, where every channel has its own blocks


@dataclass(frozen=True, slots=True)
class Page:
    order: Literal["<", ">"]
    width: int
    height: int
    bits: int  # 1, 2, 4, 8 or 16 a sample
    channels: int
    photometric: int
    alpha: Literal["none", "straight", "premultiplied"]  # of the channel after the colours
    colour_map: tuple[int, ...]
    compression: int
    differenced: bool  # each sample stored as the difference to its left neighbour
    block_width: int
    block_channels: int  # 1 where every channel has its own blocks
    blocks: tuple[Block, ...]
    orientation: int

    @property
    def colour_channels(self) -> int:
        return _COLOUR_CHANNELS[self.photometric]

    @property
    def block_row_bytes(self) -> int:
        return (self.block_width * self.block_channels * self.bits + 7) // 8

    @property
    def is_planar(self) -> bool:
        return self.block_channels < self.channels


@dataclass(frozen=True, slots=True)
class Tags:
    """The numbers of one directory, with the defaults of the standard."""

    data: bytes
    directory: Directory

    def all(self, tag: int, *, at_most: int = 3 * 256) -> tuple[int, ...]:
        values = self.directory.read(self.data, tag, at_most=at_most)
        if values is None and tag in self.directory.entries:
            expected = f"1 to {at_most} numbers in TIFF tag {tag}"
            raise refuse(PictureDamaged, expected=expected, got="something else")
        return values or ((_DEFAULTS[tag],) if tag in _DEFAULTS else ())

    def one(self, tag: int) -> int:
        values = self.all(tag)
        if not values:
            raise refuse(PictureDamaged, expected=f"TIFF tag {tag}", got="a TIFF without it")
        return values[0]


def read_page(data: bytes, limits: Limits) -> Page:
    order = read_byte_order(data)
    if order is None or len(data) < 8:
        raise refuse_cut("TIFF", expected="a TIFF header", got=f"{len(data)} bytes")
    tags = Tags(data, find_directory(data, order, struct.unpack_from(f"{order}I", data, 4)[0]))
    width, height = tags.one(_WIDTH), tags.one(_HEIGHT)
    limits.check_size(width, height)
    check_single_page(data, tags)
    check_supported(tags)
    photometric, bits, channels = tags.one(_PHOTOMETRIC), tags.one(_BITS), tags.one(_CHANNELS)
    samples_bytes, most_bytes = width * height * channels * bits // 8, _MAX_PIXEL_BYTES * limits.max_pixels
    if samples_bytes > most_bytes:
        expected = f"at most {most_bytes:,} bytes of samples"
        raise refuse(PictureTooLarge, expected=expected, got=f"{samples_bytes:,}")
    compression, orientation = _COMPRESSIONS[tags.one(_COMPRESSION)], tags.one(ORIENTATION)
    planes = channels if tags.one(_PLANAR) == 2 else 1
    block_width = tags.one(_TILE_WIDTH) if _TILE_WIDTH in tags.directory.entries else width
    return Page(
        order=order,
        width=width,
        height=height,
        bits=bits,
        channels=channels,
        photometric=photometric,
        alpha=read_alpha(tags, channels - _COLOUR_CHANNELS[photometric]),
        colour_map=read_colour_map(tags, bits) if photometric == PALETTE else (),
        compression=compression,
        differenced=tags.one(_PREDICTOR) == 2 and compression in (LZW, DEFLATE),
        block_width=block_width,
        block_channels=channels // planes,
        blocks=read_blocks(tags, width, height, planes, max_pixels=limits.max_pixels),
        orientation=orientation if 1 <= orientation <= 8 else 1,
    )


def find_directory(data: bytes, order: Literal["<", ">"], offset: int) -> Directory:
    directory = read_directory(data, order, offset)
    if directory is None:
        raise refuse_cut("TIFF", expected=f"a directory at byte {offset:,}", got=f"{len(data):,} bytes")
    return directory


def check_single_page(data: bytes, first: Tags) -> None:
    if first.one(_SUBFILE) & _REDUCED:
        got = "a preview before the real one, as in a camera's raw file"
        raise refuse(PictureUnsupported, expected="a TIFF whose first picture is the whole one", got=got)
    offset = first.directory.next_offset
    for _ in range(_MAX_PAGES):
        if not offset:
            return
        page = Tags(data, find_directory(data, first.directory.order, offset))
        if not page.one(_SUBFILE) & (_REDUCED | _MASK):
            raise refuse(PictureAnimated, expected="a TIFF of one page", got="one of several")
        offset = page.directory.next_offset
    raise refuse(PictureDamaged, expected=f"at most {_MAX_PAGES} directories", got="a TIFF with more")


def check_supported(tags: Tags) -> None:
    """What passes here is decoded exactly; the rest is refused by name."""
    compression, photometric = tags.one(_COMPRESSION), tags.one(_PHOTOMETRIC)
    bits, channels, formats = tags.all(_BITS), tags.one(_CHANNELS), tags.all(_SAMPLE_FORMAT)
    colours = _COLOUR_CHANNELS.get(photometric, 0)
    reasons = {
        _OTHER_COMPRESSIONS.get(compression, f"compression {compression}"): compression not in _COMPRESSIONS,
        f"colour model {photometric}": not colours or (photometric == CMYK and tags.one(_INK_SET) != 1),
        "floating-point samples, which have no agreed black and white": 3 in formats,
        "signed or complex samples": not set(formats) <= {1, 3, 4},
        f"{channels} channels": not colours <= channels <= _MAX_CHANNELS,
        f"{'/'.join(map(str, bits))} bits a sample": len(set(bits)) > 1 or bits[0] not in (1, 2, 4, 8, 16),
        f"{channels} channels of {bits[0]} bits": channels > 1 and bits[0] < 8,
        f"a palette of {bits[0]} bits": photometric == PALETTE and bits[0] > 8,
        "reversed bits": tags.one(_FILL_ORDER) != 1,
        "an unknown layout of channels": tags.one(_PLANAR) not in (1, 2),
        f"predictor {tags.one(_PREDICTOR)}": tags.one(_PREDICTOR) not in ((1, 2) if bits[0] >= 8 else (1,)),
    }
    found = [reason for reason, holds in reasons.items() if holds]
    if found:
        raise refuse(
            PictureUnsupported,
            expected="a grey, RGB, palette or CMYK TIFF of at most 16 bits, plain, LZW, Deflate or PackBits",
            got=found[0],
        )


def read_blocks(tags: Tags, width: int, height: int, planes: int, *, max_pixels: int) -> tuple[Block, ...]:
    """In the order of the file: planes, rows of blocks, blocks. The last strip is cut short, tiles never are."""
    is_tiled = _TILE_WIDTH in tags.directory.entries
    across, down = width, min(tags.one(_STRIP_ROWS), height)
    places, lengths = _STRIP_OFFSETS, _STRIP_BYTES
    if is_tiled:
        across, down = tags.one(_TILE_WIDTH), tags.one(_TILE_HEIGHT)
        places, lengths = _TILE_OFFSETS, _TILE_BYTES
    if not 0 < across * down <= max_pixels:
        got = f"{across:,} × {down:,}"
        raise refuse(PictureDamaged, expected=f"blocks of 1 to {max_pixels:,} pixels", got=got)
    wanted = planes * -(-width // across) * -(-height // down)
    check_padding(wanted * across * down, most=_MOST_PADDED * planes * max_pixels)
    found = tags.directory.count(places)
    if not wanted == found == tags.directory.count(lengths):
        raise refuse(PictureDamaged, expected=f"{wanted:,} strips or tiles and their sizes", got=f"{found:,}")
    if wanted > _MAX_BLOCKS:
        raise refuse(
            PictureUnsupported, expected=f"at most {_MAX_BLOCKS:,} strips or tiles", got=f"{wanted:,}"
        )
    offsets, sizes = tags.all(places, at_most=wanted), tags.all(lengths, at_most=wanted)
    end = max(offset + size for offset, size in zip(offsets, sizes, strict=True))
    if end > len(tags.data):
        raise refuse_cut("TIFF", expected=f"{end:,} bytes", got=f"{len(tags.data):,}")
    corners = product(range(planes), range(0, height, down), range(0, width, across))
    return tuple(
        Block(offset, size, x=x, y=y, rows=down if is_tiled else min(down, height - y), plane=plane)
        for (plane, y, x), offset, size in zip(corners, offsets, sizes, strict=True)
    )


def check_padding(pixels: int, *, most: int) -> None:
    """Each tile may be large, and all of them may point at the same few packed bytes."""
    if pixels > most:
        raise refuse(
            PictureTooLarge,
            expected=f"at most {most:,} pixels in all tiles, their padding included",
            got=f"{pixels:,}",
            advice="Save it with smaller tiles.",
        )


def read_alpha(tags: Tags, extra: int) -> Literal["none", "straight", "premultiplied"]:
    """Four channels of RGB without a word about the fourth are written by many programs and mean alpha."""
    if extra < 1:
        return "none"
    meaning = (tags.all(_EXTRA_SAMPLES) or (2,))[0]
    return "premultiplied" if meaning == 1 else "straight" if meaning == 2 else "none"


def read_colour_map(tags: Tags, bits: int) -> tuple[int, ...]:
    """All reds, then all greens, then all blues, 16 bits each."""
    values = tags.all(_COLOUR_MAP)
    if len(values) != 3 * 2**bits:
        raise refuse(PictureDamaged, expected=f"a palette of {3 * 2**bits} numbers", got=f"{len(values)}")
    return values
