"""A detector that ships, measured again from the weights as they are stored: its card tells what is measured today."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from inspection.config import Settings
from inspection.engines.prepare import find_weights, prepare_model
from inspection.errors import DataInvalid
from inspection.learning.known_split import find_known_split
from inspection.learning.line_data import load_line_boxes
from inspection.learning.release_detector import evaluate_detector
from inspection.lines import Line
from inspection.placing import stage_release
from inspection.types import Engine
from models.card import Card, write_card
from models.registry import find_spec


def measure_boxes_again(
    line: Line, model: str, folder: Path, settings: Settings, *, tell: Callable[[str], None] = print
) -> Card:
    """Refused where the folder holds other pictures or other sides than the card names. Nothing is chosen by it."""
    from inspection.pipeline import load_engine

    if find_spec(model).task != "detect":
        raise DataInvalid(
            f"Expected a detector, got {model}, which names classes. Its figures come from rows that are kept beside its card."
        )
    weights, card = find_weights(line.name, model, settings)
    ruled, _ = find_known_split(card, line, folder)
    boxes = load_line_boxes(
        ruled,
        folder,
        size=card.input_size,
        cache_dir=settings.cache_dir / "arrays",
        one_class=card.class_names == ("part",),
    )
    engines: dict[str, Engine] = {
        name: load_engine(prepare_model(line.name, model, name, settings), name, settings)
        for name in ("f32", "int8")
    }
    tell(f"{len(boxes.validation)} pictures choose, {len(boxes.test)} judge")
    figures, int8 = evaluate_detector(
        engines,
        {"validation": boxes.validation, "test": boxes.test},
        boxes.class_names,
        threshold_0_1=line.locate.threshold_0_1,
    )
    told = {**card.precisions, "int8": {**card.precisions.get("int8", {}), **int8}}
    measured = replace(card, figures={**card.figures, **figures}, precisions=told)
    with stage_release(weights.parent, model, whole=False) as scratch:
        write_card(measured, scratch / f"{model}.json")
    return measured
