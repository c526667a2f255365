"""From picture sets to what a network takes in."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from inspection.learning.arrays import ArraySet
from inspection.learning.augment import augment_pair, make_rng
from inspection.learning.augment_presets import Augment
from inspection.learning.config import TrainConfig
from inspection.learning.surface import mix_batch
from inspection.letterbox import resize
from inspection.types import F32, U8
from models.spec import ModelSpec

if TYPE_CHECKING:
    from torch import Tensor

CALIBRATION_PICTURES = 256
_GREY = (0.299, 0.587, 0.114)  # as OpenCV weighs red, green and blue


@dataclass(frozen=True, slots=True)
class LabelledBatch:
    pixels: U8  # (n, size, size, 3)
    targets: F32  # (n, classes), rows that sum to one
    masks: U8 | None = None  # (n, size, size)


def plan_batches(
    pictures: ArraySet, config: TrainConfig, augment: Augment, *, epoch: int, whitener: F32 | None = None
) -> Iterator[Callable[[], LabelledBatch]]:
    """What makes each batch, in an order that (seed, epoch) decides. Each is whole and stands alone, so that several can be
    in the making at once; the pictures left over wait for the next epoch."""
    size = config.size_of(epoch)
    order = draw_order(pictures.labels, config, epoch=epoch)
    window = size / config.final_size if config.windows and size < config.final_size else None
    one_hot = np.eye(len(config.class_names), dtype=np.float32)

    def make(start: int) -> LabelledBatch:
        chosen = order[start : start + config.batch_size]
        pixels = np.empty((len(chosen), size, size, 3), np.uint8)
        masks = None if pictures.masks is None else np.empty(pixels.shape[:3], np.uint8)
        for place, index in enumerate(chosen):
            # start + place: a picture that balanced sampling draws twice is varied twice
            rng = make_rng(config.seed, epoch, start + place)
            mask = None if pictures.masks is None else pictures.masks[index]
            pixels[place], moved = augment_pair(
                pictures.pixels[index], mask, augment, size=size, rng=rng, whitener=whitener, window=window
            )
            if masks is not None and moved is not None:
                masks[place] = moved
        rng = make_rng(config.seed, epoch, start + config.batch_size * 1_000_000)
        return LabelledBatch(*mix_batch(pixels, one_hot[pictures.labels[chosen]], augment, rng=rng), masks)

    for start in range(0, count_steps(len(pictures), config) * config.batch_size, config.batch_size):
        yield partial(make, start)


def count_steps(pictures: int, config: TrainConfig) -> int:
    return max(1, int(pictures * config.share) // config.batch_size)


def draw_order(labels: NDArray[np.int64], config: TrainConfig, *, epoch: int) -> NDArray[np.int64]:
    rng = np.random.default_rng((config.seed, epoch))
    if config.class_balance != "sampling":
        return rng.permutation(len(labels))
    weights = weigh_labels(labels, len(config.class_names))[labels]
    return rng.choice(len(labels), size=len(labels), p=weights / weights.sum())


def weigh_labels(labels: NDArray[np.int64], classes: int) -> NDArray[np.float64]:
    """(classes,): 1 / √frequency, scaled to a mean of 1 over the pictures; 0 for a class without pictures."""
    counts = np.bincount(labels, minlength=classes)
    raw = np.where(counts > 0, 1 / np.sqrt(np.maximum(counts, 1)), 0.0)
    return np.asarray(raw * counts.sum() / max((raw * counts).sum(), 1e-12))


def to_input(pixels: U8, spec: ModelSpec, *, device: str) -> "Tensor":
    """(n, h, w, 3) bytes → (n, channels, h, w) floats, normalised, channels last in memory."""
    import torch

    if spec.channels == 1:
        pixels = np.stack([cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in pixels])[..., None]
    levels = torch.from_numpy(np.ascontiguousarray(pixels)).to(device).permute(0, 3, 1, 2).float()
    return normalise(levels, spec)


def levels_to_input(levels: "Tensor", spec: ModelSpec) -> "Tensor":
    """(n, 3, h, w) of 0 to 255 that lie on the device already → (n, channels, h, w), normalised."""
    import torch

    if spec.channels == 1:
        weights = torch.tensor(_GREY, device=levels.device).view(1, -1, 1, 1)
        levels = (levels * weights).sum(dim=1, keepdim=True).round()
    return normalise(levels.contiguous(memory_format=torch.channels_last), spec)


def normalise(levels: "Tensor", spec: ModelSpec) -> "Tensor":
    import torch

    mean = torch.tensor(spec.mean, device=levels.device).view(1, -1, 1, 1) * 255
    std = torch.tensor(spec.std, device=levels.device).view(1, -1, 1, 1) * 255
    return (levels - mean).div_(std)


def iterate_plain(pixels: U8, *, size: int, batch_size: int) -> Iterator[U8]:
    """In order, unvaried, resized as serving does."""
    for start in range(0, len(pixels), batch_size):
        chunk = pixels[start : start + batch_size]
        if chunk.shape[1] != size:
            chunk = np.stack([resize(picture, size, size) for picture in chunk])
        yield np.array(chunk)  # a copy: a read-only map cannot become a tensor


def iterate_calibration(pixels: U8, spec: ModelSpec, config: TrainConfig) -> Iterator["Tensor"]:
    """The same few pictures each time, in mixed order: what batch norm is measured on."""
    order = np.random.default_rng(config.seed).permutation(len(pixels))[:CALIBRATION_PICTURES]
    for chunk in iterate_plain(pixels[order], size=config.final_size, batch_size=32):
        if len(chunk) > 1:  # one picture has no variance
            yield to_input(chunk, spec, device=config.device)
