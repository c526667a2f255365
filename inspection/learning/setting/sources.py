"""Which published pictures may stand on which side: no photograph teaches and judges."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inspection.errors import DataInvalid
from inspection.learning.data import Dataset, read_folder
from inspection.learning.line_sides import SIDES, read_line_groups
from inspection.learning.splits import Split, grouped_split, stratified_split
from inspection.lines import Line

_FRACTIONS = (0.7, 0.12, 0.18)  # of the pictures, whole groups
_PARTS = ("train", "test")


@dataclass(frozen=True, slots=True)
class Source:
    key: str  # below the published folder
    path: Path
    class_name: str
    group: str


def divide_sources(line: Line, folder: Path) -> dict[str, tuple[Source, ...]]:
    """side → pictures. Where the publisher kept a test part, its pictures never teach and never choose."""
    parts = _PARTS if all((folder / part).is_dir() for part in _PARTS) else ()
    dataset = read_folder(folder, parts=parts, rename=line.data.rename, class_names=line.classes)
    groups = read_line_groups(line)
    split = split_sources(dataset, groups, seed=line.data.split_seed)
    sides = {}
    for side in SIDES:
        keys = [
            key for key in getattr(split, side) if side == "test" or not (parts and key.startswith("test/"))
        ]
        sides[side] = tuple(
            Source(key, sample.path, sample.class_name, key if groups is None else groups[key])
            for key, sample in zip(keys, dataset.select(keys), strict=True)
        )
    return sides


def split_sources(dataset: Dataset, groups: Mapping[str, str] | None, *, seed: int) -> Split:
    if groups is None:
        return stratified_split(dataset, seed=seed, fractions=_FRACTIONS)
    return grouped_split(dataset, groups, seed=seed, fractions=_FRACTIONS)


def draw_sources(
    sources: Sequence[Source], count: int, classes: Sequence[str], rng: np.random.Generator
) -> list[Source]:
    """Classes in turn; a group by the root of its size, so that the few large ones do not crowd out the many small."""
    drawn: list[Source] = []
    pools = {name: pool_groups(sources, name) for name in classes}
    for number in range(count):
        members, weights = pools[classes[number % len(classes)]]
        group = members[int(rng.choice(len(members), p=weights))]
        drawn.append(group[int(rng.integers(0, len(group)))])
    return drawn


def pool_groups(sources: Sequence[Source], class_name: str) -> tuple[list[list[Source]], np.ndarray]:
    members: dict[str, list[Source]] = {}
    for source in sources:
        if source.class_name == class_name:
            members.setdefault(source.group, []).append(source)
    if not members:
        raise DataInvalid(
            f"Expected pictures of the class {class_name} on every side, got none on one. "
            "Add pictures of other parts, so that each side has some."
        )
    weights = np.sqrt([len(group) for group in members.values()])
    return list(members.values()), weights / weights.sum()
