"""Settings, read once from the environment."""

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


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


@lru_cache(maxsize=1)
def load_settings() -> Settings:
    return Settings(
        lines_dir=Path(os.environ.get("ASSAY_LINES", ROOT / "models" / "lines")),
        weights_dir=Path(os.environ.get("ASSAY_WEIGHTS", ROOT / "models" / "weights")),
        var_dir=Path(os.environ.get("ASSAY_VAR", ROOT / "var")),
        threads=int(os.environ.get("ASSAY_THREADS", min(count_cores(), 8))),
        max_picture_bytes=int(os.environ.get("ASSAY_MAX_PICTURE_BYTES", 64 * 1024 * 1024)),
        max_picture_pixels=int(os.environ.get("ASSAY_MAX_PICTURE_PIXELS", 50_000_000)),
        max_cache_bytes=int(os.environ.get("ASSAY_MAX_CACHE_BYTES", 16 * 1024**3)),
    )
