"""Round parts are cut out of plain ground and laid on belts with boxes that are true; no photograph teaches and judges."""

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from inspection.__main__ import app
from inspection.errors import DataInvalid
from inspection.learning.line_data import load_line_boxes
from inspection.learning.setting import Cut, cut_part, divide_sources, lay_on_belt, write_set_parts
from inspection.learning.setting.as_published import show_half, show_padded
from inspection.learning.setting.write import NEGATIVES
from inspection.lines import DataRules, Line, Locate, Policy
from inspection.types import U8

SIDE = 300
AXES, TURN_DEGREES, CENTRE = (118.0, 104.0), 35.0, (153.0, 147.0)
BURR_TOP = 24


def draw_part(seed: int, *, face: int = 200, burr: bool = False, axes: tuple[float, float] = AXES) -> U8:
    """A stretched disc with a dark outline, pit and bright bore on grey ground, its shadow to the lower right."""
    rng = np.random.default_rng(seed)
    grey = np.full((SIDE, SIDE), 165, np.uint8)

    def draw(share: float, level: int, *, shift: float = 0.0) -> None:
        centre = (CENTRE[0] + shift, CENTRE[1] + shift)
        size = (2 * share * axes[0], 2 * share * axes[1])
        cv2.ellipse(grey, (centre, size, TURN_DEGREES), level, cv2.FILLED, cv2.LINE_AA)

    draw(1.0, 90, shift=6)
    grey = cv2.GaussianBlur(grey, (0, 0), 12)
    if burr:
        cv2.rectangle(grey, (140, BURR_TOP), (168, 70), 40, cv2.FILLED)
    for share, level in ((1.0, 60), (0.985, face), (0.56, 15), (0.22, 150)):
        draw(share, level)
    noisy = np.clip(grey + rng.normal(0, 1.5, grey.shape), 0, 255).astype(np.uint8)
    return np.asarray(cv2.merge((noisy, noisy, noisy)), np.uint8)


def true_extent() -> tuple[float, float]:
    """Half the width and half the height of the turned ellipse."""
    turn = np.radians(TURN_DEGREES)
    cos, sin = np.cos(turn), np.sin(turn)
    return float(np.hypot(AXES[0] * cos, AXES[1] * sin)), float(np.hypot(AXES[0] * sin, AXES[1] * cos))


def cut_sound(pixels: U8) -> Cut:
    cut = cut_part(pixels)
    assert cut is not None and cut.faults == ()
    return cut


@pytest.mark.parametrize("face", [140, 185, 235])
def test_a_disc_is_cut_where_it_lies(face: int) -> None:
    cut = cut_sound(draw_part(1, face=face))
    half_width, half_height = true_extent()
    expected = [
        CENTRE[0] - half_width,
        CENTRE[1] - half_height,
        CENTRE[0] + half_width,
        CENTRE[1] + half_height,
    ]
    assert cut.box.as_list() == pytest.approx(expected, abs=3)
    assert cut.alpha.sum() == pytest.approx(np.pi * AXES[0] * AXES[1], rel=0.04)
    assert cut.ellipse.aspect == pytest.approx(AXES[1] / AXES[0], abs=0.02)
    assert cut.alpha[:20].max() == 0


def test_a_burr_stays_and_a_shadow_does_not() -> None:
    bare, rough = cut_sound(draw_part(2)), cut_sound(draw_part(2, burr=True))
    assert rough.box.y1 == pytest.approx(BURR_TOP, abs=4)
    assert bare.box.y1 > BURR_TOP + 8
    assert rough.box.as_list()[2:] == pytest.approx(bare.box.as_list()[2:], abs=2)


def test_the_light_stands_opposite_the_shadow() -> None:
    lit_from = cut_sound(draw_part(3)).lit_from_rad
    assert lit_from is not None
    assert np.degrees(lit_from) == pytest.approx(-135, abs=25)  # up and left; y points down


def test_what_is_no_whole_part_is_not_trusted() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (SIDE, SIDE, 3)).astype(np.uint8)
    for doubtful in (noise, np.full((SIDE, SIDE, 3), 128, np.uint8), draw_part(4, axes=(170, 160))):
        cut = cut_part(doubtful)
        assert cut is None or cut.faults


@pytest.mark.parametrize("seed", range(8))
def test_a_laid_part_lies_in_its_box(seed: int) -> None:
    cut = cut_sound(draw_part(5))
    width, height = (640, 480) if seed % 2 else (480, 480)
    laid, again = (lay_on_belt(cut, seed, width=width, height=height) for _ in range(2))
    assert laid.pixels.tobytes() == again.pixels.tobytes()
    assert laid.pixels.shape == (height, width, 3) and laid.box is not None
    x1, y1, x2, y2 = laid.box.as_list()
    assert 0 <= x1 < x2 <= width and 0 <= y1 < y2 <= height
    assert 0.3 * height < max(x2 - x1, y2 - y1) <= 0.98 * height
    # the pit is the darkest thing in the middle of the box, the face round it is bright
    grey = laid.pixels.mean(axis=2)
    x, y, radius = (x1 + x2) / 2, (y1 + y2) / 2, max(x2 - x1, y2 - y1) / 2
    if min(x2 - x1, y2 - y1) > 1.7 * radius:  # not cut by the picture's edge
        angles = np.linspace(0, 2 * np.pi, 32)

        def ring(share: float) -> float:
            columns, rows = x + np.cos(angles) * radius * share, y + np.sin(angles) * radius * share
            return float(np.median(grey[rows.astype(int), columns.astype(int)]))

        assert ring(0.74) > ring(0.38) + 40


def test_half_a_part_has_no_box() -> None:
    cut, pixels = cut_sound(draw_part(6)), draw_part(6)
    assert lay_on_belt(cut, 3, width=640, height=480, reach="half").box is None
    assert show_half(pixels, cut, 3).box is None


def test_a_padded_picture_moves_its_box_along() -> None:
    pixels = draw_part(7)
    cut = cut_sound(pixels)
    for seed in range(4):
        shown = show_padded(pixels, cut, seed)
        assert shown.box is not None
        again = cut_sound(shown.pixels)
        assert again.box.as_list() == pytest.approx(shown.box.as_list(), abs=2)


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """Eight photographs of each class, three variants of each; the last variant lies in test/."""
    folder, rows = tmp_path / "published", []
    for name in ("def_front", "ok_front"):
        for photograph in range(8):
            for variant in range(3):
                part = "test" if variant == 2 else "train"
                key = f"{part}/{name}/{photograph}_{variant}.png"
                (folder / key).parent.mkdir(parents=True, exist_ok=True)
                pixels = draw_part(photograph * 10 + variant, burr=name == "def_front")
                cv2.imwrite(str(folder / key), pixels)
                rows.append({"key": key, "group": f"{name}{photograph}"})
    with (tmp_path / "round.groups.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, ["key", "group"])
        writer.writeheader()
        writer.writerows(rows)
    return folder


@pytest.fixture
def line(tmp_path: Path) -> Line:
    rules = DataRules({"def_front": "defective", "ok_front": "ok"}, 42, str(tmp_path / "round.groups.csv"))
    return Line(
        "round",
        "Round",
        "disc",
        "",
        ("ok", "defective"),
        "ok",
        Locate("frame"),
        "compact_cnn",
        (),
        Policy(),
        None,
        licence="made up",
        data=rules,
    )


def test_no_photograph_is_on_two_sides(line: Line, published: Path) -> None:
    sides = divide_sources(line, published)
    groups = {side: {source.group for source in sources} for side, sources in sides.items()}
    assert all(groups.values())
    assert not (groups["train"] | groups["validation"]) & groups["test"]
    assert not groups["train"] & groups["validation"]
    taught = [source.key for side in ("train", "validation") for source in sides[side]]
    assert not [key for key in taught if key.startswith("test/")]


def test_what_is_written_teaches_a_detector(line: Line, published: Path, tmp_path: Path) -> None:
    out, counts, seen = tmp_path / "out", {"train": 50, "validation": 8, "test": 9}, []
    written = write_set_parts(
        out, published, line=line, counts=counts, seed=1, on_progress=lambda *step: seen.append(step)
    )
    assert seen == [(done, 67) for done in range(1, 68)]
    assert written.faulty == 0
    described = json.loads((out / "train" / "boxes.json").read_text())
    kinds = [image["kind"] for image in described["images"]]
    assert sum(kind in NEGATIVES for kind in kinds) == 6 and set(NEGATIVES) < set(kinds)
    assert kinds.count("published") + kinds.count("padded") == 12
    sets = load_line_boxes(line, out, size=96, cache_dir=tmp_path / "cache", one_class=True)
    assert (len(sets.train), len(sets.validation), len(sets.test)) == (50, 8, 9)
    boxes = {image["file_name"]: image["kind"] not in NEGATIVES for image in described["images"]}
    for key, found in zip(sets.train.keys, sets.train.boxes, strict=True):
        assert len(found) == boxes[key.removeprefix("train/")]
    assert "made up" in (out / "LICENCE.txt").read_text()
    with pytest.raises(DataInvalid, match="empty"):
        write_set_parts(out, published, line=line, counts=counts, seed=1)


def test_pictures_without_such_parts_are_refused(line: Line, published: Path, tmp_path: Path) -> None:
    for path in published.rglob("*.png"):
        cv2.imwrite(str(path), np.full((64, 64, 3), 90, np.uint8))
    counts = {"train": 20, "validation": 2, "test": 2}
    with pytest.raises(DataInvalid, match="could not be cut out"):
        write_set_parts(tmp_path / "out", published, line=line, counts=counts, seed=1)


def test_the_command_answers() -> None:
    done = CliRunner().invoke(app, ["set-on-belts", "--help"])
    assert done.exit_code == 0 and "belts" in done.output
