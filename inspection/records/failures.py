"""What a database or a disk says when it fails, turned into the errors a person can act on."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, TimeoutError

from inspection.records.errors import (
    StoreBusy,
    StoreDamaged,
    StoreError,
    StoreFull,
    StoreLost,
    StoreReadOnly,
)

_WORDS: dict[type[StoreError], str] = {
    StoreFull: "No room is left for the record store at {where} ({said}). Free some space, then keep it again.",
    StoreBusy: "The record store at {where} stayed busy for too long ({said}). Keep it again in a moment.",
    StoreLost: "The record store at {where} cannot be reached ({said}). Start or restore it, then keep it again.",
    StoreReadOnly: "The record store at {where} may not be written ({said}). Give this process the right to.",
    StoreDamaged: "The record store at {where} is damaged ({said}). Restore it from a copy, then run verify.",
}
# SQLite's extended names begin with these; https://www.sqlite.org/rescode.html
_SQLITE: tuple[tuple[str, type[StoreError]], ...] = (
    ("SQLITE_FULL", StoreFull),
    ("SQLITE_IOERR_SHMSIZE", StoreFull),  # no room for the shared index of the write-ahead log
    ("SQLITE_BUSY", StoreBusy),
    ("SQLITE_LOCKED", StoreBusy),
    ("SQLITE_READONLY", StoreReadOnly),
    ("SQLITE_PERM", StoreReadOnly),
    ("SQLITE_CANTOPEN", StoreLost),
    ("SQLITE_IOERR", StoreLost),
    ("SQLITE_CORRUPT", StoreDamaged),
    ("SQLITE_NOTADB", StoreDamaged),
)
# SQLSTATE prefixes; https://www.postgresql.org/docs/current/errcodes-appendix.html
_POSTGRESQL: tuple[tuple[str, type[StoreError]], ...] = (
    ("53100", StoreFull),
    ("53", StoreBusy),  # too many connections, out of memory
    ("55P03", StoreBusy),  # lock not available
    ("40", StoreBusy),  # deadlock, serialisation
    ("25006", StoreReadOnly),
    ("42501", StoreReadOnly),
    ("57P", StoreLost),  # shut down, crashed, or not yet up
    ("08", StoreLost),
    ("28", StoreLost),  # not let in
    ("3D", StoreLost),  # no such database
    ("42P01", StoreLost),  # the tables are gone
    ("XX00", StoreDamaged),
)
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NO_RIGHT = (errno.EROFS, errno.EACCES, errno.EPERM)


@contextmanager
def name_errors(where: str) -> Iterator[None]:
    """Anything that has no name here is a fault of ours and goes on as it is."""
    try:
        yield
    except DBAPIError as error:
        kind = _find_kind(error)
        if kind is None:
            raise
        raise build_error(kind, where=where, said=str(error.orig)) from error
    except sqlite3.Error as error:  # from where SQLAlchemy does not stand in between
        kind = _find_sqlite_kind(error)
        if kind is None:
            raise
        raise build_error(kind, where=where, said=str(error)) from error
    except OSError as error:  # of the socket
        raise build_error(StoreLost, where=where, said=error.strerror or str(error)) from error
    except TimeoutError as error:  # SQLAlchemy's: every connection of the pool is in use
        raise build_error(StoreBusy, where=where, said="every connection is in use") from error


def build_error(kind: type[StoreError], *, where: str, said: str) -> StoreError:
    return kind(_WORDS[kind].format(where=where, said=said))


def name_os_error(error: OSError, where: str) -> StoreError:
    said = error.strerror or str(error)
    if error.errno in _NO_ROOM:
        return build_error(StoreFull, where=where, said=said)
    if error.errno in _NO_RIGHT:
        return build_error(StoreReadOnly, where=where, said=said)
    return build_error(StoreLost, where=where, said=said)


def _find_kind(error: DBAPIError) -> type[StoreError] | None:
    original = error.orig
    if isinstance(original, sqlite3.Error):
        return _find_sqlite_kind(original)
    fields = original.args[0] if original is not None and original.args else None
    if isinstance(fields, dict):  # what a PostgreSQL server answers; "C" is its SQLSTATE
        state = str(fields.get("C", ""))
        return next((kind for prefix, kind in _POSTGRESQL if state.startswith(prefix)), None)
    # without a server's answer it is the way to the server that failed
    return StoreLost if type(original).__name__ == "InterfaceError" else None


def _find_sqlite_kind(error: sqlite3.Error) -> type[StoreError] | None:
    name = getattr(error, "sqlite_errorname", "")
    if name == "SQLITE_ERROR" and "no such table" in str(error):
        return StoreLost
    return next((kind for prefix, kind in _SQLITE if name.startswith(prefix)), None)
