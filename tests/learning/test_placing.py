"""kill -9 at any moment of an installation: the line has one whole model, and nothing is left lying about."""

import json
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from inspection import placing
from inspection.engines.prepare import find_weights
from inspection.errors import DataInvalid, WeightsRefused
from inspection.learning.evaluate import read_released, write_evaluations
from inspection.learning.install import Staged, install
from inspection.learning.shipping import name_files
from inspection.placing import stage_release, sweep_weights
from inspection.records.shelf import Release, list_files, read_release
from models.card import read_card, write_card
from tests.killing import die_at_call
from tests.records.contenders import make_rows, make_settings, write_release

LINE, MODEL = "toy", "resnet50"


def write_whole(weights_dir: Path, seed: int, *, extra: str | None = None) -> Release:
    """Weights, calibration, evaluations and a card that names them all."""
    write_release(weights_dir, seed=seed, model=MODEL, line=LINE)
    folder = weights_dir / LINE
    write_evaluations([make_rows(range(seed))], folder / f"{MODEL}.parquet")
    if extra is not None:
        (folder / f"{MODEL}.{extra}").write_bytes(b"of an earlier training")
    card = folder / f"{MODEL}.json"
    write_card(name_files(read_card(card), folder), card)
    return read_release(weights_dir, LINE, MODEL)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "weights" / LINE


# all that changes the disk or waits for it
DISK = (
    (os, "rename"),
    (os, "replace"),
    (os, "fsync"),
    (placing.tempfile, "mkdtemp"),
    (placing.shutil, "rmtree"),
    (placing.shutil, "copyfile"),
    (Path, "unlink"),
)


def run_and_die(deed: Callable[[], object], turn: int) -> bool:
    """In a process of its own. True where it was killed, False where it came to its end."""
    child = os.fork()
    if child == 0:
        die_at_call(turn, DISK)
        deed()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) in (0, -signal.SIGKILL)
    return os.waitstatus_to_exitcode(status) != 0


def list_hidden(home: Path) -> list[str]:
    return [path.name for path in home.iterdir() if path.name.startswith(".")]


def test_a_killed_installation_leaves_one_whole_model(tmp_path: Path, home: Path) -> None:
    settings = make_settings(tmp_path)
    old = write_whole(settings.weights_dir, 1, extra="novelty.safetensors")
    new = write_whole(tmp_path / "staged", 2)
    before = {path.name: path.read_bytes() for path in list_files(home, MODEL)}
    staged = Staged(LINE, MODEL, tmp_path / "staged" / LINE)
    kills, outcomes = 0, set()
    for turn in range(1, 100):
        if not run_and_die(lambda: install(staged, settings, replace=True), turn):
            break
        kills += 1
        if turn % 2:
            sweep_weights(settings.weights_dir)  # as the next start does
        else:
            find_weights(LINE, MODEL, settings)  # as the first reader does, whoever it is
        found = read_release(settings.weights_dir, LINE, MODEL)
        assert found in (old, new), "the files of two trainings are never read together"
        outcomes.add(found.sha256)
        sweep_weights(settings.weights_dir)
        assert list_hidden(home) == []
        for path in list_files(home, MODEL):
            path.unlink()
        for name, data in before.items():
            (home / name).write_bytes(data)
    assert kills >= 20 and outcomes == {old.sha256, new.sha256}
    assert read_release(settings.weights_dir, LINE, MODEL) == new, "the last one came to its end"
    assert not (home / f"{MODEL}.novelty.safetensors").exists(), "it was fitted to other weights"


def test_what_another_process_is_writing_is_left_alone(home: Path) -> None:
    with stage_release(home, "compact_cnn") as other:
        (other / "compact_cnn.json").write_text("{}")
        sweep_weights(home.parent)
        with stage_release(home, MODEL) as mine:
            (mine / f"{MODEL}.json").write_text("{}")
        assert other.is_dir()
    assert sorted(path.name for path in home.iterdir()) == ["compact_cnn.json", f"{MODEL}.json"]


def test_what_its_writer_gives_up_meanwhile_is_passed_over(home: Path) -> None:
    home.mkdir(parents=True)
    (home / ".gone.part").symlink_to("nowhere")  # listed, and not there when it is looked at
    with stage_release(home, MODEL) as part:
        (part / f"{MODEL}.json").write_text("{}")
    assert (home / f"{MODEL}.json").is_file()


def test_what_another_user_left_hinders_nobody(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (".closed.part", ".open.part"):
        (home / name).mkdir(parents=True)
    opened, remove = os.open, os.rmdir

    def open_some(path: str | Path, flags: int, *more: int, **told: int | None) -> int:
        if Path(path).name == ".closed.part":  # rights do not bind a superuser, who may run the tests
            raise PermissionError(13, "Permission denied")
        return opened(path, flags, *more, **told)  # type: ignore[arg-type]

    def remove_some(path: str | Path, **told: int | None) -> None:
        if Path(path).name == ".open.part":
            raise PermissionError(13, "Permission denied")
        remove(path, **told)

    monkeypatch.setattr(os, "open", open_some)
    monkeypatch.setattr(os, "rmdir", remove_some)
    with stage_release(home, MODEL) as part:
        (part / f"{MODEL}.json").write_text("{}")
    assert (home / f"{MODEL}.json").is_file()


def test_who_may_only_read_the_weights_is_told_of_a_release_that_was_begun(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make_settings(tmp_path)
    write_whole(settings.weights_dir, 1)
    ready = home / f".{MODEL}.0{placing.READY}"
    ready.mkdir()
    (ready / f"{MODEL}.novelty.safetensors").write_bytes(b"new")
    told = {"model": MODEL, "names": [f"{MODEL}.novelty.safetensors"], "whole": False}
    (ready / ".names.json").write_text(json.dumps(told))

    def refuse(*_told: object) -> None:  # rights do not bind a superuser, who may run the tests
        raise PermissionError(13, "Permission denied")

    with (
        monkeypatch.context() as reader,
        pytest.raises(WeightsRefused, match="ready in toy.*Permission denied"),
    ):
        reader.setattr(os, "replace", refuse)
        find_weights(LINE, MODEL, settings)
    find_weights(LINE, MODEL, settings)
    assert (home / f"{MODEL}.novelty.safetensors").read_bytes() == b"new" and list_hidden(home) == []


def test_a_release_that_fails_changes_nothing(home: Path) -> None:
    with pytest.raises(ValueError, match="no room"), stage_release(home, MODEL) as folder:
        (folder / f"{MODEL}.json").write_text("{}")
        raise ValueError("no room")
    assert list(home.iterdir()) == []


def test_files_that_are_added_leave_the_others(home: Path) -> None:
    release = write_whole(home.parent, 1)
    with stage_release(home, MODEL, whole=False) as folder:
        (folder / f"{MODEL}.novelty.safetensors").write_bytes(b"fitted")
    assert set(release.files) | {f"{MODEL}.novelty.safetensors"} == {
        path.name for path in list_files(home, MODEL)
    }


def test_whoever_serves_may_read_what_one_person_released(home: Path) -> None:
    with stage_release(home, MODEL) as folder:
        private = folder / f"{MODEL}.int8.safetensors"
        private.write_bytes(b"calibrated")
        private.chmod(0o600)
    assert (home / f"{MODEL}.int8.safetensors").stat().st_mode & 0o777 == 0o644


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    for seed in (1, 2):
        write_whole(tmp_path / str(seed), seed)
    yield tmp_path / "1", tmp_path / "2"


@pytest.mark.parametrize("name", ["safetensors", "int8.safetensors", "parquet"])
def test_files_of_two_trainings_are_refused_together(two: tuple[Path, Path], name: str) -> None:
    """However they came to lie side by side: copied by hand, or by a release before this one."""
    first, second = two
    (first / LINE / f"{MODEL}.{name}").write_bytes((second / LINE / f"{MODEL}.{name}").read_bytes())
    with pytest.raises(WeightsRefused, match=f"Expected {MODEL}.{name} to have the SHA-256 .* got"):
        read_release(first, LINE, MODEL)


def test_evaluations_of_other_weights_are_refused(two: tuple[Path, Path]) -> None:
    first, second = (folder / LINE / f"{MODEL}.parquet" for folder in two)
    card = read_card(first.with_suffix(".json"))
    assert read_released(card, first)
    first.write_bytes(second.read_bytes())
    with pytest.raises(DataInvalid, match="measured on other weights"):
        read_released(card, first)
    assert read_released(replace(card, files={}), first), "a card that was written before names no files"
