"""Which pictures taught, chose and judged, by name: beside the evaluations, under the hash that the cards state.

A card holds the split's SHA-256 only. The file holds the very text that was hashed, so that anyone can check the one
against the other, and train on the same pictures again.
"""

import gzip
import hashlib
import json
import zlib
from pathlib import Path
from typing import Any

from inspection.errors import DataInvalid
from inspection.learning.splits import Split, encode_split, hash_split, parse_split
from inspection.writing import write_atomically

FOLDER = "splits"
_MOST_BYTES = 64 * 1024 * 1024  # unpacked; a file that claims more is no split


def split_path(home: Path, digest: str) -> Path:
    """home: the line's folder of weights."""
    return home / FOLDER / f"{digest}.json.gz"


def store_split(split: Split, home: Path) -> Path:
    """The same split gives the same bytes; one that is there already is left alone."""
    path = split_path(home, hash_split(split))
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, gzip.compress(encode_split(split).encode(), compresslevel=9, mtime=0))
    return path


def load_stored_split(home: Path, digest: str) -> Split:
    path = split_path(home, digest)
    if not path.is_file():
        raise DataInvalid(
            f"Expected the keys of split {digest[:12]}… at {path}, found none. "
            f"Store them: python -m inspection splits {home.name} --data FOLDER."
        )
    try:
        with gzip.open(path) as stream:
            text = stream.read(_MOST_BYTES)
    except (OSError, EOFError, zlib.error) as error:  # no gzip, cut short, or damaged inside
        raise DataInvalid(f"Expected a packed split at {path}: {error}. Store it again.") from error
    if hashlib.sha256(text).hexdigest() != digest:
        raise DataInvalid(
            f"Expected {path.name} to hold the split of that SHA-256, got another. It was changed: store it again."
        )
    document: dict[str, Any] = json.loads(text)
    return parse_split(document, source=path)
