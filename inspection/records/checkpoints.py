"""A checkpoint: at this moment the chain had n records and ended in this hash, signed. Keep it somewhere else.

It finds what the walk alone cannot: a tail cut off after it was signed, and a chain written anew before it.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from inspection.records.append import read_last, read_store_uid
from inspection.records.chain import canonical_json
from inspection.records.database import Database
from inspection.records.errors import CheckpointRefused
from inspection.records.record import write_time
from inspection.writing import write_atomically

_LABEL = "assay checkpoint 1"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    store: str  # uid of the store, hex
    record_id: int  # the last record then; 0 for an empty store
    record_hash: str
    at: str  # UTC
    public_key: str  # hex
    signature: str  # hex, over the canonical JSON of the fields above

    def to_json(self) -> str:
        return json.dumps({"format": _LABEL, **asdict(self)}, indent=2)


def sign_checkpoint(database: Database, key: Ed25519PrivateKey, *, at: datetime | None = None) -> Checkpoint:
    with database.reading_one_moment() as connection:
        store_uid = read_store_uid(connection)
        record_id, record_hash = read_last(connection)
    claim: dict[str, object] = {
        "store": store_uid.hex(),
        "record_id": record_id,
        "record_hash": record_hash.hex(),
        "at": write_time(at or datetime.now(UTC)),
        "public_key": key.public_key().public_bytes_raw().hex(),
    }
    return _build({**claim, "signature": key.sign(_claim_bytes(claim)).hex()})


def write_checkpoint(checkpoint: Checkpoint, folder: Path) -> Path:
    path = folder / f"checkpoint-{checkpoint.record_id:09d}-{checkpoint.record_hash[:12]}.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(path, f"{checkpoint.to_json()}\n".encode())
    except OSError as error:
        raise CheckpointRefused(
            f"Expected to write the checkpoint into the folder {folder}, got: {error.strerror}. "
            "Name a folder that this process may write."
        ) from error
    return path


def read_checkpoint(text: str, *, trusted_key: str | None = None) -> Checkpoint:
    """trusted_key: the public key (hex) that you noted down when the first checkpoint was signed. Without it, a
    checkpoint that somebody signed with a key of his own is taken too."""
    try:
        table = json.loads(text)
        if table.pop("format") != _LABEL:
            raise KeyError("format")
        checkpoint = _build(table)
        signature = bytes.fromhex(checkpoint.signature)
        public_key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(checkpoint.public_key))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        # the last is of lists in lists
        raise CheckpointRefused(f"Expected a checkpoint file, got something else ({error!r}).") from error
    if trusted_key is not None and checkpoint.public_key != trusted_key.strip().lower():
        raise CheckpointRefused(
            f"Expected a checkpoint signed with the key {trusted_key[:16]}…, this one is signed with "
            f"{checkpoint.public_key[:16]}…. Ask who signed it."
        )
    claim = asdict(checkpoint)
    claim.pop("signature")
    try:
        public_key.verify(signature, _claim_bytes(claim))
    except InvalidSignature as error:
        raise CheckpointRefused(
            "The checkpoint was changed after it was signed. Use an untouched copy."
        ) from error
    return checkpoint


def _build(table: Mapping[str, object]) -> Checkpoint:
    numbers = {"record_id"}
    for name, value in table.items():
        if not isinstance(value, int if name in numbers else str) or isinstance(value, bool):
            raise TypeError(f"{name} is of type {type(value).__name__}")
    return Checkpoint(**table)  # type: ignore[arg-type]  # checked just above


def _claim_bytes(claim: Mapping[str, object]) -> bytes:
    return f"{_LABEL}\n{canonical_json(claim)}".encode("ascii")
