"""A line without weights: pictures whose class can be read off them, and an inspector that reads it."""

from dataclasses import dataclass, field

import cv2
import numpy as np

from inspection.letterbox import crop_box
from inspection.lines import Line, Locate, Policy
from inspection.types import (
    U8,
    Box,
    Classification,
    EngineLabel,
    HeatMap,
    Inspection,
    Picture,
    Precision,
    Step,
    Timings,
    Verdict,
    VerdictKind,
)
from models.heads import LinearHead
from tests.explaining.toys import ColourEngine

CLASSES = ("flawless", "excess", "cracked", "stained", "dented")
NOTHING, UNSURE = 200, 180  # the grey of the first pixel that means "no part", and "not sure"


def make_line(name: str = "fake") -> Line:
    return Line(
        name=name,
        title="Fake line",
        part="fake part",
        description="For tests.",
        classes=CLASSES,
        good="flawless",
        locate=Locate(mode="detector", model="yolov5n"),
        champion="resnet50",
        rivals=("compact_cnn",),
        policy=Policy(),
        samples_dir=None,
        licence="none",
    )


def make_pixels(code: int, *, width: int = 320, height: int = 240, seed: int = 0) -> U8:
    """A grey part on a dark belt. The first pixel holds the code: 20 a class, or NOTHING, or UNSURE."""
    rng = np.random.default_rng(seed + code)
    pixels = np.full((height, width, 3), 40, np.uint8) + rng.integers(0, 12, (height, width, 1), np.uint8)
    cv2.circle(pixels, (width // 2, height // 2), height // 3, (150, 152, 156), -1)
    cv2.circle(pixels, (width // 2, height // 2), height // 10, (45, 46, 48), -1)
    pixels[0, 0] = code
    return pixels


def make_png(code: int, **shape: int) -> bytes:
    done, encoded = cv2.imencode(".png", make_pixels(code, **shape)[..., ::-1])
    assert done
    return encoded.tobytes()


def code_of(class_name: str) -> int:
    return 20 * CLASSES.index(class_name)


@dataclass(frozen=True)
class FakeClassifying:
    """What the explanations ask: a network that weighs three colours for the five classes."""

    engine: ColourEngine
    head: LinearHead
    channels: int = 3
    heat_scale: float = 4.0
    input_size: int = 56
    temperature: float = 1.0
    weights_sha256: str = "0" * 64
    novelty: None = None


def make_classifying() -> FakeClassifying:
    weight = np.random.default_rng(1).normal(0, 8, (len(CLASSES), 3)).astype(np.float32)
    head = LinearHead(weight, np.zeros(len(CLASSES), np.float32))
    return FakeClassifying(ColourEngine(head), head)


@dataclass
class FakeInspector:
    """Judges by the first pixel, and remembers the names of what it saw."""

    line: Line = field(default_factory=make_line)
    model: str = "resnet50"
    precision: Precision = "int8"
    seen: list[str] = field(default_factory=list)
    classifying: FakeClassifying = field(default_factory=make_classifying)
    detector_sha256: dict[str, str | None] = field(default_factory=dict)

    def cut(self, picture: Picture, box: Box) -> U8:
        return crop_box(picture.pixels, box, margin=0.0, size=56)

    def classify_crop(self, picture: Picture, box: Box) -> Classification:
        logits, features = (
            output[0] for output in self.classifying.engine.run(self.cut(picture, box)[None]).outputs
        )
        return Classification(CLASSES, logits, np.exp(logits) / np.exp(logits).sum(), features)

    @property
    def classifier_label(self) -> EngineLabel:
        return EngineLabel("fake", "1", self.precision, "CPU")

    def inspect(self, picture: Picture, *, explained: bool = True, target: str | None = None) -> Inspection:
        self.seen.append(picture.name)
        code = int(picture.pixels[0, 0, 0])
        if code == NOTHING:
            return self._conclude(picture, make_verdict(None, 0.0))
        best = 0 if code == UNSURE else code // 20
        score = 0.55 if code == UNSURE else 0.97
        probabilities = np.full(len(CLASSES), (1 - score) / (len(CLASSES) - 1))
        probabilities[best] = score
        width, height = picture.width, picture.height
        box = Box(width * 0.25, height * 0.1, width * 0.75, height * 0.9)
        grid = np.zeros((7, 7), np.float32)
        grid[1, 4] = 1.5 + best
        return self._conclude(
            picture,
            make_verdict(CLASSES[best], score),
            probabilities=dict(zip(CLASSES, probabilities.tolist(), strict=True)),
            box=box,
            heat_map=HeatMap(grid, target or CLASSES[best], "Grad-CAM, closed form", True, 1e-7, 4.0, box),
        )

    def _conclude(
        self,
        picture: Picture,
        verdict: Verdict,
        *,
        probabilities: dict[str, float] | None = None,
        box: Box | None = None,
        heat_map: HeatMap | None = None,
    ) -> Inspection:
        return Inspection(
            picture=picture.name,
            sha256=picture.sha256,
            line=self.line.name,
            model=self.model,
            model_sha256="0" * 64,
            engine=self.classifier_label,
            verdict=verdict,
            probabilities=probabilities or {},
            logits=tuple(np.log(list(probabilities.values())).tolist()) if probabilities else (),
            box=box,
            box_score_0_1=0.91 if box else None,
            findings=(),
            heat_map=heat_map,
            timings_ms=Timings(decode=2.0, locate=5.0, classify=3.5, explain=0.4, total=10.9),
            retested=verdict.kind is VerdictKind.REVIEW,
        )


def make_verdict(class_name: str | None, score: float) -> Verdict:
    if class_name is None:
        return Verdict(
            VerdictKind.NO_PART, None, 0.0, (Step("Is there a fake part?", "none surer than 50%", False),)
        )
    path = [Step("Is there a fake part?", "yes, 91% sure", True)]
    if score < 0.8:
        path.append(Step("Is the classifier sure?", f"no: {score:.1%} is below 80%", False))
        return Verdict(VerdictKind.REVIEW, class_name, score, tuple(path))
    good = class_name == "flawless"
    path.append(Step("Is the part good?", f"{'yes' if good else 'no'}, {class_name}", good))
    return Verdict(VerdictKind.PASS if good else VerdictKind.REJECT, class_name, score, tuple(path))
