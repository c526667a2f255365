"""What the garbage collector need not look at. No Streamlit here.

Streamlit collects all generations after every run of a page, and holds the interpreter meanwhile: with the classes and
functions of every imported package in sight that is 70 to 300 ms in which no answer leaves the server. What was imported
never becomes garbage; set aside, a collection looks at what sessions made since, in a few milliseconds.
"""

import gc
import sys
import threading

MANY_MODULES = 100  # a package that came since, such as pandas or torch; less is not worth a collection


class Heap:
    def __init__(self, *, many: int = MANY_MODULES) -> None:
        self._many = many
        self._lock = threading.Lock()
        self._modules = 0  # when it was last set aside

    def set_aside(self) -> bool:
        """True where enough was imported since. What sessions hold is set aside too: when they let go of it, it is freed
        as ever, unless it points to itself; that happens as often as large packages are imported, a few times at most."""
        if len(sys.modules) - self._modules < self._many or not self._lock.acquire(blocking=False):
            return False
        try:
            self._modules = len(sys.modules)
            gc.collect()  # garbage must not be set aside
            gc.freeze()
            return True
        finally:
            self._lock.release()


HEAP = Heap()
