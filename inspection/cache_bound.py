"""The cache has a bound: what was not used for longest goes first, and never what somebody uses.

Everything in it can be made again; what goes costs time, nothing else. An entry is a file or a folder right below one of
the cache's own folders: arrays/pictures-….npy, engines/aluminium-resnet18-…/, blobs/….blob, belt/r1/.
"""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

YOUNG_S = 3600.0  # somebody may have looked for it a moment ago and open it now
_LOCK = ".lock"  # beside an engine's folder; it is nothing, and somebody may wait at it


@dataclass(frozen=True, slots=True)
class Entry:
    path: Path
    bytes: int
    used_s: float  # seconds since 1970


def note_use(path: Path) -> None:
    """So that age counts from the last use, whatever the disk notes by itself."""
    try:
        os.utime(path)
    except OSError:  # a cache that another user made, or that is read-only: its age counts from its making
        return


def trim_cache(cache_dir: Path, *, most_bytes: int, now_s: float | None = None) -> tuple[Path, ...]:
    """What went, the oldest first."""
    now_s = time.time() if now_s is None else now_s
    entries = sorted(list_entries(cache_dir), key=lambda entry: entry.used_s)
    excess = sum(entry.bytes for entry in entries) - most_bytes
    if excess <= 0:
        return ()
    used = list_used(cache_dir)
    gone = []
    for entry in entries:
        if excess <= 0 or now_s - entry.used_s < YOUNG_S:
            break
        if any(path == entry.path or entry.path in path.parents for path in used):
            continue
        _remove(entry.path)
        if entry.path.exists():  # another user's: who looks for room must not fail by it
            continue
        excess -= entry.bytes
        gone.append(entry.path)
    return tuple(gone)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
        return
    with suppress(OSError):
        path.unlink()


def list_entries(cache_dir: Path) -> Iterator[Entry]:
    for path in cache_dir.glob("*/*"):
        if path.suffix == _LOCK:
            continue
        try:
            files = [path, *path.rglob("*")] if path.is_dir() else [path]
            stats = [file.stat() for file in files]
        except OSError:
            continue  # trimmed by another process, or come to its place, meanwhile; or not ours to look into
        yield Entry(path, sum(stat.st_size for stat in stats), max(stat.st_mtime for stat in stats))


def list_used(cache_dir: Path) -> set[Path]:
    """Below the cache: what any process that we may look into has open or mapped."""
    home = f"{cache_dir.resolve()}/"
    found: set[Path] = set()
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            # any process's names: not all are UTF-8
            mapped = (process / "maps").read_text(encoding="utf-8", errors="surrogateescape")
            named = [line.split(maxsplit=5)[-1] for line in mapped.splitlines()]
            named += [os.readlink(handle) for handle in (process / "fd").iterdir()]
        except OSError:  # it ended meanwhile, or belongs to somebody else
            continue
        found |= {cache_dir / name.removeprefix(home) for name in named if name.startswith(home)}
    return found
