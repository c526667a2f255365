"""A part that was turned under the lamp and photographed again is known by its marks."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from inspection.errors import DataInvalid
from inspection.learning.data import read_folder
from inspection.learning.parts import (
    compare_marks,
    find_marks,
    link_parts,
    read_groups,
    say_variants,
    write_groups,
)
from tests.learning.copies import U8, make_ring, make_surface, warp


def make_marked(seed: int) -> U8:
    """A ring with marks and three chips of its own."""
    part = make_ring(seed).copy()
    rng = np.random.default_rng(seed)
    for angle in rng.uniform(0, 2 * np.pi, 3):
        reach = rng.uniform(88, 112)
        centre = (int(150 + reach * np.cos(angle)), int(150 + reach * np.sin(angle)))
        cv2.ellipse(part, centre, (int(rng.integers(3, 8)), 3), float(rng.uniform(0, 180)), 0, 360, 60, -1)
    return part


def light(part: U8, *, degrees: float) -> U8:
    """Brighter from one side, with a shadow that has an edge."""
    y, x = np.mgrid[:300, :300] - 149.5
    away = np.cos(np.arctan2(y, x) - np.deg2rad(degrees))
    return np.clip(part * (1 + 0.15 * away) * np.where(away < -0.8, 0.7, 1.0), 0, 255).astype(np.uint8)


def photograph(home: Path, name: str, part: U8, *, turn: float) -> None:
    """Four variants of one photograph, as a publisher multiplies them."""
    shot = light(warp(part, degrees=turn), degrees=30)
    home.mkdir(parents=True, exist_ok=True)
    for number in range(4):
        assert cv2.imwrite(str(home / f"{name}_{number}.png"), warp(shot, degrees=80.0 * number, zoom=0.98))


def test_a_part_photographed_twice_is_linked_and_others_are_not(tmp_path: Path) -> None:
    for seed in range(4):
        photograph(tmp_path / "ok", f"a{seed}", make_marked(seed), turn=0)
    photograph(tmp_path / "ok", "b0", make_marked(0), turn=110)
    dataset = read_folder(tmp_path)
    groups = {key: key.split("_")[0] for key in dataset.keys}
    parts = link_parts(dataset, groups)
    assert parts["ok/a0_0.png"] == parts["ok/b0_3.png"] == "p0001"
    assert len(set(parts.values())) == 4
    assert set(parts) == set(dataset.keys)


def test_pictures_without_an_opening_are_refused(tmp_path: Path) -> None:
    (tmp_path / "ok").mkdir()
    assert cv2.imwrite(str(tmp_path / "ok" / "a.png"), make_surface(0))
    with pytest.raises(DataInvalid, match="round opening"):
        link_parts(read_folder(tmp_path), {"ok/a.png": "g0001"})


def test_marks_are_what_stands_out_not_light() -> None:
    ring = np.tile(np.linspace(120, 180, 1080, dtype=np.float32), (64, 1))
    ring += np.random.default_rng(0).normal(size=ring.shape).astype(np.float32)
    ring[:, 500:] += 40  # the edge of a shadow
    ring[30:34, 200:220] -= 60  # a chip
    marks = np.abs(find_marks(ring))
    chip = marks[20:28, 195:225].sum()
    assert chip > 0.8 * marks.sum()


def test_likeness_of_marks_does_not_depend_on_the_turn() -> None:
    first = np.zeros((47, 1080), np.float32)
    first[10:14, 100:130] = 1
    first[30:33, 400:410] = -1
    other = np.roll(first, (2, 333), axis=(0, 1))[:, ::-1]
    likeness = compare_marks(np.stack([first, other, np.roll(first, 20, axis=0)]))
    assert likeness[0, 1] == pytest.approx(1.0, abs=0.02) and likeness[0, 2] < 0.5
    np.testing.assert_allclose(likeness, likeness.T)


def test_groups_are_stored_and_read_back(tmp_path: Path) -> None:
    photographs = {"b.png": "g0002", "a.png": "g0001"}
    parts = {"a.png": "p0001", "b.png": "p0001"}
    write_groups(tmp_path / "groups.csv", photographs=photographs, parts=parts)
    assert (tmp_path / "groups.csv").read_text().splitlines()[:2] == [
        "key,group,photograph",
        "a.png,p0001,g0001",
    ]
    assert read_groups(tmp_path / "groups.csv") == parts
    assert read_groups(tmp_path / "groups.csv", column="photograph") == photographs


@pytest.mark.parametrize("text", ["", "path,group\na,b\n"])
def test_a_table_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "groups.csv").write_text(text)
    with pytest.raises(DataInvalid, match="Expected the columns key and group"):
        read_groups(tmp_path / "groups.csv")


@pytest.mark.parametrize(
    ("groups", "words"),
    [
        ({"a": "p1", "b": "p1", "c": "p2"}, "The 3 pictures show 2 parts."),
        ({"a": "p1", "b": "p2", "c": "p3"}, None),
        ({"a": "p1"}, None),  # of the others nobody knows: each stands for itself
    ],
)
def test_pictures_are_not_told_as_so_many_parts(groups: dict[str, str], words: str | None) -> None:
    told = say_variants(("a", "b", "c"), groups)
    assert told is None if words is None else told is not None and told.startswith(words)
