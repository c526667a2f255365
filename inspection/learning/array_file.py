"""An array that is filled on disk: it has its room before it is written, and is there whole or not at all."""

import errno
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from inspection.errors import DataInvalid
from inspection.learning.run_status import process_lives
from inspection.types import U8

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_PARTIAL = re.compile(r"\.(\d+)\.(?:tmp|npy)$")  # .npy: as 0.1.0 once named some of them


@contextmanager
def fill_array(path: Path, shape: tuple[int, ...]) -> Iterator[U8]:
    """Bytes of this shape to write into; the file comes to its place when the block ends without an error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_abandoned(path.parent)
    partial = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        into = np.lib.format.open_memmap(partial, mode="w+", dtype=np.uint8, shape=shape)
        reserve(partial)
        yield into
        into.flush()
        os.replace(partial, path)
    except BaseException as error:
        partial.unlink(missing_ok=True)  # on a full disk what was begun would take what is left
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            raise lacks_room(path.parent, int(np.prod(shape))) from error
        raise


def reserve(path: Path) -> None:
    """A mapped file starts as a hole. Where the disk is full when a page of it is written, the kernel kills the process
    by SIGBUS, and nobody is told why; asked for at once, the same lack is an error."""
    with path.open("r+b") as stream:
        os.posix_fallocate(stream.fileno(), 0, path.stat().st_size)


def lacks_room(folder: Path, wanted_bytes: int) -> DataInvalid:
    free = shutil.disk_usage(folder).free
    return DataInvalid(
        f"Expected {wanted_bytes / 1e6:,.0f} MB free in {folder} for the pictures as they are learnt from, got "
        f"{free / 1e6:,.0f} MB. Free some, or set ASSAY_VAR to a folder on a larger disk; then start this again."
    )


def remove_abandoned(folder: Path) -> None:
    """Partial files of processes that were killed: nobody would ever fill them."""
    for path in folder.iterdir():
        named = _PARTIAL.search(path.name)
        if named is not None and not process_lives(int(named[1])):
            with suppress(OSError):  # another user's, or another process removes it too
                path.unlink()
