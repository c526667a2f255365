"""Pictures that are in a data set more than once: byte for byte, or turned, mirrored, brightened, stretched, resized.

Where pictures were multiplied before they were divided, variants of one original stand on both sides and a test
asks for what was learnt by heart. `recover_groups` finds the originals again.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from inspection.config import load_settings
from inspection.errors import PictureRefused
from inspection.images import read_picture
from inspection.learning.data import Dataset
from inspection.learning.matching import I64, Alignments, align, connect, find_neighbours, transform
from inspection.learning.registration import Thumbnail, build_start, make_thumbnail, register
from inspection.learning.unrolling import ROWS, Frame, fit_opening, frame_picture, shrink, unroll
from inspection.types import F32, U8, Box

Progress = Callable[[float, str], None]  # (fraction done, in words)
NEAR_0_1 = 0.75  # copies reach 0.85 and more; different pictures of one sort of part stay below 0.65
_NEIGHBOURS = 24
_REGISTERED = 4  # neighbours of each picture that are worth the slow comparison
_WORTH_0_1 = 0.2
_OPENING_SHARE = 0.9  # of the pictures, before all are taken for parts with an opening
_MOST_PASSES = 4


@dataclass(frozen=True, slots=True, eq=False)
class Sketch:
    """What is kept of a picture to compare it with all others."""

    path: Path
    sha256: str
    width: int
    height: int
    opening: Frame | None
    in_picture: F32  # (20, 180), unrolled in the frame of the picture
    in_opening: F32 | None
    thumbnail: Thumbnail


@dataclass(frozen=True, slots=True)
class Refusal:
    path: Path
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class NearCopies:
    frame: str  # "opening" or "picture": what was laid on what
    groups: I64  # (n,): pictures of one original share a number
    pairs: I64  # (m, 2), the pairs that were found alike
    scores_0_1: F32  # (m,)


def sketch_pictures(
    paths: Sequence[Path], *, boxes: Mapping[Path, Box] | None = None, progress: Progress | None = None
) -> tuple[list[Sketch], list[Refusal]]:
    """Read every picture once; those that are refused come back with the reason.

    boxes: where in a picture the part lies. One belt under two parts does not make them one part.
    """
    places = [(boxes or {}).get(path) for path in paths]
    sketches: list[Sketch] = []
    refusals: list[Refusal] = []
    with open_pool() as pool:
        for number, result in enumerate(pool.map(sketch_picture, paths, places), start=1):
            if isinstance(result, Sketch):
                sketches.append(result)
            else:
                refusals.append(result)
            if progress is not None and number % 50 == 0:
                progress(number / len(paths), f"Read {number:,} of {len(paths):,} pictures")
    return sketches, refusals


def sketch_picture(path: Path, box: Box | None = None) -> Sketch | Refusal:
    try:
        picture = read_picture(path)
    except PictureRefused as refused:
        return Refusal(path, str(refused).removeprefix(f"{path}: "))
    grey = shrink(picture.pixels if box is None else cut_box(picture.pixels, box))
    opening = fit_opening(grey)
    return Sketch(
        path=path,
        sha256=picture.sha256,
        width=picture.width,
        height=picture.height,
        opening=opening,
        in_picture=unroll(grey, frame_picture()),
        in_opening=None if opening is None else unroll(grey, opening),
        thumbnail=make_thumbnail(grey),
    )


def cut_box(pixels: U8, box: Box) -> U8:
    """The whole picture where nothing of the box lies on it."""
    height, width = pixels.shape[:2]
    left, top = max(0, math.floor(box.x1)), max(0, math.floor(box.y1))
    right, bottom = min(width, math.ceil(box.x2)), min(height, math.ceil(box.y2))
    return pixels[top:bottom, left:right] if left < right and top < bottom else pixels


def find_byte_copies(hashes: Sequence[str]) -> list[tuple[int, ...]]:
    """Indices of equal contents, where there are two or more."""
    places: dict[str, list[int]] = {}
    for number, sha256 in enumerate(hashes):
        places.setdefault(sha256, []).append(number)
    return [tuple(numbers) for numbers in places.values() if len(numbers) > 1]


def find_near_copies(sketches: Sequence[Sketch], *, progress: Progress | None = None) -> NearCopies:
    """Compare all pictures, byte copies included, and connect those that are alike.

    Each pass joins pictures to their nearest neighbours. In the next, one picture stands for all that were joined:
    otherwise a crowd of variants would be one another's neighbours and hide a copy a little further off.
    """
    n = len(sketches)
    with_opening = sum(sketch.in_opening is not None for sketch in sketches)
    frame = "opening" if n and with_opening >= _OPENING_SHARE * n else "picture"
    compare = compare_openings if frame == "opening" else compare_pictures
    copies = [
        (group[0], other) for group in find_byte_copies([s.sha256 for s in sketches]) for other in group[1:]
    ]
    pairs = np.array(copies, dtype=np.int64).reshape(-1, 2)
    scores = np.ones(len(pairs), dtype=np.float32)
    compared: set[tuple[int, int]] = set()
    groups = connect(n, pairs)
    for number in range(_MOST_PASSES):
        _, standing = np.unique(groups, return_index=True)  # the first picture of each group
        if len(standing) < 2:
            break
        if progress is not None:
            progress(number / _MOST_PASSES, f"Comparing {len(standing):,} pictures that may differ")
        found = compare(sketches, standing, compared)
        near = found.pick(found.scores_0_1 >= NEAR_0_1)
        if len(near.pairs) == 0:
            break
        pairs = np.concatenate([pairs, near.pairs])
        scores = np.concatenate([scores, near.scores_0_1])
        groups = connect(n, pairs)
    return NearCopies(frame, groups, pairs, scores)


def compare_openings(sketches: Sequence[Sketch], standing: I64, compared: set[tuple[int, int]]) -> Alignments:
    """Parts with an opening lie in a common frame already: unrolled, only the turn and the mirror are unknown.

    That is so quick that nothing is gained by leaving out what was `compared` before.
    """
    chosen = [sketches[index] for index in standing]
    spectra = transform(np.stack([s.in_picture if s.in_opening is None else s.in_opening for s in chosen]))
    found = align(spectra, find_neighbours(spectra, count=_NEIGHBOURS), row_step=0.0)
    return replace(found, pairs=standing[found.pairs])


def compare_pictures(sketches: Sequence[Sketch], standing: I64, compared: set[tuple[int, int]]) -> Alignments:
    """Whole pictures: the turn is a guess that an affine registration refines, for the likeliest neighbours only."""
    spectra = transform(np.stack([sketches[index].in_picture for index in standing]))
    frame = frame_picture()
    step = float(np.log(frame.outer / frame.inner) / (ROWS - 0.5))
    rough = align(spectra, find_neighbours(spectra, count=_NEIGHBOURS), row_step=step, most_rows=1)
    likely = choose_likely(replace(rough, pairs=standing[rough.pairs]))
    codes = [(int(first), int(second)) for first, second in likely.pairs]
    fresh = likely.pick(np.array([code not in compared for code in codes], dtype=bool))
    compared.update(codes)
    with open_pool() as pool:
        scores = pool.map(lambda row: register_pair(sketches, fresh, row), range(len(fresh.pairs)))
        fine = np.fromiter(scores, dtype=np.float32, count=len(fresh.pairs))
    return replace(fresh, scores_0_1=fine)


def choose_likely(rough: Alignments) -> Alignments:
    """The best few pairs of every picture."""
    order = np.argsort(-rough.scores_0_1, kind="stable")
    taken: dict[int, int] = {}
    chosen = []
    for row in order:
        if rough.scores_0_1[row] < _WORTH_0_1:
            break
        first, second = (int(number) for number in rough.pairs[row])
        if min(taken.get(first, 0), taken.get(second, 0)) < _REGISTERED:
            taken[first] = taken.get(first, 0) + 1
            taken[second] = taken.get(second, 0) + 1
            chosen.append(int(row))
    return rough.pick(np.array(chosen, dtype=np.int64))


def register_pair(sketches: Sequence[Sketch], likely: Alignments, row: int) -> float:
    first, second = (sketches[int(number)].thumbnail for number in likely.pairs[row])
    start = build_start(
        turn_degrees=float(likely.turns_degrees[row]),
        mirrored=bool(likely.mirrored[row]),
        zoom=float(likely.zooms[row]),
    )
    return register(first, second, start)


@contextmanager
def open_pool() -> Iterator[ThreadPoolExecutor]:
    """A thread a core, each with one OpenCV thread: its own would double them and spend the time waiting."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        with ThreadPoolExecutor(load_settings().threads) as pool:
            yield pool
    finally:
        cv2.setNumThreads(before)


def name_groups(keys: Sequence[str], groups: Iterable[int], *, letter: str = "g") -> dict[str, str]:
    """key → group, numbered in the order of keys, so that the names do not depend on how they were found."""
    names: dict[int, str] = {}
    named = {}
    for key, group in sorted(zip(keys, groups, strict=True)):
        named[key] = names.setdefault(group, f"{letter}{len(names) + 1:04}")
    return named


def recover_groups(dataset: Dataset, *, progress: Progress | None = None) -> dict[str, str]:
    """key → group of all readable pictures: variants of one original picture share a group."""
    keys = {sample.path: dataset.key_of(sample) for sample in dataset.samples}
    sketches, _ = sketch_pictures(list(keys), progress=progress)
    found = find_near_copies(sketches, progress=progress)
    return name_groups([keys[sketch.path] for sketch in sketches], found.groups.tolist())
