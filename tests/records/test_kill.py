"""kill -9 at any moment: what was confirmed is there, nothing is half there, the chain holds."""

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from alembic import command
from sqlalchemy import create_engine, func, inspect, select, text

from inspection.config import ROOT
from inspection.records.append import Appender
from inspection.records.content import build_inspection_body
from inspection.records.database import Database, open_database
from inspection.records.migrate import HEAD, build_config
from inspection.records.schema import metadata, records
from inspection.records.store import open_store
from inspection.records.verify import verify
from tests.records.makers import CONTEXT, add_one, list_files, make_inspection

SQLITE_KILLS, POSTGRESQL_KILLS = 52, 6


class Parent:
    """Starts children, and tells how they ended."""

    def __init__(self, url: str, folder: Path) -> None:
        self.confirmed = folder / "confirmed"
        command = [sys.executable, "-m", "tests.records.writer", "fork", url]
        self.process = subprocess.Popen(
            [*command, str(folder / "pictures"), str(self.confirmed)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._read() == "ready"

    def start(self, task: str) -> int:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{task}\n")
        self.process.stdin.flush()
        return int(self._read())

    def wait(self) -> int:
        word, status = self._read().split()
        assert word == "gone"
        return int(status)

    def read_confirmed(self) -> dict[int, str]:
        """The last line may be half written: its writer was killed."""
        if not self.confirmed.exists():
            return {}
        lines = self.confirmed.read_text().splitlines(keepends=True)
        return {int(line.split()[0]): line.split()[1] for line in lines if line.endswith("\n")}

    def _read(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()


@contextmanager
def run_parent(url: str, folder: Path) -> Iterator[Parent]:
    parent = Parent(url, folder)
    assert parent.process.stdin is not None and parent.process.stdout is not None
    with parent.process.stdin, parent.process.stdout:
        yield parent
    assert parent.process.wait(timeout=30) == 0


def _kill_writers(url: str, folder: Path, kills: int) -> dict[int, str]:
    rng = random.Random(7)
    with run_parent(url, folder) as parent:
        for round_number in range(kills):
            before = len(parent.read_confirmed())
            child = parent.start("add")
            # every fifth is killed at some moment of its opening, the others while they add
            deadline = time.monotonic() + 30
            while round_number % 5 and len(parent.read_confirmed()) == before:
                assert time.monotonic() < deadline
                time.sleep(0.002)
            time.sleep(rng.uniform(0, 0.03))
            os.kill(child, signal.SIGKILL)
            assert parent.wait() == -signal.SIGKILL
            _check(url, folder, parent.read_confirmed())
        return parent.read_confirmed()


def _check(url: str, folder: Path, confirmed: dict[int, str]) -> None:
    store = open_store(url, str(folder / "pictures"))
    report = verify(store)
    assert report.holds, report.words
    assert report.records >= max(confirmed, default=0)
    for number in sorted(confirmed)[-20:]:
        assert store.get(number).uid == confirmed[number]
    store.close()


def test_killed_writers_lose_nothing_that_was_confirmed(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'records.sqlite'}"
    confirmed = _kill_writers(url, tmp_path, SQLITE_KILLS)
    assert len(confirmed) >= SQLITE_KILLS * 4 // 5
    store = open_store(url, str(tmp_path / "pictures"))
    assert {number: store.get(number).uid for number in confirmed} == confirmed
    add_one(store, 1)
    assert verify(store).holds
    store.close()
    # half a picture never stands under a hash: it is written beside its place first
    for path in list_files(tmp_path / "pictures"):
        if path.suffix != ".part":
            assert hashlib.sha256(path.read_bytes()).hexdigest() == path.name


def test_killed_writers_lose_nothing_on_postgresql(postgres_url: str, tmp_path: Path) -> None:
    confirmed = _kill_writers(postgres_url, tmp_path, POSTGRESQL_KILLS)
    store = open_store(postgres_url, str(tmp_path / "pictures"))
    assert {number: store.get(number).uid for number in confirmed} == confirmed
    add_one(store, 1)
    assert verify(store).holds
    store.close()


def test_a_killed_migration_leaves_nothing_half(any_url: str, tmp_path: Path) -> None:
    """Killed before its statements and at its commit; then it goes through as if nothing had been."""
    kills = 0
    with run_parent(any_url, tmp_path) as parent:
        parent.start("migrate 0")
        assert parent.wait() == -signal.SIGKILL
        for step in range(1, 100, 3 if any_url.startswith("postgresql") else 1):
            assert _list_tables(any_url) == []
            parent.start(f"migrate {step}")
            if parent.wait() == 0:  # it has fewer statements than that
                break
            kills += 1
    assert kills >= (10 if any_url.startswith("postgresql") else 30)
    assert {*metadata.tables, "alembic_version"} == set(_list_tables(any_url))
    store = open_store(any_url, str(tmp_path / "pictures"))
    add_one(store)
    assert verify(store).holds
    store.close()


def _open_at(url: str, revision: str) -> Database:
    """A store as an earlier release left it."""
    database = open_database(url)
    config = build_config()
    with database.writing() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    return database


def _read_shape(url: str) -> tuple[str, list[str], int]:
    database = open_database(url)
    with database.reading() as connection:
        revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        count = connection.execute(select(func.count()).select_from(records)).scalar_one()
    database.close()
    return str(revision), sorted(_list_tables(url)), int(count)


def test_a_killed_migration_leaves_an_older_store_as_it_was(any_url: str, tmp_path: Path) -> None:
    """With records in it; killed before every statement and at its commit, then it goes through, and nothing is lost."""
    old = _open_at(any_url, "0001")
    appender = Appender(database=old, clock=lambda: datetime(2026, 3, 1, tzinfo=UTC))
    for number in range(12):
        body = build_inspection_body(
            make_inspection(b"part", seed=number), context=CONTEXT, picture_bytes=4, evidence_sha256=None
        )
        appender.append(body)
    old.close()
    before = _read_shape(any_url)
    assert before[0] == "0001" and before[2] == 12
    kills = 0
    with run_parent(any_url, tmp_path) as parent:
        for step in range(100):
            parent.start(f"migrate {step}")
            if parent.wait() == 0:  # it has fewer statements than that
                break
            kills += 1
            assert _read_shape(any_url) == before
    assert kills >= 15
    store = open_store(any_url, str(tmp_path / "pictures"))
    assert _read_shape(any_url)[::2] == (HEAD, 12)
    add_one(store)
    assert verify(store, picture_share_0_1=0.0).holds
    store.close()


def _list_tables(url: str) -> list[str]:
    engine = create_engine(url.replace("postgresql:", "postgresql+pg8000:"))
    with engine.connect() as connection:
        names = inspect(connection).get_table_names()
    engine.dispose()
    return names
