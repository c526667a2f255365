"""torchvision beside a CPU-only torch.

torchvision's Linux wheel is linked against CUDA. Beside a CPU build of torch its compiled operators cannot load,
and `import torchvision` then fails because it registers shape functions for operators that nobody defined. `prepare`
defines the two missing schemas and a torch implementation of `nms`; where the real operators load, it does nothing.
Call it before the first import of torchvision or timm.
"""

import importlib.util
import threading
from pathlib import Path

import torch
from torch import Tensor

_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_libraries: list[torch.library.Library] = []  # a Library that is collected takes its operators with it
_prepared: list[bool] = []
_preparing = (
    threading.Lock()
)  # a line loads its models side by side, and torch refuses a schema that is there already


def nms(boxes: Tensor, scores: Tensor, iou_threshold: float) -> Tensor:
    """Greedy suppression: keep the best box, drop all that overlap it by more than the threshold, repeat.

    boxes: (n, 4) as x1 y1 x2 y2 · scores: (n,) · returns the kept indices, best first (ties: lower index first).
    """
    order = torch.argsort(scores, descending=True, stable=True)
    sorted_boxes = boxes[order].double()
    top_left, bottom_right = sorted_boxes[:, :2], sorted_boxes[:, 2:]
    area = (bottom_right - top_left).prod(dim=1)
    suppressed = torch.zeros(len(order), dtype=torch.bool, device=boxes.device)
    kept: list[int] = []
    for index in range(len(order)):
        if suppressed[index]:
            continue
        kept.append(index)
        rest = slice(index + 1, None)
        sides = torch.minimum(bottom_right[index], bottom_right[rest]) - torch.maximum(
            top_left[index], top_left[rest]
        )
        overlap = sides.clamp(min=0).prod(dim=1)
        # overlap / union > threshold without the division: two empty boxes do not suppress one another
        suppressed[rest] |= overlap > iou_threshold * (area[index] + area[rest] - overlap)
    return order[torch.tensor(kept, dtype=torch.long, device=boxes.device)]


def load_real_operators() -> bool:
    """Whether torchvision's own compiled operators load beside this torch."""
    spec = importlib.util.find_spec("torchvision")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("torchvision is not installed. Run `pip install -r requirements.txt`.")
    library = next(Path(spec.origin).parent.glob("_C*.so"), None)
    if library is None:
        return hasattr(torch.ops.torchvision, "nms")
    try:
        torch.ops.load_library(str(library))
    except OSError:
        return False
    return True


def prepare() -> bool:
    """Make torchvision importable. Returns whether its real operators serve; False means that ours do."""
    with _preparing:
        if not _prepared:
            _prepared.append(load_real_operators() or define_operators())
        return _prepared[0]


def define_operators() -> bool:
    library = torch.library.Library("torchvision", "FRAGMENT")
    for schema in _SCHEMAS:
        library.define(schema)
    library.impl("nms", nms, "CompositeExplicitAutograd")
    _libraries.append(library)
    import torchvision.extension

    torchvision.extension._has_ops = lambda: True
    return False
