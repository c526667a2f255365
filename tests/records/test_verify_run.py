"""The walk in a process of its own: its progress, its result, and what ends it."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from inspection.config import load_settings
from inspection.records.checkpoints import sign_checkpoint
from inspection.records.keys import load_or_create_key
from inspection.records.store import RecordStore, open_store
from inspection.records.verify_run import VerifyRun, _listen, start_verify
from tests.records.makers import add_many, attack

WAIT_S = 90


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RecordStore]:
    monkeypatch.setenv("ASSAY_VAR", str(tmp_path / "var"))
    load_settings.cache_clear()
    opened = open_store()
    yield opened
    opened.close()
    load_settings.cache_clear()


def walk(*checkpoints: str) -> VerifyRun:
    run = start_verify(checkpoints=checkpoints, picture_share_0_1=1.0, person="auditor-1")
    assert run.finished.wait(WAIT_S)
    return run


def test_a_cut_tail_and_a_changed_record_are_reported(store: RecordStore, tmp_path: Path) -> None:
    add_many(store, 5)
    signed = sign_checkpoint(store.database, load_or_create_key(tmp_path / "key.pem"))
    with attack(store) as raw:
        raw.execute("DELETE FROM records WHERE id = 5")
        raw.execute("UPDATE records SET body = replace(body, 'cracked', 'stained') WHERE id = 2")
    run = walk(signed.to_json())
    assert run.report is not None and not run.failure
    assert run.report["first_break_record"] == 2 and run.report["holds"] is False
    assert "saw 5 records, 4 are left" in run.report["checkpoint_faults"][0]
    assert (run.done, run.total, run.share_0_1) == (4, 4, 1.0)


def test_a_store_that_cannot_be_opened_is_a_failure_with_words(
    store: RecordStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSAY_DATABASE_URL", f"sqlite:///{tmp_path / 'var' / 'records.sqlite' / 'no.sqlite'}")
    run = walk()
    assert run.report is None and run.failure.startswith("StoreLost: ")


def test_a_store_that_is_named_from_the_servers_folder_on_is_the_one_that_is_walked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ASSAY_DATABASE_URL", "sqlite:///here.sqlite")
    monkeypatch.setenv("ASSAY_PICTURES_URL", "pictures")
    with closing(open_store()) as store:
        add_many(store, 3)
        run = walk()
    assert run.report is not None and (run.report["records"], run.report["holds"]) == (3, True)


def listen_to(program: str) -> VerifyRun:
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    run = VerifyRun("auditor-1", datetime.now(UTC), process)
    threading.Thread(target=_listen, args=(run, lambda _: None)).start()
    return run


def test_a_walk_that_is_stopped_says_so() -> None:
    run = listen_to('import time; print(\'{"done": 1, "total": 9}\', flush=True); time.sleep(600)')
    while run.done == 0:
        assert not run.finished.wait(0.01)
    run.stop()
    assert run.finished.wait(WAIT_S) and run.failure == "It was stopped." and not run.is_running


def test_a_walk_that_dies_says_so() -> None:
    run = listen_to("import os; os._exit(9)")
    assert run.finished.wait(WAIT_S) and run.failure == "It ended with status 9 and said nothing."
