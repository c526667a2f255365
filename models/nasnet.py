"""NASNet-A Mobile, 4 @ 1056 (Zoph et al. 2018, "Learning Transferable Architectures", figures 2, 4 and appendix A).

A cell sees the two outputs before it, brings both to `width` channels, and concatenates what its five sums yield:
width doubles at each reduction (44, 88, 176) and a normal cell puts out six times its width, hence 1056 at the end.
"""

import torch
from torch import Tensor, nn

from models.spec import Classifier

STEM_WIDTH = 32
WIDTH = 44  # 1056 / 24: the first normal cells
REPEATS = 4


class SeparableTwice(nn.Module):
    """ReLU, separable convolution, batch norm, twice; the stride is the first one's."""

    def __init__(self, channels_in: int, channels_out: int, kernel: int, *, stride: int = 1) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, step in ((channels_in, stride), (channels_out, 1)):
            layers += [
                nn.ReLU(),
                nn.Conv2d(
                    before, before, kernel, stride=step, padding=kernel // 2, groups=before, bias=False
                ),
                nn.Conv2d(before, channels_out, 1, bias=False),
                build_norm(channels_out),
            ]
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.layers(x)
        return out


class Project(nn.Module):
    """ReLU, 1×1 convolution, batch norm."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(channels_in, channels_out, 1, bias=False)
        self.norm = build_norm(channels_out)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.norm(self.convolution(torch.relu(x)))
        return out


class FactorisedReduction(nn.Module):
    """Halves the grid without losing every other place: two strided paths, the second shifted by one pixel."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.even = nn.Conv2d(channels_in, channels_out // 2, 1, stride=2, bias=False)
        self.odd = nn.Conv2d(channels_in, channels_out - channels_out // 2, 1, stride=2, bias=False)
        self.norm = build_norm(channels_out)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(x)
        shifted = nn.functional.pad(x, (0, 1, 0, 1))[:, :, 1:, 1:]
        out: Tensor = self.norm(torch.cat([self.even(x), self.odd(shifted)], dim=1))
        return out


class NormalCell(nn.Module):
    """(previous, current) → (n, 6 · width, h, w)"""

    def __init__(self, previous: int, current: int, width: int, *, halve_previous: bool) -> None:
        super().__init__()
        self.adjust = (FactorisedReduction if halve_previous else Project)(previous, width)
        self.enter = Project(current, width)
        self.current_5x5 = SeparableTwice(width, width, 5)
        self.previous_3x3 = SeparableTwice(width, width, 3)
        self.previous_5x5 = SeparableTwice(width, width, 5)
        self.previous_3x3_again = SeparableTwice(width, width, 3)
        self.current_3x3 = SeparableTwice(width, width, 3)
        self.average = nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)

    def forward(self, previous: Tensor, current: Tensor) -> Tensor:
        p, h = self.adjust(previous), self.enter(current)
        sums = [
            self.current_5x5(h) + self.previous_3x3(p),
            self.previous_5x5(p) + self.previous_3x3_again(p),
            self.average(h) + p,
            2 * self.average(p),  # the search chose the same average twice
            self.current_3x3(h) + h,
        ]
        return torch.cat([p, *sums], dim=1)


class ReductionCell(nn.Module):
    """(previous, current) → (n, 4 · width, h / 2, w / 2)"""

    def __init__(self, previous: int, current: int, width: int, *, adjust: type[nn.Module]) -> None:
        super().__init__()
        self.adjust = adjust(previous, width)
        channels = previous if adjust is nn.Identity else width
        self.enter = Project(current, width)
        self.current_5x5 = SeparableTwice(width, width, 5, stride=2)
        self.previous_7x7 = SeparableTwice(channels, width, 7, stride=2)
        self.previous_7x7_again = SeparableTwice(channels, width, 7, stride=2)
        self.previous_5x5 = SeparableTwice(channels, width, 5, stride=2)
        self.first_3x3 = SeparableTwice(width, width, 3)
        self.maximum = nn.MaxPool2d(3, stride=2, padding=1)
        self.average_half = nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=False)
        self.average = nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)

    def forward(self, previous: Tensor, current: Tensor) -> Tensor:
        p, h = self.adjust(previous), self.enter(current)
        maximum = self.maximum(h)
        first = self.current_5x5(h) + self.previous_7x7(p)
        second = maximum + self.previous_7x7_again(p)
        third = self.average_half(h) + self.previous_5x5(p)
        fourth = second + self.average(first)
        fifth = self.first_3x3(first) + maximum
        return torch.cat([second, third, fourth, fifth], dim=1)


class NasNetMobile(Classifier):
    """x: (n, 3, 224, 224) → features (n, 1056, 7, 7) → mean → linear."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, STEM_WIDTH, 3, stride=2, padding=1, bias=False), build_norm(STEM_WIDTH)
        )
        cells: list[nn.Module] = [
            ReductionCell(STEM_WIDTH, STEM_WIDTH, WIDTH // 4, adjust=nn.Identity),  # 112 → 56
            ReductionCell(STEM_WIDTH, WIDTH, WIDTH // 2, adjust=FactorisedReduction),  # 56 → 28
        ]
        previous, current = WIDTH, 2 * WIDTH
        for width in (WIDTH, 2 * WIDTH, 4 * WIDTH):  # at 28, 14 and 7
            if width > WIDTH:
                cells.append(ReductionCell(previous, current, width, adjust=Project))
                previous, current = current, 4 * width
            for repeat in range(REPEATS):
                cells.append(NormalCell(previous, current, width, halve_previous=repeat == 0))
                previous, current = current, 6 * width
        self.cells = nn.ModuleList(cells)
        self.activation = nn.ReLU()
        self.dropout = nn.Dropout(0.5)
        self.classifier = nn.Linear(current, num_classes)

    def features(self, x: Tensor) -> Tensor:
        previous = current = self.stem(x)
        for cell in self.cells:
            previous, current = current, cell(previous, current)
        features: Tensor = self.activation(current)
        return features

    def head(self, features: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.dropout(features.mean(dim=(2, 3))))
        return logits


def build_norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3)


def build_nasnet_mobile(num_classes: int, *, pretrained: bool = False) -> NasNetMobile:
    if pretrained:
        raise LookupError("nasnet_mobile has no published torch weights. Build it with pretrained=False.")
    return NasNetMobile(num_classes)
