"""How YOLOv5 learns: which cells and anchors answer for a box, and what they should have said.

After the published description: an anchor takes a box when neither side differs by more than 4×; the box's own cell
and the two nearest neighbours answer for it; boxes by CIoU, objectness towards the IoU that was reached.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from models.overlaps import compute_ciou
from models.spec import Targets

RATIO_LIMIT = 4.0  # (2σ)² cannot exceed 4, so no wider anchor could ever fit
BALANCE = (4.0, 1.0, 0.4)  # objectness of strides 8, 16, 32: the finest map has most of the empty cells
# The published gains are 0.05 : 1 : 0.5 · classes / 80 at 640 pixels; 40 × that brings the sum near one at the start.
BOX_GAIN = 2.0
OBJECTNESS_GAIN = 40.0
CLASS_GAIN = 0.25  # for each class
REFERENCE_AREA = 640.0**2  # a smaller input has fewer empty cells in its mean, so its objectness weighs less
# A box is answered for by its own cell and by the neighbour across each near border.
NEIGHBOURS = ((0, 0), (-1, 0), (0, -1), (1, 0), (0, 1))  # x, y


@dataclass(frozen=True, slots=True)
class Level:
    stride: int
    anchors: Tensor  # (3, 2) width and height in pixels of the input
    raw: Tensor  # (n, 3, h, w, 5 + classes)


@dataclass(frozen=True, slots=True)
class Assignment:
    """One row for each (cell, anchor) that answers for a box; all (k,) but the boxes."""

    pictures: Tensor
    anchors: Tensor
    rows: Tensor
    columns: Tensor
    labels: Tensor
    boxes: Tensor  # (k, 4) x1 y1 x2 y2 in pixels


def assign_level(level: Level, targets: list[Targets]) -> Assignment:
    device = level.raw.device
    boxes = torch.cat([t.boxes for t in targets]).to(device, torch.float32)  # (m, 4)
    labels = torch.cat([t.labels for t in targets]).to(device, torch.long)
    counts = torch.tensor([len(t.boxes) for t in targets], device=device)
    pictures = torch.repeat_interleave(torch.arange(len(targets), device=device), counts)

    ratio = (boxes[:, 2:] - boxes[:, :2])[:, None] / level.anchors.float()[None]  # (m, 3, 2)
    fits = torch.maximum(ratio, 1 / ratio).amax(dim=2) < RATIO_LIMIT
    which, anchors = fits.nonzero(as_tuple=True)

    h, w = level.raw.shape[2:4]
    near = _find_cells((boxes[which, :2] + boxes[which, 2:]) / 2 / level.stride, width=w, height=h)
    pair, step = near.nonzero(as_tuple=True)
    which, anchors = which[pair], anchors[pair]
    own = ((boxes[which, :2] + boxes[which, 2:]) / 2 / level.stride).long()
    cells = own + torch.tensor(NEIGHBOURS, device=device)[step]
    return Assignment(
        pictures=pictures[which],
        anchors=anchors,
        rows=cells[:, 1],
        columns=cells[:, 0],
        labels=labels[which],
        boxes=boxes[which],
    )


def _find_cells(centres: Tensor, *, width: int, height: int) -> Tensor:
    """centres (k, 2) in cells → (k, 5): which of NEIGHBOURS answers. Outside the map nobody does."""
    limit = centres.new_tensor([width, height])
    own = centres.floor()
    left = centres - own < 0.5
    inside = ((own >= 0) & (own < limit)).all(dim=1, keepdim=True)
    before = left & (own >= 1)
    after = ~left & (own + 1 < limit)
    return torch.cat([inside, before & inside, after & inside], dim=1)


def compute_yolov5_loss(
    levels: list[Level], targets: list[Targets], *, label_smoothing: float = 0.0
) -> dict[str, Tensor]:
    zero = levels[0].raw.new_zeros((), dtype=torch.float32)
    box, objectness, classes = zero, zero, zero
    for level, balance in zip(levels, BALANCE, strict=True):
        raw = level.raw.float()
        assigned = assign_level(level, targets)
        wanted = raw.new_zeros(raw.shape[:-1])  # (n, 3, h, w), contiguous whatever the raw head is
        if len(assigned.labels):
            at = (assigned.pictures, assigned.anchors, assigned.rows, assigned.columns)
            said = raw[at]  # (k, 5 + classes)
            ciou = compute_ciou(_decode_assigned(said, assigned, level), assigned.boxes)
            box = box + (1 - ciou).mean()
            _raise_to(wanted, at, ciou.detach().clamp(min=0))
            classes = classes + _compute_class_loss(said[:, 5:], assigned.labels, label_smoothing)
        objectness = objectness + balance * functional.binary_cross_entropy_with_logits(raw[..., 4], wanted)
    area = levels[0].raw.shape[2] * levels[0].raw.shape[3] * levels[0].stride ** 2
    return {
        "box": BOX_GAIN * box,
        "objectness": OBJECTNESS_GAIN * area / REFERENCE_AREA * objectness,
        "class": CLASS_GAIN * classes,
    }


def _decode_assigned(said: Tensor, assigned: Assignment, level: Level) -> Tensor:
    """said (k, 5 + classes) → (k, 4) boxes in pixels: the equations of the forward pass, for these cells only."""
    likely = said[:, :4].sigmoid()
    cells = torch.stack([assigned.columns, assigned.rows], dim=1)
    centres = (2 * likely[:, :2] - 0.5 + cells) * level.stride
    halves = (2 * likely[:, 2:4]).square() * level.anchors.float()[assigned.anchors] / 2
    return torch.cat([centres - halves, centres + halves], dim=1)


def _raise_to(wanted: Tensor, at: tuple[Tensor, ...], values: Tensor) -> None:
    """Where two boxes claim one cell the better fit counts, whatever their order."""
    _, anchors, h, w = wanted.shape
    picture, anchor, row, column = at
    flat = ((picture * anchors + anchor) * h + row) * w + column
    wanted.view(-1).scatter_reduce_(0, flat, values, reduce="amax")


def _compute_class_loss(logits: Tensor, labels: Tensor, smoothing: float) -> Tensor:
    """Summed over the classes, a mean over the cells. Smoothing moves the two ends to s/2 and 1 - s/2."""
    wanted = torch.full_like(logits, smoothing / 2)
    wanted[torch.arange(len(labels), device=labels.device), labels] = 1 - smoothing / 2
    return functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none").sum(dim=1).mean()
