"""Checkpoints as files that come from a person: read within bounds, refused by name."""

from pathlib import Path

from inspection.records.checkpoints import Checkpoint, read_checkpoint
from inspection.records.errors import CheckpointRefused

_MOST_BYTES = 16_384  # one is about 600 bytes


def read_checkpoint_file(path: Path, *, trusted_key: str | None = None) -> Checkpoint:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise CheckpointRefused(
            f"Expected a checkpoint at {path}, got: {error.strerror}. Check the path."
        ) from error
    return read_checkpoint_bytes(data, trusted_key=trusted_key)


def read_checkpoint_bytes(data: bytes, *, trusted_key: str | None = None) -> Checkpoint:
    if len(data) > _MOST_BYTES:
        raise CheckpointRefused(f"Expected a checkpoint of at most {_MOST_BYTES} bytes, got more.")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CheckpointRefused("Expected a checkpoint file, got bytes that are no text.") from error
    return read_checkpoint(text, trusted_key=trusted_key)
