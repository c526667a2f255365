"""A split by its name, and its keys stored under the hash that the cards state."""

import gzip
from pathlib import Path

import pytest

from inspection.config import ROOT
from inspection.errors import DataInvalid
from inspection.learning.data import Dataset, Sample
from inspection.learning.evaluate import CALIBRATION_PARTS, MORE_PARTS, read_evaluations
from inspection.learning.line_splits import choose_split, parse_fold
from inspection.learning.split_store import load_stored_split, split_path, store_split
from inspection.learning.splits import Split, encode_split, hash_split
from models.card import read_card

FOLDER = Path("set")
SHIPPED = ROOT / "models" / "weights"


def make_dataset() -> tuple[Dataset, dict[str, str]]:
    """Twelve parts of two classes, four pictures each; the publisher's test part holds variants of train's parts."""
    samples = tuple(
        Sample(FOLDER / ("test" if variant == 3 else "train") / name / f"{part:02}_{variant}.png", name)
        for name in ("ok", "bad")
        for part in range(6)
        for variant in range(4)
    )
    dataset = Dataset("toy", ("ok", "bad"), samples, FOLDER)
    return dataset, {key: f"{key.split('/')[1]}-{Path(key).stem[:2]}" for key in dataset.keys}


def sides(split: Split) -> tuple[set[str], set[str], set[str]]:
    return set(split.train), set(split.validation), set(split.test)


def test_the_official_test_part_stays_and_validation_shares_no_part_with_train() -> None:
    dataset, groups = make_dataset()
    train, validation, test = sides(choose_split(dataset, "official", seed=1, groups=groups))
    assert test == {key for key in dataset.keys if key.startswith("test/")}
    assert validation and not {groups[key] for key in train} & {groups[key] for key in validation}
    assert {groups[key] for key in train} & {
        groups[key] for key in test
    }  # the flaw that the grouped split mends


def test_the_grouped_split_shares_no_part_at_all() -> None:
    dataset, groups = make_dataset()
    parts = [
        {groups[key] for key in side}
        for side in sides(choose_split(dataset, "grouped", seed=1, groups=groups))
    ]
    assert all(parts) and not parts[0] & parts[1] and not parts[0] & parts[2] and not parts[1] & parts[2]
    with pytest.raises(DataInvalid, match="names none"):
        choose_split(dataset, "grouped", seed=1)


@pytest.mark.parametrize("grouped", [True, False])
def test_over_all_folds_each_picture_is_judged_once(grouped: bool) -> None:
    dataset, groups = make_dataset()
    known = groups if grouped else None
    folds = [choose_split(dataset, f"fold-{number}-of-3", seed=1, groups=known) for number in (1, 2, 3)]
    assert sorted(key for fold in folds for key in fold.test) == sorted(dataset.keys)
    if grouped:
        assert not {groups[key] for key in folds[0].test} & {groups[key] for key in folds[0].train}


@pytest.mark.parametrize(
    ("name", "expected"), [("fold-1", (1, 5)), ("fold-5", (5, 5)), ("fold-7-of-10", (7, 10))]
)
def test_folds_have_names(name: str, expected: tuple[int, int]) -> None:
    assert parse_fold(name) == expected


@pytest.mark.parametrize("name", ["fold-6", "fold-0", "fold-3-of-2", "fold", "official ", "../etc", ""])
def test_other_names_are_refused(name: str) -> None:
    dataset, groups = make_dataset()
    with pytest.raises(DataInvalid, match="Expected a (split|fold)"):
        choose_split(dataset, name, seed=1, groups=groups)


def test_keys_are_stored_under_their_hash_once(tmp_path: Path) -> None:
    split = Split("official", None, ("train/b.png", "train/a.png"), ("validation/ü.png",), ("test/c.png",))
    path = store_split(split, tmp_path)
    assert path == split_path(tmp_path, hash_split(split))
    made = path.stat().st_mtime_ns
    assert store_split(split, tmp_path).stat().st_mtime_ns == made
    read = load_stored_split(tmp_path, hash_split(split))
    assert read == split  # the order too: the hash is of it


def test_a_store_that_does_not_fit_its_hash_is_refused(tmp_path: Path) -> None:
    split = Split("stratified", 7, ("a", "b"), ("c",), ("d",))
    path, digest = store_split(split, tmp_path), hash_split(split)
    path.write_bytes(gzip.compress(encode_split(split).replace('"d"', '"e"').encode()))
    with pytest.raises(DataInvalid, match="It was changed"):
        load_stored_split(tmp_path, digest)
    packed = path.read_bytes()
    for place in range(10, len(packed)):  # beyond the heading, whose time and system nobody reads
        path.write_bytes(packed[:place] + bytes([packed[place] ^ 0xFF]) + packed[place + 1 :])
        with pytest.raises(DataInvalid, match="tore it again"):
            load_stored_split(tmp_path, digest)
    path.write_bytes(packed[:20])
    with pytest.raises(DataInvalid, match="Store it again"):
        load_stored_split(tmp_path, digest)
    path.unlink()
    with pytest.raises(DataInvalid, match="python -m inspection splits"):
        load_stored_split(tmp_path, digest)


@pytest.mark.parametrize(
    "path", sorted(SHIPPED.glob("*/*.json")), ids=lambda path: f"{path.parent.name}-{path.stem}"
)
def test_every_shipped_card_has_its_keys_beside_it(path: Path) -> None:
    card = read_card(path)
    split = load_stored_split(path.parent, card.data["split"]["sha256"])
    counts = {side: len(getattr(split, side)) for side in ("train", "validation", "test")}
    assert counts == {side: card.data["split"][side] for side in counts}
    assert split_path(path.parent, hash_split(split)).stat().st_size < 200_000
    if path.with_suffix(".parquet").is_file():
        known = {*split.train, *split.validation, *split.test}
        for (side, _), rows in read_evaluations(path.with_suffix(".parquet")).items():
            if side in (MORE_PARTS, CALIBRATION_PARTS):  # made for it: no card's split holds them
                assert known.isdisjoint(rows.keys)
            else:
                assert set(rows.keys) <= set(getattr(split, side))
