"""A toy that small networks learn in seconds: three textures, and squares on a belt."""

import numpy as np
import torch
from torch import Tensor, nn

from inspection.learning.arrays import ArraySet
from inspection.learning.config import TrainConfig
from models.registry import REGISTRY
from models.spec import Classifier, ModelSpec

CLASS_NAMES = ("stripes", "checks", "plain")


class TinyNet(Classifier):
    def __init__(self, classes: int, channels: int = 3) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, 8, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.Conv2d(8, 16, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(16),
            nn.ReLU(),
        )
        self.drop = nn.Dropout(0.1)
        self.classifier = nn.Linear(16, classes)

    def features(self, x: Tensor) -> Tensor:
        found: Tensor = self.body(x)
        return found

    def head(self, features: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.drop(features.mean(dim=(2, 3))))
        return logits


def build_tiny(num_classes: int, *, pretrained: bool = False) -> TinyNet:
    return TinyNet(num_classes)


def build_tiny_grey(num_classes: int, *, pretrained: bool = False) -> TinyNet:
    return TinyNet(num_classes, channels=1)


def register_toys() -> None:
    for name, build, channels in (("tiny", build_tiny, 3), ("tiny_grey", build_tiny_grey, 1)):
        half = (0.5,) * channels
        REGISTRY[name] = ModelSpec(
            name, name, "classify", "assay:toy", build, 32, channels, half, half, 1392, "none"
        )


def make_textures(count: int, seed: int, side: int = 32) -> ArraySet:
    rng = np.random.default_rng(seed)
    labels = np.arange(count, dtype=np.int64) % 3
    y, x = np.mgrid[:side, :side]
    pictures = []
    for label in labels:
        phase = rng.integers(0, 8)
        pattern = ((x + phase) // 4 % 2, ((x + phase) // 4 + y // 4) % 2, np.full_like(x, 0.5, float))[
            label
        ] * 120 + 60
        pictures.append(pattern[..., None] + rng.normal(0, 12, (side, side, 3)))
    pixels = np.stack(pictures).clip(0, 255).astype(np.uint8)
    return ArraySet(pixels, labels, tuple(f"{seed}/{index}" for index in range(count)))


def make_config(**changes: object) -> TrainConfig:
    told: dict[str, object] = {
        "line": "toy",
        "model": "tiny",
        "class_names": CLASS_NAMES,
        "sizes": ((3, 24), (2, 32)),
        "batch_size": 12,
        "learning_rate": 1e-2,
        "augment": "gentle",
        "ema_decay": 0.9,
        "threads": 1,
    }
    return TrainConfig(**{**told, **changes})  # type: ignore[arg-type]


def load_weights(path: object) -> dict[str, Tensor]:
    from safetensors.torch import load_file

    weights: dict[str, Tensor] = load_file(path)
    return weights


def assert_same_weights(one: dict[str, Tensor], other: dict[str, Tensor]) -> None:
    assert one.keys() == other.keys()
    for name, tensor in one.items():
        assert torch.equal(tensor, other[name]), name
