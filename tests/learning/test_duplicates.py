"""Copies are found under every disguise, and what only looks alike is left apart."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from inspection.learning.data import read_folder
from inspection.learning.duplicates import (
    NEAR_0_1,
    Refusal,
    find_byte_copies,
    find_near_copies,
    name_groups,
    recover_groups,
    sketch_picture,
    sketch_pictures,
)
from inspection.learning.matching import align, connect, find_neighbours, transform
from inspection.learning.registration import build_start, from_pixels, make_thumbnail, register, to_pixels
from inspection.learning.unrolling import fit_opening, shrink, unroll
from tests.learning.copies import DISGUISES, U8, make_ring, make_surface, warp


def write(path: Path, picture: U8) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), picture)
    return path


@pytest.fixture(scope="module")
def surfaces(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    home = tmp_path_factory.mktemp("surfaces")
    return [write(home / f"{seed:03}.png", make_surface(seed)) for seed in range(25)]


def test_every_disguise_is_seen_through(surfaces: list[Path], tmp_path: Path) -> None:
    copies = [
        write(tmp_path / f"{number}.png", disguise(make_surface(number)))
        for number, disguise in enumerate(DISGUISES.values())
    ]
    sketches, refusals = sketch_pictures([*surfaces, *copies])
    found = find_near_copies(sketches)
    assert not refusals and found.frame == "picture"
    missed = [
        name
        for number, name in enumerate(DISGUISES)
        if found.groups[len(surfaces) + number] != found.groups[number]
    ]
    assert not missed
    assert len(set(found.groups)) == len(surfaces)  # and nothing else was joined
    assert (found.scores_0_1 >= NEAR_0_1).all()


def test_parts_that_are_alike_but_for_their_marks_stay_apart(tmp_path: Path) -> None:
    paths, truth = [], []
    rng = np.random.default_rng(0)
    for seed in range(10):
        original = make_ring(seed)
        for copy in range(3):
            part = original
            if copy:
                part = warp(
                    part, degrees=rng.uniform(0, 360), zoom=0.95, stretch=rng.uniform(0.9, 1.1), shift=0.02
                )
                part = part[:, ::-1].copy() if copy == 2 else part
            paths.append(write(tmp_path / f"{seed}_{copy}.jpg", part))
            truth.append(seed)
    found = find_near_copies(sketch_pictures(paths)[0])
    assert found.frame == "opening"
    assert found.groups.tolist() == truth


def test_a_crowd_of_variants_does_not_hide_one_more(surfaces: list[Path], tmp_path: Path) -> None:
    crowd = [write(tmp_path / f"a{n}.png", warp(make_surface(900), degrees=n * 12.0)) for n in range(30)]
    found = find_near_copies(sketch_pictures([*surfaces[:5], *crowd])[0])
    assert len(set(found.groups[5:])) == 1 and len(set(found.groups)) == 6


def test_flat_pictures_are_copies_only_byte_for_byte(tmp_path: Path) -> None:
    flat = [np.full((80, 80), shade, np.uint8) for shade in (0, 90, 90, 255)]
    paths = [write(tmp_path / f"{number}.png", picture) for number, picture in enumerate(flat)]
    assert find_near_copies(sketch_pictures(paths)[0]).groups.tolist() == [0, 1, 1, 2]


def draw_dark_field(seed: int) -> U8:
    """Bright scratches on ground that is black to the last grey level."""
    rng = np.random.default_rng(seed)
    picture = np.zeros((300, 300), np.uint8)
    for x1, y1, x2, y2 in rng.integers(20, 280, (14, 4)).tolist():
        grey, width = int(rng.integers(80, 255)), int(rng.integers(1, 4))
        cv2.line(picture, (x1, y1), (x2, y2), grey, width, cv2.LINE_AA)
    return picture


def test_copies_are_found_where_much_of_a_picture_is_flat(tmp_path: Path) -> None:
    paths = []
    for part in range(4):
        shown = draw_dark_field(part)
        variants = (shown, np.ascontiguousarray(shown[:, ::-1]), cv2.convertScaleAbs(shown, alpha=0.92))
        paths += [write(tmp_path / f"{part}_{index}.png", each) for index, each in enumerate(variants)]
        assert all(np.isfinite(level).all() for level in make_thumbnail(shown).detail)
    sketches, _ = sketch_pictures(paths)
    groups = find_near_copies(sketches).groups.reshape(4, 3)
    assert (groups == groups[:, :1]).all() and len(set(groups[:, 0].tolist())) == 4


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_pictures(surfaces: list[Path], count: int) -> None:
    assert find_near_copies(sketch_pictures(surfaces[:count])[0]).groups.tolist() == list(range(count))


def test_a_refused_picture_says_why(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no picture")
    refusal = sketch_picture(tmp_path / "a.png")
    assert isinstance(refusal, Refusal) and refusal.reason.startswith("expected a JPEG")


def test_progress_is_told(tmp_path: Path, surfaces: list[Path]) -> None:
    told: list[tuple[float, str]] = []
    sketches, _ = sketch_pictures(surfaces * 2, progress=lambda done, words: told.append((done, words)))
    find_near_copies(sketches, progress=lambda done, words: told.append((done, words)))
    assert told[0] == (1.0, "Read 50 of 50 pictures") and "Comparing 25" in told[1][1]


def test_groups_of_a_data_set_follow_its_keys(tmp_path: Path) -> None:
    write(tmp_path / "b" / "1.png", make_surface(1))
    write(tmp_path / "b" / "2.png", np.rot90(make_surface(0)).copy())
    write(tmp_path / "a" / "3.png", make_surface(0))
    groups = recover_groups(read_folder(tmp_path))
    assert groups == {"a/3.png": "g0001", "b/1.png": "g0002", "b/2.png": "g0001"}


def test_byte_copies() -> None:
    assert find_byte_copies(["a", "b", "a", "c", "a", "b"]) == [(0, 2, 4), (1, 5)]


def test_names_do_not_depend_on_the_order() -> None:
    assert name_groups(["z", "a", "m"], [0, 1, 0]) == {"a": "g0001", "m": "g0002", "z": "g0002"}


def test_connected_groups() -> None:
    assert connect(6, np.array([[4, 1], [1, 5], [3, 2]])).tolist() == [0, 1, 2, 2, 1, 1]
    assert connect(2, np.zeros((0, 2), np.int64)).tolist() == [0, 1]


def test_neighbours_are_pairs_of_different_pictures() -> None:
    rng = np.random.default_rng(0)
    spectra = transform(rng.normal(size=(30, 20, 180)).astype(np.float32))
    pairs = find_neighbours(spectra, count=4)
    assert (pairs[:, 0] < pairs[:, 1]).all() and set(pairs.ravel()) == set(range(30))


@pytest.mark.parametrize("mirrored", [False, True])
def test_alignment_finds_the_turn(mirrored: bool) -> None:
    rng = np.random.default_rng(1)
    first = cv2.GaussianBlur(rng.normal(size=(20, 180)), (9, 3), 0).astype(np.float32)
    second = np.roll(first[:, ::-1] if mirrored else first, 30, axis=1)
    found = align(transform(np.stack([first, second])), np.array([[0, 1]]), row_step=0.1)
    assert found.mirrored.tolist() == [mirrored]
    assert found.scores_0_1[0] == pytest.approx(1.0, abs=1e-3)
    if not mirrored:
        assert found.turns_degrees[0] == 60.0  # 30 of 180 columns


@pytest.mark.parametrize(("degrees", "mirrored"), [(0, False), (130, False), (0, True), (40, True)])
def test_the_turn_of_the_rings_is_the_turn_of_the_picture(degrees: float, mirrored: bool) -> None:
    surface = make_surface(3)
    other = warp(surface, degrees=degrees)
    other = other[::-1].copy() if mirrored else other
    spectra = transform(np.stack([sketch_rings(surface), sketch_rings(other)]))
    found = align(spectra, np.array([[0, 1]]), row_step=0.1)
    start = build_start(
        turn_degrees=float(found.turns_degrees[0]),
        mirrored=bool(found.mirrored[0]),
        zoom=float(found.zooms[0]),
    )
    assert found.mirrored[0] == mirrored
    assert register(make_thumbnail(shrink(surface)), make_thumbnail(shrink(other)), start) > 0.9


def sketch_rings(picture: U8) -> np.ndarray:
    from inspection.learning.unrolling import frame_picture

    return unroll(shrink(picture), frame_picture())


def test_different_surfaces_do_not_register() -> None:
    first, second = (make_thumbnail(shrink(make_surface(seed))) for seed in (1, 2))
    assert register(first, second, build_start(turn_degrees=0, mirrored=False, zoom=1)) < 0.4


def test_places_and_pixels_are_inverse() -> None:
    placed = np.array([[0.9, -0.2, 0.1], [0.3, 1.1, -0.05]], np.float32)
    np.testing.assert_allclose(from_pixels(to_pixels(placed, 64), 64), placed, atol=1e-5)
    centre = to_pixels(build_start(turn_degrees=90, mirrored=False, zoom=1), 128) @ [63.5, 63.5, 1]
    np.testing.assert_allclose(centre, [63.5, 63.5], atol=1e-3)


def test_the_opening_is_found_where_there_is_one() -> None:
    part = warp(make_ring(0), degrees=20, stretch=0.9, shift=0.03)
    frame = fit_opening(part)
    assert frame is not None
    assert sorted((frame.axis_a, frame.axis_b)) == pytest.approx([0.9 * 144, 144], abs=4)
    assert (frame.center_x, frame.center_y) == pytest.approx((158.5, 158.5), abs=2)
    assert fit_opening(shrink(make_surface(0))) is None
    assert fit_opening(np.full((300, 300), 80, np.uint8)) is None
