"""What every detector owes, whatever its architecture."""

import numpy as np
import pytest
import torch
from torch import Tensor

from models.nanodet import build_nanodet_plus_m
from models.overlaps import compute_iou
from models.spec import Detector, Targets
from models.ssdlite import build_ssdlite320
from models.yolov5 import build_yolov5n
from tests.models.detector_pictures import EMPTY, make_pictures, settle, wake

SMALL = 160


def _build_nanodet(num_classes: int, *, input_size: int = 320) -> Detector:
    return build_nanodet_plus_m(num_classes)  # has no size of its own


BUILDS = {"yolov5n": build_yolov5n, "ssdlite320": build_ssdlite320, "nanodet_plus_m": _build_nanodet}
CANDIDATES_AT_320 = {"yolov5n": 6300, "ssdlite320": 3234, "nanodet_plus_m": 2125}
STEPS_TO_FIT = {"yolov5n": 40, "ssdlite320": 20, "nanodet_plus_m": 15}
PARAMETERS_WITH_ONE_CLASS = {"yolov5n": 1_765_270, "ssdlite320": 2_206_520, "nanodet_plus_m": 1_167_272}

every_detector = pytest.mark.parametrize("name", list(BUILDS))


@pytest.fixture(autouse=True)
def _one_thread():
    """Small convolutions wait for one another when they share busy cores; seeds make the runs repeatable."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(threads)


def build(name: str, num_classes: int = 1, *, input_size: int = SMALL) -> Detector:
    return BUILDS[name](num_classes, input_size=input_size)


@every_detector
def test_parameters_are_counted(name):
    count = sum(p.numel() for p in build(name).parameters())
    assert count == PARAMETERS_WITH_ONE_CLASS[name]


@every_detector
@pytest.mark.parametrize("num_classes", [1, 3])
def test_forward_gives_boxes_in_pixels_and_scores(name, num_classes):
    network = wake(build(name, num_classes, input_size=320), size=320)
    pictures, _ = make_pictures(2, size=320)
    with torch.no_grad():
        said = network(pictures)
        alone = network(pictures[1:])
    assert said.shape == (2, CANDIDATES_AT_320[name], 4 + num_classes)
    assert said.dtype == torch.float32
    boxes, scores = said[..., :4], said[..., 4:]
    assert (boxes[..., 2:] >= boxes[..., :2]).all()
    assert ((scores >= 0) & (scores <= 1)).all()
    assert scores.std() > 0
    # candidates are spread over the whole picture
    centres = (boxes[0, :, :2] + boxes[0, :, 2:]) / 2
    assert (centres.amin(dim=0) < 32).all() and (centres.amax(dim=0) > 288).all()
    torch.testing.assert_close(said[1:], alone, atol=1e-3, rtol=1e-3)


def _total(parts: dict[str, Tensor]) -> Tensor:
    return torch.stack(list(parts.values())).sum()


@every_detector
@pytest.mark.parametrize("num_classes", [1, 3])
def test_every_parameter_learns(name, num_classes):
    network = build(name, num_classes).train()
    pictures, targets = make_pictures(3, size=SMALL)
    # Of every size, since SSD teaches no more of a level than its own objects and a few backgrounds.
    boxes = torch.tensor([[5.0, 5, 5 + side, 5 + side] for side in (12, 32, 56, 80, 104, 128, 152)])
    targets = [Targets(boxes=boxes, labels=torch.arange(7) % num_classes), EMPTY, targets[2]]
    parts = network.loss(pictures, targets)
    assert all(part.ndim == 0 and torch.isfinite(part) and part >= 0 for part in parts.values()), parts
    _total(parts).backward()
    still = [n for n, p in network.named_parameters() if p.grad is None or not torch.isfinite(p.grad).all()]
    assert still == []
    untouched = [n for n, p in network.named_parameters() if not p.grad.any()]
    assert untouched == []


@every_detector
def test_nothing_to_find_is_a_lesson_too(name):
    network = build(name).train()
    optimizer = torch.optim.SGD(network.parameters(), lr=1e-2)
    pictures, _ = make_pictures(2, size=SMALL)
    losses = []
    for _ in range(3):
        loss = _total(network.loss(pictures, [EMPTY, EMPTY]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert all(np.isfinite(losses)) and losses[0] > 0
    assert losses[-1] < losses[0]


@every_detector
def test_several_objects_of_several_classes_in_bf16(name):
    network = build(name, 3).train()
    pictures, _ = make_pictures(2, size=SMALL)
    crowd = Targets(
        boxes=torch.tensor([[0.0, 0, 159, 159], [10, 10, 12, 90], [100, 100, 103, 103], [90, 5, 160, 60]]),
        labels=torch.tensor([0, 1, 2, 2]),
    )
    with torch.autocast("cpu", dtype=torch.bfloat16):
        parts = network.loss(pictures.to(memory_format=torch.channels_last), [crowd, EMPTY])
    assert all(part.dtype == torch.float32 and torch.isfinite(part) for part in parts.values()), parts


@every_detector
def test_training_takes_other_sizes(name):
    network = build(name).train()
    pictures, targets = make_pictures(2, size=224)
    assert torch.isfinite(_total(network.loss(pictures, targets)))


@every_detector
def test_a_detector_learns_to_box_a_rectangle(name):
    network = build(name)
    pictures, targets = make_pictures(2, size=SMALL)
    optimizer = torch.optim.AdamW(network.parameters(), lr=5e-3)
    network.train()
    losses = []
    for _ in range(STEPS_TO_FIT[name]):
        loss = _total(network.loss(pictures, targets))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 2
    with torch.no_grad():
        said = settle(network, pictures)(pictures)
    best = said[torch.arange(2), said[..., 4].argmax(dim=1)]
    iou = compute_iou(best[:, :4], torch.cat([t.boxes for t in targets]))
    assert iou.min() > 0.7, f"overlaps {iou.tolist()}, scores {best[:, 4].tolist()}"


@every_detector
def test_weights_round_trip_strictly(name):
    first, second = wake(build(name), size=SMALL), build(name).eval()
    second.load_state_dict(first.state_dict(), strict=True)
    pictures, _ = make_pictures(1, size=SMALL)
    with torch.no_grad():
        torch.testing.assert_close(first(pictures), second(pictures))


def test_yolov5n_says_that_no_free_weights_exist():
    with pytest.raises(ValueError, match="none with a compatible licence"):
        build_yolov5n(1, pretrained=True)


@pytest.fixture
def fetched(monkeypatch):
    """Stands for torchvision's server: hands out what `serve` was given and keeps what was asked."""
    import torchvision.models._api as api

    asked: list[tuple[str, bool]] = []
    served: dict[str, dict[str, Tensor]] = {}

    def fetch(url: str, *, weights_only: bool, **_: object) -> dict[str, Tensor]:
        asked.append((url.rsplit("/", 1)[1].split("-")[0], weights_only))
        return served["state"]

    monkeypatch.setattr(api, "load_state_dict_from_url", fetch)
    return asked, served


def test_ssdlite320_says_what_torchvision_says():
    network = wake(build("ssdlite320", 2, input_size=320), size=320)
    pictures, _ = make_pictures(1, size=320)
    with torch.no_grad():
        ours = network(pictures)[0]
        theirs = network.ssd([pictures[0] * 0.5 + 0.5])[0]  # it normalises by itself
    assert len(theirs["boxes"]) > 100
    for box, score, label in zip(theirs["boxes"][:50], theirs["scores"], theirs["labels"], strict=False):
        scores = ours[:, 3 + label]
        at = (scores - score).abs().argmin()
        same = (scores - score).abs() < 1e-5
        distances = (ours[same, :4].clamp(0, 320) - box).abs().amax(dim=1)
        assert same.any() and distances.min() < 1e-2, (box, ours[at])


def test_ssdlite320_starts_from_torchvision_weights(fetched):
    asked, served = fetched
    source = build_ssdlite320(90).ssd
    served["state"] = source.state_dict()
    tuned = build_ssdlite320(2, pretrained=True)
    assert asked == [("ssdlite320_mobilenet_v3_large_coco", True)]
    for name, weight in tuned.ssd.state_dict().items():
        if not name.startswith("head.classification_head"):
            assert torch.equal(weight, served["state"][name]), name
    assert tuned.eval()(torch.zeros(1, 3, 320, 320)).shape[2] == 6


def test_nanodet_starts_from_torchvision_weights(fetched):
    from torchvision.models import shufflenet_v2_x1_0

    asked, served = fetched
    served["state"] = shufflenet_v2_x1_0(weights=None).state_dict()
    tuned = build_nanodet_plus_m(1, pretrained=True)
    assert asked == [("shufflenetv2_x1", True)]
    expected = served["state"]["stage4.3.branch2.5.weight"]
    assert torch.equal(tuned.backbone.to_32[3].branch2[5].weight, expected)
