"""One picture through the line: locate → crop → classify → explain → verdict. The only place that composes them."""

import time
from dataclasses import dataclass, replace

import numpy as np

from inspection.classify import classify
from inspection.explain import Head, explain_class
from inspection.letterbox import crop_bounds, crop_box
from inspection.lines import Line
from inspection.locate import find_boxes
from inspection.novelty import NoveltyModel
from inspection.types import (
    F32,
    U8,
    Box,
    Classification,
    Engine,
    EngineLabel,
    Finding,
    HeatMap,
    Inspection,
    Picture,
    Step,
    Timings,
    Verdict,
    VerdictKind,
)
from inspection.verdict import decide, find_cut_sides, find_step, needs_retest, whole_step

RETEST_MARGIN = (
    0.08  # the second look takes in this much more around the part; of a whole frame it takes less
)


@dataclass(frozen=True, slots=True)
class Detecting:
    """A detector and what it needs to be asked."""

    engine: Engine
    input_size: int
    class_names: tuple[str, ...]
    weights_sha256: str | None = None  # None: it came from no card


@dataclass(frozen=True, slots=True)
class Classifying:
    engine: Engine
    head: Head
    model: str
    weights_sha256: str
    input_size: int
    channels: int
    temperature: float
    heat_scale: float | None
    novelty: NoveltyModel | None = None


class Inspector:
    """Safe to call from many threads: it holds nothing of a picture."""

    def __init__(
        self,
        line: Line,
        classifying: Classifying,
        *,
        locating: Detecting | None = None,
        marking: Detecting | None = None,
    ) -> None:
        self.line = line
        self.classifying = classifying
        self._locating = locating
        self._marking = marking

    @property
    def model(self) -> str:
        return self.classifying.model

    @property
    def classifier_label(self) -> EngineLabel:
        return self.classifying.engine.label

    @property
    def detector_sha256(self) -> dict[str, str | None]:
        """By what it is for. Of the weights that were loaded: others may lie on the disk by now."""
        asked = {"locates": self._locating, "marks defects": self._marking}
        return {role: used.weights_sha256 for role, used in asked.items() if used is not None}

    def inspect(self, picture: Picture, *, explain: bool = True, target: str | None = None) -> Inspection:
        """`target` names the class to explain; without it the one that the verdict names."""
        started = time.perf_counter()
        parts = self.locate(picture)
        located = time.perf_counter()
        timings = Timings(decode=picture.decode_ms, locate=_ms(started, located))
        if not parts:
            missing = find_step(self.line, found=False, score_0_1=None)
            timings = replace(timings, total=picture.decode_ms + timings.locate)
            return self._conclude(picture, decide(self.line, found=missing), timings)
        part = parts[0]
        first = self.classify_crop(picture, part.box)
        features: F32 = first.features.mean(axis=(1, 2))
        rated = self.classifying.novelty
        novelty = None if rated is None else rated.rate(features, first.logits)
        averaged = self._look_again(picture, part.box, first)
        classified = time.perf_counter()
        found = find_step(self.line, found=True, score_0_1=part.score_0_1, others=len(parts) - 1)
        verdict = decide(
            self.line,
            found=found,
            whole=self._ask_whole(picture, part.box),
            first=first.probabilities,
            after_retest=averaged,
            novelty=novelty,
        )
        heat_map = self._explain(picture, part.box, first, verdict, target) if explain else None
        explained = time.perf_counter()
        findings, marked_ms = self._mark(picture) if verdict.kind is VerdictKind.REJECT else ((), 0.0)
        timings = replace(
            timings,
            classify=_ms(located, classified),
            explain=_ms(classified, explained),
            mark=marked_ms,
            total=picture.decode_ms + _ms(started, explained) + marked_ms,
        )
        probabilities = first.probabilities if averaged is None else averaged
        return replace(
            self._conclude(picture, verdict, timings),
            probabilities=dict(zip(self.line.classes, map(float, probabilities), strict=True)),
            logits=tuple(map(float, first.logits)),
            box=part.box,
            box_score_0_1=part.score_0_1 if self._locating is not None else None,
            findings=findings,
            heat_map=heat_map,
            retested=averaged is not None,
            features=features,
            novelty=novelty,
        )

    def locate(self, picture: Picture) -> list[Finding]:
        """Parts, surest first. Where the part fills the frame, the frame."""
        if self._locating is None:
            return [Finding(Box(0, 0, picture.width, picture.height), self.line.part, 1.0)]
        return find_boxes(
            picture,
            self._locating.engine,
            size=self._locating.input_size,
            class_names=self._locating.class_names,
            threshold_0_1=self.line.locate.threshold_0_1,
        )

    def _ask_whole(self, picture: Picture, box: Box) -> Step | None:
        """None where the part fills the frame, or the line takes parts that are cut off."""
        if self._locating is None or not self.line.policy.whole:
            return None
        return whole_step(find_cut_sides(box, width=picture.width, height=picture.height))

    def classify_crop(self, picture: Picture, box: Box) -> Classification:
        return self._classify([self.cut(picture, box)])[0]

    def cut(self, picture: Picture, box: Box, *, wider: float = 0.0) -> U8:
        """The crop as the classifier sees it."""
        margin = self._margin + wider
        return crop_box(picture.pixels, box, margin=margin, size=self.classifying.input_size)

    @property
    def _margin(self) -> float:
        return self.line.locate.margin if self._locating is not None else 0.0

    def _classify(self, crops: list[U8]) -> list[Classification]:
        return classify(
            crops,
            self.classifying.engine,
            class_names=self.line.classes,
            channels=self.classifying.channels,
            temperature=self.classifying.temperature,
        )

    def _look_again(self, picture: Picture, box: Box, first: Classification) -> F32 | None:
        """An unsure part is looked at mirrored and in a slightly larger crop; the looks are averaged."""
        if not needs_retest(first.probabilities, self.line.policy):
            return None
        wider = RETEST_MARGIN if self._locating is not None else -RETEST_MARGIN
        mirrored = np.ascontiguousarray(self.cut(picture, box)[:, ::-1])
        looks = [first]
        for crop in (mirrored, self.cut(picture, box, wider=wider)):
            looks += self._classify([crop])
        mean: F32 = np.mean([look.probabilities for look in looks], axis=0)
        return mean

    def _explain(
        self, picture: Picture, box: Box, first: Classification, verdict: Verdict, target: str | None
    ) -> HeatMap:
        name = target or verdict.class_name
        return explain_class(
            first,
            self.classifying.head,
            class_index=self.line.classes.index(name) if name else first.best,
            precision=self.classifying.engine.label.precision,
            scale=self.classifying.heat_scale,
            crop=crop_bounds(box, self._margin, width=picture.width, height=picture.height),
        )

    def _mark(self, picture: Picture) -> tuple[tuple[Finding, ...], float]:
        """Boxes of the defects, where the line has a detector for them, and the milliseconds that they took."""
        if self._marking is None:
            return (), 0.0
        started = time.perf_counter()
        found = find_boxes(
            picture,
            self._marking.engine,
            size=self._marking.input_size,
            class_names=self._marking.class_names,
            threshold_0_1=self.line.locate.threshold_0_1,
        )
        return tuple(found), _ms(started, time.perf_counter())

    def _conclude(self, picture: Picture, verdict: Verdict, timings: Timings) -> Inspection:
        novelty = self.classifying.novelty
        return Inspection(
            picture=picture.name,
            sha256=picture.sha256,
            line=self.line.name,
            model=self.classifying.model,
            model_sha256=self.classifying.weights_sha256,
            engine=self.classifying.engine.label,
            verdict=verdict,
            probabilities={},
            logits=(),
            box=None,
            box_score_0_1=None,
            findings=(),
            heat_map=None,
            timings_ms=timings,
            novelty_sha256=None if novelty is None else novelty.sha256,
        )


def _ms(start: float, end: float) -> float:
    return (end - start) * 1e3
