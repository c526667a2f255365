"""Small evaluations of made-up models, written as a release writes them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from inspection.learning.evaluate import Evaluation, write_evaluations
from inspection.types import Precision
from models.card import Card, write_card
from tests.ui.fakes import CLASSES

Mistakes = Mapping[int, int]  # row → the class that it is called


def name_rows(labels: Sequence[int], split: str, names: Sequence[str] = CLASSES) -> tuple[str, ...]:
    return tuple(f"{split}/{names[label]}/{row:04d}.png" for row, label in enumerate(labels))


def make_evaluation(
    labels: Sequence[int],
    mistakes: Mistakes | None = None,
    *,
    unsure: Sequence[int] = (),
    names: Sequence[str] = CLASSES,
    split: str = "test",
    precision: Precision = "int8",
    ms: float = 3.0,
) -> Evaluation:
    """Every picture is called with a margin of 6 logits, the unsure ones with 0.5."""
    called = np.array(labels)
    for row, wrong in (mistakes or {}).items():
        called[row] = wrong
    margins = np.full(len(called), 6.0, np.float32)
    margins[list(unsure)] = 0.5
    logits = np.zeros((len(called), len(names)), np.float32)
    logits[np.arange(len(called)), called] = margins
    taken = np.linspace(ms, ms * 1.2, len(called)).astype(np.float32)
    return Evaluation(
        split, precision, name_rows(labels, split, names), np.array(labels, np.int64), logits, taken
    )


def make_measured_card(model: str, **changes: Any) -> Card:
    values: dict[str, Any] = {
        "line": "aluminium",
        "model": model,
        "class_names": CLASSES,
        "input_size": 224,
        "parameters": 1_000_000,
        "weights_sha256": "ab" * 32,
        "weights_bytes": 2_000_000,
        "temperature": 1.0,
        "heat_scale": 2.5,
        "data": {"folder": "aluminium", "licence": "synthetic, Apache-2.0", "split": {"sha256": "cd" * 32}},
        "recipe": {},
        "curves": [
            {"epoch": 1, "train_loss": 1.0, "accuracy": 0.5},
            {"epoch": 2, "train_loss": 0.5, "accuracy": 0.9},
        ],
        "figures": {},
        "precisions": {"int8": {}, "f32": {}},
        "licence": "synthetic, Apache-2.0",
        "commit": "abc1234",
        "created": "2026-01-01T00:00:00Z",
        "notes": [],
    }
    return Card(**{**values, **changes})


def write_measured(weights_dir: Path, card: Card, evaluations: list[Evaluation]) -> None:
    stem = weights_dir / card.line / card.model
    write_card(card, stem.with_suffix(".json"))
    write_evaluations(evaluations, stem.with_suffix(".parquet"))
