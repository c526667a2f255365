"""The masks of the defects as a second thing to learn."""

import copy

import numpy as np
import pytest
import torch

from inspection.errors import DataInvalid
from inspection.learning.arrays import ArraySet
from inspection.learning.augment import augment_pair, make_rng
from inspection.learning.augment_presets import PRESETS
from inspection.learning.batches import plan_batches
from inspection.learning.guide import IGNORED, GuidedClassifier, cell_targets, guide_loss
from inspection.learning.train import ClassifierTask, train_classifier
from models.loading import load_matching
from models.registry import build_network, find_spec
from models.spec import Classifier
from tests.learning.toy import make_config, make_textures, register_toys

register_toys()


def mark(pictures: ArraySet) -> ArraySet:
    """The left half of every picture is where its class is seen; the last class is nothing anywhere."""
    masks = np.zeros(pictures.pixels.shape[:3], np.uint8)
    masks[pictures.labels < 2, :, :16] = 255
    return ArraySet(pictures.pixels, pictures.labels, pictures.keys, masks)


def test_a_mask_moves_with_its_picture() -> None:
    mask = np.zeros((64, 64), np.uint8)
    mask[20:30, 8:40] = 255
    picture = np.repeat(mask[..., None], 3, axis=2)
    for index in range(20):
        rng = make_rng(0, 0, index)
        quiet = PRESETS["line-default"]
        turned, moved = augment_pair(picture, mask, quiet, size=48, rng=rng)
        assert moved is not None and moved.shape == (48, 48)
        bright, marked = turned[..., 0] > turned[..., 0].min() + 0.5 * np.ptp(turned[..., 0]), moved > 127
        assert (bright == marked).mean() > 0.97


def test_what_lies_beyond_the_border_is_no_defect() -> None:
    mask = np.full((32, 32), 255, np.uint8)
    picture = np.zeros((32, 32, 3), np.uint8)
    far = [
        augment_pair(picture, mask, PRESETS["detect"], size=32, rng=make_rng(0, 0, n))[1] for n in range(9)
    ]
    assert min(int(moved.min()) for moved in far if moved is not None) == 0


def test_cells_are_asked_for_what_they_hold() -> None:
    masks = np.zeros((2, 64, 64), np.uint8)
    masks[0, 0:8, 0:8] = 255  # a sixteenth of the first cell of 2 × 2
    masks[0, 0, 32] = 255  # a touch of the second: a thousandth
    found = cell_targets(torch.from_numpy(masks), torch.tensor([1, 0]), cells=(2, 2), classes=3)
    assert found.tolist() == [[[1, IGNORED], [3, 3]], [[3, 3], [3, 3]]]


def test_rare_defects_weigh_as_much_as_all_the_rest() -> None:
    logits = torch.zeros(1, 4, 7, 7, requires_grad=True)
    targets = torch.full((1, 7, 7), 3)
    targets[0, 3, 3] = 1
    guide_loss(logits, targets).backward()
    assert logits.grad is not None
    pull = logits.grad.abs().sum(dim=(0, 1))
    assert pull[3, 3].item() == pytest.approx((pull.sum() - pull[3, 3]).item(), rel=1e-5)


def test_nothing_to_ask_is_no_loss() -> None:
    logits = torch.ones(1, 4, 2, 2, requires_grad=True)
    loss = guide_loss(logits, torch.full((1, 2, 2), IGNORED))
    assert loss.item() == 0
    loss.backward()


def test_masks_come_with_their_batch() -> None:
    pictures = mark(make_textures(24, seed=1))
    batch = next(plan_batches(pictures, make_config(), PRESETS["gentle"], epoch=0))()
    assert batch.masks is not None and batch.masks.shape == batch.pixels.shape[:3]
    good = batch.targets.argmax(axis=1) == 2
    assert not batch.masks[good].any() and batch.masks[~good].any(axis=(1, 2)).all()


def test_the_guide_learns_and_does_not_ship(tmp_path) -> None:
    train, validation = mark(make_textures(96, seed=1)), make_textures(30, seed=2)
    config = make_config(guide=1.0, augment="none", sizes=((6, 32),))
    report = train_classifier(config, train, validation, tmp_path)
    assert report.rows[-1].train_loss < 0.6 * report.rows[0].train_loss
    assert report.weights is not None
    assert load_matching(build_network("tiny", 3), report.weights) == ()


@pytest.mark.parametrize("name", ["resnet18_cbam", "mobilenetv3_large", "compact_cnn"])
def test_finer_maps_are_asked_beside_the_last_one(name: str) -> None:
    spec, network = find_spec(name), build_network(name, 5)
    assert isinstance(network, Classifier)
    guided = GuidedClassifier(network, 5, spec)
    masks = np.zeros((2, 96, 96), np.uint8)
    masks[:, 40:44, 40:44] = 255
    x = torch.randn(2, spec.channels, 96, 96)
    features = guided.features(x)
    sides = [passing.map.shape[2] for passing in guided.passing if passing.map is not None]
    assert sides == [side for side in (12, 6) if side > features.shape[2]] and sides
    guided.ask(features, torch.from_numpy(masks), torch.tensor([1, 2])).backward()
    first = next(network.parameters())
    assert first.grad is not None and first.grad.abs().sum() > 0
    assert all(guide.weight.grad is not None for guide in guided.guides)
    averaged = copy.deepcopy(guided)
    averaged.features(x)
    for own, other in zip(guided.passing, averaged.passing, strict=True):
        assert own.map is not other.map, "an average keeps its own maps"


def test_a_guided_network_answers_as_the_plain_one() -> None:
    network = build_network("tiny", 3)
    assert isinstance(network, Classifier)
    guided = GuidedClassifier(network, 3, find_spec("tiny"))
    x = torch.randn(2, 3, 32, 32)
    assert torch.equal(guided.eval()(x), network.eval()(x))


@pytest.mark.parametrize(
    ("pictures", "augment", "word"),
    [
        (make_textures(24, seed=1), "gentle", "masks"),
        (mark(make_textures(24, seed=1)), "strip", "mixes"),
    ],
)
def test_what_cannot_be_guided_is_refused(pictures: ArraySet, augment: str, word: str) -> None:
    with pytest.raises(DataInvalid, match=word):
        ClassifierTask(make_config(guide=1.0, augment=augment), pictures, make_textures(9, seed=2))


def test_masks_of_another_size_are_refused() -> None:
    pictures = make_textures(3, seed=1)
    with pytest.raises(DataInvalid, match="Masks"):
        ArraySet(pictures.pixels, pictures.labels, pictures.keys, np.zeros((3, 8, 8), np.uint8))


def test_a_window_holds_a_piece_of_the_defect_at_full_scale() -> None:
    mask = np.zeros((96, 96), np.uint8)
    mask[45:51, 40:43] = 255
    picture = np.repeat(mask[..., None], 3, axis=2)
    areas = []
    for index in range(30):
        rng = make_rng(0, 0, index)
        _, seen = augment_pair(picture, mask, PRESETS["none"], size=32, rng=rng, window=1 / 3)
        assert seen is not None
        areas.append(int((seen > 127).sum()))
    assert min(areas) >= 1 and max(areas) == pytest.approx(18, abs=3)


def test_a_small_stage_shows_windows_and_the_last_one_whole_pictures() -> None:
    pictures = mark(make_textures(12, seed=1))
    config = make_config(guide=1.0, windows=True, sizes=((1, 16), (1, 32)), augment="none")
    piece, whole = (next(plan_batches(pictures, config, PRESETS["none"], epoch=epoch))() for epoch in (0, 1))
    assert piece.pixels.shape[1] == 16 and whole.pixels.shape[1] == 32
    originals = {picture.tobytes() for picture in pictures.pixels}
    assert all(picture.tobytes() in originals for picture in whole.pixels)
    assert piece.masks is not None and piece.masks.any(axis=(1, 2)).sum() == 8
