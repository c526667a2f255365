"""The SHA-256 of a file, without reading it whole."""

import hashlib
from pathlib import Path


def hash_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
