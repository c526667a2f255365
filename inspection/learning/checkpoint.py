"""What a run leaves in its folder: checkpoint, best weights, a line an epoch."""

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inspection.errors import DataInvalid
from inspection.writing import write_atomically

if TYPE_CHECKING:
    from torch import Tensor

CONFIG = "config.json"
LAST = "last.pt"
BEST = "best.safetensors"
EPOCHS = "epochs.jsonl"


def save_checkpoint(path: Path, state: Mapping[str, Any]) -> None:
    """Tensors, numbers, strings, lists and dicts only: it is read back with weights_only=True."""
    import torch

    buffer = io.BytesIO()
    torch.save(dict(state), buffer)
    write_atomically(path, buffer.getvalue())


def load_checkpoint(path: Path, *, digest: str) -> dict[str, Any] | None:
    """None where there is none; a checkpoint of another configuration is refused."""
    import torch

    if not path.exists():
        return None
    state: dict[str, Any] = torch.load(path, weights_only=True, map_location="cpu")
    if state["digest"] != digest:
        raise DataInvalid(
            f"{path} belongs to a run with other settings (expected {digest[:8]}, got {state['digest'][:8]}). "
            "Say the same settings to go on, or move that file away to start again."
        )
    return state


def save_best(path: Path, weights: Mapping[str, "Tensor"], class_names: Sequence[str]) -> None:
    """The project's own format, in full precision: models.loading reads it, its save_weights makes it small."""
    from safetensors.torch import save

    from models.loading import FORMAT

    header = {"format": FORMAT, "class_names": json.dumps(list(class_names), ensure_ascii=False)}
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}
    write_atomically(path, save(tensors, metadata=header))


def write_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    text = "".join(json.dumps(row) + "\n" for row in rows)
    write_atomically(path, text.encode())


def append_line(path: Path, row: Mapping[str, Any]) -> None:
    with path.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(row) + "\n")
