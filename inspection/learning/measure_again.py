"""A detector that ships, measured again from the weights as they are stored: its card tells what is measured today."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from inspection.config import Settings
from inspection.engines.prepare import find_weights, prepare_model
from inspection.errors import DataInvalid, WeightsRefused
from inspection.learning.evaluate import MEASURED
from inspection.learning.known_split import find_known_split
from inspection.learning.line_data import load_line_boxes
from inspection.learning.release_detector import evaluate_detector
from inspection.lines import Line
from inspection.placing import stage_release
from inspection.types import Engine
from models.card import Card, read_card, write_card
from models.registry import find_spec


def measure_boxes_again(
    line: Line, model: str, folder: Path, settings: Settings, *, tell: Callable[[str], None] = print
) -> Card:
    """Refused where the folder holds other pictures or other sides than the card names. Weights, calibration and thresholds
    stay; whether INT8 runs is judged anew, by the validation pictures as at a release."""
    from inspection.loading import load_engine

    if find_spec(model).task != "detect":
        raise DataInvalid(
            f"Expected a detector, got {model}, which names classes. Its figures come from rows that are kept beside its card."
        )
    weights, card = find_weights(line.name, model, settings)
    ruled, facts = find_known_split(card, line, folder)
    if facts["sha256"] != card.data["sha256"]:
        tell(
            "the pictures were made on a processor that rounds otherwise: they are those of the card but for that"
        )
    boxes = load_line_boxes(
        ruled,
        folder,
        size=card.input_size,
        cache_dir=settings.cache_dir / "arrays",
        one_class=card.class_names == ("part",),
    )
    if boxes.class_names != card.class_names:
        raise DataInvalid(
            f"Expected the line's classes as {model} learnt them ({', '.join(card.class_names)}), got {', '.join(boxes.class_names)}. "
            f"Put `classes` in the line's file back into that order, or train it again."
        )
    engines: dict[str, Engine] = {
        name: load_engine(prepare_model(line.name, model, name, settings), name, settings)
        for name in MEASURED
    }
    tell(f"{len(boxes.validation)} pictures choose, {len(boxes.test)} judge")
    figures, int8 = evaluate_detector(
        engines,
        {"validation": boxes.validation, "test": boxes.test},
        boxes.class_names,
        threshold_0_1=line.locate.threshold_0_1,
    )
    with stage_release(weights.parent, model, whole=False) as scratch:
        measured = tell_measured(read_card(weights.with_suffix(".json")), card, figures, int8, facts)
        write_card(measured, scratch / f"{model}.json")
    if bool(measured.withheld) != bool(card.withheld):
        tell(f"INT8 {'is withheld from now on' if measured.withheld else 'runs from now on'}")
    return measured


def check_unreplaced(today: Card, measured: Card) -> None:
    if today.weights_sha256 != measured.weights_sha256:
        raise WeightsRefused(
            f"Expected the weights that were measured ({measured.weights_sha256[:12]}…), got {today.weights_sha256[:12]}…: they were "
            f"replaced meanwhile. Measure them again."
        )


def tell_measured(
    today: Card, measured: Card, figures: dict[str, Any], int8: dict[str, Any], facts: dict[str, Any]
) -> Card:
    """today: the card as it is by now; others may have written into it, or released other weights, meanwhile."""
    check_unreplaced(today, measured)
    precisions = {**today.precisions, "int8": {**today.precisions.get("int8", {}), **int8}}
    data = {**today.data, "measured_sha256": facts["sha256"]}
    return replace(today, data=data, figures={**today.figures, **figures}, precisions=precisions)
