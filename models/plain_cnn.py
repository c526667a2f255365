"""The plain CNN of seed 001: convolutions and max pooling, then two dense layers with dropout between them.

The seed gives the dense layers (128, dropout 0.5, 64) and leaves the convolutions open; these are the usual widths.
"""

from collections import OrderedDict

import torch
from torch import Tensor, nn

from models.spec import Classifier

WIDTHS = (32, 64, 128, 128, 128)
INPUT_SIZE = 224
GRID = INPUT_SIZE // 2 ** len(WIDTHS)  # 7: what flattening fixes


class PlainCnn(Classifier):
    """x: (n, 3, 224, 224) → features (n, 128, 7, 7) → flatten → 128 → 64 → classes."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        stages: OrderedDict[str, nn.Module] = OrderedDict()
        for index, (before, after) in enumerate(zip((3, *WIDTHS), WIDTHS, strict=False)):
            stages[f"conv{index}"] = nn.Conv2d(before, after, 3, padding=1)
            stages[f"relu{index}"] = nn.ReLU()
            stages[f"pool{index}"] = nn.MaxPool2d(2)
        self.stages = nn.Sequential(stages)
        self.dense1 = nn.Linear(WIDTHS[-1] * GRID * GRID, 128)
        self.dropout = nn.Dropout(0.5)
        self.dense2 = nn.Linear(128, 64)
        self.classifier = nn.Linear(64, num_classes)
        for module in self.modules():  # without batch norm, torch's default lets the signal fade away
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]

    def features(self, x: Tensor) -> Tensor:
        features: Tensor = self.stages(x)
        return features

    def head(self, features: Tensor) -> Tensor:
        hidden = self.dropout(torch.relu(self.dense1(features.flatten(1))))
        logits: Tensor = self.classifier(torch.relu(self.dense2(hidden)))
        return logits


def build_plain_cnn(num_classes: int, *, pretrained: bool = False) -> PlainCnn:
    if pretrained:
        raise LookupError(
            "plain_cnn is ours: there are no published weights. Build it with pretrained=False."
        )
    return PlainCnn(num_classes)
