"""An evaluation: one model at one precision over one named split, a row a picture. Every figure comes from such rows."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from inspection.classify import prepare_batch, soften
from inspection.errors import DataInvalid
from inspection.hashing import hash_file
from inspection.learning.arrays import ArraySet
from inspection.learning.metrics import Figures, measure_figures
from inspection.types import F32, Engine, Precision
from models.card import Card

MORE_PARTS = "more parts"  # the split of what was made to judge by, beside the test side
CALIBRATION_PARTS = "calibration parts"  # the split of what was made to fit the temperature to
MEASURED: tuple[Precision, ...] = ("f32", "int8")  # what a release is evaluated at, the reference first
COLUMNS = ("split", "precision", "key", "label", "logits", "classify_ms")
Tick = Callable[[int, int], None]


def name_more(line: str) -> str:
    """The folder of such pictures, beside the line's own under `var/data`."""
    return f"{line}-more"


@dataclass(frozen=True, slots=True)
class Evaluation:
    split: str
    precision: Precision
    keys: tuple[str, ...]
    labels: NDArray[np.int64]  # (n,)
    logits: F32  # (n, classes)
    classify_ms: F32  # (n,): one picture at a time, warm

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def called(self) -> NDArray[np.int64]:
        return cast(NDArray[np.int64], self.logits.argmax(axis=1))

    def figures(self, class_names: tuple[str, ...], *, good: str | None, temperature: float) -> Figures:
        probabilities = soften(self.logits, temperature=temperature)
        return measure_figures(self.labels, probabilities, class_names=class_names, good_class=good)


def evaluate_set(
    engine: Engine, pictures: ArraySet, *, split: str, channels: int, tick: Tick | None = None
) -> Evaluation:
    """Pictures go through one at a time, as on the line, so that the timings are those of the line."""
    logits: list[F32] = []
    taken = np.empty(len(pictures), np.float32)
    for index in range(len(pictures)):
        batch = prepare_batch([pictures.pixels[index]], channels)
        started = time.perf_counter()
        logits.append(engine.run(batch).outputs[0][0])
        taken[index] = (time.perf_counter() - started) * 1e3
        if tick is not None:
            tick(index + 1, len(pictures))
    return Evaluation(
        split, engine.label.precision, pictures.keys, pictures.labels.copy(), np.stack(logits), taken
    )


def write_evaluations(evaluations: list[Evaluation], path: Path) -> None:
    import pandas as pd

    frames = [
        pd.DataFrame(
            {
                "split": each.split,
                "precision": each.precision,
                "key": each.keys,
                "label": each.labels.astype(np.int16),
                "logits": list(each.logits.astype(np.float32)),
                "classify_ms": each.classify_ms.astype(np.float32),
            }
        )
        for each in evaluations
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.concat(frames).to_parquet(path, compression="zstd", index=False)


def keep_rows(card: Card, evaluations: list[Evaluation], path: Path) -> Card:
    """Written to `path`, and named in the card, where it names the files that belong to it."""
    write_evaluations(evaluations, path)
    return replace(card, files={**card.files, path.name: hash_file(path)} if card.files else {})


def read_evaluations(path: Path) -> dict[tuple[str, Precision], Evaluation]:
    """(split, precision) → evaluation."""
    import pandas as pd

    if not path.is_file():
        raise DataInvalid(f"Expected evaluations at {path}, found none. Evaluate the model first.")
    table = pd.read_parquet(path)
    if tuple(table.columns) != COLUMNS:
        raise DataInvalid(
            f"Expected the columns {', '.join(COLUMNS)} in {path.name}, got {list(table.columns)}."
        )
    found: dict[tuple[str, Precision], Evaluation] = {}
    for name, rows in table.groupby(["split", "precision"], sort=False):
        split, precision = cast(tuple[str, Precision], name)
        found[split, precision] = Evaluation(
            split,
            precision,
            tuple(rows["key"]),
            rows["label"].to_numpy(np.int64),
            np.stack(list(rows["logits"])).astype(np.float32),
            rows["classify_ms"].to_numpy(np.float32),
        )
    return found


def read_released(card: Card, path: Path) -> dict[tuple[str, Precision], Evaluation]:
    """Beside its card: what was measured on other weights than it speaks of is refused."""
    stated = card.files.get(path.name)
    if stated is not None and path.is_file() and (found := hash_file(path)) != stated:
        raise DataInvalid(
            f"Expected {path.name} with the SHA-256 {stated[:12]}… of its card, got {found[:12]}…: it was measured on "
            "other weights, or changed. Fetch both again, or train the model again."
        )
    return read_evaluations(path)


def compare_precisions(reference: Evaluation, other: Evaluation) -> Mapping[str, float | int]:
    """How far a fast precision strays from the reference on the same pictures."""
    if reference.keys != other.keys:
        raise DataInvalid("Expected both evaluations to hold the same pictures in the same order.")
    flipped = reference.called != other.called
    return {
        "n": len(reference),
        "flipped": int(flipped.sum()),
        "disagreement": float(flipped.mean()),
        "largest_logit_difference": float(np.abs(reference.logits - other.logits).max()),
    }
