"""The chain that an engineer would write in an afternoon: eager torch, grad-cam, an overlay. What ours is measured against.

Same weights, same pictures, warm, all cores; nothing in it is made slower than it need be.
"""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from torch import nn

from inspection.letterbox import crop_box, letterbox
from inspection.lines import Line
from inspection.locate import select_findings
from inspection.types import Box
from models.spec import Classifier, ModelSpec

if TYPE_CHECKING:
    from torch import Tensor

STAGES = ("decode", "locate", "classify", "explain", "overlay")


@dataclass(frozen=True, slots=True)
class Judged:
    class_index: int
    overlay: Any  # (size, size, 3) uint8
    stages_ms: dict[str, float]


class Tapped(nn.Module):
    """grad-cam hooks a module: here the last map is a module's output also where it is the mean of several looks."""

    def __init__(self, network: Classifier) -> None:
        super().__init__()
        self.network, self.tap = network, nn.Identity()

    def forward(self, x: "Tensor") -> "Tensor":
        logits: Tensor = self.network.head(self.tap(self.network.features(x)))
        return logits


class PlainChain:
    def __init__(
        self,
        line: Line,
        *,
        detector: nn.Module,
        detector_spec: ModelSpec,
        classifier: Classifier,
        classifier_spec: ModelSpec,
    ) -> None:
        from pytorch_grad_cam import GradCAM

        self._line = line
        self._detector, self._detector_spec = detector.eval(), detector_spec
        self._classifier, self._spec = classifier.eval(), classifier_spec
        tapped = Tapped(self._classifier)
        self._cam = GradCAM(model=tapped, target_layers=[tapped.tap])

    def judge(self, data: bytes) -> Judged:
        import torch
        from pytorch_grad_cam.utils.image import show_cam_on_image
        from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

        marks = [time.perf_counter()]
        bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        assert bgr is not None  # the benchmark's own pictures
        pixels = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
        marks.append(time.perf_counter())
        square, scale, offset = letterbox(pixels, self._detector_spec.input_size)
        with torch.inference_mode():
            candidates = self._detector(to_tensor(square, self._detector_spec)).numpy()[0]
        findings = select_findings(
            candidates,
            class_names=("part",),
            threshold_0_1=self._line.locate.threshold_0_1,
            scale=scale,
            offset=offset,
            picture_size=(pixels.shape[1], pixels.shape[0]),
        )
        marks.append(time.perf_counter())
        margin = self._line.locate.margin
        whole = Box(0, 0, pixels.shape[1], pixels.shape[0])
        box = findings[0].box if findings else whole
        crop = crop_box(pixels, box, margin=margin, size=self._spec.input_size)
        x = to_tensor(crop, self._spec)
        with torch.inference_mode():
            class_index = int(self._classifier(x).softmax(dim=1).argmax())
        marks.append(time.perf_counter())
        heat = self._cam(input_tensor=x, targets=[ClassifierOutputTarget(class_index)])[0]
        marks.append(time.perf_counter())
        overlay = show_cam_on_image(crop.astype(np.float32) / 255, heat, use_rgb=True)
        marks.append(time.perf_counter())
        spans = np.diff(marks) * 1e3
        return Judged(class_index, overlay, dict(zip(STAGES, map(float, spans), strict=True)))


def to_tensor(pixels: Any, spec: ModelSpec) -> "Tensor":
    import torch

    x = torch.from_numpy(pixels).permute(2, 0, 1).float().div(255)
    mean = torch.tensor(spec.mean).view(-1, 1, 1)
    return ((x - mean) / torch.tensor(spec.std).view(-1, 1, 1)).unsqueeze(0)
