"""SSDLite320 on MobileNetV3-Large: torchvision's network behind this project's contract.

The body, the default boxes, the matching and the loss are torchvision's (BSD-3-Clause). Its resizing and its
suppression are left out: the input is 320×320 already, and suppression is the same for all detectors.
Pictures come in as in torchvision: mean 0.5 and standard deviation 0.5 a channel, so −1…1.
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from models.spec import Detector, Targets
from models.vision_ops import prepare

COCO_CLASSES = 91  # in torchvision's published weights, with background
# torchvision mines three background boxes for each matched one, so none from a picture without objects, and never
# learns that nothing is there. This many of the worst background boxes of such a picture are added.
MINED_WHEN_EMPTY = 30


class SSDLite320(Detector):
    """Scores at the size it was built for; trains at any. ssd: torchvision's SSD, its class 0 is background."""

    default_boxes: Tensor  # (candidates, 4) x1 y1 x2 y2 in pixels of the input

    def __init__(self, ssd: Any, *, input_size: int = 320) -> None:
        super().__init__()
        self.ssd = ssd
        x = torch.zeros(1, 3, input_size, input_size)
        was_training = ssd.training
        ssd.eval()  # an empty picture must not move the batch norms
        with torch.no_grad():
            maps = list(self.ssd.backbone(x).values())
        ssd.train(was_training)
        # Rebuilt from the input size, so not kept with the weights.
        self.register_buffer("default_boxes", self._make_default_boxes(x, maps), persistent=False)

    def _make_default_boxes(self, x: Tensor, maps: list[Tensor]) -> Tensor:
        from torchvision.models.detection.image_list import ImageList

        height, width = x.shape[2:]
        boxes: Tensor = self.ssd.anchor_generator(ImageList(x[:1], [(height, width)]), maps)[0]
        return boxes.float()

    def forward(self, x: Tensor) -> Tensor:
        said = self.ssd.head(list(self.ssd.backbone(x).values()))
        shifts, logits = said["bbox_regression"].float(), said["cls_logits"].float()
        scores = logits.softmax(dim=2)[:, :, 1:]
        return torch.cat([self._decode(shifts), scores], dim=2)

    def _decode(self, shifts: Tensor) -> Tensor:
        """(n, candidates, 4) → boxes. torchvision's coder says the same, but makes its constants while it is traced."""
        x_scale, y_scale, width_scale, height_scale = self.ssd.box_coder.weights
        corners, sides = self.default_boxes[:, :2], self.default_boxes[:, 2:] - self.default_boxes[:, :2]
        moves = torch.stack([shifts[..., 0] / x_scale, shifts[..., 1] / y_scale], dim=2)
        growths = torch.stack([shifts[..., 2] / width_scale, shifts[..., 3] / height_scale], dim=2)
        centres = moves * sides + corners + sides / 2
        halves = growths.clamp(max=self.ssd.box_coder.bbox_xform_clip).exp() * sides / 2
        return torch.cat([centres - halves, centres + halves], dim=2)

    def loss(self, x: Tensor, targets: list[Targets]) -> dict[str, Tensor]:
        maps = list(self.ssd.backbone(x).values())
        said = {name: part.float() for name, part in self.ssd.head(maps).items()}
        defaults = self._make_default_boxes(x, maps)
        wanted = [
            {"boxes": t.boxes.to(x.device, torch.float32), "labels": t.labels.to(x.device, torch.long) + 1}
            for t in targets
        ]
        parts = self.ssd.compute_loss(
            wanted, said, [defaults] * len(wanted), [self._match(w["boxes"], defaults) for w in wanted]
        )
        empty = torch.tensor([len(t.boxes) == 0 for t in targets], device=x.device)
        return {
            "box": parts["bbox_regression"],
            "class": parts["classification"],
            "background": _compute_background_loss(said["cls_logits"], empty),
        }

    def _match(self, boxes: Tensor, defaults: Tensor) -> Tensor:
        """For each default box the index of its target, or below zero."""
        from torchvision.ops import box_iou

        if len(boxes) == 0:
            return torch.full((len(defaults),), -1, dtype=torch.long, device=defaults.device)
        matched: Tensor = self.ssd.proposal_matcher(box_iou(boxes, defaults))
        return matched


def _compute_background_loss(logits: Tensor, empty: Tensor) -> Tensor:
    """logits (n, candidates, 1 + classes); empty (n,): which pictures hold nothing."""
    wrong = -functional.log_softmax(logits, dim=2)[:, :, 0]
    worst = wrong.topk(min(MINED_WHEN_EMPTY, wrong.shape[1]), dim=1).values.mean(dim=1)
    return (worst * empty).mean()


def build_ssdlite320(num_classes: int, *, pretrained: bool = False, input_size: int = 320) -> SSDLite320:
    """pretrained: torchvision's COCO weights (fetched), with a fresh class head unless their classes are asked."""
    prepare()
    from torchvision.models.detection import SSDLite320_MobileNet_V3_Large_Weights

    if not pretrained:
        return SSDLite320(_build_plain(num_classes + 1), input_size=input_size)
    published = SSDLite320_MobileNet_V3_Large_Weights.COCO_V1
    ssd = _build_plain(COCO_CLASSES)
    # As torchvision's own `weights=` does, but without unpickling.
    ssd.load_state_dict(published.get_state_dict(progress=False, check_hash=True, weights_only=True))
    if num_classes + 1 != COCO_CLASSES:
        ssd.head.classification_head = _build_plain(num_classes + 1).head.classification_head
    return SSDLite320(ssd, input_size=input_size)


def _build_plain(outputs: int) -> Any:
    from torchvision.models.detection import ssdlite320_mobilenet_v3_large

    return ssdlite320_mobilenet_v3_large(weights=None, weights_backbone=None, num_classes=outputs)
