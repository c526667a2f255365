"""A process that keeps inspections and says which were confirmed; the tests start it, and some kill its children.

python -m tests.records.writer add URL PICTURES COUNT     adds COUNT records, prints their ids; before it opens the
                                                          store ("ready") and before it writes ("open") it waits for a line
python -m tests.records.writer fork URL PICTURES CONFIRMED
    forks a child for each line on standard input, prints its number, and "gone STATUS" once it has ended:
    "add"         adds until it is killed; writes "id uid" to CONFIRMED once a record is confirmed
    "migrate N"   opens the store, and kills itself before the Nth statement that changes something; 0: at the commit
    Forking spares each child the imports.
"""

import os
import signal
import sys
import tempfile
from pathlib import Path

from sqlalchemy import Engine, event

from inspection.records.store import open_store
from tests.records.makers import add_one


def _add(url: str, pictures: str, count: str) -> None:
    _warm_up()
    _await_go("ready")
    store = open_store(url, pictures)
    _await_go("open")
    for number in range(int(count)):
        print(add_one(store, os.getpid() * 1_000 + number).id, flush=True)
    store.close()


def _await_go(word: str) -> None:
    """Says how far it is, and waits for the others."""
    print(word, flush=True)
    sys.stdin.readline()


def _fork(url: str, pictures: str, confirmed: str) -> None:
    _warm_up()
    print("ready", flush=True)
    for line in sys.stdin:
        task, *values = line.split()
        child = os.fork()
        if child == 0:
            if task == "add":
                _add_until_killed(url, pictures, confirmed)
            _migrate(url, pictures, int(values[0]))
            os._exit(0)
        print(child, flush=True)
        _, status = os.waitpid(child, 0)
        print("gone", os.waitstatus_to_exitcode(status), flush=True)


def _warm_up() -> None:
    """Imports what a store imports late. It is closed again: no thread and no connection may go over a fork."""
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{Path(folder) / 'records.sqlite'}", str(Path(folder) / "pictures"))
        add_one(store)
        store.close()


def _add_until_killed(url: str, pictures: str, confirmed: str) -> None:
    told = os.open(confirmed, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    store = open_store(url, pictures)
    number = os.getpid() * 100_000
    while True:
        record = add_one(store, number)
        os.write(told, f"{record.id} {record.uid}\n".encode())
        number += 1


def _migrate(url: str, pictures: str, step: int) -> None:
    seen = 0

    def die_at_a_step(connection: object, cursor: object, statement: str, *rest: object) -> None:
        nonlocal seen
        if statement.startswith(("CREATE", "INSERT", "UPDATE", "DELETE", "\nCREATE")):
            seen += 1
            if seen == step:
                os.kill(os.getpid(), signal.SIGKILL)

    def die_at_commit(connection: object) -> None:
        if step == 0 and seen:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", die_at_a_step)
    event.listen(Engine, "commit", die_at_commit)
    open_store(url, pictures).close()


if __name__ == "__main__":
    {"add": _add, "fork": _fork}[sys.argv[1]](*sys.argv[2:])
