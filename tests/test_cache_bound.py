"""The cache keeps within its bound: the oldest goes first, never what is in use."""

import mmap
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from inspection.cache_bound import YOUNG_S, list_used, note_use, trim_cache
from inspection.learning.pixel_cache import map_pixels

NOW = 2_000_000_000.0


def put(path: Path, size: int, *, hours_ago: float) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(size))
    os.utime(path, (NOW - 3600 * hours_ago,) * 2)
    return path


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def test_the_oldest_goes_first_and_no_more_than_needed(cache: Path) -> None:
    old = put(cache / "arrays" / "pictures-a.npy", 1000, hours_ago=50)
    older = put(cache / "blobs" / "1.blob", 1000, hours_ago=90)
    newer = put(cache / "arrays" / "pictures-b.npy", 1000, hours_ago=5)
    assert trim_cache(cache, most_bytes=3000, now_s=NOW) == ()
    assert trim_cache(cache, most_bytes=1500, now_s=NOW) == (older, old)
    assert newer.is_file() and not old.exists() and not older.exists()


def test_a_folder_goes_as_one_and_counts_from_its_last_use(cache: Path) -> None:
    folder = cache / "engines" / "toy-0123"
    for name in ("f32.bin", "f32.json"):
        put(folder / name, 500, hours_ago=40)
    os.utime(folder, (NOW - 40 * 3600,) * 2)
    lock = put(cache / "engines" / "toy-0123.lock", 0, hours_ago=40)
    other = put(cache / "arrays" / "pictures-a.npy", 500, hours_ago=30)
    os.utime(folder, (NOW - 20 * 3600,) * 2)  # used since
    assert trim_cache(cache, most_bytes=1100 + folder.stat().st_size, now_s=NOW) == (other,)
    assert trim_cache(cache, most_bytes=0, now_s=NOW) == (folder,)
    assert lock.is_file() and not folder.exists()


def test_what_was_just_looked_for_stays(cache: Path) -> None:
    path = put(cache / "arrays" / "pictures-a.npy", 1000, hours_ago=0.5 * YOUNG_S / 3600)
    assert trim_cache(cache, most_bytes=0, now_s=NOW) == () and path.is_file()


def test_what_another_process_has_mapped_or_open_stays(cache: Path) -> None:
    mapped = put(cache / "arrays" / "mapped.npy", 5000, hours_ago=90)
    opened = put(cache / "engines" / "toy-0123" / "f32.bin", 5000, hours_ago=90)
    os.utime(opened.parent, (NOW - 90 * 3600,) * 2)
    free = put(cache / "arrays" / "free.npy", 5000, hours_ago=80)
    words = f"""
import mmap, sys
first = open({str(mapped)!r}, "rb"); area = mmap.mmap(first.fileno(), 0, access=mmap.ACCESS_READ); first.close()
second = open({str(opened)!r}, "rb")
print("ready", flush=True); sys.stdin.read()
"""
    holder = subprocess.Popen(
        [sys.executable, "-c", words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdin is not None and holder.stdout is not None
    with holder.stdin, holder.stdout:
        assert holder.stdout.readline() == "ready\n"
        assert {mapped, opened} <= list_used(cache)
        assert trim_cache(cache, most_bytes=0, now_s=NOW) == (free,)
    holder.wait(timeout=30)
    assert set(trim_cache(cache, most_bytes=0, now_s=NOW)) == {mapped, opened.parent}


def test_an_array_that_is_read_again_is_young_again(cache: Path) -> None:
    path = cache / "arrays" / "crops-a.npy"
    for _ in range(2):
        pixels = map_pixels(path, (2, 4, 4, 3), lambda index: np.full((4, 4, 3), index, np.uint8))
        assert pixels[1].max() == 1
        assert time.time() - path.stat().st_mtime < 60
        os.utime(path, (NOW - 90 * 3600,) * 2)
    note_use(cache / "arrays" / "absent.npy")
    del pixels
    assert trim_cache(cache, most_bytes=0, now_s=NOW) == (path,)


def test_names_that_are_no_text_in_any_process_hinder_nothing(cache: Path, tmp_path: Path) -> None:
    old = put(cache / "arrays" / "old.npy", 5000, hours_ago=90)
    strange = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    strange.write_bytes(bytes(5000))
    with strange.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ):
        assert trim_cache(cache, most_bytes=0, now_s=NOW) == (old,)


def test_what_cannot_be_looked_at_hinders_nothing(cache: Path) -> None:
    old = put(cache / "arrays" / "old.npy", 5000, hours_ago=90)
    (cache / "engines" / "aluminium").mkdir(parents=True)
    (cache / "engines" / "aluminium" / "loop").symlink_to("loop")
    assert trim_cache(cache, most_bytes=0, now_s=NOW) == (old,)


def test_what_may_not_be_removed_stays_and_the_next_goes(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = put(cache / "arrays" / "of-another-user.npy", 5000, hours_ago=90)
    old = put(cache / "arrays" / "old.npy", 5000, hours_ago=80)
    unlink = Path.unlink

    def refuse_one(path: Path, missing_ok: bool = False) -> None:  # rights do not bind a superuser
        if path == kept:
            raise PermissionError(1, "Operation not permitted")
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", refuse_one)
    assert trim_cache(cache, most_bytes=5000, now_s=NOW) == (old,)
