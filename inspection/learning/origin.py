"""What a run began with, noted as it begins: by the time it is released the code may be another, and so may the files."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from inspection.config import ROOT
from inspection.errors import DataInvalid
from inspection.hashing import hash_file
from inspection.learning.config import TrainConfig
from inspection.writing import write_atomically

ORIGIN = "origin.json"
MEAN_WITH = "mean_with"  # the other trainings, where the weights are a mean: what their recipe has otherwise
_FILES = ("warm_start", "teacher_weights")


def note_origin(config: TrainConfig, run_dir: Path, *, goes_on: bool) -> None:
    """goes_on: epochs of this very run are there already. It keeps what it noted when it began."""
    noted = _read(config, run_dir)
    if noted is None or not goes_on:
        told = find_origin(config)
        if goes_on:
            told["commit"] += " or before"  # begun when nothing was noted yet
        write_atomically(run_dir / ORIGIN, (json.dumps(told, indent=1) + "\n").encode())
    elif config.teacher_weights is not None:
        today = name_weights(Path(config.teacher_weights))
        if today != noted["teacher_weights"]:
            raise DataInvalid(
                f"Expected the teacher that the run in {run_dir} began with ({noted['teacher_weights']}), got {today}. Put its "
                f"weights back, or remove that folder to train anew."
            )


def read_origin(config: TrainConfig, run_dir: Path) -> dict[str, Any]:
    noted = _read(config, run_dir)
    return find_origin(config) if noted is None else noted


def _read(config: TrainConfig, run_dir: Path) -> dict[str, Any] | None:
    """None where there is no note, or that of another run which lay in the folder before."""
    path = run_dir / ORIGIN
    told: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    return told if told.get("run") == config.digest else None


def find_origin(config: TrainConfig) -> dict[str, Any]:
    named = {name: getattr(config, name) for name in _FILES}
    files = {name: None if path is None else name_weights(Path(path)) for name, path in named.items()}
    return {"run": config.digest, "commit": read_commit(), **files}


def tell_recipe(config: TrainConfig, run_dir: Path) -> dict[str, Any]:
    """As the run was told, but weights by name and hash: where they lay on one machine says nothing on another."""
    origin = read_origin(config, run_dir)
    mixed = {name: origin[name] for name in (MEAN_WITH,) if name in origin}
    return {**config.to_dict(), **{name: origin[name] for name in _FILES}, **mixed}


def note_mean(first: TrainConfig, first_dir: Path, others: Mapping[str, dict[str, Any]], out: Path) -> None:
    """others: name → what `tell_recipe` says of it, and whatever else is to be told. What is as in the first is left out."""
    own = tell_recipe(first, first_dir)
    missing = object()
    told = {
        name: {key: value for key, value in recipe.items() if own.get(key, missing) != value}
        for name, recipe in others.items()
    }
    noted = {**read_origin(first, first_dir), MEAN_WITH: told}
    write_atomically(out / ORIGIN, (json.dumps(noted, indent=1) + "\n").encode())


def name_weights(path: Path) -> str:
    digest = f", SHA-256 {hash_file(path)}" if path.is_file() else ""
    return f"{path.parent.name}/{path.name}{digest}"


def read_commit() -> str:
    """With a mark where the tree was not that of the commit; a copy may have neither git nor its folder, and whoever copied
    it can say which it is."""
    if told := os.environ.get("ASSAY_COMMIT"):
        return told
    asked = ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    try:
        done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "unknown"
    return done.stdout.strip() or "unknown"
