"""The SHA-256 of a file, without reading it whole. `models.loading` has its own: it must not import from here."""

import hashlib
from pathlib import Path


def hash_file(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
