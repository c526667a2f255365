"""The made pictures keep their promises: same seed same bytes, masks and boxes that are true, defects that show."""

import json

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.errors import DataInvalid
from inspection.learning.synthesis import (
    CONDITIONS,
    DESIGNS,
    HELD_OUT_DESIGNS,
    NO_PART,
    TRAINED_DESIGNS,
    blend_patch,
    fit_pose,
    make_belt,
    make_light,
    pick_pose,
    place,
    plan_dataset,
    render_part,
    render_scene,
    write_dataset,
)
from inspection.learning.synthesis.sprite import draw_blueprint
from inspection.learning.synthesis.textures import stream

DEFECTS = CONDITIONS[1:]


def test_the_same_seed_gives_the_same_bytes() -> None:
    first, again, other = render_scene(41), render_scene(41), render_scene(42)
    assert first.pixels.tobytes() == again.pixels.tobytes()
    assert first.mask.tobytes() == again.mask.tobytes()
    assert (first.box, first.condition, first.design) == (again.box, again.condition, again.design)
    assert first.pixels.tobytes() != other.pixels.tobytes()


@pytest.mark.parametrize("design", DESIGNS)
def test_every_design_renders_in_every_condition(design: str) -> None:
    for number, condition in enumerate(CONDITIONS):
        scene = render_scene(500 + number, design=design, condition=condition)
        assert (scene.design, scene.condition, scene.kind) == (design, condition, "part")
        assert scene.pixels.shape == (480, 640, 3) and scene.pixels.dtype == np.uint8
        assert scene.box is not None
        x1, y1, x2, y2 = scene.box.as_list()
        assert 0 < x1 < x2 < 640 and 0 < y1 < y2 < 480, "the whole part lies inside the picture"
        assert set(np.unique(scene.mask)) <= {0, 255}
        if condition == "flawless":
            assert not scene.mask.any()
            continue
        rows, columns = np.nonzero(scene.mask)
        assert rows.size >= 12
        assert x1 - 2 <= columns.min() and columns.max() < x2 + 2
        assert y1 - 2 <= rows.min() and rows.max() < y2 + 2


def test_the_box_is_as_tight_as_the_silhouette() -> None:
    for seed in range(3):
        light, belt = make_light(stream(seed, 1)), make_belt(stream(seed, 2), 640, 480)
        gear = draw_blueprint(seed, "gear")
        pose = fit_pose(pick_pose(stream(seed, 3), (640, 480)), gear.outline, (640, 480))
        sprite = render_part(
            seed, gear, design="gear", condition="flawless", severity_0_1=0, light=light, pose=pose
        )
        cover = place(sprite, belt, light, pose).cover
        columns = np.flatnonzero((cover > 0.5).any(axis=0))
        reach = 2 * 205 * pose.scale
        assert 0.8 * reach < columns[-1] - columns[0] < 1.15 * reach


def test_the_box_follows_the_part_in_the_finished_picture() -> None:
    """Against the empty belt of the same seed, nearly all that changed lies in the box, and it reaches its sides."""
    scene = render_scene(3, condition="flawless")
    assert scene.box is not None
    x1, y1, x2, y2 = (int(v) for v in scene.box.as_list())
    edges = cv2.Canny(cv2.cvtColor(scene.pixels, cv2.COLOR_RGB2GRAY), 120, 240)
    inside = edges[y1 - 2 : y2 + 2, x1 - 2 : x2 + 2].sum() / edges.sum()
    assert inside > 0.9
    for side in (edges[y1 - 2 : y2 + 2, x1 - 2 : x1 + 6], edges[y1 - 2 : y2 + 2, x2 - 6 : x2 + 2]):
        assert side.any()


@pytest.mark.parametrize("kind", ["empty", "foreign", "partial"])
def test_a_negative_has_no_box_and_no_defect(kind: str) -> None:
    for seed in range(3):
        scene = render_scene(seed, kind=kind)  # type: ignore[arg-type]
        assert scene.box is None and scene.condition is None and not scene.mask.any()
        assert scene.kind == kind


@pytest.mark.parametrize("condition", DEFECTS)
def test_a_graver_defect_changes_more_of_the_picture(condition: str) -> None:
    severities = (0.0, 0.5, 1.0)
    changes = np.zeros(len(severities))
    for seed in range(70, 74):
        sound = render_scene(seed, condition="flawless").pixels.astype(np.int16)
        for number, severity in enumerate(severities):
            faulty = render_scene(seed, condition=condition, severity_0_1=severity)
            changes[number] += np.abs(faulty.pixels - sound)[faulty.mask > 0].sum()
    assert changes[0] < changes[1] < changes[2]


@pytest.mark.parametrize("condition", DEFECTS)
def test_the_slightest_defect_can_still_be_seen(condition: str) -> None:
    for seed in range(20, 25):
        sound = render_scene(seed, condition="flawless").pixels.astype(np.int16)
        faulty = render_scene(seed, condition=condition, severity_0_1=0.0)
        inside = np.abs(faulty.pixels - sound)[faulty.mask > 0]
        assert inside.mean() > 4, f"seed {seed}: {inside.mean():.1f} grey levels"


def test_two_conditions_of_one_seed_differ_only_round_the_defect() -> None:
    sound, faulty = (render_scene(9, condition=c, severity_0_1=0.6) for c in ("flawless", "dented"))
    near = cv2.dilate(faulty.mask, np.ones((41, 41), np.uint8)) > 0
    change = np.abs(faulty.pixels.astype(np.int16) - sound.pixels).mean(axis=2)
    assert change[near].mean() > 4 * change[~near].mean()


def test_a_written_data_set_reads_back(tmp_path) -> None:  # type: ignore[no-untyped-def]
    told: list[tuple[int, int]] = []
    boxes = write_dataset(
        tmp_path, count=12, seed=5, on_progress=lambda done, count: told.append((done, count))
    )
    content = json.loads(boxes.read_text())
    assert told[-1] == (12, 12) and len(content["images"]) == 12
    assert [c["name"] for c in content["categories"]] == list(CONDITIONS)
    folders = {image["file_name"].split("/")[0] for image in content["images"]}
    assert folders <= {*CONDITIONS, NO_PART}
    boxed = {entry["image_id"] for entry in content["annotations"]}
    for image in content["images"]:
        pixels = cv2.imread(str(tmp_path / image["file_name"]))
        assert pixels.shape == (image["height"], image["width"], 3)
        assert (image["id"] in boxed) == (image["kind"] == "part")
    for mask in (tmp_path / "masks").rglob("*.png"):
        assert cv2.imread(str(mask), cv2.IMREAD_GRAYSCALE).any()


@given(count=st.integers(20, 400), seed=st.integers(0, 50), share=st.floats(0, 0.5))
@settings(max_examples=25, deadline=None)
def test_a_plan_is_balanced_and_never_leaks_a_held_out_design(count: int, seed: int, share: float) -> None:
    plan = plan_dataset(count, seed, negatives_share=share)
    assert len({planned.seed for planned in plan}) == count
    assert not {planned.design for planned in plan} & set(HELD_OUT_DESIGNS)
    counts = [sum(p.condition == c for p in plan) for c in CONDITIONS]
    assert max(counts) - min(counts) <= 1
    assert sum(p.kind != "part" for p in plan) == round(count * share)


def test_the_designs_are_split_for_the_test_of_unseen_ones() -> None:
    assert len(TRAINED_DESIGNS) >= 8 and set(TRAINED_DESIGNS).isdisjoint(HELD_OUT_DESIGNS)
    drawn = {render_scene(seed, kind="part", width=320, height=240).design for seed in range(12)}
    assert drawn <= set(TRAINED_DESIGNS)


def _spot() -> tuple[np.ndarray, np.ndarray]:
    patch = np.full((40, 60, 3), 200, np.uint8)
    mask = np.zeros((40, 60), np.uint8)
    cv2.circle(mask, (30, 20), 14, 255, -1)
    patch[mask > 0] = 60
    cv2.circle(mask, (30, 20), 17, 255, -1)
    return patch, mask


@given(x=st.integers(0, 159), y=st.integers(0, 119))
@settings(max_examples=40, deadline=None)
def test_a_patch_may_be_blended_at_any_place_of_the_picture(x: int, y: int) -> None:
    target = np.full((120, 160, 3), 150, np.uint8)
    patch, mask = _spot()
    blended = blend_patch(target, patch, mask, (x, y))
    assert blended.shape == target.shape and (target == 150).all()
    away = np.ones((120, 160), bool)
    away[max(0, y - 20) : y + 21, max(0, x - 20) : x + 21] = False
    assert (blended[away] == 150).all()


def test_a_blended_patch_darkens_its_place_and_takes_the_targets_level() -> None:
    patch, mask = _spot()
    blended = blend_patch(np.full((120, 160, 3), 150, np.uint8), patch, mask, (80, 60))
    assert blended[60, 80].mean() < 60, "the gradients of the patch arrive"
    assert abs(int(blended[60, 80 - 16].mean()) - 150) < 12, "no seam at the rim"


@pytest.mark.parametrize(
    ("target", "patch", "mask", "centre"),
    [
        ((9, 9), (5, 5, 3), (5, 5), (4, 4)),
        ((9, 9, 3), (5, 5, 3), (4, 5), (4, 4)),
        ((9, 9, 3), (5, 5, 3), (5, 5), (9, 4)),
    ],
)
def test_a_patch_that_does_not_fit_is_refused_by_name(target, patch, mask, centre) -> None:  # type: ignore[no-untyped-def]
    shapes = [np.zeros(shape, np.uint8) for shape in (target, patch, mask)]
    with pytest.raises(DataInvalid, match="Expected"):
        blend_patch(*shapes, centre)
