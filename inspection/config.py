"""Settings, read once from the environment."""

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from inspection.errors import AssayError

ROOT = Path(__file__).resolve().parent.parent


class SettingInvalid(AssayError):
    """A variable of the environment says nothing that can be used."""


@dataclass(frozen=True, slots=True)
class Settings:
    lines_dir: Path
    weights_dir: Path
    var_dir: Path  # everything that this machine writes: caches, stores, checkpoints
    threads: int  # for one inference; container quotas are invisible to the engines, so it is said
    max_picture_bytes: int
    max_picture_pixels: int
    max_cache_bytes: int = 16 * 1024**3  # of what can be made again; the oldest goes first

    @property
    def cache_dir(self) -> Path:
        return self.var_dir / "cache"


def count_cores() -> int:
    """Those that this process may use, where the system tells."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)


def build_environment() -> dict[str, str]:
    """For a process of ours beside this one: it finds this project from whatever folder it was started in, and that
    folder stays the same, because a place may be named from there on. Its log is read while it is written."""
    path = os.pathsep.join(part for part in (str(ROOT), os.environ.get("PYTHONPATH", "")) if part)
    return {**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1", "NO_COLOR": "1"}


def read_place(name: str, default: Path) -> Path:
    """From the environment. A variable that is there and empty, as `ASSAY_VAR: ${ASSAY_VAR}` in a compose file makes it, says
    nothing: as a path it would be whatever folder the process was started in."""
    return Path(os.environ.get(name) or default)


def read_count(name: str, default: int) -> int:
    """At least 1, from the environment."""
    said = os.environ.get(name)
    if said is None:
        return default
    try:
        count = int(said)
    except ValueError:
        count = 0
    if count < 1:
        raise SettingInvalid(
            f"Expected {name} to be a whole number of at least 1, got {said!r}. Correct it, or unset it for {default}."
        )
    return count


@lru_cache(maxsize=1)
def load_settings() -> Settings:
    return Settings(
        lines_dir=read_place("ASSAY_LINES", ROOT / "models" / "lines"),
        weights_dir=read_place("ASSAY_WEIGHTS", ROOT / "models" / "weights"),
        var_dir=read_place("ASSAY_VAR", ROOT / "var"),
        threads=read_count("ASSAY_THREADS", min(count_cores(), 8)),
        max_picture_bytes=read_count("ASSAY_MAX_PICTURE_BYTES", 64 * 1024 * 1024),
        max_picture_pixels=read_count("ASSAY_MAX_PICTURE_PIXELS", 50_000_000),
        max_cache_bytes=read_count("ASSAY_MAX_CACHE_BYTES", 16 * 1024**3),
    )
