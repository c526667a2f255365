"""Small stand-ins that behave: engines that answer from a table, a line that is not one of ours."""

import numpy as np

from inspection.lines import Line, Locate, Policy
from inspection.types import F32, U8, EngineLabel, EngineOutput, Picture

LABEL = EngineLabel("fake", "1", "f32", "CPU")


class FakeEngine:
    """Answers every picture of a batch with the same outputs, and remembers what it was given."""

    def __init__(self, *outputs: F32) -> None:
        self.outputs = outputs
        self.batches: list[U8] = []

    label = LABEL
    cold_start_ms = 0.0

    def run(self, batch: U8) -> EngineOutput:
        self.batches.append(batch)
        return EngineOutput(tuple(np.repeat(output[None], len(batch), axis=0) for output in self.outputs))


def make_line(*, good: str | None = "fine", detector: bool = False, policy: Policy | None = None) -> Line:
    return Line(
        name="toy",
        title="Toy",
        part="toy part",
        description="",
        classes=("fine", "bent", "torn"),
        good=good,
        locate=Locate("detector", "yolov5n", 0.5, 0.1) if detector else Locate("frame"),
        champion="resnet50",
        rivals=(),
        policy=policy or Policy(0.8, 0.2, True),
        samples_dir=None,
    )


def make_picture(width: int = 64, height: int = 48, *, seed: int = 0) -> Picture:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Picture("toy.png", "0" * 64, pixels, 1.0)
