"""torch: the reference on a CPU, and the engine where there is CUDA."""

import threading
import time
from typing import TYPE_CHECKING

import numpy as np

from inspection.engines.export import build_emitter
from inspection.errors import PrecisionUnavailable
from inspection.types import U8, EngineLabel, EngineOutput, Precision
from models.spec import ModelSpec

if TYPE_CHECKING:
    from torch import nn


class TorchEngine:
    def __init__(
        self, network: "nn.Module", spec: ModelSpec, *, precision: Precision = "f32", device: str = "cpu"
    ) -> None:
        import torch

        if precision == "int8":
            raise PrecisionUnavailable("Expected f32 or bf16 for the torch engine, got int8. Use OpenVINO.")
        started = time.perf_counter()
        self._device = torch.device(device)
        self._emitter = build_emitter(network).to(self._device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._mean = torch.tensor(spec.mean, device=self._device).view(1, -1, 1, 1) * 255
        self._std = torch.tensor(spec.std, device=self._device).view(1, -1, 1, 1) * 255
        self._label = EngineLabel("torch", torch.__version__.split("+")[0], precision, device)
        self._lock = threading.Lock()  # one run at a time: CUDA gains nothing from two, a CPU loses
        self.run(np.zeros((1, spec.input_size, spec.input_size, spec.channels), np.uint8))
        self._cold_start_ms = (time.perf_counter() - started) * 1e3

    @property
    def label(self) -> EngineLabel:
        return self._label

    @property
    def cold_start_ms(self) -> float:
        return self._cold_start_ms

    def run(self, batch: U8) -> EngineOutput:
        import torch

        with self._lock, torch.inference_mode():
            x = torch.from_numpy(np.ascontiguousarray(batch)).to(self._device).permute(0, 3, 1, 2).float()
            x = ((x - self._mean) / self._std).contiguous(memory_format=torch.channels_last)
            with torch.autocast(self._device.type, torch.bfloat16, enabled=self._label.precision == "bf16"):
                outputs = self._emitter(x)
            if isinstance(outputs, torch.Tensor):
                outputs = (outputs,)
            return EngineOutput(tuple(output.float().cpu().contiguous().numpy() for output in outputs))
