"""kill -9 at any moment of a promotion or a return: the line runs on one whole release, and the chain says which."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from inspection.config import ROOT, Settings
from inspection.records.champions import find_champion
from inspection.records.promotion import promote
from inspection.records.record import Kind
from inspection.records.search import Search
from inspection.records.shelf import check_release, read_release, shelf_dir
from inspection.records.store import open_store
from inspection.records.verify import verify
from tests.records.answering import make_line
from tests.records.contenders import MANAGER, make_challenge, make_settings, write_release

LINE = make_line()
STEPS = [
    (point, turn) for point in ("write", "sync", "keep", "open", "note", "pointer") for turn in (1, 2, 3)
]
FREE_KILLS = 34


def read_confirmed(folder: Path) -> list[tuple[int, str]]:
    """The last line may be half written: its writer was killed."""
    path = folder / "confirmed"
    lines = path.read_text().splitlines(keepends=True) if path.exists() else []
    return [(int(line.split()[0]), line.split()[1]) for line in lines if line.endswith("\n")]


def check(folder: Path, settings: Settings) -> None:
    store = open_store(settings=settings)
    report = verify(store)
    assert report.holds, report.words
    champion, confirmed = find_champion(store, LINE, settings), read_confirmed(folder)
    assert bool(confirmed) <= (champion.record_id is not None)
    if champion.release is not None:
        check_release(champion.weights_dir, champion.release)  # whole
        newest = store.search(Search(kinds=(Kind.EVENT,), lines=("toy",)), limit=1).records[0]
        assert newest.id == champion.record_id
        last, weights = confirmed[-1] if confirmed else (0, "")
        assert champion.record_id >= last
        if champion.record_id == last:
            assert champion.release.weights_sha256 == weights
    store.close()


def test_a_killed_promotion_leaves_one_whole_champion(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    write_release(settings.weights_dir, seed=1)
    open_store(settings=settings).close()
    rng = random.Random(11)
    command = [sys.executable, "-m", "tests.records.promoter", str(tmp_path)]
    parent = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert parent.stdin is not None and parent.stdout is not None
    with parent.stdin, parent.stdout:
        assert parent.stdout.readline() == "ready\n"
        tasks = [f"at {point} {turn}" for point, turn in STEPS] + ["free"] * FREE_KILLS
        for number, task in enumerate(tasks):
            before = len(read_confirmed(tmp_path))
            parent.stdin.write(f"{task}\n")
            parent.stdin.flush()
            child = int(parent.stdout.readline())
            if task == "free":
                deadline = time.monotonic() + 60
                while number % 4 and len(read_confirmed(tmp_path)) == before:
                    assert time.monotonic() < deadline
                    time.sleep(0.002)
                time.sleep(rng.uniform(0, 0.04))
                os.kill(child, signal.SIGKILL)
            assert parent.stdout.readline().split() == ["gone", str(-signal.SIGKILL)]
            check(tmp_path, settings)
    assert parent.wait(timeout=30) == 0
    assert len(tasks) >= 50 and len(read_confirmed(tmp_path)) >= FREE_KILLS // 2
    # and then it goes on as if nothing had been
    store = open_store(settings=settings)
    champion = find_champion(store, LINE, settings)
    assert champion.release is not None
    last = make_challenge(LINE, champion.release, settings, seed=5)
    record = promote(store, LINE, last, MANAGER, settings=settings)
    assert find_champion(store, LINE, settings).record_id == record.id
    store.close()
    for folder in shelf_dir(settings).iterdir():
        if folder.is_dir() and not folder.name.startswith("."):
            assert read_release(folder, "toy", "resnet50").sha256 == folder.name
