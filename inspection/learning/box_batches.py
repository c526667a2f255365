"""Batches of pictures with boxes: the same warp moves both."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from inspection.learning.arrays import BoxSet
from inspection.learning.augment import draw_matrix, make_rng, move_boxes, warp
from inspection.learning.augment_presets import Augment
from inspection.learning.batches import count_steps
from inspection.learning.config import TrainConfig
from inspection.learning.surface import change_surface
from inspection.letterbox import PAD_GREY
from inspection.types import F32, U8

CALM_PART = 0.15  # the last epochs go without mosaics, whose scenes no camera sees
MOSAIC_ZOOM = (0.5, 1.0)

Labels = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class BoxBatch:
    pixels: U8  # (n, size, size, 3)
    boxes: tuple[F32, ...]  # n × (m, 4)
    labels: tuple[Labels, ...]


def plan_box_batches(
    pictures: BoxSet, config: TrainConfig, augment: Augment, *, epoch: int
) -> Iterator[Callable[[], BoxBatch]]:
    """As for classifiers: what makes each batch, each alone."""
    size = config.size_of(epoch)
    order = np.random.default_rng((config.seed, epoch)).permutation(len(pictures))
    mosaic = augment.mosaic_chance if epoch < config.epochs * (1 - CALM_PART) else 0.0

    def make(start: int) -> BoxBatch:
        made = []
        for index in order[start : start + config.batch_size]:
            rng = make_rng(config.seed, epoch, int(index))
            if rng.random() < mosaic:
                made.append(make_mosaic(pictures, int(index), augment, size=size, rng=rng))
            else:
                made.append(vary_picture(pictures, int(index), augment, size=size, rng=rng))
        pixels, boxes, labels = zip(*made, strict=True)
        return BoxBatch(np.stack(pixels), boxes, labels)

    for start in range(0, count_steps(len(pictures), config) * config.batch_size, config.batch_size):
        yield partial(make, start)


def vary_picture(
    pictures: BoxSet, index: int, augment: Augment, *, size: int, rng: np.random.Generator
) -> tuple[U8, F32, Labels]:
    source = pictures.pixels[index]
    matrix = draw_matrix(source.shape[:2], augment, size=size, rng=rng)
    pixels = change_surface(warp(source, augment, matrix, size=size), augment, rng=rng)
    boxes, seen = move_boxes(
        pictures.boxes[index],
        matrix,
        size=size,
        round_parts=augment.round_parts,
        least_visible=augment.least_visible,
    )
    return pixels, boxes[seen], pictures.labels[index][seen]


def make_mosaic(
    pictures: BoxSet, index: int, augment: Augment, *, size: int, rng: np.random.Generator
) -> tuple[U8, F32, Labels]:
    """Four varied pictures around a random point (Bochkovskiy et al. 2020), as a window on a 2 × 2 sheet."""
    chosen = [index, *rng.integers(0, len(pictures), 3)]
    sheet = np.full((2 * size, 2 * size, 3), PAD_GREY, np.uint8)
    boxes, labels = [], []
    for place, other in enumerate(chosen):
        dx, dy = place % 2 * size, place // 2 * size
        pixels, own_boxes, own_labels = vary_picture(pictures, int(other), augment, size=size, rng=rng)
        sheet[dy : dy + size, dx : dx + size] = pixels
        boxes.append(own_boxes + np.array([dx, dy, dx, dy], np.float32))
        labels.append(own_labels)
    zoom = rng.uniform(*MOSAIC_ZOOM)
    x, y = rng.uniform(0, 2 * size - size / zoom, 2)
    window = np.array([[zoom, 0, -x * zoom], [0, zoom, -y * zoom], [0, 0, 1.0]])
    moved, seen = move_boxes(
        np.concatenate(boxes), window, size=size, round_parts=False, least_visible=augment.least_visible
    )
    return warp(sheet, augment, window, size=size), moved[seen], np.concatenate(labels)[seen]
