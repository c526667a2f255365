"""Which unrolled pictures show the same thing: neighbours by what turning cannot change, then the best turn.

The magnitude of a Fourier transform along the angle is the same for every turn and mirror image, so that nearest
neighbours are one matrix product. The phase then gives the turn: the peak of a circular correlation.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspection.learning.unrolling import ANGLES, ROWS
from inspection.types import F32

C64 = NDArray[np.complex64]
I64 = NDArray[np.int64]
FREQUENCIES = 64  # of 91: the highest ones are mostly noise
_DESCRIBED = 48  # of them, in the descriptor
_BLOCK = 1024  # rows of a matrix product or pairs of a correlation at a time: bounds the memory


@dataclass(frozen=True, slots=True, eq=False)
class Alignments:
    """One row a pair: how to turn the second picture onto the first."""

    pairs: I64  # (n, 2)
    scores_0_1: F32  # (n,), correlation of the whitened rings
    turns_degrees: F32
    mirrored: NDArray[np.bool_]
    zooms: F32  # size of the second against the first

    def pick(self, chosen: NDArray[np.bool_] | I64) -> "Alignments":
        return Alignments(
            self.pairs[chosen],
            self.scores_0_1[chosen],
            self.turns_degrees[chosen],
            self.mirrored[chosen],
            self.zooms[chosen],
        )


def transform(rings: F32) -> C64:
    """(n, rows, angles) → (n, rows, 64): spectra along the angle, of unit energy."""
    centred = rings - rings.mean(axis=2, keepdims=True)
    spectra = np.fft.rfft(centred, axis=2)[:, :, :FREQUENCIES].astype(np.complex64)
    energy = np.sqrt((np.abs(spectra) ** 2).sum(axis=(1, 2), keepdims=True))
    return np.asarray(spectra / np.maximum(energy, 1e-6))


def find_neighbours(spectra: C64, *, count: int) -> I64:
    """(pairs, 2), first < second: each picture with the `count` most like it, whichever way they are turned."""
    n = len(spectra)
    if n < 2:
        return np.zeros((0, 2), dtype=np.int64)
    count = min(count, n - 1)
    described = np.sqrt(np.abs(spectra[:, :, 1:_DESCRIBED])).reshape(n, -1)
    described -= described.mean(axis=0)
    described /= np.maximum(np.linalg.norm(described, axis=1, keepdims=True), 1e-6)
    codes = []
    for start in range(0, n, _BLOCK):
        likeness = described[start : start + _BLOCK] @ described.T
        rows = np.arange(len(likeness))
        likeness[rows, start + rows] = -2.0
        nearest = np.argpartition(-likeness, count - 1, axis=1)[:, :count]
        own = np.repeat(start + rows, count)
        codes.append(np.minimum(own, nearest.ravel()) * n + np.maximum(own, nearest.ravel()))
    unique = np.unique(np.concatenate(codes))
    return np.stack([unique // n, unique % n], axis=1)


def align(spectra: C64, pairs: I64, *, row_step: float, most_rows: int = 0) -> Alignments:
    """The best turn, mirror and, up to `most_rows` rows either way, zoom of each pair.

    row_step: the logarithm of the ratio of two neighbouring radii.
    """
    scores = np.full(len(pairs), -1.0, dtype=np.float32)
    turns = np.zeros(len(pairs), dtype=np.float32)
    mirrored = np.zeros(len(pairs), dtype=bool)
    zooms = np.ones(len(pairs), dtype=np.float32)
    for start in range(0, len(pairs), _BLOCK):
        here = slice(start, start + _BLOCK)
        first, second = spectra[pairs[here, 0]], spectra[pairs[here, 1]]
        for shift in range(-most_rows, most_rows + 1):
            a, b = crop_rows(first, shift), crop_rows(second, -shift)
            for mirror in (False, True):
                score, turn = correlate(a, b, mirror=mirror)
                better = score > scores[here]
                scores[here] = np.where(better, score, scores[here])
                turns[here] = np.where(better, turn, turns[here])
                mirrored[here] = np.where(better, mirror, mirrored[here])
                zooms[here] = np.where(better, np.exp(-shift * row_step), zooms[here])
    return Alignments(pairs, scores, turns, mirrored, zooms)


def correlate(first: C64, second: C64, *, mirror: bool) -> tuple[F32, F32]:
    """Peak and place (degrees) of the circular correlation of each pair; (n, rows, frequencies) each."""
    spectrum = np.einsum("nrf,nrf->nf", first if mirror else first.conj(), second)
    curve = np.fft.irfft(spectrum, n=ANGLES, axis=1)
    # rfft keeps one half of the energy, hence the 2; frequency 0 is empty after centring
    energy = 2 * np.sqrt((np.abs(first) ** 2).sum(axis=(1, 2)) * (np.abs(second) ** 2).sum(axis=(1, 2)))
    place = curve.argmax(axis=1)
    peak = curve[np.arange(len(curve)), place] * ANGLES / np.maximum(energy, 1e-6)
    return peak.astype(np.float32), (place * 360.0 / ANGLES).astype(np.float32)


def crop_rows(spectra: C64, shift: int) -> C64:
    """The rows that remain where the other picture's are moved by `shift`."""
    return spectra[:, max(0, shift) : ROWS + min(0, shift)]


def connect(n: int, pairs: I64) -> I64:
    """(n,): the number of each picture's connected group, counted in the order of their first members."""
    parents = list(range(n))

    def find(member: int) -> int:
        while parents[member] != member:
            parents[member] = parents[parents[member]]
            member = parents[member]
        return member

    for first, second in pairs.tolist():
        a, b = find(first), find(second)
        parents[max(a, b)] = min(a, b)
    roots = np.array([find(member) for member in range(n)], dtype=np.int64)
    return np.unique(roots, return_inverse=True)[1].astype(np.int64)
