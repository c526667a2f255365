"""Checkpoints are signed, kept as files, and refused when anything about them was changed."""

import errno
import json
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from inspection.records.checkpoints import Checkpoint, read_checkpoint, sign_checkpoint, write_checkpoint
from inspection.records.errors import CheckpointRefused, KeyRefused, StoreDamaged
from inspection.records.keys import find_key_path, load_key, load_or_create_key
from inspection.records.store import RecordStore, open_store
from inspection.records.verify import verify
from tests.records.makers import add_many, attack


def test_a_checkpoint_is_exported_and_holds_while_the_store_grows(
    any_store: RecordStore, tmp_path: Path
) -> None:
    key = load_or_create_key(tmp_path / "key.pem")
    empty = sign_checkpoint(any_store.database, key)
    last = add_many(any_store, 3)[-1]
    path = write_checkpoint(sign_checkpoint(any_store.database, key), tmp_path / "checkpoints")
    add_many(any_store, 2)
    checkpoint = read_checkpoint(path.read_text(), trusted_key=key.public_key().public_bytes_raw().hex())
    assert (checkpoint.record_id, checkpoint.record_hash) == (last.id, last.hash)
    report = verify(any_store, checkpoints=[empty, checkpoint])
    assert report.holds and report.checkpoints == 2


@pytest.mark.parametrize("place", ["a file", "a file/in it", "/proc/nowhere"])
def test_a_folder_that_cannot_be_written_is_named(store: RecordStore, tmp_path: Path, place: str) -> None:
    (tmp_path / "a file").write_bytes(b"")
    checkpoint = sign_checkpoint(store.database, Ed25519PrivateKey.generate())
    with pytest.raises(CheckpointRefused, match="Expected to write .*Name a folder"):
        write_checkpoint(checkpoint, tmp_path / place)


def test_a_checkpoint_is_written_whole_or_not_at_all(
    store: RecordStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that was there before outlives a disk that is full."""
    checkpoint = sign_checkpoint(store.database, Ed25519PrivateKey.generate())
    path = write_checkpoint(checkpoint, tmp_path / "checkpoints")

    def fill_up(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fill_up)
    later = sign_checkpoint(store.database, Ed25519PrivateKey.generate())
    with pytest.raises(CheckpointRefused, match="No space left"):
        write_checkpoint(later, tmp_path / "checkpoints")
    assert read_checkpoint(path.read_text()) == checkpoint


def test_a_store_without_its_beginning_is_not_signed(store: RecordStore) -> None:
    add_many(store, 1)
    with attack(store) as raw:
        raw.execute("DELETE FROM chain_origin")
    with pytest.raises(StoreDamaged, match="begins the chain"):
        sign_checkpoint(store.database, Ed25519PrivateKey.generate())


def test_a_checkpoint_of_another_store_is_named(store: RecordStore, tmp_path: Path) -> None:
    other = open_store(f"sqlite:///{tmp_path / 'other.sqlite'}", str(tmp_path / "pictures"))
    add_many(other, 2)
    checkpoint = sign_checkpoint(other.database, Ed25519PrivateKey.generate())
    add_many(store, 2)
    report = verify(store, checkpoints=[checkpoint])
    assert not report.holds and "another store" in report.words
    other.close()


def _forge(checkpoint: Checkpoint, **changes: object) -> str:
    return json.dumps({**json.loads(checkpoint.to_json()), **changes})


def test_changed_checkpoints_are_refused(store: RecordStore) -> None:
    add_many(store, 2)
    key, other = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    checkpoint = sign_checkpoint(store.database, key)
    foreign = sign_checkpoint(store.database, other)
    public = checkpoint.public_key
    forgeries = [
        _forge(checkpoint, record_id=1),
        _forge(checkpoint, record_hash="00" * 32),
        _forge(checkpoint, at="2020-01-01T00:00:00.000000Z"),
        _forge(checkpoint, store="00" * 16),
        _forge(checkpoint, signature=foreign.signature),
        _forge(checkpoint, public_key=foreign.public_key),
        _forge(checkpoint, format="another"),
        _forge(checkpoint, record_id="2"),
        _forge(checkpoint, record_id=True),
        _forge(checkpoint, more=1),
        _forge(checkpoint, signature="zz"),
        "[]",
        "not json",
        "[" * 16_000,
        '{"format":' * 1_600,
        "",
        foreign.to_json(),  # a good signature, but with a key that nobody trusts
    ]
    assert read_checkpoint(checkpoint.to_json(), trusted_key=public) == checkpoint
    for text in forgeries:
        with pytest.raises(CheckpointRefused):
            read_checkpoint(text, trusted_key=public)
    assert read_checkpoint(foreign.to_json()) == foreign, "without a trusted key it cannot be told apart"
    assert replace(checkpoint) == checkpoint


def test_the_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("ASSAY_SIGNING_KEY", str(tmp_path / "safe" / "key.pem"))
    path = find_key_path()
    first = load_or_create_key()
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert load_or_create_key().private_bytes_raw() == first.private_bytes_raw()
    assert [entry.name for entry in path.parent.iterdir()] == ["key.pem"]
    path.chmod(0o640)
    with pytest.raises(KeyRefused, match="0600"):
        load_or_create_key()


def test_a_place_that_may_not_be_looked_into_is_told(tmp_path: Path, monkeypatch) -> None:
    def refuse(_path: Path) -> bool:  # rights do not bind a superuser, who may run the tests
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "exists", refuse)
    with pytest.raises(KeyRefused, match="Permission denied"):
        load_or_create_key(tmp_path / "keys" / "checkpoints.pem")


def test_other_keys_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    rsa = generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for data, words in ((b"rubbish", "PEM"), (rsa, "Ed25519")):
        path.write_bytes(data)
        path.chmod(0o600)
        with pytest.raises(KeyRefused, match=words):
            load_key(path)
    with pytest.raises(KeyRefused, match="Restore"):
        load_key(tmp_path / "none.pem")
