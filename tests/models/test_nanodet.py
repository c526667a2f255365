import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from models.nanodet_loss import (
    BINS,
    REG_MAX,
    Proposals,
    assign_points,
    compute_distribution_loss,
    compute_nanodet_loss,
    compute_quality_loss,
    encode_boxes,
)
from models.overlaps import compute_iou
from models.spec import Targets
from tests.models.detector_pictures import EMPTY

SIZE = 320
CERTAIN = 12.0


def make_points() -> torch.Tensor:
    levels = []
    for stride in (8, 16, 32, 64):
        line = (torch.arange(SIZE // stride) + 0.5) * stride
        y, x = torch.meshgrid(line, line, indexing="ij")
        levels.append(torch.stack([x, y, torch.full_like(x, stride)], dim=-1).reshape(-1, 3))
    return torch.cat(levels)


POINTS = make_points()


def make_target(*boxes: tuple[float, float, float, float], labels: list[int] | None = None) -> Targets:
    return Targets(boxes=torch.tensor(boxes), labels=torch.tensor(labels or [0] * len(boxes)))


def spread_over_bins(distances: torch.Tensor) -> torch.Tensor:
    """(…) in strides → (…, BINS) logits of the two-bin distribution whose mean is the distance."""
    bins = torch.arange(BINS)
    likely = (1 - (distances[..., None] - bins).abs()).clamp(min=0)
    return (likely + 1e-9).log()


def propose_squares(classes: int = 1, *, reach: float = 2.0, pictures: int = 1) -> Proposals:
    """Every point proposes a square of two reaches a side, in strides, with no class."""
    sides = spread_over_bins(torch.full((pictures, len(POINTS), 4), reach))
    return Proposals(logits=torch.full((pictures, len(POINTS), classes), -4.0), sides=sides, points=POINTS)


@settings(max_examples=40, deadline=None)
@given(x=st.floats(0, 1), y=st.floats(0, 1), width=st.floats(4, 300), height=st.floats(4, 300))
def test_encoded_distances_decode_to_the_box(x, y, width, height):
    left, top = x * (SIZE - width), y * (SIZE - height)
    box = torch.tensor([[left, top, left + width, top + height]])
    centre = (box[:, :2] + box[:, 2:]) / 2
    inside = ((POINTS[:, :2] - centre).abs() < torch.tensor([width, height]) / 2).all(dim=1)
    reach = (torch.maximum(POINTS[:, :2] - box[:, :2], box[:, 2:] - POINTS[:, :2]) / POINTS[:, 2:]).amax(
        dim=1
    )
    within = POINTS[inside & (reach < REG_MAX - 0.01)]
    wanted = encode_boxes(box, within)
    decoded = Proposals(
        logits=torch.zeros(1, len(within), 1), sides=spread_over_bins(wanted)[None], points=within
    ).decode_boxes()[0]
    torch.testing.assert_close(decoded, box.expand(len(within), 4), atol=1e-2, rtol=1e-4)


def test_a_side_out_of_reach_is_cut_to_what_the_bins_hold():
    wanted = encode_boxes(torch.tensor([[0.0, 0, 320, 320]]), POINTS[:1])
    assert wanted.min() >= 0 and wanted.max() < REG_MAX
    assert torch.isfinite(compute_distribution_loss(torch.zeros(1, 4, BINS), wanted)).all()


def test_the_distribution_loss_is_least_at_the_two_bins_beside_the_distance():
    wanted = torch.tensor([[0.0, 1.25, 3.5, 6.9]])
    best = compute_distribution_loss(spread_over_bins(wanted), wanted)
    flat = compute_distribution_loss(torch.zeros(1, 4, BINS), wanted)
    beside = compute_distribution_loss(spread_over_bins((wanted + 1).clamp(max=7)), wanted)
    entropy = torch.distributions.Categorical(logits=spread_over_bins(wanted)).entropy().mean()
    assert best.item() == pytest.approx(entropy.item(), abs=1e-4)
    assert best < flat < beside


def test_the_quality_loss_vanishes_at_the_quality_and_nowhere_else():
    quality = torch.tensor([0.0, 0.3, 0.8])
    likely = torch.tensor([1e-4, 0.3, 0.8])
    assert compute_quality_loss(likely.logit(), quality).max() < 1e-6
    assert (compute_quality_loss((likely * 0.5 + 0.4).logit(), quality)[[0]] > 0.01).all()


def _assign(proposals: Proposals, target: Targets) -> torch.Tensor:
    return assign_points(
        proposals.logits[0], proposals.decode_boxes()[0], points=proposals.points, target=target
    )


def test_points_that_fit_best_answer_for_a_box():
    target = make_target((100, 100, 164, 164))  # 64 wide: what stride 16 proposes with a reach of 2
    proposals = propose_squares()
    chosen = _assign(proposals, target)
    at = (chosen == 0).nonzero()[:, 0]
    assert 1 <= len(at) <= 13
    assert (POINTS[at, 2] == 16).all()
    boxes = proposals.decode_boxes()[0]
    inside = ((POINTS[:, :2] > 100) & (POINTS[:, :2] < 164)).all(dim=1)
    iou = compute_iou(boxes, target.boxes.expand_as(boxes)) * inside
    assert set(at.tolist()) == set(iou.topk(len(at)).indices.tolist())


def test_a_better_score_wins_between_equal_boxes():
    target = make_target((96, 96, 160, 160))
    proposals = propose_squares(classes=2)
    chosen = (_assign(proposals, target) == 0).nonzero()[:, 0]
    # the four stride-16 points around the centre propose equally good boxes: give one of them the class
    favourite = chosen[-1]
    proposals.logits[0, favourite, 0] = 2.0
    again = _assign(proposals, target)
    assert again[favourite] == 0
    proposals.logits[0, favourite] = torch.tensor([-4.0, 6.0])  # sure of the wrong class
    proposals.sides[0, favourite] = spread_over_bins(torch.full((4,), 0.5))
    assert _assign(proposals, target)[favourite] == -1


@pytest.mark.parametrize(
    "box",
    [(100.2, 100.2, 101.0, 220.0), (63.0, 63.0, 65.0, 65.0), (0.0, 0.0, 2.0, 2.0), (317.0, 5.0, 320.0, 7.0)],
)
def test_a_box_between_the_points_still_has_one(box):
    assert (_assign(propose_squares(), make_target(box)) == 0).any()


def test_a_point_answers_for_one_box_only_and_each_box_has_points():
    target = make_target((100, 100, 164, 164), (140, 140, 204, 204), (20, 20, 52, 52), labels=[0, 1, 1])
    chosen = _assign(propose_squares(classes=2), target)
    assert set(chosen.tolist()) == {-1, 0, 1, 2}


def test_an_empty_picture_takes_no_point():
    assert (_assign(propose_squares(), EMPTY) == -1).all()


def test_a_perfect_answer_costs_least():
    target = make_target((100, 100, 164, 164))
    proposals = propose_squares()
    before = compute_nanodet_loss(proposals, [target])
    inside = ((POINTS[:, :2] > 100) & (POINTS[:, :2] < 164)).all(dim=1).nonzero()[:, 0]
    proposals.sides[0, inside] = spread_over_bins(
        encode_boxes(target.boxes.expand(len(inside), 4), POINTS[inside])
    )
    answering = _assign(proposals, target) == 0
    assert answering.sum() == 13  # as many good overlaps as may answer
    overlaps = compute_iou(proposals.decode_boxes()[0], target.boxes)
    assert overlaps[answering].min() > 0.999, "a worse overlap was preferred"
    proposals.logits[0] = torch.where(answering[:, None], CERTAIN, -CERTAIN)
    after = compute_nanodet_loss(proposals, [target])
    assert after["overlap"] < 1e-3 < before["overlap"]
    assert after["quality"] < 1e-3 < before["quality"]
    assert after["distribution"] < before["distribution"]


def test_the_loss_is_a_mean_and_not_a_sum_over_pictures():
    target = make_target((100, 100, 164, 164))
    once = compute_nanodet_loss(propose_squares(), [target])
    twice = compute_nanodet_loss(propose_squares(pictures=2), [target, target])
    for name in once:
        assert twice[name].item() == pytest.approx(once[name].item(), rel=1e-4)
