"""Sides that stay: what judged goes on judging and what taught never does, however many pictures come to a line."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from inspection.learning.data import Dataset
from inspection.learning.splits import (
    DEFAULT_FRACTIONS,
    Split,
    build_ungrouped,
    choose_places,
    make_split,
    members_by_group,
)

SIDES = ("train", "validation", "test")
LEFT_OUT = "none"  # a variant of parts on two sides: wherever it went, something would be asked that was learnt by heart


@dataclass(frozen=True, slots=True)
class Former:
    keys: tuple[str, ...]  # known ones, gone from the folder, of which a picture may have had one
    exact: bool  # by its content; else by its file name alone


def keep_sides(dataset: Dataset, sides: Mapping[str, str], *, seed: int) -> Split:
    """sides: key → one of SIDES, or LEFT_OUT. A picture that is gone changes nothing for the others."""
    kept: dict[str, list[str]] = {side: [] for side in (*SIDES, LEFT_OUT)}
    for key in dataset.keys:
        if sides.get(key) not in kept:
            raise build_ungrouped(dataset, key)
        kept[sides[key]].append(key)
    return make_split("grouped", seed, [kept[side] for side in SIDES])


def find_former(
    waiting: Sequence[str], gone: Sequence[str], contents: Mapping[str, str], stored: Mapping[str, str]
) -> dict[str, Former]:
    """Each waiting key whose picture was perhaps moved or renamed → what it may have been called.

    contents: waiting key → SHA-256 · stored: known key → that of its picture, where the groups tell it.
    """
    former: dict[str, Former] = {}
    for key in waiting:
        same = tuple(old for old in gone if contents[key] and stored.get(old) == contents[key])
        if same:
            former[key] = Former(same, exact=True)
    found = {old for each in former.values() for old in each.keys}
    names: dict[str, list[str]] = {}
    for old in gone:
        if old not in found:
            names.setdefault(PurePosixPath(old).name, []).append(old)
    for key in waiting:
        if key not in former and (alike := names.get(PurePosixPath(key).name)):
            former[key] = Former(tuple(alike), exact=False)
    return former


def trace_moved(
    former: Mapping[str, Former],
    known: Mapping[str, str],
    sides: Mapping[str, str],
    found: Mapping[str, str],
    there: Collection[str],
) -> tuple[dict[str, str], set[str]]:
    """(waiting key → the key that its picture had, those that may have had keys of two sides).

    A name is little: whoever has it and is a variant of a picture that is `there` on another side is not believed.
    """
    shown: dict[str, set[str]] = {}  # original → the sides on which known pictures show it
    for key in there:
        if key in known and key in found and sides.get(key) in SIDES:
            shown.setdefault(found[key], set()).add(sides[key])
    moved: dict[str, str] = {}
    unsure: set[str] = set()
    for key, each in former.items():
        where: set[str | None] = {sides.get(old) for old in each.keys}
        if not each.exact and key in found:
            where |= shown.get(found[key], set())
        if len(where) > 1:
            unsure.add(key)
        else:
            free = [old for old in each.keys if old not in moved.values()]
            moved[key] = (free or each.keys)[0]
    return moved, unsure


def name_added(
    waiting: Sequence[str], known: Mapping[str, str], found: Mapping[str, str]
) -> dict[str, tuple[str, ...]]:
    """Each waiting key → the groups that it belongs to, its own first: those of known pictures that it is a variant of, or a
    new one, named after its first picture.

    known: key → group, as it stands · found: key → original, as it was recovered from all pictures together.
    """
    alike: dict[str, list[str]] = {}
    for key in sorted(found):
        alike.setdefault(found[key], []).append(key)
    groups, names = {}, set(known.values())
    for key in waiting:
        variants = alike[found[key]] if key in found else [key]  # one that cannot be read stands for itself
        own = [known[key]] if key in known else []
        familiar = [*own, *(known[each] for each in variants if each in known)]
        groups[key] = tuple(dict.fromkeys(familiar)) or (name_new(variants[0], names),)
    return groups


def name_new(key: str, names: Collection[str]) -> str:
    """A picture that was moved keeps its group, which may bear the name that a new one has now."""
    while key in names:
        key += "+"
    return key


def place_added(
    dataset: Dataset,
    groups: Mapping[str, tuple[str, ...]],
    known: Mapping[str, str],
    sides: Mapping[str, str],
    *,
    seed: int,
) -> dict[str, str]:
    """Each key of `groups` → its side: that of the known pictures of its part, and of new parts one that brings each class
    nearest to the usual fractions. sides: of the known pictures, which all stay."""
    taken: dict[str, set[str]] = {}
    for key, side in sides.items():
        if key in known and side in (*SIDES, LEFT_OUT):
            taken.setdefault(known[key], set()).add(side)
    placed, free = {}, {}
    for key, own in groups.items():
        # a group of which all is left out leaves out its variants too
        where = set().union(
            *(here - {LEFT_OUT} or here for group in own if (here := taken.get(group, set())))
        )
        if where:
            placed[key] = where.pop() if len(where) == 1 else LEFT_OUT
        else:
            free[key] = own[0]
    return placed | divide_new(dataset, free, {**sides, **placed}, seed=seed)


def divide_new(
    dataset: Dataset, groups: Mapping[str, str], sides: Mapping[str, str], *, seed: int
) -> dict[str, str]:
    """groups: key → group of the pictures that have no side yet; sides: of the others."""
    index = {name: number for number, name in enumerate(dataset.class_names)}
    class_of = {key: index[s.class_name] for key, s in zip(dataset.keys, dataset.samples, strict=True)}

    def count(keys: Sequence[str]) -> NDArray[np.int64]:
        return np.bincount([class_of[key] for key in keys], minlength=len(index)).astype(np.int64)

    fresh = Dataset(dataset.name, dataset.class_names, dataset.select(groups), dataset.root)
    members = members_by_group(fresh, groups)
    counts = {group: count(keys) for group, keys in members.items()}
    have = np.stack([count([key for key in dataset.keys if sides.get(key) == side]) for side in SIDES])
    total = have.sum(axis=0) + sum(counts.values())
    wanted = np.outer(DEFAULT_FRACTIONS, total).clip(min=1e-9)  # (sides, classes)
    places = choose_places(counts, wanted, seed, have.astype(np.float64))
    return {key: SIDES[places[group]] for group, keys in members.items() for key in keys}
