"""Pixels that are cut or resized once and mapped from disk afterwards, under names that say what they were made of."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from inspection.cache_bound import note_use
from inspection.learning.array_file import fill_array
from inspection.learning.arrays import stamp_file
from inspection.learning.data import Sample
from inspection.types import U8


def map_pixels(path: Path, shape: tuple[int, ...], make: Any) -> U8:
    """shape: (count, …) of bytes, made once and mapped from disk afterwards."""
    if not path.is_file():
        with fill_array(path, shape) as into:
            for index in range(shape[0]):
                into[index] = make(index)
    note_use(path)
    mapped: U8 = np.load(path, mmap_mode="r")
    return mapped


def stamp(samples: Sequence[Sample]) -> list[tuple[object, ...]]:
    return [stamp_file(sample.path) for sample in samples]


def digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:24]
