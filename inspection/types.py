"""What crosses the boundaries of the domain. Everything is frozen; arrays are never written after they are handed over."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from inspection.wording import round_percent

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]
Precision = Literal["f32", "bf16", "int8"]
PRECISIONS: tuple[Precision, ...] = ("int8", "bf16", "f32")


class VerdictKind(StrEnum):
    PASS = "PASS"
    REJECT = "REJECT"
    REVIEW = "REVIEW"
    NO_PART = "NO PART"


@dataclass(frozen=True, slots=True)
class Picture:
    """Untrusted bytes, decoded once."""

    name: str
    sha256: str  # of the bytes as they came
    pixels: U8  # (height, width, 3), RGB, upright
    decode_ms: float

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])


@dataclass(frozen=True, slots=True)
class Box:
    """In pixels of the picture; the right and lower edges are exclusive."""

    x1: float
    y1: float
    x2: float
    y2: float

    @property
    def area(self) -> float:
        return max(0.0, self.x2 - self.x1) * max(0.0, self.y2 - self.y1)

    def as_list(self) -> list[float]:
        return [self.x1, self.y1, self.x2, self.y2]


@dataclass(frozen=True, slots=True)
class Finding:
    """One box that a detector drew."""

    box: Box
    class_name: str
    score_0_1: float


@dataclass(frozen=True, slots=True)
class EngineLabel:
    """What ran the model; part of every result."""

    name: str  # "openvino" or "torch"
    version: str
    precision: Precision
    device: str


@dataclass(frozen=True, slots=True)
class EngineOutput:
    """`outputs` of one run, in the order that the network names them."""

    outputs: tuple[F32, ...]


class Engine(Protocol):
    """Runs one network fast at one precision; safe to call from many threads."""

    @property
    def label(self) -> EngineLabel: ...

    @property
    def cold_start_ms(self) -> float:
        """What loading and the first run cost."""
        ...

    def run(self, batch: U8) -> EngineOutput:
        """batch: (n, height, width, channels) as the network's input; the outputs belong to the caller."""
        ...


@dataclass(frozen=True, slots=True)
class Classification:
    class_names: tuple[str, ...]
    logits: F32  # (k,), as the network gave them
    probabilities: F32  # (k,), softmax of logits / temperature
    features: F32  # (channels, h, w): the last feature map

    @property
    def best(self) -> int:
        return int(np.argmax(self.probabilities))


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Grad-CAM on the crop's native grid, before any smoothing or scaling."""

    grid: F32  # (h, w), ≥ 0
    class_name: str
    method: str
    exact: bool  # the logits recomputed from the features agree with the engine's
    residual: float  # largest difference between the two
    scale: float  # the value that is drawn as 1; fixed per model
    crop: Box  # where the grid lies on the picture


@dataclass(frozen=True, slots=True)
class Step:
    """One question of the decision tree and its answer."""

    question: str
    answer: str
    passed: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    kind: VerdictKind
    class_name: str | None
    score_0_1: float
    path: tuple[Step, ...]

    @property
    def words(self) -> str:
        """As a person would say it: "REJECT: cracked, 98 %"."""
        if self.class_name is None:
            return self.kind.value
        return f"{self.kind.value}: {self.class_name}, {round_percent(self.score_0_1, 0)} %"


@dataclass(frozen=True, slots=True)
class Novelty:
    """How unlike the training parts a part is."""

    p: float  # conformal: the share of known parts that are at least as unlike; uniform over known parts
    score: float
    method: str
    known: int  # how many known parts it was held against


@dataclass(frozen=True, slots=True)
class Timings:
    """Milliseconds a stage; a stage that did not run is zero."""

    decode: float = 0.0
    locate: float = 0.0
    classify: float = 0.0
    explain: float = 0.0
    mark: float = 0.0  # boxes of the defects, where a line has a detector for them
    total: float = 0.0

    def as_dict(self) -> dict[str, float]:
        """`mark` is named only where it ran: most lines know no such stage."""
        marked = {"mark": self.mark} if self.mark else {}
        return {
            "decode": self.decode,
            "locate": self.locate,
            "classify": self.classify,
            "explain": self.explain,
            **marked,
            "total": self.total,
        }


@dataclass(frozen=True, slots=True)
class Inspection:
    """All that was found on one picture."""

    picture: str
    sha256: str
    line: str
    model: str
    model_sha256: str
    engine: EngineLabel
    verdict: Verdict
    probabilities: Mapping[str, float]
    logits: tuple[float, ...]
    box: Box | None
    box_score_0_1: float | None
    findings: tuple[Finding, ...]  # defect boxes, where the line has a defect detector
    heat_map: HeatMap | None
    timings_ms: Timings
    retested: bool = False
    features: F32 | None = field(default=None, repr=False)  # spatial mean of the last map, for novelty
    novelty: Novelty | None = None  # None where the model has no novelty fitted to it, or no part was found
    novelty_sha256: str | None = None  # of the novelty model; None where there is none

    def as_dict(self) -> dict[str, object]:
        """The command line's contract: one object a picture."""
        return {
            "picture": self.picture,
            "sha256": self.sha256,
            "line": self.line,
            "model": self.model,
            "model_sha256": self.model_sha256,
            "engine": f"{self.engine.name} {self.engine.version}",
            "precision": self.engine.precision,
            "verdict": self.verdict.kind.value,
            "class": self.verdict.class_name,
            "score": round(self.verdict.score_0_1, 6),
            "probabilities": {name: round(value, 6) for name, value in self.probabilities.items()},
            "box": None if self.box is None else [round(edge, 1) for edge in self.box.as_list()],
            "timings_ms": {stage: round(ms, 3) for stage, ms in self.timings_ms.as_dict().items()},
        }
