"""A process that kills itself, as an operator or a power cut would, at a chosen moment."""

import os
import signal
from collections.abc import Iterable


def die_at_call(turn: int, steps: Iterable[tuple[object, str]]) -> None:
    """kill -9 before the n-th of all calls of these functions: (owner, name) each."""
    calls = 0

    def arm(owner: object, name: str) -> None:
        step = getattr(owner, name)

        def counted(*values: object, **named: object) -> object:
            nonlocal calls
            calls += 1
            if calls == turn:
                os.kill(os.getpid(), signal.SIGKILL)
            return step(*values, **named)

        setattr(owner, name, counted)

    for owner, name in steps:
        arm(owner, name)
