"""The SHA-256 of a file: one function, which the networks' side has too and must not import from here."""

from models.hashing import hash_file

__all__ = ["hash_file"]
