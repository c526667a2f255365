"""A crop in, class probabilities and the last feature map out."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from inspection.types import U8, Classification, Engine


def soften(logits: ArrayLike, *, temperature: float = 1.0) -> NDArray[np.float64]:
    """softmax(logits / T) over the last axis; T is fitted on validation pictures so that 90 % means nine in ten."""
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    grown = np.exp(scaled - scaled.max(axis=-1, keepdims=True))  # no overflow
    return np.asarray(grown / grown.sum(axis=-1, keepdims=True))


def prepare_batch(crops: list[U8], channels: int) -> U8:
    """(n, side, side, channels): grey networks see the luma that cv2 computes, in training as here."""
    batch = np.stack(crops)
    if channels == 3:
        return batch
    # ITU-R BT.601 weights in the fixed-point form of cv2.cvtColor, for a whole batch at once
    luma = (batch[..., 0] * 4899.0 + batch[..., 1] * 9617.0 + batch[..., 2] * 1868.0) / 16384.0
    grey: U8 = np.rint(luma).astype(np.uint8)[..., None]
    return grey


def classify(
    crops: list[U8], engine: Engine, *, class_names: tuple[str, ...], channels: int, temperature: float
) -> list[Classification]:
    logits, features = engine.run(prepare_batch(crops, channels)).outputs
    probabilities = soften(logits, temperature=temperature).astype(np.float32)
    return [
        Classification(class_names, logits[index], probabilities[index], features[index])
        for index in range(len(crops))
    ]
