"""OpenVINO on a CPU: one compiled model a batch size, a small pool of requests, outputs that belong to the caller."""

import queue
import threading
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from inspection.errors import PrecisionUnavailable
from inspection.types import U8, EngineLabel, EngineOutput, Precision

if TYPE_CHECKING:
    import openvino as ov

# A batch is served by the largest of these that fits, so that every compiled shape is static and their number small.
BATCH_SIZES = (100, 50, 10, 1)
REQUESTS_PER_SHAPE = 3


@lru_cache(maxsize=1)
def open_core() -> "ov.Core":
    """numpy's own threads are told to keep out: after a product of 2,048 numbers they go on waiting in a loop, on the
    cores that the next inference needs, which then takes twice as long (LOG.md, 2026-11-27)."""
    import openvino as ov
    from threadpoolctl import threadpool_limits

    threadpool_limits(limits=1, user_api="blas")
    return ov.Core()


@lru_cache(maxsize=1)
def read_version() -> str:
    import openvino as ov

    return str(ov.get_version()).split("-")[0]


def supports(precision: Precision) -> bool:
    """f32 and int8 run on every CPU; bf16 needs instructions for it, or it would be emulated without a word."""
    if precision != "bf16":
        return True
    return "BF16" in open_core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def can_be_made(folder: Path) -> bool:
    """Compiled kernels are kept to start sooner; where there is no room for their folder, a start is slow and nothing more."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return True


class OpenVinoEngine:
    """`read_model` gives a fresh model of batch 1; it is called once for each batch size that is asked for."""

    def __init__(
        self,
        read_model: "Callable[[], ov.Model]",
        *,
        precision: Precision,
        threads: int,
        cache_dir: Path | None = None,
    ) -> None:
        if not supports(precision):
            raise PrecisionUnavailable(
                "Expected a CPU with bf16 instructions (AMX or AVX512-BF16), got one without. Use int8 or f32."
            )
        self._read_model = read_model
        self._label = EngineLabel("openvino", read_version(), precision, "CPU")
        self._properties: dict[str, Any] = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": threads,
            # Left alone, float operations run in bf16 on AMX without saying so.
            "INFERENCE_PRECISION_HINT": "bf16" if precision == "bf16" else "f32",
            "ENABLE_CPU_PINNING": False,
        }
        if cache_dir is not None and can_be_made(cache_dir):
            self._properties["CACHE_DIR"] = str(cache_dir)
        self._pools: dict[int, queue.LifoQueue[ov.InferRequest]] = {}
        self._sizes: tuple[int, ...] | None = None  # found out when a batch first comes
        self._lock = threading.Lock()
        started = time.perf_counter()
        self._warm_up()
        self._cold_start_ms = (time.perf_counter() - started) * 1e3

    @property
    def label(self) -> EngineLabel:
        return self._label

    @property
    def cold_start_ms(self) -> float:
        return self._cold_start_ms

    def run(self, batch: U8) -> EngineOutput:
        """A batch that fits no compiled shape is cut into those that do, largest first."""
        if batch.dtype != np.uint8 or batch.ndim != 4 or len(batch) == 0:
            raise ValueError(
                f"Expected uint8 pictures (n, height, width, channels), got {batch.dtype} {batch.shape}."
            )
        batch = np.ascontiguousarray(batch)
        if len(batch) == 1:
            return EngineOutput(self._run_exact(batch))
        sizes = self._find_sizes()
        parts: list[tuple[Any, ...]] = []
        start = 0
        while start < len(batch):
            size = next(size for size in sizes if size <= len(batch) - start)
            parts.append(self._run_exact(batch[start : start + size]))
            start += size
        return EngineOutput(tuple(np.concatenate(column) for column in zip(*parts, strict=True)))

    def create_bare_request(self) -> "ov.InferRequest":
        """One request of the compiled model without our pool and copies: what the benchmark holds `run` against."""
        model = open_core().compile_model(self._read_model(), "CPU", self._properties)
        return model.create_infer_request()

    def _find_sizes(self) -> tuple[int, ...]:
        """Attention over patches has the batch traced into its reshapes (MobileViT, ViT): those run one at a time."""
        with self._lock:
            if self._sizes is None:
                model = self._read_model()
                try:
                    model.reshape([BATCH_SIZES[-2], *list(model.input(0).get_partial_shape())[1:]])
                except RuntimeError:
                    self._sizes = (1,)
                else:
                    self._sizes = BATCH_SIZES
            return self._sizes

    def _run_exact(self, batch: U8) -> tuple[Any, ...]:
        pool = self._pools.get(len(batch)) or self._compile(len(batch))
        request = pool.get()
        try:
            results = request.infer([batch], share_inputs=True, share_outputs=True)
            return tuple(np.array(results[index]) for index in range(len(results)))
        finally:
            pool.put(request)

    def _compile(self, size: int) -> "queue.LifoQueue[ov.InferRequest]":
        with self._lock:
            if size not in self._pools:
                model = self._read_model()
                if size != 1:
                    shape = list(model.input(0).get_partial_shape())
                    model.reshape([size, *shape[1:]])
                compiled = open_core().compile_model(model, "CPU", self._properties)
                pool: queue.LifoQueue[ov.InferRequest] = queue.LifoQueue()
                for _ in range(REQUESTS_PER_SHAPE):
                    pool.put(compiled.create_infer_request())
                self._pools[size] = pool
                self._input_shape = tuple(model.input(0).get_shape())
            return self._pools[size]

    def _warm_up(self) -> None:
        self._compile(1)
        self._run_exact(np.zeros((1, *self._input_shape[1:]), np.uint8))
