"""Whole batches varied on the device, held against what varies one picture on the processor."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor

from inspection.errors import DataInvalid
from inspection.learning.augment import warp
from inspection.learning.augment_presets import PRESETS, Augment
from inspection.learning.device_augment import check_known, draw_motion, move, shrink, vary_batch

RNG = np.random.default_rng(3)
SMOOTH = cv2.GaussianBlur(RNG.integers(0, 256, (64, 64, 3)).astype(np.uint8), (0, 0), 3)
SMOOTH = cv2.normalize(SMOOTH, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def stack(picture: np.ndarray, count: int = 1) -> Tensor:
    return torch.from_numpy(np.stack([picture] * count))


def vary(augment: Augment, *, count: int = 1, size: int = 64, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """(n, size, size, 3) and the masks of the green channel."""
    levels, masks = vary_batch(
        stack(SMOOTH, count), stack(SMOOTH[..., 1], count), augment, size=size, generator=seeded(seed)
    )
    return levels.permute(0, 2, 3, 1).numpy(), masks.numpy()


def test_no_variation_at_the_same_size_is_the_picture() -> None:
    levels, masks = vary(PRESETS["none"])
    assert np.array_equal(levels[0], SMOOTH) and np.abs(masks[0] - SMOOTH[..., 1]).max() < 0.01


def test_flips_are_those_of_the_processor() -> None:
    assert np.array_equal(vary(Augment("x", flip_x_chance=1))[0][0], SMOOTH[:, ::-1])
    assert np.array_equal(vary(Augment("y", flip_y_chance=1))[0][0], SMOOTH[::-1])


@pytest.mark.parametrize("seed", range(6))
def test_a_motion_moves_a_picture_as_the_processor_does(seed: int) -> None:
    augment = Augment(
        "m", rotate_degrees=180, zoom=(0.9, 1.3), shift=0.1, flip_x_chance=0.5, flip_y_chance=0.5
    )
    turns, shifts = draw_motion(1, augment, seeded(seed))
    moved = move(stack(SMOOTH).permute(0, 3, 1, 2).float(), turns, shifts, size=56)[0].permute(1, 2, 0)
    unit = np.array([[1 / 64, 0, -0.5], [0, 1 / 64, -0.5], [0, 0, 1]])
    motion = np.eye(3)
    motion[:2, :2], motion[:2, 2] = turns[0].numpy(), shifts[0].numpy()
    matrix = np.array([[56, 0, 28], [0, 56, 28], [0, 0, 1]]) @ motion @ unit
    expected = warp(SMOOTH, augment, matrix, size=56)
    inner = np.zeros((64, 64), np.uint8)
    inner[2:-2, 2:-2] = 255  # beyond the edge both mirror, one about the edge, one about the last pixel
    inside = warp(inner, replace(augment, border="grey"), matrix, size=56, pad=0) == 255
    assert inside.mean() > 0.3
    assert np.abs(moved.numpy() - expected)[inside].max() <= 2


def test_what_is_shown_far_smaller_is_averaged_as_the_processor_does() -> None:
    rough = RNG.integers(0, 256, (64, 64, 3)).astype(np.uint8)
    levels, masks = vary_batch(
        stack(rough), stack(rough[..., 1]), PRESETS["none"], size=16, generator=seeded(0)
    )
    to_16 = np.diag([16 / 64, 16 / 64, 1.0])
    expected = warp(rough, PRESETS["none"], to_16, size=16)
    assert np.abs(levels[0].permute(1, 2, 0).numpy() - expected).max() <= 1
    assert np.abs(masks[0].numpy() - expected[..., 1]).max() <= 1


@pytest.mark.parametrize(
    ("zoom", "size", "side"),
    [((1, 1), 48, 64), ((1, 1), 47, 47), ((0.8, 1.25), 32, 32), ((0.4, 0.4), 80, 32)],
)
def test_a_batch_is_shrunk_by_the_mean_zoom_of_its_recipe(
    zoom: tuple[float, float], size: int, side: int
) -> None:
    pictures = stack(SMOOTH, 2).permute(0, 3, 1, 2).float()
    assert shrink(pictures, Augment("z", zoom=zoom), size=size).shape == (2, 3, side, side)


def test_motions_stay_in_their_spans_and_differ_within_a_batch() -> None:
    augment = Augment("s", rotate_degrees=20, zoom=(0.5, 2.0), shift=0.25, flip_x_chance=0.5)
    turns, shifts = draw_motion(500, augment, seeded(1))
    zoom = torch.linalg.det(turns).abs().sqrt()
    assert 0.5 <= zoom.min() < 0.6 and 1.8 < zoom.max() <= 2.0
    assert shifts.abs().max() <= 0.25 and (torch.linalg.det(turns) < 0).float().mean() == pytest.approx(
        0.5, abs=0.1
    )
    assert len({round(float(each), 5) for each in zoom}) > 490


def test_the_light_is_that_of_the_processor() -> None:
    augment = Augment("l", gamma=(1.2, 1.2), contrast=(0.8, 0.8), brightness=(1.1, 1.1))
    levels = (np.arange(256) / 255) ** 1.2
    table = ((((levels - 0.5) * 0.8 + 0.5) * 1.1) * 255).clip(0, 255).round()
    assert np.abs(vary(augment)[0][0] - table[SMOOTH]).max() <= 1
    assert np.array_equal(vary(augment)[1][0].round(), SMOOTH[..., 1]), "light leaves the mask alone"


def test_so_many_of_a_batch_are_blurred_as_the_chance_says() -> None:
    levels, _ = vary(Augment("b", blur_chance=0.5, blur_sigma=0.9), count=8)
    changed = [not np.array_equal(each, SMOOTH) for each in levels]
    assert changed == [True] * 4 + [False] * 4
    blurs = [cv2.GaussianBlur(SMOOTH, (7, 7), sigma) for sigma in np.linspace(0.3, 0.9, 61)]
    for each in levels[:4]:
        assert min(np.abs(each - blur).max() for blur in blurs) <= 2


def test_noise_has_no_mean_and_no_more_than_the_largest_spread() -> None:
    grey = np.full((64, 64, 3), 128, np.uint8)
    levels, masks = vary_batch(
        stack(grey, 40),
        stack(grey[..., 0], 40),
        Augment("n", noise_chance=0.5, noise_std=6),
        size=64,
        generator=seeded(2),
    )
    spreads = levels.flatten(1).std(dim=1)
    assert 0.3 < (spreads > 0).float().mean() < 0.7 and 4 < spreads.max() < 6.5
    assert abs(float(levels.mean()) - 128) < 0.1 and float(masks.std()) < 0.01


def test_a_mask_moves_with_its_picture() -> None:
    mask = np.zeros((64, 64), np.uint8)
    mask[20:30, 8:40] = 255
    picture = np.repeat(mask[..., None], 3, axis=2)
    quiet = PRESETS["line-default"]
    levels, moved = vary_batch(stack(picture, 20), stack(mask, 20), quiet, size=48, generator=seeded(5))
    for level, marked in zip(levels[:, 0], moved, strict=True):
        bright = level > level.min() + 0.5 * (level.max() - level.min())
        assert (bright == (marked > 127)).float().mean() > 0.95


def test_the_same_seed_gives_the_same_batch_and_another_another() -> None:
    one, again, other = (vary(PRESETS["line-default"], count=3, seed=seed)[0] for seed in (1, 1, 2))
    assert np.array_equal(one, again) and not np.array_equal(one, other)
    assert not np.array_equal(one[0], one[1]) and one.min() >= 0 and one.max() <= 255


@pytest.mark.parametrize(("name", "word"), [("strip", "mixup_alpha"), ("line-rough", "jpeg_chance")])
def test_a_recipe_that_needs_the_processor_is_refused(name: str, word: str) -> None:
    check_known(PRESETS["line-default"])
    with pytest.raises(DataInvalid, match=word):
        check_known(PRESETS[name])
