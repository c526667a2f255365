"""What a sound part may carry as well: handling marks, tool marks, specks, a number. None of it is a defect."""

import cv2
import numpy as np

from inspection.learning.synthesis.drawing import FRAME
from inspection.learning.synthesis.surfaces import Surface
from inspection.learning.synthesis.textures import cloud_tile, crop_tile, fractal_tile
from inspection.types import F32


def add_marks(rng: np.random.Generator, surface: Surface) -> None:
    """Drawn from its own stream: the same seed carries the same marks in every condition."""
    if rng.random() < 0.75:
        _add_hairlines(rng, surface)
    if rng.random() < 0.5:
        _add_specks(rng, surface)
    if rng.random() < 0.45:
        _add_handling(rng, surface)
    if rng.random() < 0.4:
        _add_number(rng, surface)


def _add_hairlines(rng: np.random.Generator, surface: Surface) -> None:
    canvas = np.zeros((FRAME, FRAME), np.uint8)
    for _ in range(1 + int(rng.poisson(5))):
        x, y, turn = rng.uniform(60, FRAME - 60), rng.uniform(60, FRAME - 60), rng.uniform(0, np.pi)
        length, bend = rng.gamma(2.0, 26.0), rng.normal(0, 0.004)
        way = np.linspace(0, length, 8)
        points = np.column_stack([x + way * np.cos(turn + bend * way), y + way * np.sin(turn + bend * way)])
        cv2.polylines(
            canvas,
            [np.round(points * 16).astype(np.int32)],
            False,
            int(rng.integers(20, 110)),
            1,
            cv2.LINE_AA,
            4,
        )
    strength = np.float32(rng.uniform(0.1, 0.3) / 255)  # always light lines: a crack is dark
    surface.gain += canvas * strength


def _add_specks(rng: np.random.Generator, surface: Surface) -> None:
    for _ in range(int(rng.poisson(7))):
        x, y = rng.integers(40, FRAME - 40, 2)
        radius = int(rng.integers(10, 26))
        light = float(rng.uniform(0.5, 1.35))
        cv2.circle(surface.gain, (int(x) * 16, int(y) * 16), radius, light, cv2.FILLED, cv2.LINE_8, 4)


def _add_handling(rng: np.random.Generator, surface: Surface) -> None:
    """A faint change of gloss where a glove wiped over the face."""
    cloud = crop_tile(fractal_tile(4), rng, FRAME, FRAME)
    patch = np.clip(crop_tile(cloud_tile(96), rng, FRAME, FRAME) - 0.4, 0, 1)
    surface.gain *= 1 + patch * cloud * np.float32(rng.uniform(0.015, 0.04))


def _pick_free_place(rng: np.random.Generator, distance_px: F32) -> tuple[int, int]:
    rows, columns = rng.integers(60, FRAME - 60, (2, 40))
    index = int(np.argmax(distance_px[rows, columns]))
    return int(columns[index]), int(rows[index])


def _add_number(rng: np.random.Generator, surface: Surface) -> None:
    text = f"{rng.choice(['A', 'B', 'K', 'M', '6061', 'EN'])}-{rng.integers(10, 9999)}"
    size = float(rng.uniform(0.45, 0.75))
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, size, 1)
    x, y = _pick_free_place(rng, surface.distance_px)
    canvas = np.zeros((FRAME, FRAME), np.uint8)
    cv2.putText(
        canvas, text, (x - width // 2, y + height // 2), cv2.FONT_HERSHEY_SIMPLEX, size, 255, 1, cv2.LINE_AA
    )
    turn = cv2.getRotationMatrix2D((x, y), float(rng.choice([0, 90, 180, 270]) + rng.normal(0, 1)), 1.0)
    turned = cv2.warpAffine(canvas, turn, (FRAME, FRAME))
    inside = np.where(surface.distance_px > 6, turned, 0).astype(np.float32) * np.float32(1 / 255)
    if rng.random() < 0.5:
        surface.gain *= 1 + inside * np.float32(rng.choice([-0.35, 0.2]))  # a laser's
    else:
        surface.height_px -= inside * np.float32(1.1)  # a stamp's
