"""Worse pictures: worse by as much as is said, the same again from the same seed, and never the original changed."""

import cv2
import numpy as np
import pytest

from inspection.learning.corruptions import CORRUPTIONS, GREY, Corruption, occlude, rotate, scale_light
from inspection.types import U8

BY_NAME = {each.name: each for each in CORRUPTIONS}


def make_picture(height: int = 240, width: int = 320) -> U8:
    rng = np.random.default_rng(5)
    smooth = cv2.resize(rng.uniform(40, 200, (8, 8, 3)), (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(smooth + rng.normal(0, 6, smooth.shape), 0, 255).astype(np.uint8)


def apply(corruption: Corruption, severity: int, pixels: U8, *, seed: int = 0) -> U8:
    return corruption.apply(pixels, corruption.severities[severity - 1], np.random.default_rng(seed))


@pytest.mark.parametrize("corruption", CORRUPTIONS, ids=lambda each: each.name)
def test_each_is_pure_and_the_same_again(corruption: Corruption) -> None:
    pixels = make_picture()
    before = pixels.copy()
    first = apply(corruption, 5, pixels)
    np.testing.assert_array_equal(pixels, before)
    np.testing.assert_array_equal(first, apply(corruption, 5, pixels))
    assert first.shape == pixels.shape and first.dtype == np.uint8
    assert "{" not in corruption.words.format(corruption.severities[0])


@pytest.mark.parametrize("corruption", CORRUPTIONS, ids=lambda each: each.name)
def test_each_severity_is_further_from_the_picture_than_the_one_before(corruption: Corruption) -> None:
    pixels = make_picture().astype(np.float64)
    distances = [
        np.abs(apply(corruption, severity, make_picture()) - pixels).mean() for severity in range(1, 6)
    ]
    assert distances[0] > 0.2
    assert distances == sorted(distances) and distances[4] > 1.5 * distances[0]


def test_light_is_scaled_and_clipped() -> None:
    pixels = np.array([[[10, 100, 200]]], np.uint8)
    assert scale_light(pixels, 2.0, np.random.default_rng(0)).tolist() == [[[20, 200, 255]]]
    assert scale_light(pixels, 0.5, np.random.default_rng(0)).tolist() == [[[5, 50, 100]]]


def test_noise_has_the_spread_that_is_said() -> None:
    grey = np.full((200, 200, 3), 128, np.uint8)
    for severity, sigma in enumerate(BY_NAME["noise"].severities, start=1):
        assert apply(BY_NAME["noise"], severity, grey).std() == pytest.approx(sigma, rel=0.05)


def test_blur_means_the_same_on_a_picture_twice_as_large() -> None:
    def spread(side: int) -> float:
        """σ of what becomes of a line, in parts of the side."""
        pixels = np.zeros((side, side, 3), np.uint8)
        pixels[:, side // 2] = 255
        row = apply(BY_NAME["blur"], 5, pixels)[0, :, 0].astype(float)
        place = np.arange(side)
        middle = (row * place).sum() / row.sum()
        return float(np.sqrt((row * (place - middle) ** 2).sum() / row.sum()) / side)

    assert spread(448) == pytest.approx(3 / 224, rel=0.1) == spread(896)


def test_a_turn_goes_to_either_side_by_the_angle() -> None:
    pixels = np.zeros((101, 101, 3), np.uint8)
    pixels[50, 60:90] = 255  # a hand that points to the right
    turned = [rotate(pixels, 30, np.random.default_rng(seed)) for seed in range(8)]
    angles = set()
    for each in turned:
        rows, columns = np.nonzero(each[..., 0] > 100)
        angles.add(round(float(np.degrees(np.arctan2(50 - rows.mean(), columns.mean() - 50)))))
    assert angles == {30, -30}


def test_a_square_hides_the_share_that_is_said_wherever_it_falls() -> None:
    pixels = np.zeros((90, 160, 3), np.uint8)
    places = set()
    for seed in range(6):
        hidden = occlude(pixels, 0.1, np.random.default_rng(seed))
        covered = (hidden == GREY).all(axis=2)
        assert covered.mean() == pytest.approx(0.1, rel=0.03)
        places.add(tuple(np.argwhere(covered)[0]))
    assert len(places) > 3


def test_jpeg_keeps_the_colours_in_their_order() -> None:
    pixels = np.zeros((32, 32, 3), np.uint8)
    pixels[..., 0] = 200
    assert apply(BY_NAME["JPEG"], 1, pixels).mean(axis=(0, 1)) == pytest.approx([200, 0, 0], abs=6)
