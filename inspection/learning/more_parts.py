"""More parts than a side of the line holds, made for one purpose each, under a seed that no training ever sees.

A thousand parts cannot show a calibration error of 1.5 %: a model without any shows more there, by chance alone. So more are
made to judge by, of the designs that never teach; nothing is chosen by these. Nor can six hundred fit a temperature so well:
how often they are named right is known to two points. So more are made to fit it to, of the designs that teach.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from inspection.config import Settings
from inspection.engines.prepare import find_weights, prepare_model
from inspection.errors import DataInvalid
from inspection.learning.annotated import read_coco
from inspection.learning.arrays import ArraySet
from inspection.learning.calibration import fit_temperature
from inspection.learning.data import BOXES, hash_dataset
from inspection.learning.evaluate import (
    CALIBRATION_PARTS,
    MEASURED,
    MORE_PARTS,
    Evaluation,
    compare_precisions,
    evaluate_set,
    keep_rows,
    name_more,
    read_released,
)
from inspection.learning.line_data import cut_parts
from inspection.learning.measure_again import check_unreplaced
from inspection.learning.synthesis.dataset import TRAINED_DESIGNS
from inspection.learning.synthesis.making import Side, make_side
from inspection.learning.synthesis.parts import HELD_OUT_DESIGNS
from inspection.lines import Line
from inspection.placing import stage_release
from inspection.types import Precision
from models.card import Card, read_card, write_card
from models.registry import find_spec

Tick = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Purpose:
    split: str  # of the rows that are kept
    folder: str  # a part of its name
    told: str  # the card's key
    seed: int  # train, validation and test have 1, 2 and 3
    designs: tuple[str, ...]

    def plan(self, parts: int) -> Side:
        return Side(f"{self.folder}-{parts}", parts, self.seed, self.designs, negatives_share=0.0)


JUDGING = Purpose(MORE_PARTS, "more", "more_parts", 4, tuple(HELD_OUT_DESIGNS))
CALIBRATING = Purpose(CALIBRATION_PARTS, "calibration", "calibration_parts", 5, TRAINED_DESIGNS)


def measure_more(
    line: Line,
    model: str,
    parts: int,
    settings: Settings,
    purpose: Purpose,
    *,
    workers: int = 1,
    tick: Tick | None = None,
    on_wait: Callable[[], None] | None = None,
) -> Card:
    """The stored weights on so many new parts, each cut out by its own box; rows and figures join those of the release. Where
    they were made to calibrate by, the temperature is fitted to them, and all figures of the card are at it then."""
    if find_spec(model).task != "classify":
        raise DataInvalid(f"Expected a classifier, got {model}, which finds boxes. Name a classifier.")
    weights, card = find_weights(line.name, model, settings)
    pictures, facts = make_more(
        line,
        purpose.plan(parts),
        settings,
        size=card.input_size,
        workers=workers,
        tick=tick,
        on_wait=on_wait,
    )
    rows = evaluate_stored(line, model, pictures, settings, split=purpose.split)
    with stage_release(weights.parent, model, whole=False) as scratch:
        told = read_card(weights.with_suffix(".json"))  # others may have written into it meanwhile
        check_unreplaced(told, card)
        table = weights.with_suffix(".parquet")
        kept = dict(read_released(told, table)) | {(purpose.split, each.precision): each for each in rows}
        told = keep_rows(told, list(kept.values()), scratch / table.name)
        told = replace(told, data={**told.data, purpose.told: facts})
        told = tell_figures(told, {purpose.split: rows}, good=line.good)
        if purpose is CALIBRATING:
            told = tell_calibrated(told, kept, good=line.good)
        write_card(told, scratch / f"{model}.json")
    return told


def make_more(
    line: Line,
    side: Side,
    settings: Settings,
    *,
    size: int,
    workers: int,
    tick: Tick | None = None,
    on_wait: Callable[[], None] | None = None,
) -> tuple[ArraySet, dict[str, Any]]:
    """The pictures as the classifier sees them, and what the card tells of them; those made before are there already."""
    home = settings.var_dir / "data" / name_more(line.name)
    folder: Path = make_side(home, side, workers=workers, on_progress=tick, on_wait=on_wait)
    dataset = read_coco(folder / BOXES, folder)
    pictures = cut_parts(dataset.samples, line, home, size=size, cache_dir=settings.cache_dir / "arrays")
    facts = {
        "parts": side.count,
        "seed": side.seed,
        "designs": list(side.designs),
        "sha256": hash_dataset(dataset),
    }
    return pictures, facts


def evaluate_stored(
    line: Line, model: str, pictures: ArraySet, settings: Settings, *, split: str
) -> list[Evaluation]:
    from inspection.loading import load_engine

    channels = find_spec(model).channels
    engines = [
        load_engine(prepare_model(line.name, model, name, settings), name, settings) for name in MEASURED
    ]
    return [evaluate_set(engine, pictures, split=split, channels=channels) for engine in engines]


def tell_figures(card: Card, rows: dict[str, list[Evaluation]], *, good: str | None) -> Card:
    """rows: by split, at F32 and INT8; figures and what INT8 changes, at the card's temperature."""
    figures = {
        split: {
            each.precision: each.figures(card.class_names, good=good, temperature=card.temperature).to_dict()
            for each in measured
        }
        for split, measured in rows.items()
    }
    int8 = card.precisions.get("int8", {})
    compared = {split: compare_precisions(*measured) for split, measured in rows.items()}
    against = {**int8.get("against_f32", {}), **compared}
    return replace(
        card,
        figures={**card.figures, **figures},
        precisions={**card.precisions, "int8": {**int8, "against_f32": against}},
    )


def tell_calibrated(card: Card, kept: dict[tuple[str, Precision], Evaluation], *, good: str | None) -> Card:
    """kept: all rows of the model. What a class is called does not hang on the temperature, only how sure it is said to be."""
    fitted = kept[CALIBRATION_PARTS, "f32"]
    temperature = fit_temperature(fitted.logits, fitted.labels, doubt_0_1=1 / (len(fitted) + 2))
    splits = dict.fromkeys(split for split, _ in kept)
    rows = {split: [kept[split, each] for each in MEASURED] for split in splits}
    return tell_figures(replace(card, temperature=temperature), rows, good=good)
