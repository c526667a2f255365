"""Pictures and evidence, each under the SHA-256 of its bytes: a folder by default, S3 or others by URL (fsspec)."""

import hashlib
import importlib
import os
import re
import secrets
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from inspection.records.errors import PictureAltered, PictureMissing, StoreLost
from inspection.records.failures import name_os_error


@dataclass(frozen=True, slots=True)
class PictureStore:
    url: str
    filesystem: Any = field(repr=False)  # an fsspec.AbstractFileSystem
    root: str
    unsynced: deque[str] = field(default_factory=deque, repr=False)  # written, not yet on the disk
    lost: tuple[type[Exception], ...] = ()  # what its client raises, beyond OSError, when the way is cut

    @property
    def where(self) -> str:
        return hide_password(self.url)

    @property
    def is_local(self) -> bool:
        return bool(getattr(self.filesystem, "local_file", False))

    def path_of(self, sha256: str) -> str:
        # 256 folders: a million pictures are 4,000 files each, which every file system searches quickly
        return f"{self.root}/{sha256[:2]}/{sha256}"

    def keep(self, data: bytes, sha256: str) -> None:
        """sha256: of the data, which the caller has computed. Bytes that are there are not written again."""
        path = self.path_of(sha256)
        with self._named_errors(sha256):
            if self._holds(path, data):
                return
            if self.is_local:
                self._write_local(path, data)
            else:
                self.filesystem.pipe_file(path, data)  # an object store shows it whole or not at all

    def read(self, sha256: str) -> bytes:
        with self._named_errors(sha256):
            try:
                data = self._read_bytes(self.path_of(sha256))
            except FileNotFoundError as error:
                raise PictureMissing(
                    f"Expected the file {sha256[:12]}… in {self.where}, but it is not there. Restore a copy of it."
                ) from error
            except OSError as error:
                if not self.is_local:  # the way to a server is cut for every file alike
                    raise
                raise PictureAltered(
                    f"Expected the file {sha256[:12]}… in {self.where} to be readable, got: {error.strerror}. "
                    "Mend that, or restore it from a copy."
                ) from error
        found = hashlib.sha256(data).hexdigest()
        if found != sha256:
            raise PictureAltered(
                f"Expected the file {sha256[:12]}… in {self.where} to have that hash, got {found[:12]}…: "
                "it was changed after it was kept. Restore it from a copy."
            )
        return data

    def _read_bytes(self, path: str) -> bytes:
        if not self.is_local:
            return bytes(self.filesystem.cat_file(path))
        with open(path, "rb") as file:  # verify reads millions; the way through fsspec costs twice as much
            return file.read()

    def _holds(self, path: str, data: bytes) -> bool:
        """A power cut leaves files of the right size full of zeros, so the bytes on a disk are compared; a bucket keeps
        an object whole or not at all. What cannot be read is written again; where that fails too, it says why."""
        try:
            return self._size_of(path) == len(data) and (not self.is_local or self._read_bytes(path) == data)
        except OSError:
            return False

    def _size_of(self, path: str) -> int | None:
        try:
            if self.is_local:
                return os.stat(path).st_size
            return int(self.filesystem.info(path)["size"])
        except FileNotFoundError:
            return None

    def _write_local(self, path: str, data: bytes) -> None:
        """Whole or not at all; flushing.py sees it to the disk."""
        folder = os.path.dirname(path)
        os.makedirs(folder, exist_ok=True)
        part = f"{path}.{secrets.token_hex(4)}.part"
        try:
            with open(part, "wb") as file:
                file.write(data)
            os.replace(part, path)
        except OSError:
            if os.path.exists(part):
                os.unlink(part)
            raise
        self.unsynced.append(path)

    @contextmanager
    def _named_errors(self, sha256: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise name_os_error(error, self.where) from error
        except self.lost as error:
            raise StoreLost(
                f"The picture store at {self.where} cannot be reached ({error}) for {sha256[:12]}…. "
                "Start or restore it, then keep it again."
            ) from error


def hide_password(text: str) -> str:
    """Of a URL: what goes wrong is shown on pages. As urllib reads it, a password may hold an @ and colons."""
    return re.sub(r"(://[^/:@\s]*):[^/\s]*@", r"\1:***@", text)


def open_pictures(url: str, **options: object) -> PictureStore:
    import fsspec

    try:
        filesystem, root = fsspec.core.url_to_fs(url, **options)
    except (ValueError, ImportError) as error:
        raise StoreLost(
            f"Expected a folder or a URL that fsspec opens, got {hide_password(url)!r}. Mend ASSAY_PICTURES_URL, "
            f"or install what it needs (S3: s3fs): {hide_password(str(error))}."
        ) from error
    except OSError as error:  # some file systems call their server when they are opened
        raise name_os_error(error, hide_password(url)) from error
    return PictureStore(url=url, filesystem=filesystem, root=root.rstrip("/"), lost=_list_remote_errors(url))


def _list_remote_errors(url: str) -> tuple[type[Exception], ...]:
    if not url.startswith(("s3://", "s3a://")):
        return ()
    exceptions = importlib.import_module("botocore.exceptions")  # comes with s3fs, which not everybody has
    return (exceptions.BotoCoreError, exceptions.ClientError)
