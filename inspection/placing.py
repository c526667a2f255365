"""A release comes to lie beside the line's other weights whole or not at all, whenever its process dies.

Its files are written into a hidden folder of their own and brought to the disk; one rename then says that they are whole.
From there on each is moved into its place, the card last, and whoever comes next finishes what a killed process began:

.<model>.….part    being written; once nobody holds it, it is a leftover and goes
.<model>.….ready   whole; what is still in it has yet to be moved
"""

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from inspection.errors import WeightsRefused

PART, READY = ".part", ".ready"
_MANIFEST = ".names.json"


@contextmanager
def stage_release(home: Path, model: str, *, whole: bool = True) -> Iterator[Path]:
    """A folder for the files of the model, named as they will be; they are placed when the block ends without an error.

    home: the line's folder of weights. whole: files of the model that are not among them go; else they are added.
    """
    home.mkdir(parents=True, exist_ok=True)
    with hold_part(home, f".{model}.", sweep=".") as part:
        yield part
        _place(part, home, model, whole=whole)


@contextmanager
def hold_part(home: Path, prefix: str, *, sweep: str | None = None) -> Iterator[Path]:
    """A hidden folder that is gone when the block ends, unless it was renamed; what killed processes left goes too.

    sweep: how the names begin of what may have been left; as this one's, unless told. Where the file system knows no locks
    of folders, as NFS does, nobody can tell what is a leftover, and all of it stays.
    """
    with lock_folder(home, needed=False):
        _sweep(home, prefix if sweep is None else sweep)
        part = Path(tempfile.mkdtemp(prefix=prefix, suffix=PART, dir=home))
        part.chmod(0o755)
        held = os.open(part, os.O_RDONLY)
        _take(held, needed=False)
    try:
        yield part
    finally:
        shutil.rmtree(part, ignore_errors=True)
        os.close(held)


def finish_placing(home: Path) -> None:
    """What a killed process had made ready. Where nothing is, it costs one look into the folder. Who may only read the
    weights cannot finish it, and must not read what is half of one training and half of another."""
    if not any(home.glob(f".*{READY}")):
        return
    try:
        with lock_folder(home):
            _finish(home)
    except OSError as error:
        raise WeightsRefused(
            f"Expected to finish the release that lies ready in {home.name}, got: {error.strerror}. Inspect a "
            "picture, or start the server, once as a user who may write there, such as the one who trains."
        ) from error


def sweep_weights(weights_dir: Path) -> None:
    """Of all lines: what was ready is placed, what was left half written goes."""
    for home in sorted(path for path in weights_dir.glob("*") if path.is_dir()):
        if any(home.glob(f".*{READY}")) or any(home.glob(f".*{PART}")):
            with lock_folder(home):
                _finish(home)
                _sweep(home, ".")


def write_to_disk(path: Path, data: bytes) -> None:
    with path.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def sync_path(path: Path) -> None:
    """A file's content, or a folder's names."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _place(part: Path, home: Path, model: str, *, whole: bool) -> None:
    names = sorted(path.name for path in part.iterdir())
    told = {"model": model, "names": names, "whole": whole}
    (part / _MANIFEST).write_text(json.dumps(told), encoding="utf-8")
    for path in part.iterdir():
        path.chmod(0o644)  # safetensors writes for its owner alone; who serves may be somebody else
        sync_path(path)
    sync_path(part)
    with lock_folder(home):
        _finish(home)  # an earlier one first: the order in which they were made ready holds
        os.rename(part, part.with_suffix(READY))
        sync_path(home)
        _finish(home)


def _finish(home: Path) -> None:
    for ready in sorted(home.glob(f".*{READY}")):
        manifest = ready / _MANIFEST
        if manifest.is_file():  # else all of it is in its place
            _move(ready, home, json.loads(manifest.read_text(encoding="utf-8")))
        shutil.rmtree(ready)
        sync_path(home)


def _move(ready: Path, home: Path, told: dict[str, object]) -> None:
    model, names = str(told["model"]), told["names"]
    assert isinstance(names, list)
    card = f"{model}.json"
    for name in sorted(names, key=lambda name: (name == card, name)):
        if (ready / name).is_file():  # else it was moved before the kill
            os.replace(ready / name, home / name)
    sync_path(home)
    if told["whole"]:
        for path in home.glob(f"{model}.*"):  # no model's name is the beginning of another's up to a dot
            if path.name not in names:
                path.unlink()


def _sweep(home: Path, prefix: str) -> None:
    for part in home.glob(f"{prefix}*{PART}"):
        try:
            held = os.open(part, os.O_RDONLY)
        except OSError:
            continue  # whoever wrote it has just given up, or is another user
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            continue  # it is being written, or nobody can tell
        else:
            shutil.rmtree(part, ignore_errors=True)  # another user's stays: nobody fails by a leftover
        finally:
            os.close(held)


@contextmanager
def lock_folder(home: Path, *, needed: bool = True) -> Iterator[None]:
    """Of the folder itself: no file is left behind, and a killed process frees it."""
    held = os.open(home, os.O_RDONLY)
    try:
        _take(held, needed=needed)
        yield
    finally:
        os.close(held)


def _take(descriptor: int, *, needed: bool) -> None:
    """NFS locks exclusively only what is open for writing, which no folder can be: flock(2)."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError:
        if needed:
            raise
