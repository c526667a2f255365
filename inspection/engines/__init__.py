"""What runs a model: OpenVINO on a CPU, torch on CUDA and as the reference."""

import sys

# OpenVINO and NNCF tell Google Analytics of every import, conversion and quantisation, each time from a process forked for
# it, unless a file in the user's home forbids it. They do without where this package is missing; here it always is.
sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
