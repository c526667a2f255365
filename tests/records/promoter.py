"""A process that promotes and goes back until it is killed: python -m tests.records.promoter FOLDER

Forks a child for each line on standard input and prints its number, and "gone STATUS" once it has ended. A child writes
"record weights" to FOLDER/confirmed once a change is confirmed. "at POINT N" makes it kill itself at the Nth call of one
of the steps that a promotion is made of; "free" leaves that to the test.
"""

import importlib
import os
import sys
from pathlib import Path

from inspection.records import promotion, shelf
from inspection.records.champions import find_champion
from inspection.records.promotion import find_undone, promote, release_of, roll_back
from inspection.records.store import RecordStore, open_store
from tests.killing import die_at_call
from tests.records.answering import make_line
from tests.records.contenders import MANAGER, make_challenge, make_settings

LINE = make_line()
POINTS = {
    "write": (shelf, "write_to_disk"),
    "sync": (shelf, "sync_path"),
    "keep": (promotion, "keep_release"),
    "open": (promotion, "open_release"),
    "pointer": (promotion, "remember"),
}


def change_until_killed(folder: Path) -> None:
    settings = make_settings(folder)
    told = os.open(folder / "confirmed", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    store = open_store(settings=settings)
    seed = os.getpid() * 10_000
    while True:
        seed += 1
        present = release_of(find_champion(store, LINE, settings), LINE)
        if seed % 3 == 0 and find_undone(store, LINE) is not None:
            record = roll_back(store, LINE, MANAGER, settings=settings)
        else:
            challenge = make_challenge(LINE, present, settings, seed=seed)
            record = promote(store, LINE, challenge, MANAGER, settings=settings)
        weights = record.body["details"]["to"]["weights_sha256"]
        os.write(told, f"{record.id} {weights}\n".encode())


def die_at(point: str, turn: int) -> None:
    if point == "note":
        die_at_call(turn, [(RecordStore, "note")])
    else:
        die_at_call(turn, [POINTS[point]])


def warm_up() -> None:
    """Imports what a promotion imports late, once for all children. It runs nothing: no thread may go over a fork."""
    for name in (
        "alembic.command",
        "fsspec.implementations.local",
        "pandas",
        "pyarrow.parquet",
        "scipy.stats",
    ):
        importlib.import_module(name)


def main(folder: Path) -> None:
    warm_up()
    print("ready", flush=True)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            task, *values = line.split()
            if task == "at":
                die_at(values[0], int(values[1]))
            change_until_killed(folder)
        print(child, flush=True)
        _, status = os.waitpid(child, 0)
        print("gone", os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
