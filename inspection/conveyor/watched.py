"""Pictures that arrive in a folder. Only folders below one configured root are ever read: a page gives a name out of our
own list, never a path.
"""

import os
import time
from collections import deque
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from inspection.config import load_settings, read_place
from inspection.conveyor.parts import Part, draw_empty, lay_picture
from inspection.errors import DataInvalid, PictureRefused
from inspection.images import PictureUnreadable, clean_name, decode_pixels, read_file, read_limits, say_which
from inspection.wording import is_text

_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"})
_LOOK_EVERY_S = 0.5
_MOST_FOLDERS = 200
_MOST_SEEN = 20_000
ROOT_ITSELF = "."


def watch_root() -> Path:
    return read_place("ASSAY_WATCH", load_settings().var_dir / "watch")


def list_folders(root: Path) -> tuple[str, ...]:
    """What may be watched, by name: the root and the folders in it; what leads out of it, or in a circle, is left out, and
    so is a name that is no text: no page could show it."""
    try:
        if not root.is_dir():
            return ()
        inside = root.resolve()
    except OSError as error:
        raise refuse_folder(root, error) from None
    names = [
        entry.name
        for entry in list_entries(inside)
        if not entry.name.startswith(".") and is_text(entry.name) and _leads_inside(entry, inside)
    ]
    return (ROOT_ITSELF, *sorted(names)[:_MOST_FOLDERS])


def _leads_inside(entry: os.DirEntry[str], inside: Path) -> bool:
    try:
        return entry.is_dir() and Path(entry.path).resolve().is_relative_to(inside)
    except OSError:  # a link that leads to itself, or a place that this user may not look into
        return False


class _Version(NamedTuple):
    """A picture is another one when it was written anew."""

    changed_ns: int
    name: str


class FolderSource:
    """A picture is taken once, when neither its size nor its time has changed between two looks: it may still be being
    written, and who copies may give it its full size first."""

    def __init__(self, root: Path, name: str, *, look_every_s: float = _LOOK_EVERY_S) -> None:
        known = list_folders(root)
        if name not in known:
            raise DataInvalid(
                f"Expected a folder below the watched root ({', '.join(known) or 'there is none yet'}), got another. "
                "Choose one of the list."
            )
        self._folder = root.resolve() / name
        self._look_every_s = look_every_s
        self._looked_s = float("-inf")
        self._looks: dict[str, tuple[int, _Version]] = {}  # size and time at the last look
        self._seen: dict[_Version, None] = {}  # oldest first
        self._unread: dict[_Version, int] = {}  # the mode with which it could not be read
        self._waiting: deque[tuple[_Version, int]] = deque()

    def open(self) -> None: ...

    def close(self) -> None: ...

    def take(self) -> Part | None:
        self._look()
        if not self._waiting:
            return None
        version, mode = self._waiting.popleft()
        path, name = self._folder / version.name, clean_name(version.name)
        ground = draw_empty()
        limits = read_limits(None)
        try:
            shot = read_file(path, limits)
        except PictureRefused as error:
            if not os.path.isfile(path):  # taken away again; if it comes back, nobody has judged it yet
                self._seen.pop(version, None)
                return None
            if isinstance(error, PictureUnreadable):
                self._unread[version] = mode
            return Part(name, b"", ground, 1.0, (0.0, 0.0), refused=say_which(name, error))
        try:
            shown, scale, offset = lay_picture(decode_pixels(shot, limits), ground)
        except PictureRefused:  # the judge refuses it too, and says why
            return Part(name, shot, ground, 1.0, (0.0, 0.0))
        return Part(name, shot, shown, scale, offset)

    def _look(self) -> None:
        """Oldest first."""
        now = time.monotonic()
        if now - self._looked_s < self._look_every_s:
            return
        self._looked_s = now
        found, there = [], set()
        for entry in list_entries(self._folder):
            if Path(entry.name).suffix.lower() not in _SUFFIXES:
                continue
            try:
                if not entry.is_file(follow_symlinks=False):
                    continue
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:  # taken away since the folder was listed
                continue
            except OSError as error:
                raise refuse_folder(self._folder, error) from None
            there.add(entry.name)
            version = _Version(status.st_mtime_ns, entry.name)
            if self._unread.get(version, status.st_mode) != status.st_mode:  # it may be read by now
                del self._unread[version], self._seen[version]
            if version in self._seen:
                continue
            look = status.st_size, version
            if self._looks.get(entry.name) == look:
                found.append((version, status.st_mode))
            self._looks[entry.name] = look
        for version, mode in sorted(found):
            self._seen[version] = None
            self._looks.pop(version.name)
            self._waiting.append((version, mode))
        self._forget(there)

    def _forget(self, there: set[str]) -> None:
        """The oldest of those that were taken away, beyond a bound: a folder that is gone for a moment is not judged anew."""
        self._looks = {name: look for name, look in self._looks.items() if name in there}
        excess = max(0, len(self._seen) - _MOST_SEEN)
        for seen in [seen for seen in islice(self._seen, excess) if seen.name not in there]:
            del self._seen[seen]
            self._unread.pop(seen, None)


def list_entries(folder: Path) -> list[os.DirEntry[str]]:
    """A folder that is gone has nothing in it; it may come back."""
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise refuse_folder(folder, error) from None


def refuse_folder(folder: Path, error: OSError) -> DataInvalid:
    """An empty belt would say that no part came. The page says it of the line that ends by it."""
    if isinstance(error, PermissionError):
        return DataInvalid(
            f"Expected a watched folder that this user may look into, but the rights to {folder} were withdrawn. Give them "
            "back and start the line again."
        )
    return DataInvalid(
        f"Expected a watched folder that can be looked into, but {folder} answers: {error.strerror or error}. Mend that, "
        "such as a connection that was lost, and start the line again."
    )
