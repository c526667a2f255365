"""What a run began with, noted as it begins: by the time it is released the code may be another, and so may the files."""

import json
import subprocess
from pathlib import Path
from typing import Any

from inspection.config import ROOT
from inspection.hashing import hash_file
from inspection.learning.checkpoint import write_atomically
from inspection.learning.config import TrainConfig

ORIGIN = "origin.json"
_FILES = ("warm_start", "teacher_weights")


def note_origin(config: TrainConfig, run_dir: Path) -> None:
    """A run that goes on keeps what it noted when it began."""
    path = run_dir / ORIGIN
    if not path.is_file():
        write_atomically(path, (json.dumps(find_origin(config), indent=1) + "\n").encode())


def read_origin(config: TrainConfig, run_dir: Path) -> dict[str, Any]:
    """Of a run that was begun before there was such a note: what is there today."""
    path = run_dir / ORIGIN
    told: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.is_file() else find_origin(config)
    return told


def find_origin(config: TrainConfig) -> dict[str, Any]:
    named = {name: getattr(config, name) for name in _FILES}
    files = {name: None if path is None else name_weights(Path(path)) for name, path in named.items()}
    return {"commit": read_commit(), **files}


def tell_recipe(config: TrainConfig, run_dir: Path) -> dict[str, Any]:
    """As the run was told, but weights by name and hash: where they lay on one machine says nothing on another."""
    origin = read_origin(config, run_dir)
    return {**config.to_dict(), **{name: origin[name] for name in _FILES}}


def name_weights(path: Path) -> str:
    digest = f", SHA-256 {hash_file(path)}" if path.is_file() else ""
    return f"{path.parent.name}/{path.name}{digest}"


def read_commit() -> str:
    """With a mark where the tree was not that of the commit."""
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() or "unknown"
