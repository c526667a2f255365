import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from models.spec import Targets
from models.yolov5 import COCO_ANCHORS, STRIDES, build_yolov5n, decode_level
from models.yolov5_loss import (
    BOX_GAIN,
    CLASS_GAIN,
    OBJECTNESS_GAIN,
    RATIO_LIMIT,
    Level,
    assign_level,
    compute_yolov5_loss,
)
from tests.models.detector_pictures import EMPTY

SIZE = 320
ANCHORS = torch.tensor(COCO_ANCHORS) * 0.5
CERTAIN = 12.0  # a logit that means yes; its opposite means no


def make_levels(classes: int = 2, *, pictures: int = 1) -> list[Level]:
    """Heads that say no everywhere."""
    levels = []
    for stride, anchors in zip(STRIDES, ANCHORS, strict=True):
        raw = torch.zeros(pictures, 3, SIZE // stride, SIZE // stride, 5 + classes)
        raw[..., 4:] = -CERTAIN
        levels.append(Level(stride=stride, anchors=anchors, raw=raw))
    return levels


def make_target(*boxes: tuple[float, float, float, float], labels: list[int] | None = None) -> Targets:
    return Targets(boxes=torch.tensor(boxes), labels=torch.tensor(labels or [0] * len(boxes)))


def say_perfectly(level: Level, targets: list[Targets]) -> int:
    """Write into the raw head what would decode to each assigned box; returns how many places answer."""
    a = assign_level(level, targets)
    centres = (a.boxes[:, :2] + a.boxes[:, 2:]) / 2 / level.stride - torch.stack([a.columns, a.rows], dim=1)
    sides = (a.boxes[:, 2:] - a.boxes[:, :2]) / level.anchors[a.anchors]
    likely = torch.cat([(centres + 0.5) / 2, sides.sqrt() / 2], dim=1)
    assert ((likely >= 0) & (likely <= 1)).all(), "a cell was assigned a box that it cannot express"
    at = (a.pictures, a.anchors, a.rows, a.columns)
    said = level.raw[at]
    said[:, :4] = likely.double().clamp(1e-9, 1 - 1e-7).logit().float()
    said[:, 4] = CERTAIN
    said[torch.arange(len(a.labels)), 5 + a.labels] = CERTAIN
    level.raw[at] = said
    return len(a.labels)


sides = st.floats(6, 300)
places = st.floats(0, 1)


@settings(max_examples=25, deadline=None)
@given(width=sides, height=sides, x=places, y=places)
def test_what_is_assigned_decodes_to_the_box(width, height, x, y):
    left, top = x * (SIZE - width - 1), y * (SIZE - height - 1)
    target = make_target((left, top, left + width, top + height), labels=[1])
    levels = make_levels()
    answered = 0
    for level in levels:
        count = say_perfectly(level, [target])
        said = decode_level(level)[0]
        sure = said[said[:, 5] > 0.99]
        assert len(sure) == count
        torch.testing.assert_close(sure[:, :4], target.boxes.expand(count, 4), atol=0.02, rtol=1e-4)
        answered += count
    ratio = target.boxes[:, 2:] - target.boxes[:, :2]
    ratio = ratio / ANCHORS.reshape(-1, 2)
    fitting = int((torch.maximum(ratio, 1 / ratio).amax(dim=1) < RATIO_LIMIT).sum())
    # its own cell and up to two neighbours, for each anchor that fits
    assert fitting <= answered <= 3 * fitting
    parts = compute_yolov5_loss(levels, [target])
    assert sum(p.item() for p in parts.values()) < 0.02


@pytest.mark.parametrize(
    ("centre", "expected"),
    [
        (
            (84.0, 84.0),
            {(10, 10), (11, 10), (10, 11)},
        ),  # just over the middle of a cell of 8: right and below
        ((81.0, 83.0), {(10, 10), (9, 10), (10, 9)}),  # left and above
        ((87.0, 81.0), {(10, 10), (11, 10), (10, 9)}),
        ((1.0, 319.0), {(0, 39)}),  # no neighbour outside the picture
        ((500.0, 20.0), set()),  # a box outside the picture has nobody
    ],
)
def test_the_nearest_neighbours_answer_too(centre, expected):
    x, y = centre
    level = make_levels()[0]
    assigned = assign_level(level, [make_target((x - 6, y - 6, x + 6, y + 6))])
    assert set(zip(assigned.columns.tolist(), assigned.rows.tolist(), strict=True)) == expected


def test_an_anchor_takes_no_box_that_it_cannot_reach():
    level = make_levels()[0]
    thin = make_target((100, 100, 300, 104))  # 200 wide beside anchors of at most 16.5
    assert len(assign_level(level, [thin]).labels) == 0


def test_each_box_stays_with_its_picture():
    levels = make_levels(pictures=3)
    targets = [make_target((10, 10, 40, 40), labels=[1]), EMPTY, make_target((200, 200, 260, 260))]
    for level in levels:
        assigned = assign_level(level, targets)
        assert set(assigned.pictures.tolist()) <= {0, 2}
        assert (assigned.labels[assigned.pictures == 0] == 1).all()


def test_of_two_claims_to_a_cell_the_better_fit_counts():
    close = make_target((100, 100, 130, 130), (99, 99, 131, 131))
    turned = Targets(boxes=close.boxes.flip(0), labels=close.labels)
    losses = [compute_yolov5_loss(make_levels(), [t])["objectness"].item() for t in (close, turned)]
    alone = compute_yolov5_loss(make_levels(), [make_target((100, 100, 130, 130))])["objectness"].item()
    assert losses[0] == losses[1]
    assert losses[0] >= alone


def test_empty_pictures_cost_only_objectness():
    parts = compute_yolov5_loss(make_levels(), [EMPTY])
    assert parts["box"] == 0 and parts["class"] == 0
    loud = make_levels()
    for level in loud:
        level.raw[..., 4] = 0
    log_two = 0.6931472
    expected = OBJECTNESS_GAIN * (SIZE / 640) ** 2 * (4 + 1 + 0.4) * log_two
    assert compute_yolov5_loss(loud, [EMPTY])["objectness"].item() == pytest.approx(expected, rel=1e-5)


def test_smoothing_forbids_certainty():
    target = make_target((100, 100, 130, 130))
    levels = make_levels()
    for level in levels:
        say_perfectly(level, [target])
    plain = compute_yolov5_loss(levels, [target])["class"].item()
    smooth = compute_yolov5_loss(levels, [target], label_smoothing=0.1)["class"].item()
    answering = sum(len(assign_level(level, [target]).labels) > 0 for level in levels)
    assert plain < 1e-4
    assert smooth == pytest.approx(CLASS_GAIN * answering * 2 * 0.05 * CERTAIN, rel=1e-2)


def test_a_displaced_box_costs_more_the_farther_it_is():
    target = make_target((100, 100, 130, 130))
    costs = []
    for shift in (0.0, 4.0, 8.0):
        levels = make_levels()
        for level in levels:
            a = assign_level(level, [target])
            moved = Targets(boxes=target.boxes + torch.tensor([shift, 0, shift, 0]), labels=target.labels)
            say_perfectly(level, [moved])
            assert len(a.labels) > 0 or level.stride != 8
        costs.append(compute_yolov5_loss(levels, [target])["box"].item())
    assert costs[0] < costs[1] < costs[2] <= BOX_GAIN * 3 * 2


def test_anchors_are_set_kept_and_used():
    network, other = build_yolov5n(1, input_size=64).eval(), build_yolov5n(1, input_size=64).eval()
    anchors = torch.arange(1.0, 19.0).reshape(3, 3, 2) * 3
    network.set_anchors(anchors)
    other.load_state_dict(network.state_dict())
    assert torch.equal(other.anchors, anchors)
    with torch.no_grad():
        for head in network.heads:
            head.weight.zero_()
            head.bias.zero_()
        said = network(torch.zeros(1, 3, 64, 64))[0]
    # σ(0) = ½, so each box is exactly its anchor
    widths = (said[:, 2] - said[:, 0]).unique()
    torch.testing.assert_close(widths, anchors[..., 0].flatten())


@pytest.mark.parametrize("anchors", [torch.ones(3, 2), torch.zeros(3, 3, 2)])
def test_wrong_anchors_are_refused(anchors):
    with pytest.raises(ValueError, match=r"\(3, 3, 2\)"):
        build_yolov5n(1, input_size=64).set_anchors(anchors)
