import hashlib
from pathlib import Path

from inspection.hashing import hash_file
from models.loading import hash_file as hash_weights


def test_both_walls_hash_alike(tmp_path: Path) -> None:
    data = bytes(range(256)) * 5000
    (tmp_path / "a").write_bytes(data)
    expected = hashlib.sha256(data).hexdigest()
    assert hash_file(tmp_path / "a") == hash_weights(tmp_path / "a") == expected
