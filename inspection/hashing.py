"""The SHA-256 of a file: one function, which the networks' side has too and must not import from here."""

from pathlib import Path

from models.hashing import hash_file

__all__ = ["hash_file", "hash_readable"]


def hash_readable(path: Path) -> str:
    """Empty where the file cannot be read: it stands for itself, and whoever reads it says what is wrong with it."""
    try:
        return hash_file(path)
    except OSError:
        return ""
