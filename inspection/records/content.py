"""What a record of an inspection says, and the inspection read back from it.

The fields follow what ISO 9001 8.6, IATF 16949 7.1.5.1.1 and 21 CFR 11.10(e) ask of a record: who, what, when in
UTC; the picture and the weights by hash; engine, version, precision, preprocessing; logits, thresholds; method
and exactness of the map; the verdict and how it was reached.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from inspection.lines import Line
from inspection.records.errors import RecordRefused
from inspection.records.evidence import Evidence
from inspection.records.record import Kind, build_about, write_time
from inspection.types import (
    Box,
    EngineLabel,
    Finding,
    HeatMap,
    Inspection,
    Novelty,
    Step,
    Timings,
    Verdict,
    VerdictKind,
)
from inspection.wording import LONGEST_LINE, is_one_line

if TYPE_CHECKING:
    from inspection.pipeline import Inspector

SCHEMA = 1
# In the body; null: the model had no novelty fitted to it. Records from before 2026-11-21 have no such key.
NOVELTY_SHA256 = "novelty_sha256"


@dataclass(frozen=True, slots=True)
class Context:
    """What the inspection itself does not know: who asked, and by which rules it was judged."""

    person: str  # who is signed in, or the name of the machine that asked
    source: str  # "upload", "camera", "api", "command line", …
    thresholds: Mapping[str, float | bool]
    preprocessing: Mapping[str, object]  # crop, size, kernel, mean, std, temperature
    part: str = ""  # the part's own number, where it has one
    inspected_at: datetime | None = None  # when it differs from the time of keeping
    extra: Mapping[str, object] = field(default_factory=dict)


def list_thresholds(line: Line) -> dict[str, float | bool]:
    """The line's rules as they stand now."""
    return {**asdict(line.policy), "locate_0_1": line.locate.threshold_0_1, "margin": line.locate.margin}


def build_context(inspector: "Inspector", *, person: str, source: str, part: str = "") -> Context:
    """The rules and the preprocessing of this inspector; `replace` adds what else is known."""
    classifying, locate = inspector.classifying, inspector.line.locate
    return Context(
        person=person,
        source=source,
        thresholds=list_thresholds(inspector.line),
        preprocessing={
            "located_by": locate.model if locate.mode == "detector" else "frame",
            "input_size": classifying.input_size,
            "channels": classifying.channels,
            "temperature": classifying.temperature,
        },
        part=part,
    )


def build_inspection_body(
    inspection: Inspection, *, context: Context, picture_bytes: int, evidence_sha256: str | None
) -> dict[str, Any]:
    verdict, label = inspection.verdict, inspection.engine
    when = context.inspected_at
    return {
        "about": build_about(
            Kind.INSPECTION,
            person=check_word(context.person, what="person"),
            line=check_word(inspection.line, what="line"),
            model=check_word(inspection.model, what="model"),
            verdict=verdict.kind.value,
            **{"class": None if verdict.class_name is None else check_word(verdict.class_name, what="class")},
            picture_sha256=inspection.sha256,
            evidence_sha256=evidence_sha256,
            score=float(verdict.score_0_1),
            latency_ms=float(inspection.timings_ms.total),
            novelty_p=None if inspection.novelty is None else float(inspection.novelty.p),
        ),
        "source": check_word(context.source, what="source"),
        "part": check_word(context.part, what="part"),
        "inspected_at": None if when is None else write_time(when),
        "picture": {"name": inspection.picture, "bytes": picture_bytes},
        "model_sha256": inspection.model_sha256,
        "engine": {"name": label.name, "version": label.version, "device": label.device},
        "precision": label.precision,
        "preprocessing": dict(context.preprocessing),
        "thresholds": dict(context.thresholds),
        "class_names": list(inspection.probabilities),
        "logits": [float(value) for value in inspection.logits],
        "probabilities": [float(value) for value in inspection.probabilities.values()],
        "box": None if inspection.box is None else _list_edges(inspection.box),
        "box_score": None if inspection.box_score_0_1 is None else float(inspection.box_score_0_1),
        "findings": [
            {"box": _list_edges(found.box), "class": found.class_name, "score": float(found.score_0_1)}
            for found in inspection.findings
        ],
        "path": [[step.question, step.answer, bool(step.passed)] for step in verdict.path],
        "heat_map": None if inspection.heat_map is None else _describe_map(inspection.heat_map),
        "timings_ms": {stage: float(ms) for stage, ms in inspection.timings_ms.as_dict().items()},
        "retested": bool(inspection.retested),
        "novelty": None if inspection.novelty is None else asdict(inspection.novelty),
        NOVELTY_SHA256: inspection.novelty_sha256,
        "extra": dict(context.extra),
    }


def restore_inspection(body: Mapping[str, Any], evidence: Evidence) -> Inspection:
    """As it was when it was kept: the same numbers, the same map."""
    about, engine, described = body["about"], body["engine"], body["heat_map"]
    heat_map = None
    if described is not None and evidence.grid is not None:
        heat_map = HeatMap(
            grid=evidence.grid,
            class_name=described["class"],
            method=described["method"],
            exact=described["exact"],
            residual=described["residual"],
            scale=described["scale"],
            crop=Box(*described["crop"]),
        )
    return Inspection(
        picture=body["picture"]["name"],
        sha256=about["picture_sha256"],
        line=about["line"],
        model=about["model"],
        model_sha256=body["model_sha256"],
        engine=EngineLabel(engine["name"], engine["version"], body["precision"], engine["device"]),
        verdict=Verdict(
            kind=VerdictKind(about["verdict"]),
            class_name=about["class"],
            score_0_1=about["score"],
            path=tuple(Step(question, answer, passed) for question, answer, passed in body["path"]),
        ),
        probabilities=dict(zip(body["class_names"], body["probabilities"], strict=True)),
        logits=tuple(body["logits"]),
        box=None if body["box"] is None else Box(*body["box"]),
        box_score_0_1=body["box_score"],
        findings=tuple(
            Finding(Box(*found["box"]), found["class"], found["score"]) for found in body["findings"]
        ),
        heat_map=heat_map,
        timings_ms=Timings(**body["timings_ms"]),
        retested=body["retested"],
        features=evidence.features,
        novelty=None if body["novelty"] is None else Novelty(**body["novelty"]),
        novelty_sha256=body.get(NOVELTY_SHA256),
    )


def check_word(word: str, *, what: str) -> str:
    """A word that is searched by: one printable line, so that no two look alike and every database holds it."""
    if not is_one_line(word):
        raise RecordRefused(
            f"Expected {what} to be one printable line of at most {LONGEST_LINE} characters, "
            f"got {word[:40]!r} ({len(word)} characters). Shorten or clean it."
        )
    return word


def _describe_map(heat_map: HeatMap) -> dict[str, Any]:
    """The grid itself is in the evidence blob."""
    return {
        "class": heat_map.class_name,
        "method": heat_map.method,
        "exact": bool(heat_map.exact),
        "residual": float(heat_map.residual),
        "scale": float(heat_map.scale),
        "crop": _list_edges(heat_map.crop),
        "shape": list(heat_map.grid.shape),
    }


def _list_edges(box: Box) -> list[float]:
    return [float(edge) for edge in box.as_list()]
