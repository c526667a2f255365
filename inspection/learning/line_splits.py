"""Splits by name: what `--split` takes, for any data set.

official       the publisher's own test part; validation out of train, kept apart by group where groups are known
stratified     70/15/15, every picture for itself
grouped        70/15/15, all pictures of a part on one side
fold-K         of five (or K-of-N): each picture is judged exactly once over all folds; grouped where groups are known
"""

import re
from collections.abc import Mapping

from inspection.errors import DataInvalid
from inspection.learning.data import Dataset
from inspection.learning.splits import Split, fold_splits, grouped_split, official_split, stratified_split

FOLDS = 5
NAMES = ("official", "stratified", "grouped", "fold-K", "fold-K-of-N")
_FOLD = re.compile(r"fold-([0-9]{1,3})(?:-of-([0-9]{1,3}))?")


def choose_split(dataset: Dataset, name: str, *, seed: int, groups: Mapping[str, str] | None = None) -> Split:
    """groups: key → the part that the picture shows, or None where nobody knows."""
    if name == "official":
        return official_split(dataset, seed=seed, groups=groups)
    if name == "stratified":
        return stratified_split(dataset, seed=seed)
    if name == "grouped":
        if groups is None:
            raise DataInvalid(
                f"Expected groups for a grouped split of “{dataset.name}”, but the line names none. "
                "Recover them with check-data, or choose the stratified split."
            )
        return grouped_split(dataset, groups, seed=seed)
    number, folds = parse_fold(name)
    return fold_splits(dataset, folds, seed=seed, groups=groups)[number - 1]


def parse_fold(name: str) -> tuple[int, int]:
    """ "fold-2" → (2, 5) · "fold-2-of-10" → (2, 10)."""
    found = _FOLD.fullmatch(name)
    if found is None:
        raise DataInvalid(f"Expected a split among {', '.join(NAMES)}; got {name!r}.")
    number, folds = int(found[1]), int(found[2] or FOLDS)
    if not 1 <= number <= folds:
        raise DataInvalid(f"Expected a fold from 1 to {folds}, got {number}.")
    return number, folds
