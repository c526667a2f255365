"""The next batches are made in threads while the network works on this one: cv2 and numpy let go of the lock."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from inspection.config import count_cores
from inspection.learning.config import TrainConfig

Item = TypeVar("Item")
AHEAD = 3  # batches that wait beside those in the making
MOST_WORKERS = 8


def prefetch(makers: Iterable[Callable[[], Item]], *, workers: int = 1) -> Iterator[Item]:
    """What the makers make, in their order. An error in a thread is raised here; leaving early ends the threads."""
    pool = ThreadPoolExecutor(workers, thread_name_prefix="batches")
    coming: deque[Future[Item]] = deque()
    try:
        for make in makers:
            coming.append(pool.submit(make))
            if len(coming) == workers + AHEAD:
                yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def count_workers(config: TrainConfig) -> int:
    """One where the processor trains as well and would wait for its own batches; a GPU is faster than any one thread."""
    if config.device == "cpu":
        return 1
    return min(MOST_WORKERS, config.threads or count_cores())
