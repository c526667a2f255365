"""A grey-scale network of fewer than 5,865 parameters, the size of the custom CNN of seed 002.

Ours differs inside: depthwise-separable convolutions buy depth with the same parameters, so that a cell of the last
map sees most of the part, while batch norm and residual sums let twelve narrow layers train.
"""

import torch
from torch import Tensor, nn

from models.spec import Classifier


class SeparableBlock(nn.Module):
    """3×3 depthwise, 1×1, batch norm; added to what came in where the shapes allow, then ReLU."""

    def __init__(self, channels_in: int, channels_out: int, *, stride: int = 1) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(
            channels_in, channels_in, 3, stride=stride, padding=1, groups=channels_in, bias=False
        )
        self.pointwise = nn.Conv2d(channels_in, channels_out, 1, bias=False)
        self.norm = nn.BatchNorm2d(channels_out)
        self.residual = stride == 1 and channels_in == channels_out

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.norm(self.pointwise(self.depthwise(x)))
        return torch.relu(x + out) if self.residual else torch.relu(out)


class CompactCnn(Classifier):
    """x: (n, 1, 256, 256) → features (n, 24, 16, 16) → mean → one sigmoid neuron, or one neuron a class."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.stem = nn.Sequential(
            nn.Conv2d(1, 16, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU()
        )
        self.blocks = nn.Sequential(
            SeparableBlock(16, 16, stride=2),  # 128 → 64
            SeparableBlock(16, 16),
            SeparableBlock(16, 16),
            SeparableBlock(16, 24, stride=2),  # 64 → 32
            SeparableBlock(24, 24),
            SeparableBlock(24, 24),
            SeparableBlock(24, 24, stride=2),  # 32 → 16
            SeparableBlock(24, 24),
        )
        self.classifier = nn.Linear(24, 1 if num_classes == 2 else num_classes)

    def features(self, x: Tensor) -> Tensor:
        features: Tensor = self.blocks(self.stem(x))
        return features

    def head(self, features: Tensor) -> Tensor:
        scores: Tensor = self.classifier(features.mean(dim=(2, 3)))
        if self.num_classes != 2:
            return scores
        # softmax of (−s/2, s/2) is (1 − sigmoid(s), sigmoid(s)): the one neuron, told as two logits
        return torch.cat([-scores / 2, scores / 2], dim=1)


def build_compact_cnn(num_classes: int, *, pretrained: bool = False) -> CompactCnn:
    if pretrained:
        raise LookupError(
            "compact_cnn is ours: there are no published weights. Build it with pretrained=False."
        )
    return CompactCnn(num_classes)
