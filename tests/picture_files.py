"""Writes picture files byte by byte, so that the tests know what is in them without asking a decoder."""

import io
import struct
import zlib
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

U8 = NDArray[np.uint8]


def draw_scene(height: int = 24, width: int = 40) -> U8:
    """Smooth, coloured and different in every corner. (height, width, 3)"""
    corners = np.array([[[250, 20, 30], [30, 240, 60]], [[20, 40, 230], [220, 210, 90]]], np.uint8)
    return np.asarray(cv2.resize(corners, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def write_with_pillow(pixels: U8, format_name: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, format_name, **options)
    return stream.getvalue()


def lay_on_white(colours: NDArray[Any], alpha: NDArray[Any]) -> NDArray[Any]:
    cover = alpha[..., None] / 255
    return np.rint(colours * cover + 255 * (1 - cover))


def join(*channels: NDArray[Any]) -> NDArray[Any]:
    return np.concatenate(
        [channel if channel.ndim == 3 else channel[..., None] for channel in channels], axis=2
    )


def pack_rows(values: NDArray[Any], bits: int) -> list[bytes]:
    spread = (values[..., None].astype(int) >> np.arange(bits - 1, -1, -1)) & 1
    return [np.packbits(row.reshape(-1)).tobytes() for row in spread]


def insert_remark(jpeg: bytes, body: bytes, marker: int = 0xEF) -> bytes:
    """A further segment after the start of a JPEG."""
    return jpeg[:2] + struct.pack(">BBH", 0xFF, marker, 2 + len(body)) + body + jpeg[2:]


# ── PNG ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def write_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def write_png(
    rows: list[bytes], width: int, *, depth: int, colour: int, before: bytes = b"", height: int | None = None
) -> bytes:
    """rows: the packed samples of each row · before: chunks that stand before the pixels."""
    head = struct.pack(">IIBBBBB", width, len(rows) if height is None else height, depth, colour, 0, 0, 0)
    body = zlib.compress(b"".join(b"\0" + row for row in rows))
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            write_chunk(b"IHDR", head),
            before,
            write_chunk(b"IDAT", body),
            write_chunk(b"IEND", b""),
        ]
    )


def write_png_array(samples: NDArray[Any], colour: int, *, before: bytes = b"") -> bytes:
    """samples: (h, w, channels) of 8 or 16 bits."""
    rows = [row.astype(row.dtype.newbyteorder(">")).tobytes() for row in samples]
    return write_png(rows, samples.shape[1], depth=8 * samples.itemsize, colour=colour, before=before)


# ── BMP ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def write_bmp(
    rows: list[bytes],
    width: int,
    *,
    bits: int,
    compression: int = 0,
    header_size: int = 40,
    masks: tuple[int, ...] = (),
    palette: bytes = b"",
    top_down: bool = False,
) -> bytes:
    """rows: from the top, unpadded · palette: 4 bytes a colour, or 3 with the 12-byte header."""
    stored = [row + bytes(-len(row) % 4) for row in (rows if top_down else rows[::-1])]
    body = b"".join(stored)
    height = -len(rows) if top_down else len(rows)
    if header_size == 12:
        head = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        colours = len(palette) // 4
        head = struct.pack(
            "<IiiHHIIiiII", header_size, width, height, 1, bits, compression, len(body), 0, 0, colours, 0
        )
        head += struct.pack(f"<{len(masks)}I", *masks)
        head = head.ljust(14 + header_size - 14, b"\0")
    offset = 14 + len(head) + len(palette)
    return b"BM" + struct.pack("<IHHI", offset + len(body), 0, 0, offset) + head + palette + body


# ── TIFF ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def pack_lzw(data: bytes) -> bytes:
    """LZW that never grows its table: a clear code (256) before every 200 literals of 9 bits, 257 at the end."""
    codes = [code for at in range(0, len(data), 200) for code in (256, *data[at : at + 200])] + [257]
    bits = "".join(f"{code:09b}" for code in codes)
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def pack_bits(data: bytes) -> bytes:
    parts = [data[at : at + 128] for at in range(0, len(data), 128)]
    return b"".join(bytes([len(part) - 1]) + part for part in parts)


PACKERS = {1: bytes, 5: pack_lzw, 8: zlib.compress, 32773: pack_bits}


def write_tiff(
    samples: NDArray[Any],
    photometric: int,
    *,
    order: str = "<",
    compression: int = 1,
    predictor: int = 1,
    planar: int = 1,
    tile: tuple[int, int] | None = None,
    strip_rows: int = 7,
    bits: int | None = None,
    extra: dict[int, tuple[int, ...]] | None = None,
    later_pages: tuple[dict[int, tuple[int, ...]], ...] = (),
) -> bytes:
    """samples: (h, w, channels) · bits: below 8 the samples are packed · extra: tags that are added or overwritten
    later_pages: theirs, over the same blocks.
    """
    height, width, channels = samples.shape
    bits = bits or 8 * samples.itemsize
    planes = [samples] if planar == 1 else [samples[..., c : c + 1] for c in range(channels)]
    blocks = [
        PACKERS[compression](pack_block(block, order, bits, predictor))
        for plane in planes
        for block in cut_blocks(plane, tile, strip_rows)
    ]
    tags: dict[int, tuple[int, tuple[int, ...]]] = {
        256: (4, (width,)),
        257: (4, (height,)),
        258: (3, (bits,) * channels),
        259: (3, (compression,)),
        262: (3, (photometric,)),
        277: (3, (channels,)),
        284: (3, (planar,)),
        317: (3, (predictor,)),
    }
    if tile:
        tags |= {322: (4, (tile[1],)), 323: (4, (tile[0],))}
    else:
        tags |= {278: (4, (strip_rows,))}
    offsets = [8 + sum(map(len, blocks[:index])) for index in range(len(blocks))]
    tags |= {324 if tile else 273: (4, tuple(offsets)), 325 if tile else 279: (4, tuple(map(len, blocks)))}
    data = b"".join([{"<": b"II*\0", ">": b"MM\0*"}[order], bytes(4), *blocks])
    link_at = 4
    for own in (extra or {}, *later_pages):
        page_tags = tags | {tag: (3 if max(values) < 65536 else 4, values) for tag, values in own.items()}
        offset = len(data) + len(data) % 2
        data = (
            data[:link_at]
            + struct.pack(f"{order}I", offset)
            + data[link_at + 4 :].ljust(offset - link_at - 4, b"\0")
        )
        directory = write_directory(page_tags, order, offset)
        link_at = offset + 2 + 12 * len(page_tags)
        data += directory
    return data


def write_directory(tags: dict[int, tuple[int, tuple[int, ...]]], order: str, offset: int) -> bytes:
    entries, lists = b"", b""
    lists_at = offset + 2 + 12 * len(tags) + 4
    for tag, (kind, values) in sorted(tags.items()):
        body = struct.pack(f"{order}{len(values)}{'H' if kind == 3 else 'I'}", *values)
        entries += struct.pack(f"{order}HHI", tag, kind, len(values))
        if len(body) <= 4:
            entries += body.ljust(4, b"\0")
        else:
            entries += struct.pack(f"{order}I", lists_at + len(lists))
            lists += body
    return struct.pack(f"{order}H", len(tags)) + entries + bytes(4) + lists


def cut_blocks(plane: NDArray[Any], tile: tuple[int, int] | None, strip_rows: int) -> list[NDArray[Any]]:
    height, width = plane.shape[:2]
    if not tile:
        return [plane[y : y + strip_rows] for y in range(0, height, strip_rows)]
    padded = np.pad(plane, ((0, -height % tile[0]), (0, -width % tile[1]), (0, 0)))
    return [
        padded[y : y + tile[0], x : x + tile[1]]
        for y in range(0, height, tile[0])
        for x in range(0, width, tile[1])
    ]


def pack_block(block: NDArray[Any], order: str, bits: int, predictor: int) -> bytes:
    if bits < 8:
        spread = (block[..., 0][..., None] >> np.arange(bits - 1, -1, -1)) & 1
        return np.packbits(spread.reshape(len(block), -1).astype(np.uint8), axis=1).tobytes()
    if predictor == 2:
        block = np.diff(block, axis=1, prepend=np.zeros_like(block[:, :1]))
    return block.astype(block.dtype.newbyteorder(order)).tobytes()


def write_exif(orientation: int, order: str = "<") -> bytes:
    mark = {"<": b"II*\0", ">": b"MM\0*"}[order]
    return mark + struct.pack(f"{order}I", 8) + write_directory({274: (3, (orientation,))}, order, 8)
