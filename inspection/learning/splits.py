"""Which pictures teach, which choose and which judge: splits that are seeded, stored and repeatable."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from inspection.errors import DataInvalid
from inspection.learning.data import Dataset

SplitKind = Literal["stratified", "grouped", "official"]
Fractions = tuple[float, float, float]
DEFAULT_FRACTIONS: Fractions = (0.70, 0.15, 0.15)
VALIDATION_PARTS = ("validation", "valid", "val")  # a publisher's own validation pictures lie in one of these
_ATTEMPTS = 16


@dataclass(frozen=True, slots=True)
class Split:
    """Keys of samples (`Dataset.key_of`), each in at most one of the three."""

    kind: SplitKind
    seed: int | None
    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]


def stratified_split(dataset: Dataset, *, seed: int, fractions: Fractions = DEFAULT_FRACTIONS) -> Split:
    """Each class is divided by the same fractions; every picture stands for itself."""
    check_fractions(fractions)
    sides: tuple[list[str], ...] = ([], [], [])
    for keys in keys_by_class(dataset).values():
        start = 0
        for side, count in zip(sides, allot(len(keys), fractions), strict=True):
            side += order_keys(keys, seed)[start : start + count]
            start += count
    return make_split("stratified", seed, sides)


def grouped_split(
    dataset: Dataset,
    groups: Mapping[str, str] | None = None,
    *,
    seed: int,
    fractions: Fractions = DEFAULT_FRACTIONS,
) -> Split:
    """All pictures of a group lie on one side, each class as near to the fractions as that allows.

    groups: key → group; without it the samples' own groups serve.
    """
    check_fractions(fractions)
    return make_split("grouped", seed, divide_groups(dataset, groups, seed, fractions))


def fold_splits(
    dataset: Dataset, k: int, *, seed: int, groups: Mapping[str, str] | None = None
) -> tuple[Split, ...]:
    """k splits, in which each picture is tested exactly once; the next fold validates, the others teach."""
    if k < 3:
        raise DataInvalid(f"Expected at least 3 folds (one tests, one validates, the rest teach), got {k}.")
    equal = (1.0 / k,) * k
    lone = {key: key for key in dataset.keys}
    folds = divide_groups(dataset, lone if groups is None else groups, seed, equal)
    kind: SplitKind = "stratified" if groups is None else "grouped"
    splits = []
    for number in range(k):
        validation = (number + 1) % k
        rest = [key for other in range(k) if other not in (number, validation) for key in folds[other]]
        splits.append(make_split(kind, seed, (rest, folds[validation], folds[number])))
    return tuple(splits)


def official_split(
    dataset: Dataset,
    *,
    seed: int,
    validation: float = 0.15,
    groups: Mapping[str, str] | None = None,
) -> Split:
    """The publisher's own test part (keys that begin with `test/`) and validation part, or else one taken out of `train/`.

    With groups, what is taken out shares no part with the training pictures; what is published stays as it is.
    """
    test = [key for key in dataset.keys if key.startswith("test/")]
    published = [key for key in dataset.keys if key.split("/")[0] in VALIDATION_PARTS]
    taught = tuple(
        s for s, key in zip(dataset.samples, dataset.keys, strict=True) if key.startswith("train/")
    )
    if not test or not taught:
        raise DataInvalid(
            f"Expected the parts train and test in {dataset.root}, got {len(taught)} and {len(test)} pictures. "
            'Read it with parts=("train", "test"), or split it otherwise.'
        )
    if published:
        return make_split(
            "official", seed, ([key for key in dataset.keys if key.startswith("train/")], published, test)
        )
    rest = Dataset(dataset.name, dataset.class_names, taught, dataset.root)
    fractions = (1.0 - validation, validation, 0.0)
    inner = (
        stratified_split(rest, seed=seed, fractions=fractions)
        if groups is None
        else grouped_split(rest, groups, seed=seed, fractions=fractions)
    )
    return make_split("official", seed, (inner.train, inner.validation, test))


def divide_groups(
    dataset: Dataset, groups: Mapping[str, str] | None, seed: int, fractions: Sequence[float]
) -> tuple[list[str], ...]:
    """Keys of each side. Of several random orders of the groups, the one that comes nearest to the wanted counts.

    In order of size the counts would fit better still, but every seed would teach the same large groups.
    """
    members = members_by_group(dataset, groups)
    index = {name: number for number, name in enumerate(dataset.class_names)}
    class_of = {key: index[s.class_name] for key, s in zip(dataset.keys, dataset.samples, strict=True)}
    counts = {
        group: np.bincount([class_of[key] for key in keys], minlength=len(index))
        for group, keys in members.items()
    }
    wanted = np.outer(fractions, sum(counts.values())).clip(min=1e-9)  # (sides, classes)
    places = choose_places(counts, wanted, seed)
    sides: tuple[list[str], ...] = tuple([] for _ in fractions)
    for group, side in places.items():
        sides[side].extend(members[group])
    return sides


def choose_places(
    counts: Mapping[str, NDArray[np.int64]],
    wanted: NDArray[np.float64],
    seed: int,
    have: NDArray[np.float64] | None = None,
) -> dict[str, int]:
    """group → side: the best of several random orders. have: (sides, classes), what lies there already and stays."""
    start = np.zeros_like(wanted) if have is None else have
    attempts = [
        place_groups(counts, order_keys(list(counts), seed, attempt), wanted, start)
        for attempt in range(_ATTEMPTS)
    ]
    return min(attempts, key=lambda attempt: attempt[0])[1]


def place_groups(
    counts: Mapping[str, NDArray[np.int64]],
    order: Sequence[str],
    wanted: NDArray[np.float64],
    start: NDArray[np.float64],
) -> tuple[float, dict[str, int]]:
    """(misfit, group → side): greedily, each group where it lowers Σ (count − wanted)² / wanted most, as in a χ² test."""
    have = start.copy()
    places = {}
    for group in order:
        growth = (counts[group] * (counts[group] + 2.0 * (have - wanted)) / wanted).sum(axis=1)
        places[group] = int(np.argmin(growth))
        have[places[group]] += counts[group]
    return float(((have - wanted) ** 2 / wanted).sum()), places


def members_by_group(dataset: Dataset, groups: Mapping[str, str] | None) -> dict[str, list[str]]:
    members: dict[str, list[str]] = {}
    for key, sample in zip(dataset.keys, dataset.samples, strict=True):
        group = sample.group if groups is None else groups.get(key)
        if group is None:
            raise build_ungrouped(dataset, key)
        members.setdefault(group, []).append(key)
    return members


def build_ungrouped(dataset: Dataset, key: str) -> DataInvalid:
    return DataInvalid(
        f"Expected a group for every picture of “{dataset.name}”, but {key} has none. Was it added since? `train` finds the groups "
        "of added pictures: train a model of the line on this folder first. Or add a row to the line's groups by hand."
    )


def keys_by_class(dataset: Dataset) -> dict[str, list[str]]:
    keys: dict[str, list[str]] = {name: [] for name in dataset.class_names}
    for key, sample in zip(dataset.keys, dataset.samples, strict=True):
        keys[sample.class_name].append(key)
    return keys


def order_keys(keys: Sequence[str], seed: int, attempt: int = 0) -> list[str]:
    """A shuffle that is the same on every machine and library version, and keeps its order when pictures are added."""
    salt = f"{seed}:" if attempt == 0 else f"{seed}.{attempt}:"
    return sorted(keys, key=lambda key: hashlib.sha256(f"{salt}{key}".encode()).digest())


def allot(count: int, fractions: Sequence[float]) -> list[int]:
    """Whole numbers nearest to the fractions; a side that is wanted gets one picture where there are enough."""
    exact = [count * fraction for fraction in fractions]
    counts = [int(value) for value in exact]
    by_remainder = sorted(range(len(exact)), key=lambda side: counts[side] - exact[side])
    for side in by_remainder[: count - sum(counts)]:
        counts[side] += 1
    for side, fraction in enumerate(fractions):
        richest = counts.index(max(counts))
        if fraction > 0 and counts[side] == 0 and counts[richest] > 1:
            counts[richest] -= 1
            counts[side] = 1
    return counts


def check_fractions(fractions: Sequence[float]) -> None:
    if min(fractions) < 0 or abs(sum(fractions) - 1.0) > 1e-6:
        raise DataInvalid(f"Expected three fractions from 0 that add up to 1, got {tuple(fractions)}.")


def make_split(kind: SplitKind, seed: int | None, sides: Sequence[Sequence[str]]) -> Split:
    train, validation, test = (tuple(sorted(side)) for side in sides)
    repeated = [key for key, times in Counter(train + validation + test).items() if times > 1]
    if repeated:
        raise DataInvalid(
            f"Expected each picture on one side of the split, got {repeated[0]} twice. Split again."
        )
    return Split(kind, seed, train, validation, test)


def hash_split(split: Split) -> str:
    return hashlib.sha256(encode_split(split).encode()).hexdigest()


def encode_split(split: Split) -> str:
    return json.dumps(asdict(split), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def write_split(split: Split, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(split), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read_split(path: Path) -> Split:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise DataInvalid(f"Expected a stored split at {path}: {type(error).__name__} {error}.") from error
    return parse_split(document, source=path)


def parse_split(document: Any, *, source: Path) -> Split:
    """The keys in the order in which they stand: the hash is of that order."""
    try:
        kind, seed = document["kind"], document["seed"]
        sides = [[str(key) for key in document[side]] for side in ("train", "validation", "test")]
    except (KeyError, TypeError) as error:
        raise DataInvalid(f"Expected a stored split at {source}: {type(error).__name__} {error}.") from error
    if kind not in ("stratified", "grouped", "official") or not (seed is None or isinstance(seed, int)):
        raise DataInvalid(
            f"Expected a split of a known kind with a seed at {source}, got {kind!r} and {seed!r}."
        )
    make_split(kind, seed, sides)  # refuses a key that stands twice
    return Split(kind, seed, *(tuple(side) for side in sides))
