"""The next batches are made in a thread while the network works on this one: cv2 and numpy let go of the lock."""

import queue
import threading
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")


def prefetch(items: Iterable[Item], *, depth: int = 3) -> Iterator[Item]:
    """The same items in the same order. An error in the thread is raised here; leaving early ends the thread."""
    ready: queue.Queue[Item | BaseException | None] = queue.Queue(depth)
    leave = threading.Event()

    def hand_over(item: Item | BaseException | None) -> bool:
        while not leave.is_set():
            try:
                ready.put(item, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def work() -> None:
        try:
            for item in items:
                if not hand_over(item):
                    return
        except BaseException as error:  # carried over to the thread that asked
            hand_over(error)
        else:
            hand_over(None)

    thread = threading.Thread(target=work, name="batches", daemon=True)
    thread.start()
    try:
        while (item := ready.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        leave.set()
        thread.join()
