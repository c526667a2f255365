"""A file that a killed process or a power cut must never leave half written."""

import os
import threading
from pathlib import Path


def write_atomically(path: Path, content: bytes) -> None:
    """Readers see the old file or the new one, also after a power cut and where two threads write it at once."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        with partial.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(partial, path)
    except OSError:  # on a full disk what was begun would take what is left
        partial.unlink(missing_ok=True)
        raise
