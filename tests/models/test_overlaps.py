import pytest
import torch

from models.overlaps import compute_ciou, compute_giou, compute_iou, compute_pairwise_iou
from models.vision_ops import prepare

prepare()
from torchvision import ops  # noqa: E402


def _make_boxes(count: int, *, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    corners = torch.rand(count, 2, generator=generator) * 50
    return torch.cat([corners, corners + 1 + torch.rand(count, 2, generator=generator) * 50], dim=1)


@pytest.mark.parametrize(
    ("measure", "oracle"),
    [
        (compute_giou, ops.generalized_box_iou_loss),
        (compute_ciou, ops.complete_box_iou_loss),
    ],
)
def test_overlap_and_its_gradient_agree_with_torchvision(measure, oracle):
    first, second = _make_boxes(200, seed=1).requires_grad_(), _make_boxes(200, seed=2)
    ours = 1 - measure(first, second)
    theirs = oracle(first, second)
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-4)
    (our_slope,) = torch.autograd.grad(ours.sum(), first)
    (their_slope,) = torch.autograd.grad(theirs.sum(), first)
    torch.testing.assert_close(our_slope, their_slope, atol=1e-5, rtol=1e-3)


def test_pairwise_iou_agrees_with_torchvision_and_with_one_by_one():
    first, second = _make_boxes(30, seed=3), _make_boxes(40, seed=4)
    pairs = compute_pairwise_iou(first, second)
    torch.testing.assert_close(pairs, ops.box_iou(first, second), atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(pairs.diagonal(), compute_iou(first, second[:30]))


@pytest.mark.parametrize("measure", [compute_iou, compute_giou, compute_ciou])
def test_a_box_fits_itself_and_an_empty_box_is_no_accident(measure):
    boxes = torch.tensor([[3.0, 4.0, 10.0, 30.0]])
    assert measure(boxes, boxes).item() == pytest.approx(1, abs=1e-5)
    empty = torch.tensor([[5.0, 5.0, 5.0, 5.0]])
    assert torch.isfinite(measure(boxes, empty)).all()
    assert torch.isfinite(measure(empty, empty)).all()
