"""Pictures that are kept as arrays on disk: with room for all of them, whole or not at all."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from inspection.errors import DataInvalid
from inspection.learning.array_file import fill_array
from inspection.learning.arrays import load_pixels
from inspection.learning.pixel_cache import map_pixels
from inspection.types import U8
from tests.picture_files import draw_scene, write_with_pillow

SHAPE = (8, 128, 128, 3)


def make(index: int) -> U8:
    return np.full(SHAPE[1:], index, np.uint8)


def refuse(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_the_room_is_taken_before_a_pixel_is_written(tmp_path: Path) -> None:
    """A hole that is written into on a full disk kills the process by SIGBUS."""
    path = tmp_path / "arrays" / "crops-a.npy"
    taken: list[int] = []

    def look(index: int) -> U8:
        taken.append(sum(each.stat().st_blocks * 512 for each in path.parent.iterdir()))
        return make(index)

    pixels = map_pixels(path, SHAPE, look)
    assert taken[0] >= pixels.nbytes
    assert pixels[5].min() == pixels[5].max() == 5


@pytest.mark.parametrize("way", ["crops", "pictures"])
def test_a_full_disk_is_told_and_left_as_it_was(
    way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "posix_fallocate", refuse)
    cache, picture = tmp_path / "arrays", tmp_path / "a.png"
    picture.write_bytes(write_with_pillow(draw_scene(), "PNG"))
    with pytest.raises(DataInvalid, match=r"Expected [\d,]+ MB free in .*arrays.*got [\d,]+ MB.*ASSAY_VAR"):
        if way == "crops":
            map_pixels(cache / "crops-a.npy", SHAPE, make)
        else:
            load_pixels([picture], size=8, cache_dir=cache)
    assert list(cache.iterdir()) == []


def test_what_cannot_be_made_leaves_nothing_half(tmp_path: Path) -> None:
    (tmp_path / "damaged.png").write_bytes(b"no picture")
    with pytest.raises(DataInvalid, match="damaged.png"):
        load_pixels([tmp_path / "damaged.png"], size=8, cache_dir=tmp_path / "arrays")
    assert list((tmp_path / "arrays").iterdir()) == []


def test_what_killed_processes_began_goes_and_what_others_fill_stays(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True
    )
    gone = int(ended.stdout)
    for name in (f"crops-a.{gone}.npy", f"pictures-b.{gone}.tmp"):
        (tmp_path / name).write_bytes(b"begun")
    kept = (f"crops-c.{os.getppid()}.tmp", "crops-d.npy")
    for name in kept:
        (tmp_path / name).write_bytes(b"kept")
    with fill_array(tmp_path / "crops-e.npy", (2, 2)) as into:
        into[:] = 7
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted((*kept, "crops-e.npy"))
