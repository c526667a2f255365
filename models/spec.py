"""What a row of the registry says about a network, and what every network can do."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """One architecture: how to build it and what it expects."""

    name: str
    title: str
    task: Literal["classify", "detect"]
    source: str  # "timm:resnet50", "torchvision:ssdlite320_mobilenet_v3_large" or "assay:yolov5"
    build: Callable[..., nn.Module]  # build(num_classes: int, *, pretrained: bool = False)
    input_size: int
    channels: int  # 3 for RGB, 1 for grey
    mean: tuple[float, ...]
    std: tuple[float, ...]
    parameters: int  # trainable, without the classifier head (detectors: all, with one class)
    seed: str  # the document that names it, and where


class Classifier(nn.Module):
    """A network split where the heat map is taken: forward(x) = head(features(x)).

    x: (n, channels, size, size), normalised · features: (n, C, h, w) · logits: (n, classes), at least two.
    """

    def features(self, x: Tensor) -> Tensor:
        raise NotImplementedError

    def head(self, features: Tensor) -> Tensor:
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(self.features(x))
        return logits


@dataclass(frozen=True, slots=True)
class Targets:
    """What one training picture holds, in pixels of the network's input."""

    boxes: Tensor  # (m, 4) x1 y1 x2 y2
    labels: Tensor  # (m,) from 0, no background class


class Detector(nn.Module):
    """A network that proposes boxes; suppression comes after it and is the same for all.

    forward(x): (n, candidates, 4 + classes): x1 y1 x2 y2 in pixels of the input, then scores in 0…1.
    """

    def forward(self, x: Tensor) -> Tensor:
        raise NotImplementedError

    def loss(self, x: Tensor, targets: list[Targets]) -> dict[str, Tensor]:
        """Named parts of the loss, each a mean per picture; their sum is minimised."""
        raise NotImplementedError
