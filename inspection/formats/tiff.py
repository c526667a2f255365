"""TIFF 6.0. libtiff is only ever asked to undo LZW and PackBits, on grey bytes in a file that is written here;
what the samples mean is worked out below, the same for every depth, layout and byte order.
"""

import io
import struct
import zlib
from collections.abc import Iterator, Sequence
from itertools import accumulate

import numpy as np

from inspection.errors import PictureDamaged, PictureTooLarge
from inspection.formats.refusals import MAX_PIXELS, Limits, refuse, refuse_cut
from inspection.formats.samples import (
    U16,
    convert_cmyk,
    lay_on_white,
    look_up_colours,
    repeat_grey,
    scale_to_8_bits,
    split_bytes,
)
from inspection.formats.tiff_page import (
    BLACK_IS_ZERO,
    CMYK,
    DEFLATE,
    NONE,
    PALETTE,
    WHITE_IS_ZERO,
    Block,
    Page,
    read_page,
)
from inspection.types import U8

_BATCH_BYTES = 16 * 1024 * 1024


def decode(data: bytes, limits: Limits) -> tuple[U8, int]:
    """The pixels as they are stored, RGB, and their orientation."""
    page = read_page(data, limits)
    samples = np.empty((page.height, page.width, page.channels), np.uint16 if page.bits == 16 else np.uint8)
    for block, unpacked in zip(page.blocks, unpack_blocks(data, page), strict=True):
        values = read_samples(unpacked, block.rows, page)
        bottom, right = min(block.y + block.rows, page.height), min(block.x + page.block_width, page.width)
        channels = slice(block.plane, block.plane + page.block_channels)
        samples[block.y : bottom, block.x : right, channels] = values[: bottom - block.y, : right - block.x]
    return convert_to_rgb(samples, page), page.orientation


def read_samples(unpacked: bytes, rows: int, page: Page) -> U8 | U16:
    """The bytes of a block → (rows, columns, channels), whole and in this machine's byte order."""
    shape = (rows, page.block_width, page.block_channels)
    if page.bits < 8:
        stored = np.frombuffer(unpacked, np.uint8).reshape(rows, -1)
        return split_bytes(stored, page.bits)[:, : page.block_width, None]
    if page.bits == 8:
        narrow = np.frombuffer(unpacked, np.uint8).reshape(shape)
        return np.cumsum(narrow, axis=1, dtype=np.uint8) if page.differenced else narrow
    wide = np.frombuffer(unpacked, f"{page.order}u2").reshape(shape).astype(np.uint16)
    return np.cumsum(wide, axis=1, dtype=np.uint16) if page.differenced else wide


def convert_to_rgb(samples: U8 | U16, page: Page) -> U8:
    """samples: (h, w, channels), colours first. Channels that are neither colour nor alpha are left out."""
    if page.photometric == PALETTE:
        return look_up_colours(np.asarray(samples[..., 0], np.uint8), build_palette(page.colour_map))
    if page.bits < 8:
        samples = samples * np.uint8(255 // (2**page.bits - 1))
    every = scale_to_8_bits(samples)
    if page.photometric == CMYK:
        return convert_cmyk(every[..., :4])
    colours = every[..., : page.colour_channels]
    if page.photometric == WHITE_IS_ZERO:
        colours = 255 - colours
    if page.alpha != "none":
        alpha = every[..., page.colour_channels]
        colours = lay_on_white(colours, alpha, premultiplied=page.alpha == "premultiplied")
    return repeat_grey(colours) if page.colour_channels == 1 else np.ascontiguousarray(colours)


def build_palette(colour_map: Sequence[int]) -> U8:
    """Some writers put 8-bit colours where 16 belong; libtiff's rule tells them: no number above 255."""
    numbers = np.array(colour_map, np.uint16).reshape(3, -1).T
    return numbers.astype(np.uint8) if numbers.max() < 256 else scale_to_8_bits(numbers)


def unpack_blocks(data: bytes, page: Page) -> Iterator[bytes]:
    """Each block's bytes, exactly rows × bytes a row of them."""
    if page.compression in (NONE, DEFLATE):
        for block in page.blocks:
            yield unpack_simple(data, block, page)
        return
    batch: list[Block] = []
    room = max(1, _BATCH_BYTES // max(1, page.blocks[0].rows * page.block_row_bytes))
    for block in page.blocks:
        batch.append(block)
        # in the written file all blocks but the last are equally high
        if len(batch) == room or block.rows < page.blocks[0].rows:
            yield from unpack_batch(data, batch, page)
            batch = []
    if batch:
        yield from unpack_batch(data, batch, page)


def unpack_simple(data: bytes, block: Block, page: Page) -> bytes:
    wanted = block.rows * page.block_row_bytes
    packed = read_packed(data, block, page)
    if page.compression == NONE:
        unpacked = packed[:wanted]
    else:
        try:
            unpacked = zlib.decompressobj().decompress(packed, wanted)
        except zlib.error as error:
            raise refuse(PictureDamaged, expected="Deflate data", got=f"an error ({error})") from None
    if len(unpacked) < wanted:
        raise refuse_cut("TIFF", expected=f"{wanted:,} bytes in a strip or tile", got=f"{len(unpacked):,}")
    return unpacked


def read_packed(data: bytes, block: Block, page: Page) -> bytes:
    """No coding here doubles its input. Without this bound a thousand blocks could all point at the whole file."""
    most = 2 * block.rows * page.block_row_bytes + 1024
    return data[block.offset : block.offset + min(block.size, most)]


def unpack_batch(data: bytes, batch: Sequence[Block], page: Page) -> Iterator[bytes]:
    from PIL import Image

    rows = sum(block.rows for block in batch)
    if rows * page.block_row_bytes > MAX_PIXELS:
        raise refuse(
            PictureTooLarge,
            expected=f"strips or tiles of at most {MAX_PIXELS:,} bytes",
            got=f"{rows * page.block_row_bytes:,}",
            advice="Save it with smaller strips, with Deflate, or without compression.",
        )
    try:
        with Image.open(io.BytesIO(write_grey(data, batch, page)), formats=("TIFF",)) as picture:
            unpacked = picture.tobytes()
    except OSError as error:
        raise refuse(
            PictureDamaged, expected="compressed rows that unpack", got=f"an error ({error})"
        ) from None
    position = 0
    for block in batch:
        end = position + block.rows * page.block_row_bytes
        yield unpacked[position:end]
        position = end


def write_grey(data: bytes, batch: Sequence[Block], page: Page) -> bytes:
    """A TIFF of 8-bit grey, one byte a pixel, whose strips are the blocks' packed bytes."""
    strips = [read_packed(data, block, page) for block in batch]
    packed, sizes = b"".join(strips), [len(strip) for strip in strips]
    offsets = list(accumulate(sizes, initial=8))[:-1]
    lists_at = 8 + len(packed)
    count = len(batch)
    long, short = 4, 3
    entries = [
        (256, long, 1, page.block_row_bytes),
        (257, long, 1, sum(block.rows for block in batch)),
        (258, short, 1, 8),
        (259, short, 1, page.compression),
        (262, short, 1, BLACK_IS_ZERO),
        (273, long, count, lists_at if count > 1 else offsets[0]),
        (277, short, 1, 1),
        (278, long, 1, batch[0].rows),
        (279, long, count, lists_at + 4 * count if count > 1 else sizes[0]),
    ]
    directory = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries)
    lists = struct.pack(f"<{2 * count}I", *offsets, *sizes)
    header = b"II*\0" + struct.pack("<I", lists_at + len(lists))
    return b"".join([header, packed, lists, directory, bytes(4)])
