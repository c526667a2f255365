"""Several processes and threads write at once: nothing is lost, nobody meets a lock."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from inspection.config import ROOT
from inspection.records.search import Search
from inspection.records.store import RecordStore, open_store
from inspection.records.verify import verify
from tests.records.makers import add_one

EACH = 40


def _start(url: str, pictures: Path, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.records.writer", "add", url, str(pictures), str(count)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_two_workers_and_a_web_process_write_at_once(any_url: str, tmp_path: Path) -> None:
    """All three also open, and so migrate, the same empty store at the same moment."""
    pictures = tmp_path / "pictures"
    workers = [_start(any_url, pictures, EACH) for _ in range(2)]
    store = open_store(any_url, str(pictures))
    ours = [add_one(store, number).id for number in range(EACH)]
    while store.search(Search(), limit=1).records[0].id < EACH + 5:  # a reader beside the writers
        assert store.count(Search()) >= EACH
    theirs = [[int(line) for line in worker.communicate(timeout=120)[0].split()] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0]
    assert sorted(ours + theirs[0] + theirs[1]) == list(range(1, 3 * EACH + 1))
    report = verify(store)
    assert report.holds and report.records == 3 * EACH and report.clock_went_back == 0
    store.close()


def test_threads_of_one_process_write_at_once(store: RecordStore) -> None:
    ready = threading.Barrier(8)

    def add_some(thread: int) -> list[int]:
        ready.wait()
        return [add_one(store, thread * 100 + number).id for number in range(15)]

    with ThreadPoolExecutor(8) as pool:
        ids = [number for found in pool.map(add_some, range(8)) for number in found]
    assert sorted(ids) == list(range(1, 121))
    assert verify(store).holds


def test_verify_walks_while_others_write(store: RecordStore) -> None:
    for number in range(30):
        add_one(store, number)
    stop = threading.Event()

    def go_on() -> None:
        number = 1_000
        while not stop.is_set():
            add_one(store, number)
            number += 1

    writer = threading.Thread(target=go_on)
    writer.start()
    try:
        reports = [verify(store) for _ in range(5)]
    finally:
        stop.set()
        writer.join()
    assert all(report.holds for report in reports)
    assert reports[-1].records > reports[0].records >= 30
