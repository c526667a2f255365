"""A chart is a function from a table to a figure: the same table needs no second drawing.

Plotly checks every property of a figure that is built, 10 to 30 ms of processor time each; a page that is drawn anew
with nothing changed spent most of its time on that. What is remembered is keyed by all that the chart was told and
shared by whoever shows the same numbers: it is never changed. Figures hold numbers and words, no pictures. No Streamlit
here.
"""

import hashlib
import pickle
import threading
from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import plotly.graph_objects as go

MOST_FIGURES = 256  # about 10 kB each, a curve of a thousand points 100
Told = ParamSpec("Told")


class Drawn:
    """The last figures that were asked for; the one that was not asked for longest makes room."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._held: OrderedDict[bytes, go.Figure] = OrderedDict()

    def find(self, key: bytes, draw: Callable[[], go.Figure]) -> go.Figure:
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
                return self._held[key]
        figure = draw()  # outside the lock: at worst two sessions draw the same one
        with self._lock:
            self._held[key] = figure
            while len(self._held) > self._limit:
                self._held.popitem(last=False)
        return figure

    def __len__(self) -> int:
        return len(self._held)


_DRAWN = Drawn(MOST_FIGURES)


def drawn_once(build: Callable[Told, go.Figure]) -> Callable[Told, go.Figure]:
    """Decorates a chart. Two equal tables may differ in their bytes and be drawn twice; two different ones never agree."""

    @wraps(build)
    def find(*table: Told.args, **look: Told.kwargs) -> go.Figure:
        told = pickle.dumps((build.__module__, build.__qualname__, table, look))
        return _DRAWN.find(hashlib.blake2b(told).digest(), lambda: build(*table, **look))

    return find
