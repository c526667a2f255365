"""Training a detector: the loop of `epochs.py` over pictures with boxes."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from inspection.errors import DataInvalid
from inspection.learning.arrays import BoxSet
from inspection.learning.augment_presets import PRESETS
from inspection.learning.average_precision import Boxes, mean_average_precision
from inspection.learning.batches import count_steps, iterate_calibration, iterate_plain, to_input
from inspection.learning.box_batches import BoxBatch, plan_box_batches
from inspection.learning.config import TrainConfig
from inspection.learning.epochs import EpochRow, EpochRunner, TrainReport
from inspection.learning.prefetch import count_workers, prefetch
from inspection.learning.run_status import hold_run
from inspection.learning.train import prepare_run
from inspection.learning.warm_start import warm_start
from inspection.locate import suppress
from inspection.types import F32
from models.registry import build_network, find_spec
from models.spec import Detector, Targets

LEAST_SCORE = 0.01
MOST_CANDIDATES = 300  # of a picture, before suppression


def train_detector(
    config: TrainConfig,
    train: BoxSet,
    validation: BoxSet,
    out_dir: Path,
    *,
    on_epoch: Callable[[EpochRow], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> TrainReport:
    """The same files and the same way to resume as `train_classifier`."""
    prepare_run(config)
    with hold_run(out_dir):
        runner = EpochRunner(DetectorTask(config, train, validation), config, out_dir)
        return runner.run(on_epoch=on_epoch, stop=stop)


class DetectorTask:
    def __init__(self, config: TrainConfig, train: BoxSet, validation: BoxSet) -> None:
        if not any(len(boxes) for boxes in validation.boxes) or not any(len(boxes) for boxes in train.boxes):
            raise DataInvalid("Training and validation each need at least one box. Check the annotations.")
        self.config, self.train, self.validation = config, train, validation
        self.spec = find_spec(config.model)
        self.augment = PRESETS[config.augment]
        self.steps = count_steps(len(train), config)
        network = build_network(config.model, len(config.class_names))
        if not isinstance(network, Detector):
            raise DataInvalid(f"{config.model} is not a detector; expected a row of the task 'detect'.")
        self.network: nn.Module = network
        self._detector = network
        warm_start(network, config)

    def start_epoch(self, epoch: int) -> None:
        pass  # every layer of a detector learns from the start

    def batches(self, epoch: int) -> Iterable[BoxBatch]:
        plan = plan_box_batches(self.train, self.config, self.augment, epoch=epoch)
        return prefetch(plan, workers=count_workers(self.config))

    def loss(self, batch: BoxBatch) -> Tensor:
        device = self.config.device
        targets = [
            Targets(torch.from_numpy(boxes).to(device), torch.from_numpy(labels).to(device))
            for boxes, labels in zip(batch.boxes, batch.labels, strict=True)
        ]
        parts = self._detector.loss(to_input(batch.pixels, self.spec, device=device), targets)
        return torch.stack([part.float() for part in parts.values()]).sum()

    def plain_inputs(self) -> Iterable[Tensor]:
        return iterate_calibration(self.train.pixels, self.spec, self.config)

    def weights(self, network: nn.Module) -> Mapping[str, Tensor]:
        return network.state_dict()

    def validate(self, network: nn.Module) -> dict[str, float]:
        found = predict_boxes(network, self.validation, self.config)
        truth = true_boxes(self.validation, size=self.config.final_size)
        classes = len(self.config.class_names)
        map50, map75 = (mean_average_precision(found, truth, classes=classes, iou=iou) for iou in (0.5, 0.75))
        # the crop that the classifier sees depends on tight boxes, so half of the score asks for them
        return {"score": (map50 + map75) / 2, "val_map50": map50, "val_map75": map75}


def predict_boxes(network: nn.Module, pictures: BoxSet, config: TrainConfig) -> list[Boxes]:
    spec = find_spec(config.model)
    found: list[Boxes] = []
    for chunk in iterate_plain(pictures.pixels, size=config.final_size, batch_size=32):
        candidates = network(to_input(chunk, spec, device=config.device)).float().cpu().numpy()
        found += [select_boxes(rows) for rows in candidates]
    return found


def select_boxes(candidates: F32) -> Boxes:
    """(candidates, 4 + classes) → the boxes that are left after suppression within each class."""
    scores = candidates[:, 4:]
    labels = scores.argmax(axis=1)
    surest = scores.max(axis=1)
    rows = np.flatnonzero(surest >= LEAST_SCORE)
    rows = rows[np.argsort(-surest[rows], kind="stable")[:MOST_CANDIDATES]]
    boxes, surest, labels = candidates[rows, :4], surest[rows], labels[rows]
    apart = boxes + (labels * 1e4)[:, None].astype(np.float32)  # boxes of two classes never meet
    kept = suppress(apart, surest)
    return Boxes(boxes[kept], labels[kept], surest[kept])


def true_boxes(pictures: BoxSet, *, size: int) -> list[Boxes]:
    scale = size / pictures.pixels.shape[1]
    return [
        Boxes((boxes * scale).astype(np.float32), labels, np.ones(len(labels), np.float32))
        for boxes, labels in zip(pictures.boxes, pictures.labels, strict=True)
    ]
