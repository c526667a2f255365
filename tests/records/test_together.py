"""Several processes and threads write at once: nothing is lost, nobody meets a lock."""

import hashlib
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

import pytest

from inspection.config import ROOT
from inspection.records.pictures import open_pictures
from inspection.records.search import Search
from inspection.records.store import RecordStore, open_store
from inspection.records.verify import verify
from tests.records.makers import add_one

EACH = 160  # of 40 the one had once written all before a busy machine let the other begin


@contextmanager
def _start(url: str, pictures: str, each: int) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.records.writer", "add", url, pictures, str(each)]
    worker = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    try:
        yield worker
    finally:
        worker.kill()
        worker.communicate()


def _wait_for(word: str, *workers: subprocess.Popen[str]) -> None:
    for worker in workers:
        assert worker.stdout is not None and worker.stdout.readline().strip() == word


def _let_go(*workers: subprocess.Popen[str]) -> None:
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")


def _write_at_once(url: str, pictures: str, *, each: int = EACH) -> None:
    """All three open, and so migrate, the same empty store at the same moment; then all three write."""
    with _start(url, pictures, each) as one, _start(url, pictures, each) as two:
        _wait_for("ready", one, two)
        _let_go(one, two)
        store = open_store(url, pictures)
        _wait_for("open", one, two)
        _let_go(one, two)
        ours = [add_one(store, 0).id]
        while one.poll() is None or two.poll() is None:  # so that we write as long as anybody does
            ours.append(add_one(store, len(ours)).id)
            assert store.search(Search(), limit=1).records[0].id >= ours[-1]  # a reader beside the writers
        theirs = [[int(line) for line in worker.communicate()[0].split()] for worker in (one, two)]
        assert [one.returncode, two.returncode] == [0, 0]
    every = [ours, *theirs]
    assert [len(ids) for ids in theirs] == [each, each]
    assert all(min(a) < max(b) for a in every for b in every), "they wrote one after the other"
    assert sorted(chain.from_iterable(every)) == list(range(1, len(ours) + 2 * each + 1))
    report = verify(store)
    assert report.holds and report.records == len(ours) + 2 * each and report.clock_went_back == 0
    assert report.files_checked > 0
    store.close()


def test_two_workers_and_a_web_process_write_at_once(any_url: str, tmp_path: Path) -> None:
    _write_at_once(any_url, str(tmp_path / "pictures"))


def test_they_do_so_into_a_bucket(s3_endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Named by its URL alone, as a plant does it: where it is and who may, the environment says. Which database stands
    beside it makes no difference to the bucket."""
    url = f"sqlite:///{tmp_path / 'records.sqlite'}"
    for name, value in (("ENDPOINT_URL", s3_endpoint), ("ACCESS_KEY_ID", "a"), ("SECRET_ACCESS_KEY", "b")):
        monkeypatch.setenv(f"AWS_{name}", value)
    bucket = f"assay-{hashlib.sha256(str(tmp_path).encode()).hexdigest()[:10]}"
    open_pictures(f"s3://{bucket}", skip_instance_cache=True).filesystem.mkdir(bucket)
    _write_at_once(url, f"s3://{bucket}/kept", each=8)


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
