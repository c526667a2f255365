"""More parts than the test side holds, made to judge by: of the designs that never teach, under a seed of their own.

A thousand parts cannot show a calibration error of 1.5 %: a model without any shows more there, by chance alone. Nothing
is chosen by these parts, and no training ever sees their seed.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from inspection.config import Settings
from inspection.engines.prepare import find_weights, prepare_model
from inspection.errors import DataInvalid
from inspection.hashing import hash_file
from inspection.learning.annotated import read_coco
from inspection.learning.arrays import ArraySet
from inspection.learning.data import BOXES, hash_dataset
from inspection.learning.evaluate import (
    MORE_PARTS,
    Evaluation,
    compare_precisions,
    evaluate_set,
    name_more,
    read_released,
    write_evaluations,
)
from inspection.learning.line_data import cut_parts
from inspection.learning.measure_again import check_unreplaced
from inspection.learning.synthesis.making import Side, make_side
from inspection.learning.synthesis.parts import HELD_OUT_DESIGNS
from inspection.lines import Line
from inspection.placing import stage_release
from inspection.types import Precision
from models.card import Card, read_card, write_card
from models.registry import find_spec

SEED = 4  # train, validation and test have 1, 2 and 3
PRECISIONS: tuple[Precision, ...] = ("f32", "int8")
Tick = Callable[[int, int], None]


def plan_more(parts: int) -> Side:
    return Side(f"more-{parts}", parts, SEED, tuple(HELD_OUT_DESIGNS), negatives_share=0.0)


def judge_more(
    line: Line, model: str, parts: int, settings: Settings, *, workers: int = 1, tick: Tick | None = None
) -> Card:
    """The stored weights on so many new parts, each cut out by its own box; rows and figures join those of the release."""
    if find_spec(model).task != "classify":
        raise DataInvalid(f"Expected a classifier, got {model}, which finds boxes. Name a classifier.")
    weights, card = find_weights(line.name, model, settings)
    pictures, facts = make_more(line, parts, settings, size=card.input_size, workers=workers, tick=tick)
    rows = evaluate_stored(line, model, pictures, settings)
    with stage_release(weights.parent, model, whole=False) as scratch:
        told = read_card(weights.with_suffix(".json"))  # others may have written into it meanwhile
        check_unreplaced(told, card)
        table = weights.with_suffix(".parquet")
        kept = dict(read_released(told, table)) | {(MORE_PARTS, each.precision): each for each in rows}
        write_evaluations(list(kept.values()), scratch / table.name)
        files = {**told.files, table.name: hash_file(scratch / table.name)} if told.files else {}
        judged = tell_judged(replace(told, files=files), rows, facts, good=line.good)
        write_card(judged, scratch / f"{model}.json")
    return judged


def make_more(
    line: Line, parts: int, settings: Settings, *, size: int, workers: int, tick: Tick | None = None
) -> tuple[ArraySet, dict[str, Any]]:
    """The pictures as the classifier sees them, and what the card tells of them; those made before are there already."""
    side, home = plan_more(parts), settings.var_dir / "data" / name_more(line.name)
    folder: Path = make_side(home, side, workers=workers, on_progress=tick)
    dataset = read_coco(folder / BOXES, folder)
    pictures = cut_parts(dataset.samples, line, home, size=size, cache_dir=settings.cache_dir / "arrays")
    facts = {
        "parts": parts,
        "seed": side.seed,
        "designs": list(side.designs),
        "sha256": hash_dataset(dataset),
    }
    return pictures, facts


def evaluate_stored(line: Line, model: str, pictures: ArraySet, settings: Settings) -> list[Evaluation]:
    from inspection.loading import load_engine

    channels = find_spec(model).channels
    engines = [
        load_engine(prepare_model(line.name, model, name, settings), name, settings) for name in PRECISIONS
    ]
    return [evaluate_set(engine, pictures, split=MORE_PARTS, channels=channels) for engine in engines]


def tell_judged(card: Card, rows: list[Evaluation], facts: dict[str, Any], *, good: str | None) -> Card:
    figures = {
        each.precision: each.figures(card.class_names, good=good, temperature=card.temperature).to_dict()
        for each in rows
    }
    int8 = card.precisions.get("int8", {})
    against = {**int8.get("against_f32", {}), MORE_PARTS: compare_precisions(*rows)}
    return replace(
        card,
        data={**card.data, "more_parts": facts},
        figures={**card.figures, MORE_PARTS: figures},
        precisions={**card.precisions, "int8": {**int8, "against_f32": against}},
    )
