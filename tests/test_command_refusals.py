"""What the command line cannot do ends with 2 and a sentence, whatever is amiss: a variable, a place, a full disk."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from inspection.__main__ import main
from inspection.config import SettingInvalid, load_settings
from inspection.jobs.desk import desk_at


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("ASSAY_VAR", str(tmp_path / "var"))
    load_settings.cache_clear()
    (tmp_path / "afile").write_text("a file")
    yield tmp_path
    load_settings.cache_clear()


COUNTS = ("ASSAY_THREADS", "ASSAY_MAX_PICTURE_BYTES", "ASSAY_MAX_PICTURE_PIXELS", "ASSAY_MAX_CACHE_BYTES")


@pytest.mark.parametrize("said", ["abc", "", "0", "-2", "1.5"])
@pytest.mark.parametrize("name", COUNTS)
def test_a_variable_that_is_no_count_is_named(
    name: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(name, said)
    monkeypatch.setattr("sys.argv", ["inspection", "lines"])
    assert main() == 2
    told = capsys.readouterr().err
    assert f"SettingInvalid: Expected {name} to be a whole number of at least 1, got {said!r}." in told
    monkeypatch.setenv(name, "3")
    assert 3 in (getattr(load_settings(), field) for field in load_settings().__slots__)


def test_how_many_jobs_may_run_is_a_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_JOBS", "two")
    with pytest.raises(SettingInvalid, match="ASSAY_JOBS.*'two'"):
        desk_at(tmp_path)
    monkeypatch.setenv("ASSAY_JOBS", "2")
    assert desk_at(tmp_path).slots == 2
    monkeypatch.delenv("ASSAY_JOBS")
    assert desk_at(tmp_path).slots == 1


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("make-data aluminium --out HOME/afile", "Expected a folder at"),
        ("make-data aluminium --out HOME/afile/below", "Not a directory"),
        ("set-on-belts casting --data HOME --out HOME/afile", "got a file"),
        ("results --out HOME", "Name one below it"),
        ("folds casting --model compact_cnn --data HOME --warm-start .", "Expected a file of weights"),
        ("folds casting --model compact_cnn --data HOME --warm-start HOME/none", "leave --warm-start out"),
        ("novelty steel --model yolov5n --data HOME", "Expected a classifier, got yolov5n"),
    ],
)
def test_a_place_or_a_model_that_will_not_do_is_told(
    home: Path,
    words: str,
    complaint: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.argv", ["inspection", *words.replace("HOME", str(home)).split()])
    assert main() == 2
    assert complaint in capsys.readouterr().err
    assert (home / "afile").read_text() == "a file"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no such device")
@pytest.mark.parametrize("arguments", [("lines",), ("lines", "--json")])
def test_results_that_nothing_takes_are_told(arguments: tuple[str, ...]) -> None:
    with open("/dev/full", "wb") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "inspection", *arguments], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert ended.returncode == 2
    assert "No space left on device" in ended.stderr and "Traceback" not in ended.stderr
    assert "Exception ignored" not in ended.stderr


def test_a_reader_that_goes_away_is_no_complaint() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run(
        [sys.executable, "-m", "inspection", "lines", "--json"],
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(writing)
    assert ended.returncode == 1 and ended.stderr == ""
