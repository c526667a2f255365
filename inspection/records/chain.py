"""The chain: h_n = SHA-256(h_{n−1} ‖ canonical JSON of record n), h_0 = SHA-256(label ‖ uid of the store).

What each attack on the database meets (tests/records/test_attacks.py runs them all):

| attack, made with the triggers taken away                    | found by                                   |
| ------------------------------------------------------------ | ------------------------------------------ |
| a body, hash or searchable column is edited                  | walking the chain: that record is named    |
| a record is taken out or slipped in, two change places       | walking the chain: the first is named      |
| the triggers, or the counts, are left changed                | verify compares them                       |
| a picture or heat map is swapped or deleted                  | reading the pictures: the file is named    |
| the tail is dropped                                          | NOT by the walk: a chain may end anywhere. |
|                                                              | Found by a checkpoint that had covered it  |
| everything from some record on is written anew, hashes too   | NOT by the walk: it is a good chain.       |
|                                                              | Found by a checkpoint that had covered it  |
| the same, and checkpoints signed anew with the stolen key    | NOT found here: only by an old checkpoint  |
|                                                              | that was kept somewhere else               |
"""

import hashlib
import json
from collections.abc import Mapping

from inspection.records.errors import RecordRefused

_LABEL = b"assay record chain 1\n"


def origin_hash(store_uid: bytes) -> bytes:
    """h_0."""
    return hashlib.sha256(_LABEL + store_uid).digest()


def link_hash(previous: bytes, body: bytes) -> bytes:
    """h_n. The previous hash is always 32 bytes, so the join is unambiguous."""
    return hashlib.sha256(previous + body).digest()


def canonical_json(body: Mapping[str, object]) -> str:
    """Sorted keys, no spaces, ASCII, shortest floats. The text itself is kept, so nobody need write it again."""
    try:
        return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    except (ValueError, TypeError) as error:
        raise RecordRefused(
            f"Expected numbers, texts, lists and tables that JSON can hold, got: {error}. "
            "Hand over finite numbers and plain values."
        ) from error
