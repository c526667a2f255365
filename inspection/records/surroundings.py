"""What stood around an inspection: the machine, this program, and the weights of the detectors beside the classifier."""

import platform
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from inspection.config import Settings
from inspection.engines.machine import describe_machine
from inspection.records.content import Context, build_context

if TYPE_CHECKING:
    from inspection.pipeline import Inspector


def build_full_context(inspector: "Inspector", *, person: str, source: str, part: str = "") -> Context:
    """All that is known when an inspection is kept: rules, preprocessing, machine, detectors as they were asked."""
    context = build_context(inspector, person=person, source=source, part=part)
    line = inspector.line
    detectors = {
        role: {"model": model, "sha256": inspector.detector_sha256.get(role)}
        for role, model in (("locates", line.locate.model), ("marks defects", line.defect_detector))
        if model is not None
    }
    return replace(
        context, extra={**context.extra, "machine": describe_this_machine(), "detectors": detectors}
    )


@lru_cache(maxsize=1)
def describe_this_machine() -> dict[str, Any]:
    machine = describe_machine()
    return {
        "name": platform.node(),
        "cpu": machine.cpu,
        "cores": machine.cores,
        "system": machine.system,
        "python": machine.python,
    }


def find_weights_hash(line: str, model: str, settings: Settings) -> str | None:
    """What the card says of the weights as they lie there now; None where there are none."""
    return find_hashes(line, model, settings).weights


class Hashes(NamedTuple):
    weights: str | None
    novelty: str | None  # None: no novelty model is fitted to them
    int8: str | None = None  # of the calibration; None: there is none
    temperature: float | None = None  # which can be fitted anew to the same weights


def find_hashes(line: str, model: str, settings: Settings) -> Hashes:
    path = settings.weights_dir / line / f"{model}.json"
    try:
        changed_ns = path.stat().st_mtime_ns
    except FileNotFoundError:
        return Hashes(None, None)
    return _read_hashes(path, changed_ns)


@lru_cache(maxsize=256)
def _read_hashes(path: Path, changed_ns: int) -> Hashes:
    """changed_ns: so that a card that was written anew is read anew."""
    from models.card import CardInvalid, read_card

    try:
        card = read_card(path)
    except CardInvalid:
        return Hashes(None, None)
    calibration = card.precisions.get("int8", {}).get("calibration_sha256")
    novelty = card.data.get("novelty", {}).get("sha256")
    return Hashes(card.weights_sha256, novelty, calibration, card.temperature)
