import time

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.errors import DataInvalid
from inspection.learning.augment import augment_picture, draw_matrix, make_rng, move_boxes, warp
from inspection.learning.augment_presets import PRESETS, Augment
from inspection.learning.batches import draw_order, iterate_plain, plan_batches, to_input, weigh_labels
from inspection.learning.config import TrainConfig
from inspection.learning.prefetch import prefetch
from inspection.learning.surface import (
    add_noise,
    draw_light_table,
    fit_whitener,
    mix_batch,
    squeeze,
    whiten,
)
from models.registry import REGISTRY
from tests.learning.toy import make_config, make_textures, register_toys

register_toys()
NONE = PRESETS["none"]
PICTURE = np.random.default_rng(5).integers(0, 256, (48, 48, 3)).astype(np.uint8)
WHITENER = fit_whitener(PICTURE[None])


@pytest.mark.parametrize("name", PRESETS)
def test_each_recipe_is_seeded_keeps_its_input_and_varies(name: str) -> None:
    before = PICTURE.copy()
    made = [
        augment_picture(PICTURE, PRESETS[name], size=40, rng=make_rng(*seeds), whitener=WHITENER)
        for seeds in ((1, 2, 3), (1, 2, 3), (1, 2, 4), (1, 3, 3), (2, 2, 3))
    ]
    assert np.array_equal(PICTURE, before)
    assert all(picture.shape == (40, 40, 3) and picture.dtype == np.uint8 for picture in made)
    assert np.array_equal(made[0], made[1])
    for other in made[2:]:
        assert np.array_equal(made[0], other) == (name == "none")
    assert PRESETS[name].name == name


def test_no_augmentation_at_the_same_size_is_the_picture() -> None:
    assert np.array_equal(augment_picture(PICTURE, NONE, size=48, rng=make_rng(0, 0)), PICTURE)


def test_flips_are_exact() -> None:
    flip_x = augment_picture(PICTURE, Augment("x", flip_x_chance=1), size=48, rng=make_rng(0, 0))
    flip_y = augment_picture(PICTURE, Augment("y", flip_y_chance=1), size=48, rng=make_rng(0, 0))
    assert np.array_equal(flip_x, PICTURE[:, ::-1]) and np.array_equal(flip_y, PICTURE[::-1])


def test_quarter_turns_are_exact_and_all_met() -> None:
    quarter = Augment("q", quarter_turns=True)
    turned = [np.rot90(PICTURE, k) for k in range(4)]
    met = set()
    for index in range(40):
        made = augment_picture(PICTURE, quarter, size=48, rng=make_rng(0, 0, index))
        met |= {k for k in range(4) if np.array_equal(made, turned[k])}
    assert met == {0, 1, 2, 3}


def test_a_training_size_far_below_the_picture_averages() -> None:
    grating = np.zeros((64, 64, 3), np.uint8)
    grating[:, ::4] = 255
    assert np.ptp(augment_picture(grating, NONE, size=16, rng=make_rng(0, 0))) <= 1


@settings(max_examples=40)
@given(seed=st.integers(0, 10_000))
def test_the_drawn_numbers_stay_in_their_spans(seed: int) -> None:
    augment = Augment("spans", rotate_degrees=20, zoom=(0.5, 2.0), shift=0.25, flip_x_chance=0.5)
    matrix = draw_matrix((100, 100), augment, size=100, rng=make_rng(seed, 0))
    zoom = np.sqrt(abs(np.linalg.det(matrix[:2, :2])))
    assert 0.5 <= zoom <= 2.0
    assert np.all(np.abs(matrix[:2] @ [50, 50, 1] - 50) <= 25 + 1e-9)
    turn = np.degrees(np.arctan2(matrix[1, 0], matrix[0, 0])) % 180
    assert min(turn, 180 - turn) <= 20 + 1e-6


@settings(max_examples=40)
@given(seed=st.integers(0, 10_000))
def test_random_crops_lie_on_the_picture(seed: int) -> None:
    matrix = draw_matrix((60, 100), Augment("crop", crop_area=(0.2, 1.0)), size=32, rng=make_rng(seed, 0))
    corners = np.linalg.inv(matrix) @ np.array([[0, 0, 1], [32, 32, 1]]).T
    assert corners[0].min() >= -1e-6 and corners[0].max() <= 100 + 1e-6
    assert corners[1].min() >= -1e-6 and corners[1].max() <= 60 + 1e-6
    assert np.prod(corners[:2, 1] - corners[:2, 0]) >= 0.15 * 6000


def test_light_keeps_order_and_brightness_scales() -> None:
    table = draw_light_table(Augment("light", brightness=(0.5, 0.5)), make_rng(0, 0))
    assert table is not None and table[200] == 100 and np.all(np.diff(table.astype(int)) >= 0)
    assert draw_light_table(NONE, make_rng(0, 0)) is None


def test_noise_is_as_strong_as_it_is_told() -> None:
    grey = np.full((96, 96, 3), 128, np.uint8)
    noisy = add_noise(grey, 10.0, make_rng(0, 0)).astype(float)
    assert noisy.std() == pytest.approx(10, rel=0.1) and noisy.mean() == pytest.approx(128, abs=1)


def test_a_turn_of_the_hue_moves_colours_and_leaves_greys() -> None:
    hue = Augment("hue", hue_turns=0.2)
    grey = np.full((8, 8, 3), 90, np.uint8)
    red = np.zeros((8, 8, 3), np.uint8)
    red[..., 0] = 200
    assert np.abs(augment_picture(grey, hue, size=8, rng=make_rng(1, 0)).astype(int) - 90).max() <= 1
    assert np.abs(augment_picture(red, hue, size=8, rng=make_rng(1, 0)).astype(int) - red).max() > 20


def test_erasing_hides_a_patch_of_the_told_area() -> None:
    erase = Augment("erase", erase_chance=1.0, erase_area=(0.1, 0.1))
    hidden = np.any(augment_picture(PICTURE, erase, size=48, rng=make_rng(0, 0)) != PICTURE, axis=2)
    assert hidden.mean() == pytest.approx(0.1, abs=0.02)


def test_a_squeezed_picture_is_the_same_picture_the_more_the_better_its_file() -> None:
    # channels that differ much: a swap of red and blue would show
    pixels = np.dstack([np.full((64, 64), level, np.uint8) for level in (200, 120, 30)])
    pixels[20:40, 20:40] = (30, 60, 220)
    away = [np.abs(squeeze(pixels, quality).astype(int) - pixels).mean() for quality in (10, 50, 95)]
    assert away[0] > away[1] > away[2] and away[2] < 2


def test_whitening_flattens_the_spectrum() -> None:
    noise = np.random.default_rng(0).normal(0, 1, (4, 64, 64))
    smooth = np.stack([cv2.GaussianBlur(sheet, (0, 0), 1.2) for sheet in noise])
    smooth = (smooth - smooth.min()) / np.ptp(smooth) * 255
    pixels = np.repeat(smooth[..., None], 3, axis=3).astype(np.uint8)
    white = whiten(pixels[0], fit_whitener(pixels), share=1.0)[..., 0].astype(float)

    def neighbours(grey: np.ndarray) -> float:
        return float(np.corrcoef(grey[:, :-1].ravel(), grey[:, 1:].ravel())[0, 1])

    before, after = neighbours(pixels[0, ..., 0].astype(float)), neighbours(white)
    assert before > 0.8 and abs(after) < 0.5 * before


@pytest.mark.parametrize(("mixup", "cutmix"), [(1.0, 0.0), (0.0, 1.0)])
def test_mixtures_share_pixels_as_they_share_targets(mixup: float, cutmix: float) -> None:
    pixels = np.stack([np.zeros((20, 20, 3), np.uint8), np.full((20, 20, 3), 200, np.uint8)])
    augment = Augment("mix", mixup_alpha=mixup, cutmix_alpha=cutmix, mix_chance=1.0)
    mixed, targets = mix_batch(pixels, np.eye(2, dtype=np.float32), augment, rng=make_rng(3, 0))
    assert targets.sum(axis=1) == pytest.approx(1)
    assert mixed.reshape(2, -1).mean(axis=1) / 200 == pytest.approx(targets[:, 1], abs=0.01)
    assert 0 < targets[0, 1] < 1


@pytest.mark.parametrize("round_parts", [False, True])
@pytest.mark.parametrize("degrees", [0, 30, 45, 90])
def test_boxes_of_turned_parts(degrees: int, round_parts: bool) -> None:
    """A white disc (or its square) is warped; the moved box is its extent."""
    y, x = np.mgrid[:120, :120] + 0.5
    inside = (
        (x - 55) ** 2 + (y - 65) ** 2 <= 400
        if round_parts
        else (np.abs(x - 55) <= 20) & (np.abs(y - 65) <= 20)
    )
    picture = np.repeat(inside[..., None] * np.uint8(255), 3, axis=2)
    cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    turn = np.array([[cos, -sin, 60 - 55 * cos + 65 * sin], [sin, cos, 60 - 55 * sin - 65 * cos], [0, 0, 1]])
    rows, columns = np.nonzero(warp(picture, NONE, turn, size=120)[..., 0] > 127)
    extent = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    moved, seen = move_boxes(
        np.array([[35, 45, 75, 85.0]]), turn, size=120, round_parts=round_parts, least_visible=0.3
    )
    assert seen.tolist() == [True]
    assert moved[0] == pytest.approx(extent, abs=1.5)


def test_a_box_that_leaves_the_square_is_clipped_or_dropped() -> None:
    boxes = np.array([[0, 0, 20, 20], [50, 50, 70, 70], [-40, 0, 5, 20.0]])
    moved, seen = move_boxes(boxes, np.eye(3), size=60, round_parts=False, least_visible=0.3)
    assert seen.tolist() == [True, False, False]
    assert moved[1].tolist() == [50, 50, 60, 60]
    assert move_boxes(np.zeros((0, 4)), np.eye(3), size=60, round_parts=False, least_visible=0.3)[
        0
    ].shape == (0, 4)


def test_batches_depend_on_seed_and_epoch_alone_not_on_how_many_threads_make_them() -> None:
    textures, config = make_textures(30, 1), make_config(augment="line-default")
    first, again, other = (
        list(prefetch(plan_batches(textures, config, PRESETS["line-default"], epoch=epoch), workers=workers))
        for epoch, workers in ((1, 1), (1, 3), (2, 1))
    )
    assert len(first) == 2  # 30 pictures, whole batches of 12
    assert all(np.array_equal(a.pixels, b.pixels) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0].pixels, other[0].pixels)


def test_a_share_of_the_pictures_is_drawn_anew_each_epoch() -> None:
    textures = make_textures(60, 1)
    config = make_config(share=0.5, augment="gentle")
    first, other = (
        [make().pixels for make in plan_batches(textures, config, PRESETS["gentle"], epoch=epoch)]
        for epoch in (0, 1)
    )
    assert len(first) == len(other) == 2  # 30 of 60, whole batches of 12
    shown = [draw_order(textures.labels, config, epoch=epoch)[:24].tolist() for epoch in range(20)]
    assert {index for epoch in shown for index in epoch} == set(range(60))


@pytest.mark.parametrize(
    "changes", [{"share": 0.0}, {"share": 1.01}, {"share": float("nan")}, {"learning_rate": 0.0}]
)
def test_a_share_or_rate_that_teaches_nothing_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(DataInvalid, match="share is a part.*Try 0.5|must be above 0"):
        make_config(**changes)


def test_a_run_from_before_there_was_a_share_goes_on() -> None:
    whole, part = make_config(), make_config(share=0.5)
    told = {key: value for key, value in whole.to_dict().items() if key != "share"}
    assert TrainConfig.from_dict(told).digest == whole.digest != part.digest


def test_balanced_sampling_shows_the_rare_class_more_often() -> None:
    labels = np.array([0] * 900 + [1] * 100)
    plain = draw_order(labels, make_config(), epoch=0)
    assert sorted(plain) == list(range(1000))
    balanced = draw_order(labels, make_config(class_balance="sampling"), epoch=0)
    # √900 : √100 = 3 : 1
    assert (labels[balanced] == 1).mean() == pytest.approx(0.25, abs=0.04)


def test_class_weights_have_a_mean_of_one_over_the_pictures() -> None:
    labels = np.array([0] * 90 + [1] * 10)
    weights = weigh_labels(labels, 3)
    assert weights[labels].mean() == pytest.approx(1) and weights[1] == pytest.approx(3 * weights[0])
    assert weights[2] == 0


@pytest.mark.parametrize(("model", "channels"), [("tiny", 3), ("tiny_grey", 1)])
def test_inputs_are_normalised_and_channels_last(model: str, channels: int) -> None:
    import torch

    x = to_input(np.full((2, 8, 8, 3), 255, np.uint8), REGISTRY[model], device="cpu")
    assert x.shape == (2, channels, 8, 8) and torch.allclose(x, torch.ones_like(x))
    assert x.is_contiguous(memory_format=torch.channels_last)


def test_plain_batches_keep_order_and_resize() -> None:
    pixels = make_textures(7, 1).pixels
    chunks = list(iterate_plain(pixels, size=16, batch_size=3))
    assert [len(chunk) for chunk in chunks] == [3, 3, 1] and chunks[0].shape[1:] == (16, 16, 3)
    assert np.array_equal(np.concatenate(list(iterate_plain(pixels, size=32, batch_size=3))), pixels)


@pytest.mark.slow
def test_augmentation_costs_about_a_millisecond() -> None:
    """The fastest of many, as other work on the machine slows some of them."""
    pixels = np.random.default_rng(0).integers(0, 255, (224, 224, 3)).astype(np.uint8)
    costs = []
    for index in range(200):
        started = time.perf_counter()
        augment_picture(pixels, PRESETS["line-default"], size=224, rng=make_rng(0, 0, index))
        costs.append(time.perf_counter() - started)
    assert sorted(costs)[50] < 2e-3


def test_half_a_part_is_not_taught_as_a_part() -> None:
    box = np.array([[0, 0, 40, 40.0]])
    away = np.array([[1, 0, -12.0], [0, 1, 0], [0, 0, 1]])  # 30 % of it leaves the picture
    kept = {
        name: move_boxes(box, away, size=60, round_parts=False, least_visible=PRESETS[name].least_visible)[1]
        for name in ("detect", "detect-whole")
    }
    assert kept["detect"].all() and not kept["detect-whole"].any()
