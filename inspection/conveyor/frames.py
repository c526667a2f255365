"""The newest frame of a moving picture, for whoever holds its token. Nothing is queued: a slow viewer misses frames."""

import secrets
import threading
import time
import weakref


class Frames:
    def __init__(self) -> None:
        self.token = secrets.token_urlsafe(32)  # 256 bits: who was not given it will not guess it
        self._lock = threading.Lock()
        self._number = 0
        self._jpeg = b""
        self._watched_s = time.monotonic()
        self._closed = False

    def publish(self, jpeg: bytes) -> None:
        with self._lock:
            self._number += 1
            self._jpeg = jpeg

    def read(self) -> tuple[int, bytes]:
        """(number, JPEG); number 0 while there is none yet."""
        with self._lock:
            return self._number, self._jpeg

    def watch(self) -> None:
        """Somebody is there."""
        self._watched_s = time.monotonic()

    @property
    def unwatched_s(self) -> float:
        return time.monotonic() - self._watched_s

    def close(self) -> None:
        self._closed = True
        with _lock:
            _open.pop(self.token, None)

    @property
    def closed(self) -> bool:
        return self._closed


_lock = threading.Lock()
_open: "weakref.WeakValueDictionary[str, Frames]" = weakref.WeakValueDictionary()


def open_frames() -> Frames:
    frames = Frames()
    with _lock:
        _open[frames.token] = frames
    return frames


def find_frames(token: str) -> Frames | None:
    """None for a token that was never given out, or whose line has stopped."""
    with _lock:
        return _open.get(token)
