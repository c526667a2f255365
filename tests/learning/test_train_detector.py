from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from inspection.errors import DataInvalid
from inspection.learning.arrays import BoxSet
from inspection.learning.augment_presets import PRESETS
from inspection.learning.average_precision import Boxes, mean_average_precision, pairwise_iou
from inspection.learning.box_batches import plan_box_batches
from inspection.learning.prefetch import prefetch
from inspection.learning.train_detector import select_boxes, train_detector
from models.registry import REGISTRY
from models.spec import Detector, ModelSpec, Targets
from tests.learning.toy import assert_same_weights, load_weights, make_config

SIDE = 64


class TinyDetector(Detector):
    """One candidate a cell of 8 pixels: its centre moved, its sides and its score."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *[
                layer
                for channels in ((3, 16), (16, 24), (24, 32))
                for layer in (nn.Conv2d(*channels, 3, 2, 1), nn.BatchNorm2d(channels[1]), nn.ReLU())
            ],
            nn.Conv2d(32, 32, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(32, 5, 1),
        )

    def raw(self, x: Tensor) -> tuple[Tensor, Tensor]:
        out = self.body(x).float()
        h, w = out.shape[2:]
        y, x_ = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
        cells = (torch.stack([x_, y], -1).reshape(1, -1, 2) + 0.5) * 8
        flat = out.flatten(2).transpose(1, 2)  # (n, h·w, 5)
        centre, half = cells + flat[..., :2] * 8, (flat[..., 2:4]).exp() * 8
        return torch.cat([centre - half, centre + half], -1), flat[..., 4]

    def forward(self, x: Tensor) -> Tensor:
        boxes, scores = self.raw(x)
        return torch.cat([boxes, scores.sigmoid()[..., None]], -1)

    def loss(self, x: Tensor, targets: list[Targets]) -> dict[str, Tensor]:
        boxes, scores = self.raw(x)
        side = x.shape[-1] // 8
        wanted = torch.zeros_like(scores)
        truth = torch.cat([target.boxes for target in targets])
        rows = torch.repeat_interleave(
            torch.arange(len(targets)), torch.tensor([len(t.boxes) for t in targets])
        )
        cells = ((truth[:, :2] + truth[:, 2:]) / 16).long().clamp(0, side - 1)
        index = cells[:, 1] * side + cells[:, 0]
        wanted[rows, index] = 1
        box_loss = functional.l1_loss(boxes[rows, index], truth, reduction="sum") / 8 / 4
        score_loss = functional.binary_cross_entropy_with_logits(scores, wanted, reduction="sum")
        return {"box": box_loss / len(targets), "score": score_loss / len(targets)}


def build_tiny_detector(num_classes: int, *, pretrained: bool = False) -> TinyDetector:
    return TinyDetector()


REGISTRY["tiny_detector"] = ModelSpec(
    "tiny_detector",
    "tiny",
    "detect",
    "assay:toy",
    build_tiny_detector,
    SIDE,
    3,
    (0.5,) * 3,
    (0.5,) * 3,
    0,
    "none",
)


def make_squares(count: int, seed: int) -> BoxSet:
    """A bright square on noise; its box is known."""
    rng = np.random.default_rng(seed)
    pixels = rng.normal(80, 8, (count, SIDE, SIDE, 3))
    boxes = []
    for picture in pixels:
        side = int(rng.integers(14, 26))
        x, y = rng.integers(0, SIDE - side + 1, 2)
        picture[y : y + side, x : x + side] = 210
        boxes.append(np.array([[x, y, x + side, y + side]], np.float32))
    labels = tuple(np.zeros(1, np.int64) for _ in range(count))
    keys = tuple(str(index) for index in range(count))
    return BoxSet(pixels.clip(0, 255).astype(np.uint8), tuple(boxes), labels, keys)


def make_detector_config(**changes: object) -> object:
    return make_config(
        **{
            "model": "tiny_detector",
            "class_names": ("part",),
            "sizes": ((12, SIDE),),
            "batch_size": 8,
            "augment": "none",
            **changes,
        }
    )


def test_squares_are_found(tmp_path: Path) -> None:
    config = make_detector_config(sizes=((9, SIDE),), augment="gentle")
    report = train_detector(config, make_squares(160, 1), make_squares(24, 2), tmp_path)  # type: ignore[arg-type]
    assert report.best is not None and report.best.metrics["val_map50"] > 0.9
    assert report.rows[0].train_loss > report.rows[-1].train_loss


def test_a_cancelled_detector_run_ends_as_if_never_interrupted(tmp_path: Path) -> None:
    config = make_detector_config(sizes=((3, SIDE),), augment="detect")
    train, validation = make_squares(32, 1), make_squares(8, 2)
    whole = train_detector(config, train, validation, tmp_path / "whole")  # type: ignore[arg-type]
    asked = iter(range(100))
    train_detector(config, train, validation, tmp_path / "part", stop=lambda: next(asked) > 5)  # type: ignore[arg-type]
    rest = train_detector(config, train, validation, tmp_path / "part")  # type: ignore[arg-type]
    assert [row.train_loss for row in rest.rows] == [row.train_loss for row in whole.rows]
    assert_same_weights(
        load_weights(tmp_path / "whole/best.safetensors"), load_weights(tmp_path / "part/best.safetensors")
    )


@pytest.mark.parametrize("augment", ["detect", "detect-strip", "detect-calm", "none"])
def test_boxes_follow_their_squares(augment: str) -> None:
    """Whatever the warp and the mosaic did, what is bright lies in a box, and each box is filled with it."""
    config = make_detector_config(augment=augment, sizes=((10, SIDE),))
    preset = PRESETS[augment]
    covered, filled = [], []
    for make in plan_box_batches(make_squares(24, 3), config, preset, epoch=0):  # type: ignore[arg-type]
        batch = make()
        for pixels, boxes in zip(batch.pixels, batch.boxes, strict=True):
            if not len(boxes):
                continue
            assert boxes.min() >= 0 and boxes.max() <= SIDE
            grey = pixels.mean(axis=2)
            bright = grey > (grey.max() + np.median(grey)) / 2
            inside = np.zeros_like(bright)
            for x1, y1, x2, y2 in boxes.round().astype(int):
                inside[y1:y2, x1:x2] = True
                filled.append(bright[y1:y2, x1:x2].mean())
            covered.append((bright & inside).sum() / max(bright.sum(), 1))
    assert np.median(covered) > 0.9 and np.median(filled) > 0.6


def test_mosaics_and_order_are_seeded() -> None:
    config, squares = make_detector_config(), make_squares(16, 4)
    first, again = (
        list(prefetch(plan_box_batches(squares, config, PRESETS["detect"], epoch=1), workers=workers))
        for workers in (1, 3)
    )
    other = next(plan_box_batches(squares, config, PRESETS["detect"], epoch=2))()
    for one, two in zip(first, again, strict=True):
        assert np.array_equal(one.pixels, two.pixels)
        assert all(np.array_equal(a, b) for a, b in zip(one.boxes, two.boxes, strict=True))
    assert not np.array_equal(first[0].pixels, other.pixels)


def boxes_of(*rows: tuple[float, ...]) -> Boxes:
    """Rows of x1 y1 x2 y2 label score."""
    table = np.array(rows, np.float32).reshape(-1, 6)
    return Boxes(table[:, :4], table[:, 4].astype(np.int64), table[:, 5])


SQUARE = (0, 0, 10, 10, 0, 1.0)
CASES = [
    ("found", [boxes_of((0, 0, 10, 10, 0, 0.9))], [boxes_of(SQUARE)], 1.0),
    ("missed", [boxes_of()], [boxes_of(SQUARE)], 0.0),
    ("elsewhere", [boxes_of((20, 20, 30, 30, 0, 0.9))], [boxes_of(SQUARE)], 0.0),
    ("found twice, the second is false", [boxes_of(SQUARE, (0, 0, 10, 9, 0, 0.5))], [boxes_of(SQUARE)], 1.0),
    ("a surer false one before it", [boxes_of((40, 40, 50, 50, 0, 1), (0, 0, 10, 10, 0, 0.5))], [boxes_of(SQUARE)], 0.5),
    ("half of two", [boxes_of(SQUARE)], [boxes_of(SQUARE, (20, 20, 30, 30, 0, 1))], 0.5),
    ("the wrong class", [boxes_of((0, 0, 10, 10, 1, 0.9))], [boxes_of(SQUARE)], 0.0),
]  # fmt: skip


@pytest.mark.parametrize(("name", "found", "truth", "expected"), CASES, ids=[case[0] for case in CASES])
def test_average_precision(name: str, found: list[Boxes], truth: list[Boxes], expected: float) -> None:
    assert mean_average_precision(found, truth, classes=2, iou=0.5) == pytest.approx(expected)


def test_overlaps_are_one_for_itself_and_a_third_for_a_half_shift() -> None:
    boxes = np.array([[0, 0, 10, 10], [5, 0, 15, 10]], np.float32)
    assert pairwise_iou(boxes, boxes) == pytest.approx(np.array([[1, 1 / 3], [1 / 3, 1]]))


def test_suppression_keeps_one_box_a_thing_and_spares_other_classes() -> None:
    candidates = np.array(
        [[0, 0, 10, 10, 0.9, 0.1], [0, 0, 10, 11, 0.8, 0.1], [0, 0, 10, 10, 0.1, 0.7], [0, 0, 9, 9, 0.001, 0.002]],
        np.float32,
    )  # fmt: skip
    kept = select_boxes(candidates)
    assert kept.labels.tolist() == [0, 1] and kept.scores.tolist() == pytest.approx([0.9, 0.7])


def test_a_set_without_boxes_is_refused(tmp_path: Path) -> None:
    squares = make_squares(8, 1)
    empty = BoxSet(
        squares.pixels, (np.zeros((0, 4), np.float32),) * 8, (np.zeros(0, np.int64),) * 8, squares.keys
    )
    with pytest.raises(DataInvalid, match="at least one box"):
        train_detector(make_detector_config(), squares, empty, tmp_path)  # type: ignore[arg-type]
