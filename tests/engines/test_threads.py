"""One pool of threads works on a picture."""

import subprocess
import sys

from inspection.config import ROOT

PROGRAM = """
import numpy
from threadpoolctl import threadpool_info
from inspection.engines.openvino import open_core
open_core()
print([pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"])
"""


def test_numpy_keeps_out_of_the_engines_cores() -> None:
    """In a process of its own: how many threads numpy has is one fact a process."""
    environment = {"PATH": "/usr/bin:/bin", "OPENBLAS_NUM_THREADS": "2"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[1]"
