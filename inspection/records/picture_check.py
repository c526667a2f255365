"""Reads the kept files again and compares them with the hashes that the records name."""

from collections import OrderedDict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import TracebackType

from inspection.records.errors import PictureAltered, PictureMissing
from inspection.records.pictures import PictureStore

_REMEMBERED = 65_536  # a sample picture that occurs in every second record is read once
_MOST_FAULTS = 100
_LOCAL_THREADS, _REMOTE_THREADS = 2, 16  # reading releases the interpreter; a remote store is all waiting


@dataclass(frozen=True, slots=True)
class PictureFault:
    record_id: int
    sha256: str
    words: str


@dataclass(slots=True)
class PictureCheck:
    store: PictureStore
    share_0_1: float
    salt: int  # which share: drawn anew for each run, so that nobody knows what stays unread
    checked: int = 0
    faults: list[PictureFault] = field(default_factory=list)
    faulty: int = 0
    _recent: OrderedDict[bytes, None] = field(default_factory=OrderedDict)
    _pool: ThreadPoolExecutor = field(init=False)

    def __post_init__(self) -> None:
        threads = _LOCAL_THREADS if self.store.is_local else _REMOTE_THREADS
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="verify")

    def __enter__(self) -> "PictureCheck":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)

    def check(self, named: Iterable[tuple[int, bytes]]) -> None:
        """named: record and SHA-256."""
        fresh = [(record_id, digest) for record_id, digest in named if self._is_due(digest)]
        for fault in self._pool.map(self._check_one, fresh):
            if fault is not None:
                self.faulty += 1
                if len(self.faults) < _MOST_FAULTS:
                    self.faults.append(fault)
        self.checked += len(fresh)

    def _is_due(self, digest: bytes) -> bool:
        if self.share_0_1 < 1.0 and (int.from_bytes(digest[:8], "big") ^ self.salt) >= self.share_0_1 * 2**64:
            return False
        if digest in self._recent:
            self._recent.move_to_end(digest)
            return False
        self._recent[digest] = None
        if len(self._recent) > _REMEMBERED:
            self._recent.popitem(last=False)
        return True

    def _check_one(self, named: tuple[int, bytes]) -> PictureFault | None:
        record_id, digest = named
        try:
            self.store.read(digest.hex())
        except (PictureMissing, PictureAltered) as error:
            return PictureFault(record_id, digest.hex(), f"Record {record_id}: {error}")
        return None
