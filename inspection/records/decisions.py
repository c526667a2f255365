"""What people say of a record: decisions, before and after seeing the map, and corrections. The old value stays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inspection.records.content import check_word
from inspection.records.errors import CorrectedMeanwhile, CorrectionContradicts, RecordRefused
from inspection.records.record import Kind, Record, build_about
from inspection.types import VerdictKind

CORRECTABLE = ("verdict", "class", "part")


@dataclass(frozen=True, slots=True)
class Answer:
    verdict: VerdictKind
    class_name: str | None = None


def build_decision_body(
    subject: Record,
    answer: Answer,
    *,
    person: str,
    saw_map: bool,
    took_ms: float,
    reason: str,
    earlier: Sequence[Record],
) -> dict[str, Any]:
    """earlier: this person's own decisions on the same record."""
    if subject.kind is not Kind.INSPECTION:
        raise RecordRefused(
            f"Expected an inspection to decide on, record {subject.id} is a {subject.kind.value}."
        )
    if not saw_map and any(record.body["saw_map"] for record in earlier):
        raise RecordRefused(
            f"{person} has already seen the map of record {subject.id}: a blind decision must come first. "
            "Hand the part to another person."
        )
    if answer.class_name is not None:
        check_word(answer.class_name, what="class")
    if saw_map and not is_same(subject, answer) and not reason.strip():
        raise RecordRefused(
            f"Expected a reason, because the decision differs from the model's {subject.verdict}. Say why."
        )
    before = earlier[-1] if earlier else None
    about = _name_subject(
        subject, Kind.DECISION, person, verdict=answer.verdict.value, class_name=answer.class_name
    )
    return {
        "about": {**about, "agrees": say_agreement(subject, answer)},
        **_copy_subject(subject),
        "saw_map": saw_map,
        "took_ms": float(took_ms),
        "reason": reason,
        "model_said": {"verdict": subject.verdict, "class": subject.class_name, "score": subject.score_0_1},
        "person_said_before": None
        if before is None
        else {"verdict": before.verdict, "class": before.class_name, "record": before.id},
    }


def say_agreement(subject: Record, answer: Answer) -> str:
    """Empty where the model had asked, and where the person cannot tell: that neither agrees nor overrides."""
    if VerdictKind.REVIEW in (subject.verdict, answer.verdict):
        return ""
    return "yes" if is_same(subject, answer) else "no"


def is_same(subject: Record, answer: Answer) -> bool:
    return (answer.verdict.value, answer.class_name) == (subject.verdict, subject.class_name)


def build_correction_body(
    subject: Record,
    changes: Mapping[str, str],
    *,
    person: str,
    reason: str,
    good: str | None,
    earlier: Sequence[Record],
) -> dict[str, Any]:
    """good: the line's good class; None: it has none, or the line is gone, and a verdict says nothing of the class.
    earlier: what was already decided or corrected; the old value is the last one that held.
    """
    unknown = sorted(set(changes) - set(CORRECTABLE))
    if unknown:
        raise RecordRefused(
            f"Expected changes to {', '.join(CORRECTABLE)} only, got {', '.join(unknown)}. "
            "Everything else is a measurement: inspect the picture again."
        )
    if not changes:
        raise RecordRefused(
            "Expected a correction, but verdict, class and part number are as they were. Choose another verdict or "
            "class, or type another part number."
        )
    if subject.kind is not Kind.INSPECTION:
        raise RecordRefused(
            f"Expected an inspection to correct, record {subject.id} is a {subject.kind.value}."
        )
    if not reason.strip():
        raise RecordRefused("Expected the reason of the correction, got none. Say why.")
    new = {name: check_word(value, what=name) for name, value in changes.items()}
    if "verdict" in new:
        _check_verdict(new["verdict"])
    held = read_current(subject, earlier)
    now = {name: new.get(name, held[name]) for name in CORRECTABLE}
    if good is not None and {"verdict", "class"} & set(new):
        _check_agreement(now["verdict"], now["class"] or None, good)
    return {
        "about": _name_subject(
            subject, Kind.CORRECTION, person, verdict=now["verdict"], class_name=now["class"]
        ),
        **_copy_subject(subject),
        "new": now,
        "old": held,
        "changed": sorted(new),
        "reason": reason,
    }


def check_seen(record_id: int, now: int, *, seen: int) -> None:
    """now: the record whose words hold; seen: the one that held when the person looked."""
    if now != seen:
        raise CorrectedMeanwhile(
            f"Expected record {record_id} as it was when you opened it, but record {now} corrected it meanwhile. "
            "Nothing was added: look at what holds now, and send it again."
        )


def read_current(subject: Record, later: Sequence[Record]) -> dict[str, Any]:
    """What holds now: the inspection's own words, then every correction in the order it was made."""
    held = {
        "verdict": subject.verdict,
        "class": subject.class_name,
        "part": subject.body["part"],
        "record": subject.id,
    }
    for record in later:
        if record.kind is Kind.CORRECTION:
            held = {**record.body["new"], "record": record.id}
    return held


def _name_subject(
    subject: Record, kind: Kind, person: str, *, verdict: str, class_name: str | None
) -> dict[str, Any]:
    """The old record is named by number and by hash, so that the new one holds it to what it said."""
    return build_about(
        kind,
        person=check_word(person, what="person"),
        line=subject.line,
        model=subject.model,
        verdict=verdict,
        of={"id": subject.id, "hash": subject.hash},
        **{"class": class_name},
    )


def _copy_subject(subject: Record) -> dict[str, Any]:
    return {"model_sha256": subject.body["model_sha256"], "subject_picture_sha256": subject.picture_sha256}


def _check_agreement(verdict: str, class_name: str | None, good: str) -> None:
    """Of a line with a good class: a part that passes is good, one that is rejected has a defect."""
    got = f"got {verdict} with {class_name or 'no class'}"
    if verdict == VerdictKind.PASS and class_name != good:
        raise CorrectionContradicts(
            f"Expected PASS with the class {good}, {got}. Choose the class {good}, or another verdict."
        )
    if verdict == VerdictKind.REJECT and class_name in (None, good):
        raise CorrectionContradicts(
            f"Expected REJECT with a defect, {got}. Choose the defect as the class, or another verdict."
        )
    if verdict == VerdictKind.NO_PART and class_name is not None:
        raise CorrectionContradicts(
            f"Expected NO PART without a class, {got}. Choose “none” as the class, or another verdict."
        )


def _check_verdict(verdict: str) -> None:
    known = [kind.value for kind in VerdictKind]
    if verdict not in known:
        raise RecordRefused(f"Expected a verdict of {', '.join(known)}, got {verdict!r}.")
