"""How well boxes overlap, as measures that a network can be trained on. Boxes are (…, 4) as x1 y1 x2 y2."""

import math

import torch
from torch import Tensor

TINY = 1e-7  # keeps the division defined for empty boxes


def compute_pairwise_iou(first: Tensor, second: Tensor) -> Tensor:
    """(n, 4) and (m, 4) → (n, m)."""
    sides = torch.minimum(first[:, None, 2:], second[None, :, 2:]) - torch.maximum(
        first[:, None, :2], second[None, :, :2]
    )
    overlap = sides.clamp(min=0).prod(dim=2)
    first_area = (first[:, 2:] - first[:, :2]).prod(dim=1)
    second_area = (second[:, 2:] - second[:, :2]).prod(dim=1)
    return overlap / (first_area[:, None] + second_area[None, :] - overlap + TINY)


def _measure(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """For boxes taken two by two: their IoU, their union, and the sides (…, 2) of the box around both."""
    sides = torch.minimum(first[..., 2:], second[..., 2:]) - torch.maximum(first[..., :2], second[..., :2])
    overlap = sides.clamp(min=0).prod(dim=-1)
    first_area = (first[..., 2:] - first[..., :2]).prod(dim=-1)
    second_area = (second[..., 2:] - second[..., :2]).prod(dim=-1)
    union = first_area + second_area - overlap + TINY
    around = torch.maximum(first[..., 2:], second[..., 2:]) - torch.minimum(first[..., :2], second[..., :2])
    return overlap / union, union, around


def compute_iou(first: Tensor, second: Tensor) -> Tensor:
    return _measure(first, second)[0]


def compute_giou(first: Tensor, second: Tensor) -> Tensor:
    """Generalized IoU, in -1…1: Rezatofighi et al., arXiv:1902.09630."""
    iou, union, around = _measure(first, second)
    hull = around.prod(dim=-1) + TINY
    return iou - (hull - union) / hull


def compute_ciou(first: Tensor, second: Tensor) -> Tensor:
    """Complete IoU: less the squared distance of the centres and the disagreement of the aspects.

    Zheng et al., arXiv:1911.08287, equations 7 to 11. The trade-off α is a constant for the gradient, as there.
    """
    iou, _, around = _measure(first, second)
    diagonal = around.square().sum(dim=-1) + TINY
    shift = (first[..., :2] + first[..., 2:] - second[..., :2] - second[..., 2:]) / 2
    first_sides, second_sides = first[..., 2:] - first[..., :2], second[..., 2:] - second[..., :2]
    angle = torch.atan(second_sides[..., 0] / (second_sides[..., 1] + TINY)) - torch.atan(
        first_sides[..., 0] / (first_sides[..., 1] + TINY)
    )
    aspect = (4 / math.pi**2) * angle.square()
    with torch.no_grad():
        trade_off = aspect / (1 - iou + aspect + TINY)
    return iou - shift.square().sum(dim=-1) / diagonal - trade_off * aspect
