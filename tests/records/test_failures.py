"""A full disk, a lost database, a busy one: a named error that says what to do, and nothing half kept."""

import errno
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import event, text

from inspection.records import database as database_module
from inspection.records import flushing
from inspection.records.errors import (
    RecordUnknown,
    StoreBusy,
    StoreDamaged,
    StoreError,
    StoreFull,
    StoreLost,
    StoreReadOnly,
)
from inspection.records.search import Search
from inspection.records.store import RecordStore, open_store
from inspection.records.verify import verify
from tests.records.makers import CONTEXT, add_many, add_one, list_files, make_inspection, open_raw


def _url(folder: Path) -> str:
    return f"sqlite:///{folder / 'records.sqlite'}"


def test_a_full_database_is_named_and_the_inspection_is_kept_later(tmp_path: Path) -> None:
    store = open_store(_url(tmp_path), str(tmp_path / "pictures"))
    add_many(store, 3)
    event.listen(
        store.database.writer,
        "connect",
        lambda connection, _: connection.execute("PRAGMA max_page_count = 60"),
        named=False,
    )
    store.database.writer.dispose()
    big = replace(CONTEXT, extra={"note": "x" * 3_000})
    picture, kept = b"one more part", 3
    with pytest.raises(StoreFull, match="Free some space"):
        for _ in range(200):
            store.add(make_inspection(picture), picture, context=big)
            kept += 1
    report = verify(store)
    assert report.holds and report.records == kept
    store.close()
    roomy = open_store(_url(tmp_path), str(tmp_path / "pictures"))
    assert roomy.add(make_inspection(picture), picture, context=big).id == kept + 1
    assert verify(roomy).holds
    roomy.close()


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """Three megabytes of their own."""
    with tempfile.TemporaryDirectory(prefix="assay-disk-") as folder:
        command = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", folder]
        if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode != 0:
            pytest.skip("no right to mount a small disk here")
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", folder], check=True)


def test_a_disk_that_is_really_full(small_disk: Path, tmp_path: Path) -> None:
    """Database and pictures fill it together; room is made, and it goes on."""
    store = open_store(_url(small_disk), str(small_disk / "pictures"))
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"\0" * 1_000_000)
    kept = 0
    for number in range(500):
        picture = os.urandom(20_000) + bytes([number % 256])
        try:
            store.add(make_inspection(picture, seed=number), picture, context=CONTEXT)
        except StoreFull as error:
            assert "Free some space" in str(error)
            break
        kept += 1
    assert 10 < kept < 490
    assert [path for path in list_files(small_disk / "pictures") if path.suffix == ".part"] == []
    ballast.unlink()
    again = store.add(make_inspection(picture, seed=number), picture, context=CONTEXT)
    report = verify(store)
    assert again.id == kept + 1 and report.holds and report.records == kept + 1
    store.close()


def _delete(path: Path) -> None:
    for part in path.parent.glob(f"{path.name}*"):
        part.unlink()


def _replace_by_another(path: Path) -> None:
    other = open_store(_url(path.parent / "other"), str(path.parent / "pictures"))
    other.close()
    os.replace(path.parent / "other" / "records.sqlite", path)


@pytest.mark.parametrize("lose", [_delete, _replace_by_another])
def test_a_lost_file_is_noticed_before_anything_is_confirmed(
    store: RecordStore, lose: Callable[[Path], None]
) -> None:
    add_many(store, 2)
    assert store.database.path is not None
    lose(store.database.path)
    with pytest.raises(StoreLost, match="not kept"):
        add_one(store, 3)
    for look in (lambda: store.get(1), lambda: store.search(Search()), lambda: store.count(Search())):
        with pytest.raises(StoreLost, match="nothing can be read"):
            look()


def test_a_file_that_is_put_back_is_read_on(store: RecordStore, tmp_path: Path) -> None:
    """An open connection would go on showing a file that nobody else can see."""
    add_many(store, 2)
    assert store.database.path is not None
    store.database.path.rename(tmp_path / "taken away")
    with pytest.raises(StoreLost):
        store.search(Search())
    (tmp_path / "taken away").rename(store.database.path)
    assert len(store.search(Search()).records) == 2 and add_one(store, 3).id == 3


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "records.sqlite").write_bytes(b"this is not a database at all, it only looks like one " * 50)
    with pytest.raises(StoreDamaged, match="Restore"):
        open_store(_url(tmp_path), str(tmp_path / "pictures"))


def test_a_store_that_may_only_be_read(tmp_path: Path, monkeypatch) -> None:
    store = open_store(_url(tmp_path), str(tmp_path / "pictures"))
    kept = add_one(store)
    event.listen(
        store.database.writer, "connect", lambda connection, _: connection.execute("PRAGMA query_only = ON")
    )
    store.database.writer.dispose()
    with pytest.raises(StoreReadOnly, match="right"):
        add_one(store, 2)
    assert store.get(kept.id) == kept
    store.close()


def test_a_writer_that_never_ends_is_named(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(database_module, "BUSY_S", 0.2)
    store = open_store(_url(tmp_path), str(tmp_path / "pictures"))
    add_one(store)
    raw = open_raw(store)
    raw.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreBusy, match="again"):
        add_one(store, 2)
    raw.execute("ROLLBACK")
    raw.close()
    assert add_one(store, 2).id == 2
    store.close()


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (errno.ENOSPC, StoreFull),
        (errno.EDQUOT, StoreFull),
        (errno.EROFS, StoreReadOnly),
        (errno.EIO, StoreLost),
    ],
)
def test_pictures_that_cannot_be_written_keep_no_record(store: RecordStore, monkeypatch, code, kind) -> None:
    def fail(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", fail)
        with pytest.raises(kind):
            add_one(store)
    with pytest.raises(RecordUnknown):
        store.get(1)
    assert list_files(Path(store.pictures.root)) == []
    assert add_one(store).id == 1


def test_a_disk_that_fails_after_the_fact_is_told_at_the_next_record(store: RecordStore, monkeypatch) -> None:
    def fail(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        add_one(store, 1)
        with pytest.raises(StoreLost):
            store.flusher.flush()
        add_one(store, 2)
        deadline = time.monotonic() + 20
        while store.flusher.failure is None and time.monotonic() < deadline:
            time.sleep(0.01)
    with pytest.raises(StoreLost, match="Input/output"):
        add_one(store, 3)
    assert add_one(store, 3).id == 3


def test_one_file_that_fails_does_not_keep_the_others_from_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [str(tmp_path / name) for name in "abc"]
    for path in paths:
        Path(path).touch()
    reached: list[str] = []

    def sync(path: str) -> None:
        if path == paths[0]:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        reached.append(path)

    monkeypatch.setattr(flushing, "_sync", sync)
    with pytest.raises(OSError, match="Input/output"):
        flushing._sync_files(paths)
    assert reached == [*paths[1:], str(tmp_path)]


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "mysql://localhost/assay",
        "not a url",
        "postgresql:/assay:secret@127.0.0.1/assay",
        "postgresql://assay:secret@127.0.0.1:54x32/assay",
        "postgresql://assay:secret@127.0.0.1:1/assay",
        "postgresql://assay@127.0.0.1:1/assay",
        "sqlite:////proc/records.sqlite",
    ],
)
def test_addresses_that_lead_nowhere_are_named(url: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError) as caught:
        open_store(url, str(tmp_path / "pictures"))
    assert caught.value.kind in ("StoreLost", "StoreReadOnly") and "secret" not in str(caught.value)


def _cut(store: RecordStore, url: str) -> None:
    """Every connection of the store, as a restart of the server would."""
    other = open_store(url, store.pictures.url)
    with other.database.engine.connect() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    other.close()


def test_a_server_that_was_restarted_is_met_again(postgres_url: str, tmp_path: Path) -> None:
    store = open_store(postgres_url, str(tmp_path / "pictures"))
    add_one(store, 1)
    _cut(store, postgres_url)
    assert add_one(store, 2).id == 2 and verify(store).holds
    store.close()


@pytest.mark.parametrize("confirmed_first", [False, True], ids=["before the commit", "after the commit"])
def test_a_way_that_is_cut_at_the_commit_keeps_the_record_once(
    postgres_url: str, tmp_path: Path, confirmed_first: bool
) -> None:
    store = open_store(postgres_url, str(tmp_path / "pictures"))
    add_one(store, 1)
    cuts = []

    def cut_at_commit(connection) -> None:
        if not cuts:
            cuts.append(True)
            if confirmed_first:
                connection.connection.driver_connection.commit()
            _cut(store, postgres_url)

    event.listen(store.database.writer, "commit", cut_at_commit)
    record = add_one(store, 2)
    assert cuts and record.id == 2 and store.get(2) == record
    report = verify(store)
    assert report.holds and report.records == 2
    store.close()
