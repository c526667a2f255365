"""What is explained, and what an explanation is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from inspection.errors import AssayError
from inspection.explain import TOLERANCE
from inspection.types import F32, U8, Box, Classification, Engine, HeatMap, Inspection, Picture, Precision
from models.heads import Head

if TYPE_CHECKING:
    from inspection.pipeline import Inspector

Watch = Callable[[int, int], None]  # (runs done, runs in all); it may raise to stop the method


class NothingToExplain(AssayError):
    """No part was found, so no class was given and there is nothing to explain."""


class MethodUnavailable(AssayError):
    """This model has no map of this method, since its head does not allow it."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One crop as one model sees it: all that the methods may ask."""

    crop: U8  # (side, side, 3), the network's input before its preprocessing
    classification: Classification
    engine: Engine
    head: Head
    channels: int
    precision: Precision
    heat_scale: float | None
    bounds: Box  # where the crop lies on the picture
    model: str

    @property
    def residual(self) -> float:
        """How far the logits recomputed from the feature map are from the engine's."""
        recomputed = self.head.logits(self.classification.features)
        return float(np.max(np.abs(recomputed - self.classification.logits)))

    @property
    def exact(self) -> bool:
        largest = float(np.max(np.abs(self.classification.logits)))
        return self.residual <= TOLERANCE[self.precision] * max(1.0, largest)


@dataclass(frozen=True, slots=True)
class Explanation:
    method: str  # a key of explain_methods.METHODS
    heat_map: HeatMap
    evidence: str  # how the numbers came about, in words
    scale_note: str  # what is drawn as 1
    cost_ms: float
    runs: int  # of the network
    fidelity_r2: float | None = None  # of the surrogate, where there is one

    @property
    def peak(self) -> float:
        return float(self.heat_map.grid.max())


def make_subject(inspector: "Inspector", picture: Picture, inspection: Inspection) -> Subject:
    """The same crop and the same engine that the verdict came from."""
    if inspection.box is None or inspection.heat_map is None:
        raise NothingToExplain(
            f"Expected a part in {picture.name}, found none: no class was given, so there is nothing to explain. "
            "Choose another picture."
        )
    classifying = inspector.classifying
    return Subject(
        crop=inspector.cut(picture, inspection.box),
        classification=inspector.classify_crop(picture, inspection.box),
        engine=classifying.engine,
        head=classifying.head,
        channels=classifying.channels,
        precision=classifying.engine.label.precision,
        heat_scale=classifying.heat_scale,
        bounds=inspection.heat_map.crop,
        model=inspector.model,
    )


def log_odds(logits: F32, class_index: int) -> F32:
    """z_c − log Σ_{j≠c} exp z_j: additive and never saturated, where a probability of 0.9999 hides every change."""
    others = np.delete(logits.astype(np.float64), class_index, axis=-1)
    highest = others.max(axis=-1, keepdims=True)
    rest = highest[..., 0] + np.log(np.exp(others - highest).sum(axis=-1))
    odds: F32 = (logits[..., class_index] - rest).astype(np.float32)
    return odds
