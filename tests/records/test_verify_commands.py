"""verify and checkpoint end with 2 where they cannot do it: 1 is kept for faults in the records."""

from pathlib import Path

import pytest

from inspection.__main__ import main
from inspection.config import load_settings


def _run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr("sys.argv", ["inspection", *map(str, arguments)])
    try:
        return main()
    except SystemExit as ended:
        return int(ended.code or 0)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ASSAY_VAR", str(tmp_path / "var"))
    load_settings.cache_clear()
    yield
    load_settings.cache_clear()


def test_a_checkpoint_that_cannot_be_written_is_no_fault_in_the_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert _run(monkeypatch, "checkpoint", tmp_path / "file") == 2
    assert "CheckpointRefused: Expected to write the checkpoint" in capsys.readouterr().err


def test_a_key_that_nothing_is_held_against_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(monkeypatch, "verify", "--key", "zz") == 2
    assert "--checkpoint" in capsys.readouterr().err
