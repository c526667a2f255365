"""How NanoDet-Plus learns: which points answer for a box, and what they should have said.

Points are chosen by what the network itself says now: the k cheapest a box, by score and overlap, k as many as good
overlaps it has (the dynamic matching of OTA, arXiv:2103.14259, and YOLOX, arXiv:2107.08430). The losses are those of Generalized Focal Loss (arXiv:2006.04388).
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from models.overlaps import compute_giou, compute_iou, compute_pairwise_iou
from models.spec import Targets

REG_MAX = 7  # a side lies at most this many strides from its point
BINS = REG_MAX + 1
MOST_POINTS = 13  # that can answer for one box
OVERLAP_COST = 3.0  # against the class cost
QUALITY_GAIN, OVERLAP_GAIN, DISTRIBUTION_GAIN = 1.0, 2.0, 0.25
TINY = 1e-7


@dataclass(frozen=True, slots=True)
class Proposals:
    logits: Tensor  # (n, points, classes)
    sides: Tensor  # (n, points, 4, BINS): logits over the distance to left, top, right, bottom, in strides
    points: Tensor  # (points, 3): x y in pixels of the input, stride

    def decode_boxes(self) -> Tensor:
        """(n, points, 4): the expected distances, laid off from the point."""
        bins = torch.arange(BINS, device=self.sides.device, dtype=self.sides.dtype)
        distances = (self.sides.softmax(dim=3) * bins).sum(dim=3) * self.points[:, 2:]
        centres = self.points[:, :2]
        return torch.cat([centres - distances[..., :2], centres + distances[..., 2:]], dim=2)


def encode_boxes(boxes: Tensor, points: Tensor) -> Tensor:
    """boxes (k, 4), points (k, 3) → (k, 4) distances in strides, kept inside 0…REG_MAX."""
    distances = torch.cat([points[:, :2] - boxes[:, :2], boxes[:, 2:] - points[:, :2]], dim=1)
    return (distances / points[:, 2:]).clamp(
        min=0, max=REG_MAX - 0.01
    )  # below the last bin: it has no right hand


@torch.no_grad()
def assign_points(logits: Tensor, boxes: Tensor, *, points: Tensor, target: Targets) -> Tensor:
    """One picture: logits (points, classes), boxes (points, 4) → (points,): index of the target, or -1."""
    chosen = torch.full((len(points),), -1, dtype=torch.long, device=points.device)
    if len(target.boxes) == 0:
        return chosen
    allowed = _find_allowed(points, target.boxes)
    iou = compute_pairwise_iou(target.boxes, boxes) * allowed  # (m, points)
    # The task-aligned form of TOOD, arXiv:2108.07755, as logarithms. A soft class label would, while the class is not
    # yet learnt, make a worse overlap cheaper than a better one.
    class_cost = -functional.logsigmoid(logits[:, target.labels]).T  # (m, points)
    cost = class_cost - OVERLAP_COST * torch.log(iou + TINY)
    cost = cost.masked_fill(~allowed, float("inf"))
    counts = iou.topk(min(MOST_POINTS, len(points)), dim=1).values.sum(dim=1).long().clamp(min=1)
    best = torch.full((len(points),), float("inf"), device=points.device)
    for index, count in enumerate(counts.tolist()):
        cheapest = cost[index].topk(min(count, int(allowed[index].sum())), largest=False).indices
        # A point that two boxes want answers for the one where it costs less.
        won = cheapest[cost[index, cheapest] < best[cheapest]]
        best[won] = cost[index, won]
        chosen[won] = index
    return chosen


def _find_allowed(points: Tensor, boxes: Tensor) -> Tensor:
    """(m, points): points inside the box, and of each level the cell that holds its centre, for boxes too thin."""
    x, y, stride = points.unbind(dim=1)
    inside = (
        (x > boxes[:, 0, None]) & (x < boxes[:, 2, None]) & (y > boxes[:, 1, None]) & (y < boxes[:, 3, None])
    )
    away_x = (x - (boxes[:, 0, None] + boxes[:, 2, None]) / 2).abs()
    away_y = (y - (boxes[:, 1, None] + boxes[:, 3, None]) / 2).abs()
    return inside | (torch.maximum(away_x, away_y) <= stride / 2)


def compute_quality_loss(logits: Tensor, wanted: Tensor) -> Tensor:
    """Cross entropy towards a soft label, weighed by how far off it is, squared. Equation 4 with β = 2."""
    entropy = functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    return entropy * (wanted - logits.sigmoid()).square()


def compute_distribution_loss(sides: Tensor, wanted: Tensor) -> Tensor:
    """Cross entropy with the two bins beside the distance, each by its nearness. Equation 6.

    sides (k, 4, BINS), wanted (k, 4) in strides → (k,)
    """
    left = wanted.long()
    right_share = wanted - left
    log_likely = sides.log_softmax(dim=2)
    at_left = log_likely.gather(2, left[..., None])[..., 0]
    at_right = log_likely.gather(2, left[..., None] + 1)[..., 0]
    return -((1 - right_share) * at_left + right_share * at_right).mean(dim=1)


def compute_nanodet_loss(proposals: Proposals, targets: list[Targets]) -> dict[str, Tensor]:
    logits, points = proposals.logits, proposals.points
    boxes = proposals.decode_boxes()
    wanted = torch.zeros_like(logits)
    pictures, where, truths = [], [], []
    for index, target in enumerate(targets):
        target = Targets(
            boxes=target.boxes.to(points.device, torch.float32),
            labels=target.labels.to(points.device, torch.long),
        )
        chosen = assign_points(logits[index], boxes[index], points=points, target=target)
        at = (chosen >= 0).nonzero()[:, 0]
        truth = target.boxes[chosen[at]]
        wanted[index, at, target.labels[chosen[at]]] = compute_iou(boxes[index, at].detach(), truth)
        pictures.append(torch.full_like(at, index))
        where.append(at)
        truths.append(truth)
    picture, point, truth = torch.cat(pictures), torch.cat(where), torch.cat(truths)
    # The surer a point is, the more its box counts: it will survive suppression.
    weight = logits[picture, point].detach().sigmoid().amax(dim=1)
    weight = weight / (weight.sum() + TINY)
    overlap = 1 - compute_giou(boxes[picture, point], truth)
    spread = compute_distribution_loss(proposals.sides[picture, point], encode_boxes(truth, points[point]))
    return {
        "quality": QUALITY_GAIN * compute_quality_loss(logits, wanted).sum() / max(1, len(point)),
        "overlap": OVERLAP_GAIN * (overlap * weight).sum(),
        "distribution": DISTRIBUTION_GAIN * (spread * weight).sum(),
    }
