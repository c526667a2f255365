"""Training a classifier, for every row of the registry alike."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from inspection.errors import DataInvalid
from inspection.learning.arrays import ArraySet
from inspection.learning.augment_presets import PRESETS, Augment
from inspection.learning.batches import (
    LabelledBatch,
    count_steps,
    iterate_calibration,
    iterate_plain,
    plan_batches,
    to_input,
    weigh_labels,
)
from inspection.learning.config import TrainConfig
from inspection.learning.epochs import EpochRow, EpochRunner, TrainReport
from inspection.learning.guide import GuidedClassifier
from inspection.learning.optimizing import order_layers, set_trainable
from inspection.learning.prefetch import count_workers, prefetch
from inspection.learning.run_status import hold_run
from inspection.learning.surface import fit_whitener
from inspection.learning.warm_start import load_teacher, warm_start
from models.registry import build_network, find_spec
from models.spec import Classifier, ModelSpec

ROOM = 1.29  # larger than the network's input, so that turning does not blur a hair crack


def train_classifier(
    config: TrainConfig,
    train: ArraySet,
    validation: ArraySet,
    out_dir: Path,
    *,
    on_epoch: Callable[[EpochRow], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> TrainReport:
    """Leaves in `out_dir`: best.safetensors, last.pt, epochs.jsonl, config.json, status.json.

    Called again with the same settings and folder, it goes on after the last finished epoch.
    """
    prepare_run(config)
    with hold_run(out_dir):
        runner = EpochRunner(ClassifierTask(config, train, validation), config, out_dir)
        return runner.run(on_epoch=on_epoch, stop=stop)


def teaching_size(config: TrainConfig) -> int:
    """The side of the pictures that are kept for teaching."""
    return round(max(side for _, side in config.sizes) * ROOM)


def prepare_run(config: TrainConfig) -> None:
    if config.threads:
        torch.set_num_threads(config.threads)
    if config.device != "cpu":
        # cudnn looks for the quickest kernels once a size; which it finds may differ from run to run, and with them the
        # last bits of a seeded run
        torch.backends.cudnn.benchmark = True
    cv2.setNumThreads(1)  # the batch thread is one; more would fight with the network's
    torch.manual_seed(config.seed)


class ClassifierTask:
    def __init__(self, config: TrainConfig, train: ArraySet, validation: ArraySet) -> None:
        check_labels(config, train, "training")
        check_labels(config, validation, "validation")
        self.config, self.train, self.validation = config, train, validation
        self.spec = find_spec(config.model)
        self.augment = PRESETS[config.augment]
        self.steps = count_steps(len(train), config)
        self.network: nn.Module = build_network(config.model, len(config.class_names))
        warm_start(self.network, config)
        if config.guide:
            self.network = guide_network(self.network, config, self.augment, train)
        self.teacher = load_teacher(config)
        self.class_weights = None
        if config.class_balance == "weights":
            weights = weigh_labels(train.labels, len(config.class_names))
            self.class_weights = torch.tensor(weights, dtype=torch.float32, device=config.device)
        self.whitener = fit_whitener(train.pixels) if self.augment.whiten else None
        self._layers: tuple[list[nn.Module], list[nn.Module]] | None = None

    def start_epoch(self, epoch: int) -> None:
        layers = self.config.trainable_layers(epoch)
        if layers >= 0 and self._layers is None:
            assert isinstance(self.network, Classifier)
            side = self.config.final_size
            example = torch.zeros(1, self.spec.channels, side, side, device=self.config.device)
            self._layers = order_layers(self.network, example)
        for module in set_trainable(self.network, layers, order=self._layers):
            module.eval()  # a frozen batch norm keeps its statistics too

    def batches(self, epoch: int) -> Iterable[LabelledBatch]:
        plan = plan_batches(self.train, self.config, self.augment, epoch=epoch, whitener=self.whitener)
        return prefetch(plan, workers=count_workers(self.config))

    def loss(self, batch: LabelledBatch) -> Tensor:
        device = self.config.device
        masks = None if batch.masks is None else torch.from_numpy(batch.masks).to(device)
        return self.compare(
            lambda spec: to_input(batch.pixels, spec, device=device),
            torch.from_numpy(batch.targets).to(device),
            masks,
        )

    def compare(self, show: Callable[[ModelSpec], Tensor], targets: Tensor, masks: Tensor | None) -> Tensor:
        """show: the batch as a network of such a row takes it · targets: (n, classes) · masks: (n, size, size), 0 to 255."""
        config = self.config
        assert isinstance(self.network, Classifier)
        features = self.network.features(show(self.spec))
        logits = self.network.head(features).float()
        loss = functional.cross_entropy(
            logits, targets, weight=self.class_weights, label_smoothing=config.label_smoothing
        )
        if isinstance(self.network, GuidedClassifier) and masks is not None:
            loss = loss + config.guide * self.network.ask(features, masks, targets.argmax(dim=1))
        if self.teacher is None:
            return loss
        with torch.no_grad():
            shown = resize_view(show(self.teacher.spec), self.teacher.side, config)
            teacher_logits = self.teacher.network(shown).float()
        hint = distillation_loss(logits, teacher_logits, temperature=config.distill_temperature)
        return (1 - config.distill_share) * loss + config.distill_share * hint

    def weights(self, network: nn.Module) -> Mapping[str, Tensor]:
        kept = network.network if isinstance(network, GuidedClassifier) else network
        return kept.state_dict()

    def plain_inputs(self) -> Iterable[Tensor]:
        return iterate_calibration(self.train.pixels, self.spec, self.config)

    def validate(self, network: nn.Module) -> dict[str, float]:
        logits = predict_logits(network, self.validation, self.config)
        labels = torch.from_numpy(self.validation.labels)
        scores = score_logits(logits.numpy(), self.validation.labels)
        return {**scores, "val_loss": float(functional.cross_entropy(logits, labels))}


def resize_view(shown: Tensor, side: int, config: TrainConfig) -> Tensor:
    """shown: (n, channels, s, s) → as whoever judges whole parts at `side` sees it; a piece of a part keeps its scale."""
    own = shown.shape[2]
    if config.windows and own < config.final_size:
        side = round(side * own / config.final_size)
    if side == own:
        return shown
    return functional.interpolate(
        shown, size=(side, side), mode="bilinear", align_corners=False, antialias=side < own
    )


def guide_network(
    network: nn.Module, config: TrainConfig, augment: Augment, train: ArraySet
) -> GuidedClassifier:
    if train.masks is None:
        raise DataInvalid("Expected masks of the defects beside the pictures, got none. Set guide to 0.")
    if augment.mixup_alpha or augment.cutmix_alpha:
        raise DataInvalid(
            f"'{config.augment}' mixes pictures, and masks cannot be mixed. Name another recipe."
        )
    assert isinstance(network, Classifier)
    return GuidedClassifier(network, len(config.class_names), find_spec(config.model))


def predict_logits(network: nn.Module, pictures: ArraySet, config: TrainConfig) -> Tensor:
    """(n, classes), float32, on the CPU; every picture at the final size."""
    spec = find_spec(config.model)
    chunks = iterate_plain(pictures.pixels, size=config.final_size, batch_size=64)
    found = [network(to_input(chunk, spec, device=config.device)).float().cpu() for chunk in chunks]
    return torch.cat(found)


def distillation_loss(student: Tensor, teacher: Tensor, *, temperature: float) -> Tensor:
    """Hinton et al. 2015: the divergence of the softened outputs, times T² so that its gradient keeps its size."""
    log_student = functional.log_softmax(student / temperature, dim=1)
    log_teacher = functional.log_softmax(teacher / temperature, dim=1)
    divergence = functional.kl_div(log_student, log_teacher, reduction="batchmean", log_target=True)
    return divergence * temperature**2


def score_logits(logits: NDArray[np.float32], labels: NDArray[np.int64]) -> dict[str, float]:
    """Accuracy and macro-F1 over the classes that are present or predicted; the latter decides."""
    classes = logits.shape[1]
    predicted = logits.argmax(axis=1)
    confusion = np.bincount(labels * classes + predicted, minlength=classes**2).reshape(classes, classes)
    met = confusion.sum(axis=0) + confusion.sum(axis=1)
    f1 = 2 * confusion.diagonal()[met > 0] / met[met > 0]
    accuracy, macro_f1 = float((predicted == labels).mean()), float(f1.mean())
    return {"score": macro_f1, "val_accuracy": accuracy, "val_macro_f1": macro_f1}


def check_labels(config: TrainConfig, pictures: ArraySet, role: str) -> None:
    classes = len(config.class_names)
    if not len(pictures):
        raise DataInvalid(f"The {role} set is empty; expected at least one picture. Check the split.")
    if pictures.labels.min() < 0 or pictures.labels.max() >= classes:
        raise DataInvalid(
            f"Labels of the {role} set run from {pictures.labels.min()} to {pictures.labels.max()}, "
            f"but there are {classes} classes {list(config.class_names)}. Check the class names."
        )
