"""What a picture, a model or a line is stays on the machine: the engines report to nobody."""

import subprocess
import sys
from pathlib import Path

from inspection.config import ROOT

# A small model without torch, whose import would be most of the time; sending takes a process and a connection.
QUANTIZE = """
import sys

told = []
ways_out = ("os.fork", "socket.", "subprocess.")
sys.addaudithook(lambda event, _: told.append(event) if event.startswith(ways_out) else None)

import numpy as np

from inspection.engines.quantize import quantize_model
import openvino as ov  # reports by itself
from openvino import opset13 as ops

picture = ops.parameter([1, 8, 8, 3], np.uint8)
weights = np.ones((2, 192), np.float32)
flat = ops.reshape(ops.convert(picture, np.float32), np.array([1, 192]), False)
graph = ov.Model([ops.matmul(flat, weights, False, True)], [picture])
quantize_model(graph, [np.zeros((8, 8, 3), np.uint8)])
print(told)
"""


def test_openvino_and_nncf_tell_nobody(tmp_path: Path) -> None:
    """In a process of its own, at home nowhere: under pytest NNCF is silent, and a file at home can silence both."""
    done = subprocess.run(
        [sys.executable, "-c", QUANTIZE],
        cwd=ROOT,
        env={"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]", done.stdout
    assert list(tmp_path.iterdir()) == []
