"""Is it still the process that was started? A pid alone is given away again; with its start and the boot it is not."""

import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_STATE, _STARTED = 0, 19  # places after the command in /proc/<pid>/stat, proc(5)
_ENDED = ("Z", "X")  # a zombie waits to be collected: it works no more


@dataclass(frozen=True, slots=True)
class Process:
    pid: int
    started_ticks: int  # since the boot
    boot: str


def identify(pid: int) -> Process | None:
    """None where no such process works."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    told = text.rpartition(")")[2].split()  # the command before it may hold blanks and brackets
    if told[_STATE] in _ENDED:
        return None
    return Process(pid, int(told[_STARTED]), read_boot())


def read_boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def lives(process: Process) -> bool:
    return identify(process.pid) == process


def signal_group(process: Process, which: signal.Signals) -> None:
    """To the process and all it started; it leads a group of its own. Nothing is sent where it has ended."""
    if lives(process):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, which)
