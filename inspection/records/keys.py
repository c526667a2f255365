"""The Ed25519 key that signs checkpoints: a file that only its owner may read."""

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from inspection.config import load_settings
from inspection.records.errors import KeyRefused


def find_key_path() -> Path:
    """ASSAY_SIGNING_KEY, else a file under var/. Keep it on another disk if you can: who has it can sign anew."""
    chosen = os.environ.get("ASSAY_SIGNING_KEY")
    return Path(chosen) if chosen else load_settings().var_dir / "keys" / "checkpoints.pem"


def load_or_create_key(path: Path | None = None) -> Ed25519PrivateKey:
    path = path or find_key_path()
    try:
        there = path.exists()
    except OSError as error:
        # a folder that this user may not look into: another key must not be made for that
        raise KeyRefused(f"Expected to look for the signing key at {path}, got: {error.strerror}.") from error
    if not there:
        _create_key(path)
    return load_key(path)


def load_key(path: Path) -> Ed25519PrivateKey:
    try:
        mode = path.stat().st_mode & 0o777
        data = path.read_bytes()
    except OSError as error:
        raise KeyRefused(f"Expected the signing key at {path}, got: {error.strerror}. Restore it.") from error
    if mode & 0o077:
        raise KeyRefused(
            f"Expected {path} to be readable by its owner alone (0600), got {mode:04o}: others may have copied it. "
            "Replace the key, or restore its mode if nobody can have read it."
        )
    try:
        key = load_pem_private_key(data, password=None)
    except (ValueError, TypeError) as error:
        raise KeyRefused(
            f"Expected an unencrypted PEM key in {path}, got something else ({error})."
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyRefused(f"Expected an Ed25519 key in {path}, got {type(key).__name__}. Make another.")
    return key


def _create_key(path: Path) -> None:
    """Written beside its place and linked into it: of two processes at once, one wins and both use its key."""
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    part = path.with_name(f"{path.name}.{os.getpid()}.{os.urandom(4).hex()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(part, path)
        except FileExistsError:
            return
        finally:
            part.unlink()
    except OSError as error:
        raise KeyRefused(f"Expected to write a signing key to {path}, got: {error.strerror}.") from error
