"""A record as a person reads it: everything that was known at the time, in groups. A page and a printed sheet show it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from inspection.records.record import Kind, Record
from inspection.types import VerdictKind
from inspection.verdict import say_second_look
from inspection.wording import round_percent

NOT_KEPT = "not recorded"
_STAGES = ("decode", "locate", "classify", "explain", "mark", "total")
Facts = Mapping[str, Mapping[str, str]]  # group → name → value


def say_time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def say_outcome(verdict: str, class_name: str | None) -> str:
    return f"{verdict}: {class_name}" if class_name else verdict


def list_facts(record: Record) -> Facts:
    if record.kind is not Kind.INSPECTION:
        return {"Record": _list_record(record), "Content": _list_content(record)}
    return {
        "Who, what, when": _list_circumstances(record),
        "How it was judged": _list_judgement(record),
        "What was found": _list_findings(record),
        "Heat map": _list_map(record.body),
        "Rules": _list_rules(record.body),
        "Machine": _list_machine(record.body),
        "Record": _list_record(record),
    }


def _list_circumstances(record: Record) -> dict[str, str]:
    body = record.body
    picture = body["picture"]
    return {
        "Kept": say_time(record.at),
        "Inspected": body["inspected_at"] or "when it was kept",
        "Person": record.person,
        "Source": body["source"],
        "Line": record.line,
        "Part": body["part"] or NOT_KEPT,
        "Picture": f"{picture['name']}, {picture['bytes']:,} bytes",
        "Picture SHA-256": str(record.picture_sha256),
    }


def _list_judgement(record: Record) -> dict[str, str]:
    body = record.body
    engine, preprocessing = body["engine"], body["preprocessing"]
    rows = {
        "Model": body["about"]["model"],
        "Weights SHA-256": body["model_sha256"],
        "Novelty model SHA-256": body.get("novelty_sha256", NOT_KEPT) or "none, novelty was not asked",
        "Engine": f"{engine['name']} {engine['version']} on {engine['device']}",
        "Precision": body["precision"],
        "Preprocessing": ", ".join(f"{name} {value}" for name, value in preprocessing.items()),
        "Second look": say_second_look(
            VerdictKind(str(record.verdict)),
            retested=bool(body["retested"]),
            allowed=bool(body["thresholds"].get("retest", True)),
        ),
    }
    for role, detector in body["extra"].get("detectors", {}).items():
        rows[f"Detector that {role}"] = f"{detector['model']}, {detector['sha256'] or NOT_KEPT}"
    return rows


def _list_findings(record: Record) -> dict[str, str]:
    body = record.body
    names, box = body["class_names"], body["box"]
    timings = body["timings_ms"]
    rows = {
        "Verdict": say_outcome(record.verdict, record.class_name),
        "Score": f"{record.score_0_1 or 0:.6f}",
        "Probabilities": _pair(names, body["probabilities"]),
        "Logits": _pair(names, body["logits"]),
        "Box": "none" if box is None else ", ".join(f"{edge:.1f}" for edge in box),
        "Box score": NOT_KEPT if body["box_score"] is None else f"{body['box_score']:.4f}",
        "Defect boxes": "; ".join(_say_finding(found) for found in body["findings"]) or "none",
        "Time": ", ".join(f"{stage} {timings[stage]:.2f} ms" for stage in _STAGES if stage in timings),
    }
    if body["novelty"] is not None:
        rows["Novelty"] = ", ".join(f"{name} {_say(value)}" for name, value in body["novelty"].items())
    return rows


def _list_map(body: Mapping[str, Any]) -> dict[str, str]:
    described = body["heat_map"]
    if described is None:
        return {"Map": "none was drawn"}
    rows, columns = described["shape"]
    return {
        "For class": described["class"],
        "Method": described["method"],
        "Exact": f"{'yes' if described['exact'] else 'no'}; the logits recomputed from it differ by {described['residual']:.2g}",
        "Grid": f"{columns} × {rows}, {described['scale']:.4g} is drawn as 1",
        "Map SHA-256": body["about"]["evidence_sha256"] or NOT_KEPT,
    }


def _list_rules(body: Mapping[str, Any]) -> dict[str, str]:
    thresholds = {name: _say(value) for name, value in body["thresholds"].items()}
    path = {f"{number}. {step[0]}": step[1] for number, step in enumerate(body["path"], start=1)}
    return {**thresholds, **path}


def _list_machine(body: Mapping[str, Any]) -> dict[str, str]:
    machine = body["extra"].get("machine")
    return (
        {"Machine": NOT_KEPT} if machine is None else {name: _say(value) for name, value in machine.items()}
    )


def _list_record(record: Record) -> dict[str, str]:
    return {
        "Number": str(record.id),
        "Kind": record.kind.value,
        "Kept": say_time(record.at),
        "Person": record.person,
        "Code": record.code,
        "SHA-256": record.hash,
        "SHA-256 of the one before": record.previous_hash,
        "UID": record.uid,
    }


def _list_content(record: Record) -> dict[str, str]:
    return {name: _say(value) for name, value in record.body.items() if name not in ("about", "schema")}


def _pair(names: Sequence[str], values: Sequence[float]) -> str:
    return ", ".join(f"{name} {value:.4f}" for name, value in zip(names, values, strict=False)) or "none"


def _say_finding(found: Mapping[str, Any]) -> str:
    return f"{found['class']} {round_percent(found['score'], 0)}% at {', '.join(f'{edge:.0f}' for edge in found['box'])}"


def _say(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return NOT_KEPT
    return f"{value:.6g}" if isinstance(value, float) else str(value)
