"""One database, SQLite or PostgreSQL: how it is opened, read, written, and what its failures are called.

Writers take turns. SQLite: BEGIN IMMEDIATE, and the engine waits up to BUSY_S for its turn. PostgreSQL: a
transaction-wide advisory lock, with the same wait. Threads of one process queue at a lock of ours first, because
SQLite's own waiting is polling. Nothing is retried after that wait: the caller gets StoreBusy.
"""

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from inspection.records.errors import StoreError, StoreLost, StoreReadOnly
from inspection.records.failures import name_errors, name_os_error

BUSY_S = 10
SILENCE_S = 30  # a server that says nothing for so long is lost; no question here takes that long
_ADVISORY_LOCK = 0x41535341595245  # any fixed number: the writers of one database agree on it
_TAKE_TURN = text("SELECT pg_advisory_xact_lock(:key)")


@dataclass(frozen=True, slots=True)
class Database:
    engine: Engine
    writer: Engine  # its transactions start as a writer's
    keeper: Engine  # brings SQLite's log into the file
    path: Path | None  # SQLite's file
    inode: tuple[int, int] | None
    turn: threading.RLock = field(default_factory=threading.RLock)

    @property
    def is_server(self) -> bool:
        return self.path is None

    @property
    def where(self) -> str:
        return str(self.path) if self.path else self.engine.url.render_as_string(hide_password=True)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        self._refuse_if_replaced()
        with name_errors(self.where), self._connect(self.engine) as connection:
            yield connection

    @contextmanager
    def reading_one_moment(self) -> Iterator[Connection]:
        """Every query inside sees the store as it was at the first."""
        self._refuse_if_replaced()
        with name_errors(self.where), self._connect(self.engine) as connection:
            if self.is_server:  # SQLite's transactions are like this anyway
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction; nobody else writes meanwhile. It commits when the block ends, or not at all."""
        with self.turn, name_errors(self.where):
            self._refuse_if_replaced()
            with self._connect(self.writer) as connection, connection.begin():
                if self.is_server:
                    connection.execute(_TAKE_TURN, {"key": _ADVISORY_LOCK})
                yield connection

    def _connect(self, engine: Engine) -> Connection:
        try:
            return engine.connect()
        except OSError:
            # pg8000 lets some cut connections through as the socket's own error, which the pool does not know
            # for one: the waiting connections are dropped and a fresh one is made, once
            engine.dispose()
            return engine.connect()

    def warm(self) -> None:
        """Reads the two indexes that a new record is sorted into at a random place, 100 MB at a million records: a page
        that still lies on the disk costs the one who saves a millisecond or more. A server keeps its own pages warm."""
        if self.path is None:
            return
        with self.reading() as connection:
            for column in ("uid", "picture_sha256"):
                connection.exec_driver_sql(f"SELECT COUNT({column}) FROM records")

    def checkpoint(self) -> None:
        """Brings SQLite's log to the disk and into the file, without holding up those who write."""
        if self.path is None:
            return
        with name_errors(self.where), self.keeper.connect() as connection:
            raw = connection.connection.driver_connection
            assert isinstance(raw, sqlite3.Connection)
            raw.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()

    def close(self) -> None:
        for engine in (self.engine, self.writer, self.keeper):
            engine.dispose()

    def _refuse_if_replaced(self) -> None:
        # An open connection goes on in a deleted file: what it confirms is lost, and what it shows is no longer there.
        if self.path is not None and _read_inode(self.path) != self.inode:
            raise StoreLost(
                f"Expected the record store at {self.path}, but the file has gone or is another one. "
                "Put it back, or restart to begin a new store; until then nothing can be read, and an inspection is not kept."
            )


def open_database(url: str) -> Database:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # the latter is of the port. Both say the URL, and a page would show its password
        raise StoreLost(
            "Expected a database URL such as sqlite:///records.sqlite or postgresql://user:password@host:5432/assay, got "
            f"{url.partition(':')[0][:20]!r} with something else behind it. Mend ASSAY_DATABASE_URL."
        ) from None
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        return _open_sqlite(parsed)
    if backend in ("postgresql", "postgres"):
        return _open_postgresql(parsed)
    raise StoreLost(f"Expected a sqlite or postgresql URL, got {backend!r}. Mend ASSAY_DATABASE_URL.")


def _open_sqlite(url: URL) -> Database:
    if not url.database or url.database == ":memory:":
        raise StoreLost("Expected the path of a file in the SQLite URL: a store in memory keeps nothing.")
    path = Path(url.database).absolute()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.touch(mode=0o640)
    except OSError as error:
        raise name_os_error(error, str(path)) from error
    # SQLite throws a connection's cache away when another connection has written. One that alone writes keeps the
    # pages of the indexes; in a pool shared with readers each record read 36 of them anew.
    readers = _create_sqlite_engine(url, path, begin="DEFERRED", cache_kib=16_000)
    writer = _create_sqlite_engine(url, path, begin="IMMEDIATE", cache_kib=128_000, pool_size=1)
    keeper = _create_sqlite_engine(url, path, begin="DEFERRED", cache_kib=0, pool_size=1)
    database = Database(engine=readers, writer=writer, keeper=keeper, path=path, inode=_read_inode(path))
    try:
        with name_errors(str(path)):
            _switch_to_wal(readers)
            for engine in (writer, keeper):  # not at the first record, which somebody waits for
                engine.connect().close()
    except StoreError:
        database.close()
        raise
    return database


def _create_sqlite_engine(url: URL, path: Path, *, begin: str, cache_kib: int, pool_size: int = 5) -> Engine:
    # mode=rw: a file that disappears is an error, never a new empty store
    engine = create_engine(
        url.set(
            drivername="sqlite+pysqlite", database=f"file:{_quote(path)}", query={"mode": "rw", "uri": "true"}
        ),
        connect_args={"timeout": BUSY_S, "isolation_level": None},
        pool_size=pool_size,
    )
    event.listen(engine, "connect", partial(_prepare_sqlite, cache_kib=cache_kib))
    event.listen(engine, "begin", partial(_begin_sqlite, mode=begin))
    return engine


def _open_postgresql(url: URL) -> Database:
    # pg8000 (BSD) rather than psycopg (LGPL); pre-ping: a server that restarted is met again without an error
    engine = create_engine(
        url.set(drivername="postgresql+pg8000"), pool_pre_ping=True, connect_args={"timeout": SILENCE_S}
    )
    event.listen(engine, "connect", _prepare_postgresql)
    return Database(engine=engine, writer=engine.execution_options(), keeper=engine, path=None, inode=None)


def _prepare_sqlite(connection: sqlite3.Connection, _record: object, *, cache_kib: int) -> None:
    # NORMAL: the log goes to the disk when it is copied into the file, and that is done beside the writers
    # (flushing.py). Only a log of 40 MB, which means that nobody flushed, is copied by the writer that finds it.
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA wal_autocheckpoint = 10000")
    connection.execute("PRAGMA foreign_keys = ON")
    # a text that somebody made unreadable must not stop verify from naming its record
    connection.text_factory = lambda data: data.decode(errors="replace")
    connection.execute(f"PRAGMA cache_size = -{cache_kib}")


def _prepare_postgresql(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute(f"SET lock_timeout = '{BUSY_S}s'")
    connection.commit()
    cursor.close()


def _begin_sqlite(connection: Connection, *, mode: str) -> None:
    connection.exec_driver_sql(f"BEGIN {mode}")


def _switch_to_wal(engine: Engine) -> None:
    """The switch alone does not wait for others that open the store at the same moment, so it is tried again."""
    deadline = time.monotonic() + BUSY_S
    while True:
        raw = engine.raw_connection()
        try:
            mode = raw.cursor().execute("PRAGMA journal_mode = WAL").fetchone()[0]
        except sqlite3.OperationalError as error:
            if not error.sqlite_errorname.startswith("SQLITE_BUSY") or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
            continue
        finally:
            raw.close()
        if mode != "wal":
            raise StoreReadOnly(
                f"Expected SQLite to switch to WAL, got {mode!r}. Use a local, writable folder."
            )
        return


def _quote(path: Path) -> str:
    return str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def _read_inode(path: Path) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino
