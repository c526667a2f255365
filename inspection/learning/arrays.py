"""Picture sets held in memory: decoded once, kept as one uint8 array on disk, mapped when they are asked for again."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from inspection.cache_bound import note_use
from inspection.errors import DataInvalid, PictureRefused
from inspection.formats import jpeg
from inspection.images import decode_pixels, read_limits
from inspection.learning.array_file import fill_array
from inspection.letterbox import resize
from inspection.types import F32, U8

if TYPE_CHECKING:
    from inspection.learning.data import Dataset

CACHE_VERSION = 1  # raise it when resizing changes, or decoding for every kind of file
_JPEG_SUFFIXES = (".jpg", ".jpeg")


@dataclass(frozen=True, slots=True)
class ArraySet:
    """Square pictures with one label each."""

    pixels: U8  # (n, side, side, 3), RGB; may be a read-only memory map
    labels: NDArray[np.int64]  # (n,)
    keys: tuple[str, ...]
    masks: U8 | None = None  # (n, side, side), 0 or 255: where the defect is

    def __post_init__(self) -> None:
        n = len(self.keys)
        if self.masks is not None and self.masks.shape != self.pixels.shape[:3]:
            raise DataInvalid(f"Masks are {self.pixels.shape[:3]} like the pictures, got {self.masks.shape}.")
        if self.pixels.dtype != np.uint8 or self.pixels.ndim != 4 or self.pixels.shape[-1] != 3:
            raise DataInvalid(
                f"Pictures are (n, side, side, 3) of uint8, got {self.pixels.shape} of {self.pixels.dtype}."
            )
        if not (len(self.pixels) == len(self.labels) == n):
            raise DataInvalid(
                f"One label and one key a picture: got {len(self.pixels)} pictures, {len(self.labels)} labels, {n} keys."
            )

    def __len__(self) -> int:
        return len(self.keys)


@dataclass(frozen=True, slots=True)
class BoxSet:
    """Letterboxed pictures with boxes, in pixels of the square."""

    pixels: U8  # (n, side, side, 3), RGB
    boxes: tuple[F32, ...]  # n × (m, 4) x1 y1 x2 y2
    labels: tuple[NDArray[np.int64], ...]  # n × (m,)
    keys: tuple[str, ...]

    def __post_init__(self) -> None:
        n = len(self.keys)
        if not (len(self.pixels) == len(self.boxes) == len(self.labels) == n):
            raise DataInvalid(
                f"Boxes and labels for every picture: got {len(self.pixels)} pictures, {len(self.boxes)} lists of boxes, "
                f"{len(self.labels)} lists of labels, {n} keys."
            )
        for key, boxes, labels in zip(self.keys, self.boxes, self.labels, strict=True):
            if boxes.shape != (len(labels), 4):
                raise DataInvalid(
                    f"{key}: boxes are (m, 4) with m labels, got {boxes.shape} and {len(labels)} labels."
                )

    def __len__(self) -> int:
        return len(self.keys)


def load_array_set(
    dataset: "Dataset",
    keys: Sequence[str],
    *,
    size: int,
    cache_dir: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ArraySet:
    """Decode the named pictures and resize each to (size, size) as serving does."""
    chosen = dataset.select(keys)
    paths = [sample.path for sample in chosen]
    pixels = load_pixels(paths, size=size, cache_dir=cache_dir, progress=progress)
    labels = [dataset.class_names.index(sample.class_name) for sample in chosen]
    return ArraySet(pixels, np.array(labels, np.int64), tuple(keys))


def load_pixels(
    paths: Sequence[Path],
    *,
    size: int,
    cache_dir: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> U8:
    """(n, size, size, 3); the cache is keyed by each file's name, length and time of change."""
    if cache_dir is None:
        return _decode_all(paths, np.empty((len(paths), size, size, 3), np.uint8), progress)
    cached = cache_dir / f"pictures-{_digest(paths, size)}.npy"
    if not cached.exists():
        with fill_array(cached, (len(paths), size, size, 3)) as into:
            _decode_all(paths, into, progress)
    note_use(cached)
    mapped: U8 = np.load(cached, mmap_mode="r")
    return mapped


def _decode_all(paths: Sequence[Path], into: U8, progress: Callable[[int, int], None] | None) -> U8:
    size = into.shape[1]
    for index, path in enumerate(paths):
        into[index] = resize(read_rgb(path), size, size)
        if progress is not None:
            progress(index + 1, len(paths))
    return into


def read_rgb(path: Path) -> U8:
    """As serving decodes it. A JPEG has neither transparency nor 16 bits, so OpenCV alone gives the same pixels there,
    without serving's search for what may be missing."""
    import cv2

    data = path.read_bytes()
    if not data.startswith(jpeg.MAGIC):
        try:
            return decode_pixels(data, read_limits(None))
        except PictureRefused as refused:
            raise DataInvalid(f"{path}: {refused} Run `check-data` on its folder.") from None
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
    if pixels is None:
        raise DataInvalid(f"{path} is not a picture that can be decoded. Run `check-data` on its folder.")
    return np.asarray(pixels, np.uint8)


def stamp_file(path: Path) -> tuple[object, ...]:
    """A picture that was made anew under the same name is another picture, and so is one that is decoded otherwise."""
    stat = path.stat()
    mark = (str(path.resolve()), stat.st_size, stat.st_mtime_ns)
    return mark if path.suffix.lower() in _JPEG_SUFFIXES else (*mark, "as serving")


def _digest(paths: Sequence[Path], size: int) -> str:
    rows: list[object] = [CACHE_VERSION, size]
    rows += [stamp_file(path) for path in paths]
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:24]
