"""The one loop that every network is trained by: epochs, average of weights, checkpoints, curves, early stopping."""

import json
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Generic, Literal, Protocol, TypeVar

import torch
from torch import Tensor, nn

from inspection.errors import AssayError
from inspection.learning.averaging import build_average, name_frozen, recalibrate_norms
from inspection.learning.checkpoint import (
    BEST,
    CONFIG,
    EPOCHS,
    LAST,
    append_line,
    load_checkpoint,
    save_best,
    save_checkpoint,
    write_lines,
)
from inspection.learning.config import TrainConfig
from inspection.learning.optimizing import build_optimizer, learning_rate, set_learning_rate
from inspection.learning.origin import note_origin
from inspection.learning.run_status import StatusFile, status_file
from inspection.learning.time_left import estimate_left
from inspection.writing import write_atomically

Batch = TypeVar("Batch")


class TrainingDiverged(AssayError):
    """The loss is no longer a number."""


class Task(Protocol[Batch]):
    """What is learnt: the runner knows no classes and no boxes."""

    network: nn.Module
    steps: int  # batches an epoch

    def start_epoch(self, epoch: int) -> None: ...

    def batches(self, epoch: int) -> Iterable[Batch]: ...

    def loss(self, batch: Batch) -> Tensor:
        """Mean per picture."""
        ...

    def plain_inputs(self) -> Iterable[Tensor]:
        """Some training pictures as serving would show them."""
        ...

    def weights(self, network: nn.Module) -> Mapping[str, Tensor]:
        """What of the trained network serves."""
        ...

    def validate(self, network: nn.Module) -> dict[str, float]:
        """`score`: larger is better and decides; `val_loss` decides between equal scores."""
        ...


@dataclass(frozen=True, slots=True)
class EpochRow:
    epoch: int  # from 1
    epochs: int
    size: int
    learning_rate: float
    train_loss: float
    seconds: float
    train_seconds: float
    pictures_per_s: float  # while training
    seconds_left: float
    is_best: bool
    metrics: Mapping[str, float]  # of the validation; empty where it was skipped

    def to_dict(self) -> dict[str, Any]:
        told = asdict(self)
        metrics = told.pop("metrics")
        return {**told, **metrics}

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> "EpochRow":
        own = {name for name in cls.__slots__ if name != "metrics"}
        return cls(
            **{name: told[name] for name in own},
            metrics={name: value for name, value in told.items() if name not in own and name != "metrics"},
        )


@dataclass(frozen=True, slots=True)
class TrainReport:
    state: Literal["finished", "cancelled"]
    rows: tuple[EpochRow, ...]
    best: EpochRow | None
    weights: Path | None  # safetensors of the best epoch, float32
    seconds: float


class EpochRunner(Generic[Batch]):
    """One run; `run` resumes from `out_dir/last.pt` where there is one."""

    def __init__(self, task: Task[Batch], config: TrainConfig, out_dir: Path) -> None:
        self.task, self.config, self.out_dir = task, config, out_dir
        out_dir.mkdir(parents=True, exist_ok=True)
        move_network(task.network, config)
        self.optimizer = build_optimizer(task.network, config)
        self.average = build_average(task.network, config)
        self.rows: list[EpochRow] = []
        self._restore()  # refuses a folder of other settings, whose config.json must stay theirs
        write_atomically(out_dir / CONFIG, _to_json(config))
        note_origin(config, out_dir, goes_on=bool(self.rows))

    def run(
        self,
        *,
        on_epoch: Callable[[EpochRow], None] | None = None,
        stop: Callable[[], bool] | None = None,
    ) -> TrainReport:
        with status_file(self.out_dir, self.config.epochs) as status:
            while len(self.rows) < self.config.epochs and not self._is_stale():
                row = self._run_epoch(len(self.rows), status, stop or _never)
                if row is None:
                    status.end("cancelled", f"Stopped after epoch {len(self.rows)}. Start it again to go on.")
                    return self._report("cancelled")
                if on_epoch is not None:
                    on_epoch(row)
            status.end("finished")
        return self._report("finished")

    def _run_epoch(self, epoch: int, status: StatusFile, stop: Callable[[], bool]) -> EpochRow | None:
        started = time.perf_counter()
        # seeded anew each epoch, so that dropout is the same whether or not the run was interrupted before
        torch.manual_seed(self.config.seed * 1_000_003 + epoch)
        self.task.network.train()
        self.task.start_epoch(epoch)
        loss_sum, step, seconds_left = 0.0, 0, estimate_left(self.rows, self.config)
        for batch in self.task.batches(epoch):
            if stop():
                return None
            status.beat(epoch=epoch + 1, step=step, steps=self.task.steps, seconds_left=seconds_left)
            loss_sum += self._run_step(batch, epoch * self.task.steps + step)
            step += 1
        train_seconds = time.perf_counter() - started
        row = EpochRow(
            epoch=epoch + 1,
            epochs=self.config.epochs,
            size=self.config.size_of(epoch),
            learning_rate=self.optimizer.param_groups[0]["lr"],
            train_loss=loss_sum / max(1, step),
            seconds=0.0,
            train_seconds=train_seconds,
            pictures_per_s=step * self.config.batch_size / train_seconds,
            seconds_left=0.0,
            is_best=False,
            metrics=self._validate(epoch),
        )
        row = replace(row, is_best=self._is_best(row), seconds=time.perf_counter() - started)
        self.rows.append(row)
        row = self.rows[-1] = replace(row, seconds_left=estimate_left(self.rows, self.config) or 0.0)
        self._keep(row)
        return row

    def _run_step(self, batch: Batch, step: int) -> float:
        config = self.config
        set_learning_rate(self.optimizer, learning_rate(config, step, steps_per_epoch=self.task.steps))
        with autocast(config):
            loss = self.task.loss(batch)
        value = float(loss.detach())
        if not value == value or value in (float("inf"), float("-inf")):
            raise TrainingDiverged(
                f"The loss became {value} at step {step} (expected a finite number). "
                f"Lower the learning rate (now {config.learning_rate:g}) or train in float32."
            )
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        if config.gradient_clip:
            nn.utils.clip_grad_norm_(self.task.network.parameters(), config.gradient_clip)
        self.optimizer.step()
        if self.average is not None:
            self.average.update(self.task.network, step + 1)
        return value

    @property
    def judged(self) -> nn.Module:
        """The network that is validated and kept: the average where there is one."""
        network: nn.Module = self.task.network if self.average is None else self.average.module
        return network

    def _validate(self, epoch: int) -> dict[str, float]:
        if not self.config.is_validated(epoch):
            return {}
        self.judged.eval()
        with torch.inference_mode(), autocast(self.config):
            if self.average is not None:
                recalibrate_norms(self.judged, self.task.plain_inputs(), kept=name_frozen(self.task.network))
            return self.task.validate(self.judged)

    def _is_best(self, row: EpochRow) -> bool:
        if not row.metrics:
            return False
        return all(_rank(row) > _rank(other) for other in self.rows if other.metrics)

    def _best(self) -> EpochRow | None:
        return next((row for row in reversed(self.rows) if row.is_best), None)

    def _is_stale(self) -> bool:
        best = self._best()
        return bool(self.config.patience and best and len(self.rows) - best.epoch >= self.config.patience)

    def _keep(self, row: EpochRow) -> None:
        # best first, checkpoint last: a kill in between repeats this epoch and writes the same again
        if row.is_best:
            save_best(self.out_dir / BEST, self.task.weights(self.judged), self.config.class_names)
        append_line(self.out_dir / EPOCHS, row.to_dict())
        state = {
            "digest": self.config.digest,
            "network": self.task.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": None if self.average is None else self.average.module.state_dict(),
            "rng": torch.get_rng_state(),
            "rows": [kept.to_dict() for kept in self.rows],
        }
        save_checkpoint(self.out_dir / LAST, state)

    def _restore(self) -> None:
        state = load_checkpoint(self.out_dir / LAST, digest=self.config.digest)
        if state is not None:
            self.task.network.load_state_dict(state["network"])
            self.optimizer.load_state_dict(state["optimizer"])
            if self.average is not None:
                self.average.module.load_state_dict(state["average"])
            torch.set_rng_state(state["rng"])
            self.rows = [EpochRow.from_dict(row) for row in state["rows"]]
        write_lines(self.out_dir / EPOCHS, [row.to_dict() for row in self.rows])

    def _report(self, state: Literal["finished", "cancelled"]) -> TrainReport:
        best = self._best()
        weights = None if best is None else self.out_dir / BEST
        return TrainReport(state, tuple(self.rows), best, weights, sum(row.seconds for row in self.rows))


def move_network(network: Any, config: TrainConfig) -> None:
    network.to(device=config.device, memory_format=torch.channels_last)


def autocast(config: TrainConfig) -> Any:
    if not config.bf16:
        return nullcontext()
    return torch.autocast(torch.device(config.device).type, dtype=torch.bfloat16)


def _rank(row: EpochRow) -> tuple[float, float]:
    return (row.metrics["score"], -row.metrics.get("val_loss", 0.0))


def _never() -> bool:
    return False


def _to_json(config: TrainConfig) -> bytes:
    return (json.dumps(config.to_dict(), indent=1) + "\n").encode()
