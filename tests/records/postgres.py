"""A PostgreSQL server for the tests: the one in ASSAY_TEST_POSTGRES_URL, or one of our own while they run."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ABSENT = "no PostgreSQL: set ASSAY_TEST_POSTGRES_URL or install the server's programs (Debian: postgresql)"


@contextmanager
def run_server() -> Iterator[str | None]:
    """The URL of its maintenance database, or None where there is no server."""
    given = os.environ.get("ASSAY_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    programs = _find_programs()
    if programs is None:
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="assay-postgres-"))
    owner = _choose_owner()
    if owner is not None:
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    try:
        yield from _serve(programs, folder, owner)
    finally:
        shutil.rmtree(folder)


def _serve(programs: Path, folder: Path, owner: pwd.struct_passwd | None) -> Iterator[str]:
    data, port = folder / "data", _find_port()
    _call(
        owner, programs / "initdb", "-D", data, "-U", "assay", "-A", "trust", "--no-sync", "--encoding=UTF8"
    )
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=50"
    _call(owner, programs / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start")
    try:
        yield f"postgresql://assay@127.0.0.1:{port}/postgres"
    finally:
        _call(owner, programs / "pg_ctl", "-D", data, "-m", "immediate", "stop")


def _find_programs() -> Path | None:
    on_path = shutil.which("initdb")
    found = [Path(on_path)] if on_path else sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


def _choose_owner() -> pwd.struct_passwd | None:
    """initdb refuses to run as root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    return names.get("postgres") or names["nobody"]


def _call(owner: pwd.struct_passwd | None, *command: object) -> None:
    identity = {} if owner is None else {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
    subprocess.run(
        [str(part) for part in command],
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        cwd="/",
        timeout=60,
        **identity,  # type: ignore[call-overload]
    )


def _find_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
