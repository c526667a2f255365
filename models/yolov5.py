"""YOLOv5n: a one-stage detector with anchors at three scales.

Written from published descriptions: cross-stage partial blocks (Wang et al., arXiv:1911.11929), spatial pyramid
pooling (He et al., arXiv:1406.4729) as a chain of equal pools, path aggregation (Liu et al., arXiv:1803.01534),
anchors and heads after YOLOv3 (Redmon & Farhadi, arXiv:1804.02767). Pictures come in as pixels / 255: mean 0, std 1.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.spec import Detector, Targets
from models.yolov5_loss import Level, compute_yolov5_loss

STRIDES = (8, 16, 32)
# (width, height) in pixels of a 640 input, three a stride: YOLOv3's clusters of COCO, section 2.3 of its paper
COCO_ANCHORS = (
    ((10, 13), (16, 30), (33, 23)),
    ((30, 61), (62, 45), (59, 119)),
    ((116, 90), (156, 198), (373, 326)),
)
COCO_INPUT_SIZE = 640
EXPECTED_OBJECTS = 2  # in one picture, before anything is learnt: sets the first bias of the objectness


class ConvBlock(nn.Sequential):
    """Convolution, batch norm, SiLU."""

    def __init__(
        self, inputs: int, outputs: int, *, kernel: int = 1, stride: int = 1, padding: int | None = None
    ) -> None:
        margin = kernel // 2 if padding is None else padding
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=margin, bias=False),
            nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.03),
            nn.SiLU(inplace=True),
        )


class Bottleneck(nn.Module):
    def __init__(self, channels: int, *, residual: bool) -> None:
        super().__init__()
        self.mix = ConvBlock(channels, channels)
        self.look = ConvBlock(channels, channels, kernel=3)
        self.residual = residual

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.look(self.mix(x))
        return x + y if self.residual else y


class CrossStage(nn.Module):
    """Half of the channels pass the bottlenecks, the other half goes around them; three 1×1 convolutions."""

    def __init__(self, inputs: int, outputs: int, *, depth: int, residual: bool = True) -> None:
        super().__init__()
        half = outputs // 2
        self.enter = ConvBlock(inputs, half)
        self.around = ConvBlock(inputs, half)
        self.through = nn.Sequential(*(Bottleneck(half, residual=residual) for _ in range(depth)))
        self.join = ConvBlock(2 * half, outputs)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.join(torch.cat([self.through(self.enter(x)), self.around(x)], dim=1))
        return y


class PyramidPooling(nn.Module):
    """Three 5×5 max pools in a chain see 5, 9 and 13 cells: the pyramid at the price of its smallest pool."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.enter = ConvBlock(channels, channels // 2)
        self.pool = nn.MaxPool2d(5, stride=1, padding=2)
        self.join = ConvBlock(2 * channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        views = [self.enter(x)]
        for _ in range(3):
            views.append(self.pool(views[-1]))
        y: Tensor = self.join(torch.cat(views, dim=1))
        return y


class Backbone(nn.Module):
    """x (n, 3, H, W) → (n, 64, H/8, W/8), (n, 128, H/16, W/16), (n, 256, H/32, W/32).

    Width 0.25 and depth 0.33 of the family's 64…1024 channels and 3, 6, 9, 3 bottlenecks.
    """

    def __init__(self) -> None:
        super().__init__()
        self.to_8 = nn.Sequential(
            ConvBlock(3, 16, kernel=6, stride=2, padding=2),
            ConvBlock(16, 32, kernel=3, stride=2),
            CrossStage(32, 32, depth=1),
            ConvBlock(32, 64, kernel=3, stride=2),
            CrossStage(64, 64, depth=2),
        )
        self.to_16 = nn.Sequential(ConvBlock(64, 128, kernel=3, stride=2), CrossStage(128, 128, depth=3))
        self.to_32 = nn.Sequential(
            ConvBlock(128, 256, kernel=3, stride=2), CrossStage(256, 256, depth=1), PyramidPooling(256)
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        at_8 = self.to_8(x)
        at_16 = self.to_16(at_8)
        return at_8, at_16, self.to_32(at_16)


class Neck(nn.Module):
    """Meaning goes down from coarse to fine, then position goes back up from fine to coarse."""

    def __init__(self) -> None:
        super().__init__()
        self.reduce_32 = ConvBlock(256, 128)
        self.down_16 = CrossStage(256, 128, depth=1, residual=False)
        self.reduce_16 = ConvBlock(128, 64)
        self.down_8 = CrossStage(128, 64, depth=1, residual=False)
        self.halve_8 = ConvBlock(64, 64, kernel=3, stride=2)
        self.up_16 = CrossStage(128, 128, depth=1, residual=False)
        self.halve_16 = ConvBlock(128, 128, kernel=3, stride=2)
        self.up_32 = CrossStage(256, 256, depth=1, residual=False)

    def forward(self, at_8: Tensor, at_16: Tensor, at_32: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        top_32 = self.reduce_32(at_32)
        top_16 = self.reduce_16(self.down_16(torch.cat([_double(top_32), at_16], dim=1)))
        out_8 = self.down_8(torch.cat([_double(top_16), at_8], dim=1))
        out_16 = self.up_16(torch.cat([self.halve_8(out_8), top_16], dim=1))
        return out_8, out_16, self.up_32(torch.cat([self.halve_16(out_16), top_32], dim=1))


def _double(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2.0, mode="nearest")


class YOLOv5n(Detector):
    """Sides of the input are multiples of 32. Anchors are kept with the weights, in pixels of the input."""

    anchors: Tensor  # (3 strides, 3 anchors, 2)

    def __init__(self, num_classes: int, *, input_size: int = 320, label_smoothing: float = 0.0) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.label_smoothing = label_smoothing
        self.backbone = Backbone()
        self.neck = Neck()
        self.heads = nn.ModuleList(nn.Conv2d(c, 3 * (5 + num_classes), 1) for c in (64, 128, 256))
        self.register_buffer("anchors", torch.tensor(COCO_ANCHORS) * (input_size / COCO_INPUT_SIZE))
        self._expect_few_objects(input_size)

    def _expect_few_objects(self, input_size: int) -> None:
        # Without this prior the thousands of empty cells swamp the first epochs (arXiv:1708.02002, section 3.3).
        for stride, head in zip(STRIDES, self.heads, strict=True):
            assert isinstance(head, nn.Conv2d) and head.bias is not None
            with torch.no_grad():
                bias = head.bias.view(3, 5 + self.num_classes)
                bias.zero_()
                bias[:, 4] = math.log(EXPECTED_OBJECTS / (input_size / stride) ** 2)
                bias[:, 5:] = math.log(0.6 / (self.num_classes - 0.6))

    def set_anchors(self, anchors: Tensor) -> None:
        """anchors: (3, 3, 2), widths and heights in pixels of the input, from stride 8 to stride 32."""
        if tuple(anchors.shape) != (3, 3, 2) or not bool((anchors > 0).all()):
            raise ValueError(
                "Expected anchors of shape (3, 3, 2), every side above zero; "
                f"got shape {tuple(anchors.shape)}. Give three (width, height) a stride, from 8 to 32."
            )
        self.anchors.copy_(anchors)

    def compute_levels(self, x: Tensor) -> list[Level]:
        """Per stride the raw head (n, 3, h, w, 5 + classes): t_x t_y t_w t_h, objectness, classes."""
        levels = []
        maps = self.neck(*self.backbone(x))
        for index, (stride, head) in enumerate(zip(STRIDES, self.heads, strict=True)):
            raw = head(maps[index])
            n, _, h, w = raw.shape
            raw = raw.reshape(n, 3, 5 + self.num_classes, h, w).permute(0, 1, 3, 4, 2)
            levels.append(Level(stride=stride, anchors=self.anchors[index], raw=raw))
        return levels

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([decode_level(level) for level in self.compute_levels(x)], dim=1)

    def loss(self, x: Tensor, targets: list[Targets]) -> dict[str, Tensor]:
        return compute_yolov5_loss(self.compute_levels(x), targets, label_smoothing=self.label_smoothing)


def decode_level(level: Level) -> Tensor:
    """(n, 3·h·w, 4 + classes). A class scores σ(objectness)·σ(class)."""
    n, _, h, w, outputs = level.raw.shape
    likely = level.raw.float().sigmoid()
    rows = torch.arange(h, device=likely.device, dtype=likely.dtype)
    columns = torch.arange(w, device=likely.device, dtype=likely.dtype)
    cells = torch.stack([columns.expand(h, w), rows[:, None].expand(h, w)], dim=-1)  # (h, w, 2) as x y
    centres = (2 * likely[..., 0:2] - 0.5 + cells) * level.stride
    halves = (2 * likely[..., 2:4]).square() * level.anchors.to(likely.dtype)[None, :, None, None] / 2
    scores = likely[..., 4:5] * likely[..., 5:]
    boxes = torch.cat([centres - halves, centres + halves, scores], dim=-1)
    return boxes.reshape(n, 3 * h * w, outputs - 1)


def build_yolov5n(num_classes: int, *, pretrained: bool = False, input_size: int = 320) -> YOLOv5n:
    if pretrained:
        raise ValueError(
            "Expected pretrained=False, got True: the published YOLOv5 weights are under the AGPL and fit other "
            "layers; none with a compatible licence exist. Train it, or load this project's own weights."
        )
    return YOLOv5n(num_classes, input_size=input_size)
