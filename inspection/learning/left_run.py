"""What `train --later` left in a folder, read as another machine's word: named where it is none."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inspection.errors import DataInvalid
from inspection.learning.checkpoint import BEST, CONFIG, EPOCHS
from inspection.learning.config import TrainConfig
from inspection.learning.looks import LOOKS, Looks, read_kept_looks
from inspection.learning.run_status import STATUS

DATA = "data.json"
FILES = (BEST, CONFIG, DATA, EPOCHS, LOOKS, STATUS)


@dataclass(frozen=True, slots=True)
class LeftRun:
    folder: Path
    config: TrainConfig
    facts: Mapping[str, Any]  # of the pictures that it began with
    looks: Looks
    state: str


def read_run(folder: Path) -> LeftRun:
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise DataInvalid(
            f"Expected in {folder} what `train --later` leaves, got no {', '.join(missing)}. Name another folder, or train with --later."
        )
    try:
        config = TrainConfig.from_dict(read_object(folder / CONFIG))
        check_rows(folder / EPOCHS, made=config.made > 0)
        state = str(read_object(folder / STATUS)["state"])
        return LeftRun(folder, config, read_object(folder / DATA), read_kept_looks(folder), state)
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise DataInvalid(
            f"Expected in {folder} the files of a training as they were written, got: {type(error).__name__}: {error}. Copy the folder "
            "again, or train again."
        ) from error


def read_object(path: Path) -> dict[str, Any]:
    told = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(told, dict):
        raise TypeError(f"{path.name} holds no object")
    return told


def check_rows(path: Path, *, made: bool) -> None:
    """The card shows them, and counts by them the parts that were made."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    if not any(row["is_best"] and (not made or int(row["parts_made"]) > 0) for row in rows):
        raise ValueError(f"{path.name} names no best epoch")
