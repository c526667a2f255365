"""A network whose explanation is known: it pools each colour over 7×7 blocks, then weighs the colours."""

import time
from dataclasses import dataclass, field

import numpy as np

from inspection.explain_subject import Subject
from inspection.types import F32, U8, Box, Classification, EngineLabel, EngineOutput
from models.heads import Head, LinearHead

SIDE = 56
NAMES = ("red", "green", "blue")
HEAD = LinearHead(np.diag([6.0, 5.0, 4.0]).astype(np.float32), np.array([0.1, 0.0, -0.1], np.float32))


def block_means(batch: U8) -> F32:
    """(n, side, side, 3) → (n, 3, 7, 7), in 0…1."""
    cell = batch.shape[1] // 7
    cells = batch.reshape(len(batch), 7, cell, 7, cell, 3).mean(axis=(2, 4)) / 255
    return cells.transpose(0, 3, 1, 2).astype(np.float32)


@dataclass
class ColourEngine:
    head: Head = HEAD
    label: EngineLabel = EngineLabel("toy", "1", "f32", "CPU")
    cold_start_ms: float = 0.0
    runs: int = 0
    sizes: list[int] = field(default_factory=list)
    lap_s: float = 0.0  # how long a run takes at least

    def run(self, batch: U8) -> EngineOutput:
        time.sleep(self.lap_s)
        self.sizes.append(len(batch))
        features = block_means(batch)
        return EngineOutput((np.stack([self.head.logits(row) for row in features]), features))


def make_crop(row: int = 1, column: int = 5, *, colour: int = 0) -> U8:
    """A grey part with one coloured cell of the 7×7 grid."""
    crop = np.full((SIDE, SIDE, 3), 90, np.uint8)
    cell = SIDE // 7
    crop[row * cell : (row + 1) * cell, column * cell : (column + 1) * cell, colour] = 250
    return crop


def make_subject(crop: U8 | None = None, *, head: Head = HEAD, heat_scale: float | None = 2.0) -> Subject:
    crop = make_crop() if crop is None else crop
    engine = ColourEngine(head)
    logits, features = (output[0] for output in engine.run(crop[None]).outputs)
    probabilities = np.exp(logits) / np.exp(logits).sum()
    return Subject(
        crop=crop,
        classification=Classification(NAMES, logits, probabilities, features),
        engine=engine,
        head=head,
        channels=3,
        precision="f32",
        heat_scale=heat_scale,
        bounds=Box(10, 20, 10 + SIDE, 20 + SIDE),
        model="resnet50",
    )


def ignore(done: int, total: int) -> None:
    """A watch that does not look."""
