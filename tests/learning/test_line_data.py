"""One part a picture teaches the classifier, and what was cut by a mask or a box is cut anew where that was corrected."""

import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from inspection.errors import DataInvalid
from inspection.learning.line_data import load_guided, load_line_boxes, load_line_data, load_patches
from inspection.lines import Line, Locate, Policy

LINE = Line(
    name="toy", title="T", part="p", description="", classes=("fine", "torn"), good="fine",
    locate=Locate("detector", "yolov5n", margin=0.0), champion="tiny", rivals=(), policy=Policy(), samples_dir=None,
)  # fmt: skip
Annotation = tuple[str, tuple[float, float, float, float]]  # its class, x y width height
WHOLE = (10.0, 5.0, 40.0, 40.0)


def write_side(folder: Path, *pictures: tuple[Annotation, ...], told: bool = True) -> None:
    """told: whether the annotations tell the pictures' size."""
    names = list(LINE.classes)
    size = {"width": 80, "height": 60} if told else {}
    images, annotations = [], []
    for number, boxes in enumerate(pictures, start=1):
        path = folder / "all" / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_file():
            cv2.imwrite(str(path), np.random.default_rng(number).integers(0, 255, (60, 80, 3), np.uint8))
        images.append({"id": number, "file_name": f"all/{path.name}", **size})
        annotations += [
            {"image_id": number, "category_id": names.index(name) + 1, "bbox": bbox} for name, bbox in boxes
        ]
    categories = [{"id": number, "name": name} for number, name in enumerate(names, start=1)]
    (folder / "boxes.json").write_text(
        json.dumps({"images": images, "annotations": annotations, "categories": categories})
    )


def write_set(home: Path, *pictures: tuple[Annotation, ...], told: bool = True) -> Path:
    """Those that teach; one torn part chooses, and one judges."""
    write_side(home / "train", *pictures, told=told)
    for side in ("validation", "test"):
        write_side(home / side, (("torn", WHOLE),))
    return home


def write_mask(home: Path, number: int, *, row: int) -> None:
    path = home / "train" / "masks" / "all" / f"{number}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    mask = np.zeros((60, 80), np.uint8)
    mask[row : row + 5, 20:30] = 255
    cv2.imwrite(str(path), mask)
    os.utime(path, ns=(row, row))  # two of the same length within one tick of the clock


@pytest.mark.parametrize("second", ["torn", "fine"])
def test_a_picture_of_two_parts_teaches_no_classifier(tmp_path: Path, second: str) -> None:
    home = write_set(tmp_path, (("fine", WHOLE),), (("torn", WHOLE), (second, (60, 5, 20, 20))))
    said = r"one part a picture for a classifier of line toy, got 2 boxes in .*2\.jpg\. Cut it"
    for load in (load_line_data, load_patches):
        with pytest.raises(DataInvalid, match=said):
            load(LINE, home, size=16, cache_dir=tmp_path / "cache")


def test_a_detector_learns_from_pictures_of_several_parts(tmp_path: Path) -> None:
    home = write_set(tmp_path, (("torn", WHOLE), ("fine", (60, 5, 20, 20))), ())
    found = load_line_boxes(LINE, home, size=80, cache_dir=tmp_path / "cache", one_class=False)
    assert [labels.tolist() for labels in found.train.labels] == [[1, 0], []]


def test_a_box_beside_a_picture_of_untold_size_is_found_when_it_is_read(tmp_path: Path) -> None:
    home = write_set(tmp_path, (("torn", (80, 5, 20, 20)),), told=False)
    said = r"on the picture .*1\.jpg: a box of class torn lies outside its picture of 80 × 60 pixels"
    for load in (load_line_data, load_patches):
        with pytest.raises(DataInvalid, match=said):
            load(LINE, home, size=16, cache_dir=tmp_path / "cache")
    with pytest.raises(DataInvalid, match=said):
        load_line_boxes(LINE, home, size=16, cache_dir=tmp_path / "cache", one_class=True)


def test_a_corrected_mask_is_read_anew(tmp_path: Path) -> None:
    home, cache = write_set(tmp_path, (("torn", WHOLE),), (("fine", WHOLE),)), tmp_path / "cache"
    write_mask(home, 1, row=10)
    guided = load_guided(LINE, home, size=40, cache_dir=cache)
    patches = load_patches(LINE, home, size=16, cache_dir=cache)
    write_mask(home, 1, row=30)
    again = load_guided(LINE, home, size=40, cache_dir=cache)
    assert guided.masks is not None and again.masks is not None
    assert [int(np.nonzero(masks[0])[0].min()) for masks in (guided.masks, again.masks)] == [5, 25]
    moved = load_patches(LINE, home, size=16, cache_dir=cache)
    assert not np.array_equal(patches.train.pixels[0], moved.train.pixels[0])
    write_mask(home, 2, row=10)  # one that was not there before
    both = load_guided(LINE, home, size=40, cache_dir=cache).masks
    assert both is not None and both[1].any()


def test_a_corrected_box_is_cut_anew(tmp_path: Path) -> None:
    home, cache = write_set(tmp_path, (("torn", WHOLE),)), tmp_path / "cache"
    write_mask(home, 1, row=10)
    guided = load_guided(LINE, home, size=40, cache_dir=cache)
    write_set(home, (("torn", (10, 0, 60, 60)),))
    again = load_guided(LINE, home, size=40, cache_dir=cache)
    assert not np.array_equal(guided.pixels, again.pixels)
    assert guided.masks is not None and again.masks is not None
    assert not np.array_equal(guided.masks, again.masks)


def test_patches_follow_a_corrected_box(tmp_path: Path) -> None:
    """Those of a part without a mask, which are cut anywhere on it."""
    home, cache = write_set(tmp_path, (("fine", WHOLE),)), tmp_path / "cache"
    patches = load_patches(LINE, home, size=16, cache_dir=cache)
    write_set(home, (("fine", (10, 0, 60, 60)),))
    moved = load_patches(LINE, home, size=16, cache_dir=cache)
    assert not np.array_equal(patches.train.pixels, moved.train.pixels)


def test_what_did_not_change_is_not_cut_again(tmp_path: Path) -> None:
    home, cache = write_set(tmp_path, (("torn", WHOLE),)), tmp_path / "cache"
    write_mask(home, 1, row=10)
    for _ in range(2):
        load_guided(LINE, home, size=40, cache_dir=cache)
        load_patches(LINE, home, size=16, cache_dir=cache)
    assert len(list(cache.glob("*.npy"))) == 4  # crops, masks, and patches of two sides


@pytest.mark.parametrize(("damage", "said"), [(b"<html>", "cannot be read"), (None, "one of 40 × 30")])
def test_a_mask_that_does_not_fit_its_picture_is_refused(
    tmp_path: Path, damage: bytes | None, said: str
) -> None:
    """Taken for no mask it would teach that nothing on the picture is a defect."""
    home = write_set(tmp_path, (("torn", WHOLE),))
    write_mask(home, 1, row=20)
    path = home / "train/masks/all/1.png"
    if damage is None:
        cv2.imwrite(str(path), np.zeros((30, 40), np.uint8))
    else:
        path.write_bytes(damage)
    with pytest.raises(DataInvalid, match=f"80 × 60 pixels, got .*{said}"):
        load_guided(LINE, home, size=16, cache_dir=tmp_path / "cache")
