"""NanoDet-Plus-m: a detector without anchors, small enough for a line's own computer.

Written from published descriptions: ShuffleNetV2 (arXiv:1807.11164), ghost blocks (arXiv:1911.11907) in a path
aggregation neck (arXiv:1803.01534), and the head of Generalized Focal Loss (arXiv:2006.04388), in which each side of
a box is a distribution over distances. The auxiliary head that the published training adds to guide the assignment is
left out: the assignment follows this head's own predictions. Pictures come in with ImageNet's mean and deviation.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.nanodet_loss import BINS, Proposals, compute_nanodet_loss
from models.spec import Detector, Targets
from models.vision_ops import prepare

STRIDES = (8, 16, 32, 64)
CHANNELS = 96
BACKBONE_CHANNELS = (116, 232, 464)
PRIOR_SCORE = 0.01  # of every class everywhere before anything is learnt (arXiv:1708.02002, section 3.3)
SLOPE = 0.1  # of the leaky activation below zero


def _build_conv(
    inputs: int, outputs: int, *, kernel: int = 1, stride: int = 1, groups: int = 1, active: bool = True
) -> nn.Sequential:
    layers: list[nn.Module] = [
        nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
    ]
    return nn.Sequential(*layers, nn.LeakyReLU(SLOPE, inplace=True)) if active else nn.Sequential(*layers)


def _build_separable(channels: int, *, stride: int = 1) -> nn.Sequential:
    """A 5×5 convolution for each channel by itself, then a 1×1 that mixes them."""
    return nn.Sequential(
        _build_conv(channels, channels, kernel=5, stride=stride, groups=channels),
        _build_conv(channels, channels),
    )


class GhostConv(nn.Module):
    """Half of the maps are computed; the other half are their ghosts, by a cheap 3×3 on each."""

    def __init__(self, inputs: int, outputs: int, *, active: bool) -> None:
        super().__init__()
        half = outputs // 2
        self.compute = _build_conv(inputs, half, active=active)
        self.derive = _build_conv(half, half, kernel=3, groups=half, active=active)

    def forward(self, x: Tensor) -> Tensor:
        computed = self.compute(x)
        return torch.cat([computed, self.derive(computed)], dim=1)


class GhostBlock(nn.Module):
    """Joins two levels: (n, 2·CHANNELS, h, w) → (n, CHANNELS, h, w)."""

    def __init__(self) -> None:
        super().__init__()
        self.main = nn.Sequential(
            GhostConv(2 * CHANNELS, CHANNELS, active=True), GhostConv(CHANNELS, CHANNELS, active=False)
        )
        self.around = nn.Sequential(
            _build_conv(2 * CHANNELS, 2 * CHANNELS, kernel=5, groups=2 * CHANNELS, active=False),
            _build_conv(2 * CHANNELS, CHANNELS, active=False),
        )

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        x = torch.cat([first, second], dim=1)
        y: Tensor = self.main(x) + self.around(x)
        return y


class ShuffleBackbone(nn.Module):
    """The stages of torchvision's ShuffleNetV2 1.0×: (n, 3, H, W) → strides 8, 16, 32, BACKBONE_CHANNELS wide."""

    def __init__(self, *, pretrained: bool) -> None:
        super().__init__()
        prepare()
        from torchvision.models import ShuffleNet_V2_X1_0_Weights, shufflenet_v2_x1_0

        body = shufflenet_v2_x1_0(weights=None)
        if pretrained:
            published = ShuffleNet_V2_X1_0_Weights.IMAGENET1K_V1
            body.load_state_dict(published.get_state_dict(progress=False, check_hash=True, weights_only=True))
        self.to_8 = nn.Sequential(body.conv1, body.maxpool, body.stage2)
        self.to_16 = body.stage3
        self.to_32 = body.stage4

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        at_8 = self.to_8(x)
        at_16 = self.to_16(at_8)
        return at_8, at_16, self.to_32(at_16)


class GhostNeck(nn.Module):
    """Three levels in, four out, all CHANNELS wide; the fourth, at stride 64, is made of both ends of the neck."""

    def __init__(self) -> None:
        super().__init__()
        self.reduce = nn.ModuleList(_build_conv(channels, CHANNELS) for channels in BACKBONE_CHANNELS)
        self.down_16, self.down_8 = GhostBlock(), GhostBlock()
        self.halve_8, self.halve_16 = (
            _build_separable(CHANNELS, stride=2),
            _build_separable(CHANNELS, stride=2),
        )
        self.up_16, self.up_32 = GhostBlock(), GhostBlock()
        self.halve_entry = _build_separable(CHANNELS, stride=2)
        self.halve_exit = _build_separable(CHANNELS, stride=2)

    def forward(self, maps: tuple[Tensor, Tensor, Tensor]) -> list[Tensor]:
        at_8, at_16, at_32 = (reduce(x) for reduce, x in zip(self.reduce, maps, strict=True))
        top_16 = self.down_16(_double(at_32), at_16)
        out_8 = self.down_8(_double(top_16), at_8)
        out_16 = self.up_16(self.halve_8(out_8), top_16)
        out_32 = self.up_32(self.halve_16(out_16), at_32)
        return [out_8, out_16, out_32, self.halve_entry(at_32) + self.halve_exit(out_32)]


def _double(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2.0, mode="nearest")


class NanoDetPlus(Detector):
    """Sides of the input are multiples of 32."""

    def __init__(self, num_classes: int, *, pretrained: bool = False) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.backbone = ShuffleBackbone(pretrained=pretrained)
        self.neck = GhostNeck()
        self.towers = nn.ModuleList(
            nn.Sequential(_build_separable(CHANNELS), _build_separable(CHANNELS)) for _ in STRIDES
        )
        self.heads = nn.ModuleList(nn.Conv2d(CHANNELS, num_classes + 4 * BINS, 1) for _ in STRIDES)
        for head in self.heads:
            assert isinstance(head, nn.Conv2d) and head.bias is not None
            nn.init.normal_(head.weight, std=0.01)
            nn.init.zeros_(head.bias)
            nn.init.constant_(head.bias[:num_classes], -math.log((1 - PRIOR_SCORE) / PRIOR_SCORE))

    def propose(self, x: Tensor) -> Proposals:
        said, points = [], []
        maps = self.neck(self.backbone(x))
        for stride, level, tower, head in zip(STRIDES, maps, self.towers, self.heads, strict=True):
            raw = head(tower(level))  # (n, classes + 4·BINS, h, w)
            said.append(raw.flatten(start_dim=2).transpose(1, 2).float())
            points.append(_make_points(raw, stride))
        flat = torch.cat(said, dim=1)  # (n, points, classes + 4·BINS)
        logits, sides = flat[..., : self.num_classes], flat[..., self.num_classes :]
        n, count, _ = sides.shape
        return Proposals(logits=logits, sides=sides.reshape(n, count, 4, BINS), points=torch.cat(points))

    def forward(self, x: Tensor) -> Tensor:
        proposals = self.propose(x)
        return torch.cat([proposals.decode_boxes(), proposals.logits.sigmoid()], dim=2)

    def loss(self, x: Tensor, targets: list[Targets]) -> dict[str, Tensor]:
        return compute_nanodet_loss(self.propose(x), targets)


def _make_points(raw: Tensor, stride: int) -> Tensor:
    """(h·w, 3): the centre of each cell, x y in pixels of the input, and the stride."""
    h, w = raw.shape[2:]
    rows = (torch.arange(h, device=raw.device, dtype=torch.float32) + 0.5) * stride
    columns = (torch.arange(w, device=raw.device, dtype=torch.float32) + 0.5) * stride
    x, y = columns.expand(h, w), rows[:, None].expand(h, w)
    return torch.stack([x, y, torch.full_like(x, stride)], dim=-1).reshape(h * w, 3)


def build_nanodet_plus_m(num_classes: int, *, pretrained: bool = False) -> NanoDetPlus:
    """pretrained: the backbone starts from torchvision's ImageNet weights (fetched); the rest is fresh."""
    return NanoDetPlus(num_classes, pretrained=pretrained)
