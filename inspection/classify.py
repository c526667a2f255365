"""A crop in, class probabilities and the last feature map out."""

import numpy as np

from inspection.types import F32, U8, Classification, Engine


def soften(logits: F32, temperature: float) -> F32:
    """softmax(logits / T); T is fitted on validation pictures so that 90 % means nine in ten."""
    scaled = logits.astype(np.float64) / temperature
    exponent = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return (exponent / exponent.sum(axis=-1, keepdims=True)).astype(np.float32)


def prepare_batch(crops: list[U8], channels: int) -> U8:
    """(n, side, side, channels): grey networks see the luma that cv2 computes, in training as here."""
    batch = np.stack(crops)
    if channels == 3:
        return batch
    # ITU-R BT.601 weights in the fixed-point form of cv2.cvtColor, for a whole batch at once
    luma = (batch[..., 0] * 4899.0 + batch[..., 1] * 9617.0 + batch[..., 2] * 1868.0) / 16384.0
    return np.rint(luma).astype(np.uint8)[..., None]


def classify(
    crops: list[U8], engine: Engine, *, class_names: tuple[str, ...], channels: int, temperature: float
) -> list[Classification]:
    logits, features = engine.run(prepare_batch(crops, channels)).outputs
    probabilities = soften(logits, temperature)
    return [
        Classification(class_names, logits[index], probabilities[index], features[index])
        for index in range(len(crops))
    ]
