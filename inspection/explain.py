"""The live heat map: closed-form Grad-CAM from what one run of the engine emits.

Let A (C×h×w) be the last feature map and y_c the class score. Grad-CAM weighs each channel with the mean over the places
of ∂y_c/∂A. The head behind A is small and known, so that gradient has a closed form and no backward pass is run
(Selvaraju et al. 2017, equations 1 and 2; the forms of the heads are in models/heads.py).
"""

from typing import Protocol

import numpy as np

from inspection.types import F32, Box, Classification, HeatMap, Precision

METHOD = "Grad-CAM, closed form"

# The largest share of the largest logit by which logits recomputed from the features may differ from the engine's.
# f32 differs by the order of summation alone. The head of an INT8 model stays in f32 (quantize.py), so it is held to the
# same bound; bf16 rounds each sum to 8 bits.
TOLERANCE: dict[Precision, float] = {"f32": 1e-3, "int8": 1e-3, "bf16": 3e-2}


class Head(Protocol):
    def logits(self, features: F32) -> F32: ...

    def gradient(self, features: F32, class_index: int) -> F32:
        """(C,): the mean over the places of ∂y_c/∂A."""
        ...


def compute_grid(features: F32, head: Head, class_index: int) -> F32:
    """ReLU(Σ_k α_k A_k) on the native grid, (h, w), neither smoothed nor scaled."""
    weights = head.gradient(features, class_index)
    channels, height, width = features.shape
    signed = weights @ features.reshape(channels, height * width)
    grid: F32 = np.maximum(signed, 0, dtype=np.float32).reshape(height, width)
    return grid


def explain_class(
    classification: Classification,
    head: Head,
    *,
    class_index: int,
    precision: Precision,
    scale: float | None,
    crop: Box,
) -> HeatMap:
    """The map of one class, and whether it is exact: a wrong tap or a drifted engine shows as a residual."""
    residual = float(np.max(np.abs(head.logits(classification.features) - classification.logits)))
    bound = TOLERANCE[precision] * max(1.0, float(np.max(np.abs(classification.logits))))
    grid = compute_grid(classification.features, head, class_index)
    return HeatMap(
        grid=grid,
        class_name=classification.class_names[class_index],
        method=METHOD,
        exact=residual <= bound,
        residual=residual,
        # A card without a measured scale (an untrained model) has no fixed scale to draw on: its own maximum then.
        scale=scale if scale else max(float(grid.max()), 1e-12),
        crop=crop,
    )
