"""Which photographs show the same part, photographed again: a second look after the copies were found.

Variants of one photograph give a clean average; what stands out on it are scratches, chips and holes, and a part that
was turned and photographed again carries the same ones. Parts alike in marks or light are linked, so that a split may
keep together more than it must. Links are missed too: a part without marks cannot be known again.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection.errors import DataInvalid
from inspection.images import read_picture
from inspection.learning.data import Dataset, read_text
from inspection.learning.duplicates import name_groups
from inspection.learning.matching import connect
from inspection.learning.unrolling import fit_opening, sample_rings, shrink, whiten
from inspection.types import F32, U8
from inspection.wording import say_number

# on castings, chains of chance links join a fifth of all photographs at 0.52 and nearly all at 0.46
LINK_0_1 = 0.54
_ROWS, _ANGLES, _FREQUENCIES = 64, 1080, 270
_INNER, _OUTER = 1.06, 1.72  # in radii of the opening: the machined ring from its groove to the rim
_MARKED_ROWS = slice(8, 55)  # without the groove's shadow and the burrs of the rim
_MOST_AVERAGED = 24
_BLOCK = 32
_COLUMNS = ("key", "group", "photograph")  # group: the part, what a grouped split keeps together


def link_parts(dataset: Dataset, groups: Mapping[str, str]) -> dict[str, str]:
    """key → part, from key → photograph (`duplicates.recover_groups`); parts with a round opening only."""
    members: dict[str, list[Path]] = {}
    for key, sample in sorted(zip(dataset.keys, dataset.samples, strict=True), key=lambda pair: pair[0]):
        if key in groups:
            members.setdefault(groups[key], []).append(sample.path)
    photographs = list(members)
    marks = [find_marks(average_rings(paths[:_MOST_AVERAGED])) for paths in members.values()]
    likeness = compare_marks(np.stack(marks))
    pairs = np.argwhere(np.triu(likeness, 1) >= LINK_0_1)
    part_of = dict(zip(photographs, connect(len(photographs), pairs).tolist(), strict=True))
    keys = sorted(groups)
    return name_groups(keys, [part_of[groups[key]] for key in keys], letter="p")


def average_rings(paths: list[Path]) -> F32:
    """(64, 1080): the ring of a part, averaged over the variants of one photograph after turning them alike."""
    rings = [ring for path in paths if (ring := read_ring(path)) is not None]
    if not rings:
        raise DataInvalid(
            f"Expected a round opening in the middle of {paths[0]}, found none. Split by photograph."
        )
    reference: F32 = whiten(rings[0], (61, 1))
    for _ in range(2):  # the second time against the first average, which is cleaner than any one picture
        turned = [turn_alike(reference, ring) for ring in rings]
        reference = np.mean([whiten(ring, (61, 1)) for ring in turned], axis=0, dtype=np.float32)
    return np.asarray(np.mean(turned, axis=0, dtype=np.float32))


def read_ring(path: Path) -> U8 | None:
    grey = shrink(read_picture(path).pixels)
    opening = fit_opening(grey)
    if opening is None:
        return None
    return sample_rings(grey, replace(opening, inner=_INNER, outer=_OUTER), rows=_ROWS, angles=_ANGLES)


def turn_alike(reference: F32, ring: U8) -> U8:
    """The ring turned, and mirrored if need be, so that it lies on the reference."""
    first, second = np.fft.rfft(reference, axis=1), np.fft.rfft(whiten(ring, (61, 1)), axis=1)
    curves = [np.fft.irfft((each * second).sum(axis=0), n=_ANGLES) for each in (first.conj(), first)]
    mirrored = curves[1].max() > curves[0].max()
    moved = np.roll(ring, -int(curves[int(mirrored)].argmax()), axis=1)
    return np.roll(moved[:, ::-1], 1, axis=1) if mirrored else moved


def find_marks(rings: F32) -> F32:
    """What differs from its neighbours along the ring by more than 2.5 σ, light or dark."""
    from scipy.ndimage import median_filter

    ring = rings[_MARKED_ROWS]
    # a median along the angle keeps the edges of shadows, so that these vanish in the difference
    detail = ring - median_filter(ring, size=(1, 71), mode="wrap")
    detail -= median_filter(
        detail, size=(41, 1), mode="nearest"
    )  # radial streaks are light on the turning marks
    detail /= 1.4826 * np.median(np.abs(detail)) + 1.0
    marks = np.sign(detail) * np.clip(np.abs(detail) - 2.5, 0.0, 8.0)
    closed = np.hstack([marks[:, -9:], marks, marks[:, :9]]).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(closed, (7, 3), 0)[:, 9:-9])


def compare_marks(marks: F32) -> NDArray[np.float64]:
    """(n, n): the best correlation over all turns, mirrored or not, and a few rows either way."""
    energy = np.sqrt((marks**2).sum(axis=(1, 2), keepdims=True))
    scaled = marks / np.maximum(energy, 1e-6)
    first = to_spectra(scaled)
    best = np.zeros((len(marks), len(marks)))
    for rows in range(-3, 4):  # the ellipse of the opening is known to about a pixel
        second = to_spectra(np.roll(scaled, rows, axis=1)).transpose(0, 2, 1)
        for start in range(0, len(marks), _BLOCK):
            here = slice(start, start + _BLOCK)
            for each in (first[:, here].conj(), first[:, here]):  # as it is, and mirrored
                curves = np.fft.irfft(np.moveaxis(each @ second, 0, -1), n=_ANGLES, axis=2)
                best[here] = np.maximum(best[here], curves.max(axis=2))
    return np.maximum(best, best.T)


def to_spectra(rings: F32) -> NDArray[np.complex64]:
    """(n, rows, angles) → (frequencies, n, rows): one matrix product a frequency then correlates all with all."""
    spectra = np.fft.rfft(rings, axis=2)[:, :, :_FREQUENCIES].transpose(2, 0, 1)
    return np.ascontiguousarray(spectra, dtype=np.complex64)


def write_groups(path: Path, *, photographs: Mapping[str, str], parts: Mapping[str, str]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(_COLUMNS)
        writer.writerows((key, parts[key], photographs[key]) for key in sorted(photographs))


def read_groups(path: Path, *, column: str = "group") -> dict[str, str]:
    """key → part, or → photograph: what `grouped_split` needs."""
    rows = list(csv.DictReader(read_text(path).splitlines()))
    if not rows or not {"key", column} <= set(rows[0]):
        # fields beyond the heading stand under None
        found = ", ".join(filter(None, rows[0])) if rows else "no rows"
        raise DataInvalid(f"Expected the columns key and {column} in {path}, got {found}. Mend the file.")
    return {row["key"]: row[column] for row in rows}


def say_variants(keys: Sequence[str], groups: Mapping[str, str]) -> str | None:
    """Of how many parts the pictures are that judge; None where each is of a part of its own, or nobody knows."""
    parts = len({groups.get(key, key) for key in keys})
    if parts == len(keys):
        return None
    return (
        f"The {say_number(len(keys), 'picture')} show {say_number(parts, 'part')}. Variants of one part are no trials of their "
        "own, but intervals, bounds and tests count pictures: they are too narrow, and the figures speak of these parts."
    )
