"""Class activation maps from what the engine emitted: the last feature map A (C×h×w) and the logits.

Each is a weight a channel, α, and the map ReLU(Σ_k α_k A_k). Where the head pools A first, ∂y_c/∂A_kij is the same at
every place, and the weights have closed forms: no gradient is run and no network is hooked.
"""

import numpy as np
from numpy.typing import NDArray

from inspection.classify import prepare_batch
from inspection.explain_subject import Subject, Watch
from inspection.types import F32, U8
from models.heads import FlattenMlpHead, Head

TINY = 1e-6  # of a score: smaller ones are no ground to divide by
CHUNK = 10  # one of the engine's batch sizes: progress is seen often and nothing new is compiled


def pools_first(head: Head) -> bool:
    """Whether the head sees only the mean of each channel, so that every place has the same gradient."""
    return not isinstance(head, FlattenMlpHead)


def weigh(features: F32, weights: F32) -> F32:
    channels, height, width = features.shape
    grid: F32 = np.maximum(weights @ features.reshape(channels, -1), 0, dtype=np.float32)
    return grid.reshape(height, width)


def grad_cam(subject: Subject, class_index: int, watch: Watch) -> F32:
    """Selvaraju et al. 2017."""
    features = subject.classification.features
    return weigh(features, subject.head.gradient(features, class_index))


def grad_cam_plus_plus(subject: Subject, class_index: int, watch: Watch) -> F32:
    """Chattopadhay et al. 2018, equation 19, with the gradient g_k that all places share.

    a_k = g² / (2 g² + g³ Σ_ij A_kij), and the weight is Σ_ij a_k ReLU(g_k) = hw · a_k · ReLU(g_k).
    """
    features = subject.classification.features
    gradient = subject.head.gradient(features, class_index).astype(np.float64)
    sums = features.sum(axis=(1, 2), dtype=np.float64)
    below = 2 * gradient**2 + sums * gradient**3 + 1e-6  # the constant of the reference implementation
    share = np.where(gradient != 0, gradient**2 / below, 0.0)
    places = features.shape[1] * features.shape[2]
    return weigh(features, (places * share * np.maximum(gradient, 0)).astype(np.float32))


def ablation_cam(subject: Subject, class_index: int, watch: Watch) -> F32:
    """Desai and Ramaswamy 2020: how much of the class's score is lost when a channel is silenced.

    Only the head has to be asked again, and it is known: the whole method is C small products. The paper and the
    reference implementation divide by the score itself. A logit may be negative, which would turn the map inside out, or 0:
    its size is divided by here, which is the same for every positive score.
    """
    features = subject.classification.features
    # a head that pools gives the mean of each channel the answer that it gives the channel
    asked = features.mean(axis=(1, 2), keepdims=True) if pools_first(subject.head) else features
    whole = float(subject.head.logits(asked)[class_index])
    size = max(abs(whole), TINY)
    silenced = asked.copy()
    weights = np.empty(len(features), np.float32)
    for channel in range(len(features)):
        silenced[channel] = 0
        weights[channel] = (whole - float(subject.head.logits(silenced)[class_index])) / size
        silenced[channel] = asked[channel]
        if channel % 256 == 255:
            watch(channel + 1, len(features))
    return weigh(features, weights)


def score_cam(subject: Subject, class_index: int, watch: Watch) -> F32:
    """Wang et al. 2020: each channel, as a mask over the picture, is scored by the network itself; C runs."""
    features = subject.classification.features
    mean = normal_mean(subject)
    scores: list[float] = []
    for start in range(0, len(features), CHUNK):
        masks = [stretch(channel, subject.crop.shape[0]) for channel in features[start : start + CHUNK]]
        pictures = [mask_picture(subject.crop, mask, mean) for mask in masks]
        logits = subject.engine.run(prepare_batch(pictures, subject.channels)).outputs[0]
        scores += logits[:, class_index].tolist()
        watch(len(scores), len(features))
    exponents = np.exp(np.array(scores) - max(scores))
    return weigh(features, (exponents / exponents.sum()).astype(np.float32))


def eigen_cam(subject: Subject, class_index: int, watch: Watch) -> F32:
    """Muhammad and Yeasin 2020: the first principal component of A. It knows no class: every class has this map."""
    features = subject.classification.features
    channels, height, width = features.shape
    places = features.reshape(channels, -1).T.astype(np.float64)  # (hw, C)
    centred = places - places.mean(axis=0)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    component = centred @ directions[0]
    # a component's sign is arbitrary: the one whose places have more activation is taken
    if float(component @ places.sum(axis=1)) < 0:
        component = -component
    grid: F32 = np.maximum(component, 0).reshape(height, width).astype(np.float32)
    return grid


def normal_mean(subject: Subject) -> NDArray[np.float64]:
    """The colour that the network's preprocessing turns into zero, 0…255: masking towards it is x ⊙ M after it."""
    from models.registry import find_spec

    return np.array(find_spec(subject.model).mean) * 255.0


def stretch(channel: F32, side: int) -> F32:
    """One channel over the whole crop, 0…1, corner to corner as in the reference implementation."""
    rows, columns = channel.shape
    down, across = np.linspace(0, rows - 1, side), np.linspace(0, columns - 1, side)
    tall = np.stack(
        [np.interp(down, np.arange(rows), channel[:, column]) for column in range(columns)], axis=1
    )
    wide = np.stack([np.interp(across, np.arange(columns), row) for row in tall])
    low, high = wide.min(), wide.max()
    mask: F32 = ((wide - low) / (high - low + 1e-8)).astype(np.float32)
    return mask


def mask_picture(crop: U8, mask: F32, mean: NDArray[np.float64]) -> U8:
    masked = mean + mask[..., None] * (crop - mean)
    return np.rint(np.clip(masked, 0, 255)).astype(np.uint8)
