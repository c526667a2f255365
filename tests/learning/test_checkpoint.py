import errno
import json
import os
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from inspection.errors import DataInvalid
from inspection.images import read_picture
from inspection.learning.arrays import ArraySet, BoxSet, load_array_set, load_pixels, read_rgb
from inspection.learning.augment_presets import PRESETS
from inspection.learning.boxed_pictures import check_boxes, read_size
from inspection.learning.checkpoint import load_checkpoint, save_checkpoint
from inspection.learning.config import TrainConfig
from inspection.learning.data import LabelledBox, Sample, build_dataset
from inspection.learning.line_data import letterbox_samples
from inspection.learning.prefetch import AHEAD, MOST_WORKERS, count_workers, prefetch
from inspection.learning.recipes import FITS, RECIPES, make_config, plan_sizes
from inspection.learning.run_status import STATUS, RunStatus, StatusFile, read_status, status_file
from inspection.types import Box
from inspection.writing import write_atomically
from models.registry import REGISTRY
from tests.learning.toy import make_config as make_toy_config


def test_a_checkpoint_comes_back(tmp_path: Path) -> None:
    state = {"digest": "d", "network": {"w": torch.arange(3.0)}, "rows": [{"epoch": 1, "loss": 0.5}]}
    save_checkpoint(tmp_path / "last.pt", state)
    found = load_checkpoint(tmp_path / "last.pt", digest="d")
    assert found is not None and torch.equal(found["network"]["w"], state["network"]["w"])
    assert found["rows"] == state["rows"]
    assert load_checkpoint(tmp_path / "none.pt", digest="d") is None
    with pytest.raises(DataInvalid, match="other settings"):
        load_checkpoint(tmp_path / "last.pt", digest="e")


def test_two_threads_that_write_one_file_both_come_through(tmp_path: Path) -> None:
    path, failed = tmp_path / "file", []

    def write(content: bytes) -> None:
        try:
            for _ in range(60):
                write_atomically(path, content)
        except OSError as error:
            failed.append(error)

    writers = [threading.Thread(target=write, args=(letter * 1000,)) for letter in (b"a", b"b")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert not failed and path.read_bytes() in (b"a" * 1000, b"b" * 1000)
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    path, done, torn = tmp_path / "file", threading.Event(), []
    write_atomically(path, b"a" * 200_000)

    def read() -> None:
        while not done.is_set():
            content = path.read_bytes()
            if len(content) != 200_000 or len(set(content)) != 1:
                torn.append(content[:10])

    reader = threading.Thread(target=read)
    reader.start()
    for letter in (b"b", b"c") * 10:
        write_atomically(path, letter * 200_000)
    done.set()
    reader.join()
    assert not torn and [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_full_disk_leaves_the_old_file_and_nothing_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    write_atomically(path, b"old")

    def refuse(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old" and [entry.name for entry in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("error", [ValueError("broken"), KeyboardInterrupt()])
def test_the_status_tells_how_a_run_ended(tmp_path: Path, error: BaseException) -> None:
    with pytest.raises(type(error)), status_file(tmp_path, 3):
        assert read_status(tmp_path).state == "running"  # type: ignore[union-attr]
        raise error
    status = read_status(tmp_path)
    assert status is not None
    assert status.state == ("failed" if isinstance(error, ValueError) else "cancelled")


def silence(run: Path, seconds: float, **changes: object) -> RunStatus:
    """What is told of a run whose last word was so long ago."""
    StatusFile(run, 3)
    told = json.loads((run / STATUS).read_text())
    (run / STATUS).write_text(json.dumps({**told, "heartbeat": time.time() - seconds, **changes}))
    status = read_status(run)
    assert status is not None
    return status


def test_a_run_whose_process_is_gone_or_silent_for_very_long_is_told_as_failed(tmp_path: Path) -> None:
    assert read_status(tmp_path) is None
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert silence(tmp_path, 0, pid=ended.pid).state == "failed"
    assert silence(tmp_path, 3600).state == "failed", "its number may be another process's by now"


def test_a_run_that_validates_for_ten_minutes_is_still_at_work(tmp_path: Path) -> None:
    assert silence(tmp_path, 600).state == "running"


def make_late(number: int) -> int:
    """The earlier of a few, the later it is made."""
    time.sleep((9 - number % 10) / 1000)
    return number


@pytest.mark.parametrize("workers", [1, 4])
def test_prefetching_keeps_order_passes_errors_on_and_leaves_no_thread(workers: int) -> None:
    assert list(prefetch([partial(make_late, number) for number in range(20)], workers=workers)) == list(
        range(20)
    )
    assert list(prefetch(iter(()), workers=workers)) == []

    def broken() -> int:
        raise ValueError("in the thread")

    with pytest.raises(ValueError, match="in the thread"):
        list(prefetch([partial(make_late, 1), broken], workers=workers))
    made: list[int] = []
    batches = prefetch((partial(made.append, number) for number in range(10_000)), workers=workers)
    next(batches)
    batches.close()  # type: ignore[attr-defined]
    assert len(made) <= workers + AHEAD, "no more than what waits is made"
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("batches")]


def test_batches_are_made_by_one_thread_beside_a_processor_that_trains_and_by_several_beside_a_gpu() -> None:
    assert count_workers(make_toy_config(threads=4)) == 1
    assert count_workers(make_toy_config(device="cuda", threads=4)) == 4
    assert count_workers(make_toy_config(device="cuda", threads=64)) == MOST_WORKERS
    assert 1 <= count_workers(make_toy_config(device="cuda", threads=0)) <= MOST_WORKERS


def test_settings_come_back_from_json_and_unknown_ones_are_refused() -> None:
    config = make_toy_config(trainable=((2, 0), (3, 50)), warm_start="a.safetensors")
    again = TrainConfig.from_dict(json.loads(json.dumps(config.to_dict())))
    assert again == config and again.digest == config.digest
    assert make_toy_config(seed=1).digest != make_toy_config(seed=2).digest
    assert make_toy_config(threads=1).digest == make_toy_config(threads=2).digest
    with pytest.raises(DataInvalid, match="rate"):
        TrainConfig.from_dict({**config.to_dict(), "rate": 3})
    with pytest.raises(DataInvalid, match="sizes"):
        make_toy_config(sizes=())


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_fits_every_model(recipe: str) -> None:
    for model, spec in REGISTRY.items():
        config = make_config("line", model, ("a", "b"), recipe=recipe, epochs=40)
        assert config.final_size == spec.input_size
        assert config.augment in PRESETS
        assert config.epochs == RECIPES[recipe].get("epochs", 40)


@pytest.mark.parametrize("recipe", ["harden", "fine-tune", "detect-calm"])
def test_a_recipe_that_goes_on_from_weights_shows_the_full_size_from_the_first_epoch(recipe: str) -> None:
    model = "yolov5n" if recipe.startswith("detect") else "resnet50"
    config = make_config("line", model, ("a", "b"), recipe=recipe, epochs=16)
    assert config.sizes == ((16, REGISTRY[model].input_size),) and config.validate_every == 1


def test_an_unknown_recipe_is_refused_and_changes_win() -> None:
    with pytest.raises(DataInvalid, match="seed004"):
        make_config("line", "resnet50", ("a", "b"), recipe="none")
    assert make_config("line", "resnet50", ("a", "b"), learning_rate=0.5).learning_rate == 0.5
    assert set(FITS) >= {name for name in REGISTRY if not name.startswith("tiny")}


@pytest.mark.parametrize("epochs", [1, 5, 6, 7, 25, 60])
def test_sizes_grow_to_the_full_one_in_all_the_epochs(epochs: int) -> None:
    stages = plan_sizes(epochs, 224)
    assert sum(count for count, _ in stages) == epochs
    sides = [side for _, side in stages]
    assert sides == sorted(sides) and sides[-1] == 224 and all(side % 32 == 0 for side in sides)


def test_a_network_that_cuts_its_smallest_map_in_patches_grows_in_larger_steps() -> None:
    config = make_config("line", "mobilevit_xxs", ("a", "b"), epochs=12)
    assert [side for _, side in config.sizes] == [128, 192, 256]


def write_pictures(root: Path) -> list[Path]:
    import cv2

    paths = []
    for index, (width, height) in enumerate([(40, 40), (80, 20), (30, 60)]):
        path = root / f"{index}.png"
        cv2.imwrite(str(path), np.full((height, width, 3), (0, 0, 40 * (index + 1)), np.uint8))
        paths.append(path)
    return paths


def test_array_sets_are_decoded_once_and_cached(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    paths, cache = write_pictures(tmp_path / "data"), tmp_path / "cache"
    names = ("a", "b", "a")
    dataset = build_dataset(
        tmp_path / "data", [Sample(path, name) for path, name in zip(paths, names, strict=True)]
    )
    calls: list[int] = []
    first = load_array_set(
        dataset, dataset.keys, size=32, cache_dir=cache, progress=lambda done, _: calls.append(done)
    )
    again = load_array_set(
        dataset, dataset.keys, size=32, cache_dir=cache, progress=lambda done, _: calls.append(done)
    )
    assert calls == [1, 2, 3]
    assert first.labels.tolist() == [0, 1, 0] and first.keys == ("0.png", "1.png", "2.png")
    assert first.pixels.shape == (3, 32, 32, 3) and np.array_equal(first.pixels, again.pixels)
    assert first.pixels[1, 5, 5].tolist() == [80, 0, 0]  # red comes first
    os.utime(paths[0], ns=(1, 1))
    load_array_set(
        dataset, dataset.keys, size=32, cache_dir=cache, progress=lambda done, _: calls.append(done)
    )
    assert len(calls) == 6
    with pytest.raises(DataInvalid):
        load_array_set(dataset, ["gone.png"], size=32)


def test_boxes_are_letterboxed_with_their_picture(tmp_path: Path) -> None:
    paths = write_pictures(tmp_path)
    samples = [
        Sample(paths[1], "a", (LabelledBox(Box(40, 0, 80, 20), "a"), LabelledBox(Box(0, 0, 8, 8), "b")))
    ]
    found = letterbox_samples(samples, ("a", "b"), tmp_path, size=160, cache_dir=tmp_path / "cache")
    assert found.boxes[0].tolist() == [[80, 60, 160, 100], [0, 60, 16, 76]]  # scale 2, 60 pixels above
    assert found.labels[0].tolist() == [0, 1] and found.keys == ("1.png",)
    assert found.pixels[0, 80, 80].tolist() == [80, 0, 0] and found.pixels[0, 20, 80].tolist() != [80, 0, 0]
    parts = letterbox_samples(samples, ("part",), tmp_path, size=160, cache_dir=tmp_path / "cache")
    assert parts.labels[0].tolist() == [0, 0]


def test_a_box_of_an_unknown_class_is_named(tmp_path: Path) -> None:
    samples = [Sample(write_pictures(tmp_path)[1], "a", (LabelledBox(Box(0, 0, 8, 8), "c"),))]
    check_boxes(samples, ("a", "c"))
    with pytest.raises(DataInvalid, match=r"boxes of a, b in 1.png, got c\. Correct"):
        check_boxes(samples, ("a", "b"))


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp"])
@pytest.mark.parametrize("orientation", [1, 3, 6, 8, 9])
def test_the_size_of_a_picture_is_that_of_its_pixels(tmp_path: Path, suffix: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"turned.{suffix}"
    Image.new("RGB", (80, 40), (80, 0, 0)).save(path, exif=exif)
    assert read_size(path) == read_rgb(path).shape[:2]
    assert (read_size(path) == (80, 40)) == (orientation in (6, 8))


def test_boxes_of_a_picture_that_lies_on_its_side_are_those_of_the_upright_one(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # shown turned by a quarter
    Image.new("RGB", (80, 40), (80, 0, 0)).save(tmp_path / "turned.jpg", exif=exif)
    samples = [Sample(tmp_path / "turned.jpg", "a", (LabelledBox(Box(0, 0, 40, 20), "a"),))]
    found = letterbox_samples(samples, ("a", "b"), tmp_path, size=160, cache_dir=tmp_path / "cache")
    # 40 wide and 80 high: twice as large, with 40 pixels to its left
    assert found.boxes[0].tolist() == [[40, 0, 120, 40]]


@pytest.mark.parametrize("kind", ["transparent", "sixteen bits", "plain", "jpeg"])
def test_training_sees_the_pixels_that_serving_sees(kind: str, tmp_path: Path) -> None:
    import cv2

    ramp = np.arange(40 * 40 * 4, dtype=np.uint32).reshape(40, 40, 4)
    made = {
        "transparent": (ramp % 256).astype(np.uint8),  # alpha from 3 to 255
        "sixteen bits": (ramp[..., :3] * 40503 % 65536).astype(np.uint16),
        "plain": (ramp[..., :3] % 256).astype(np.uint8),
        "jpeg": (ramp[..., :3] // 30).astype(np.uint8),
    }
    path = tmp_path / ("a.jpg" if kind == "jpeg" else "a.png")
    assert cv2.imwrite(str(path), made[kind])
    assert np.array_equal(read_rgb(path), read_picture(path).pixels)
    if kind == "transparent":
        cv2.imwrite(str(path), np.zeros((4, 4, 4), np.uint8))
        assert (load_pixels([path], size=4) == 255).all(), "what is not there shows white"


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    for content in (b"not a picture", b"\xff\xd8\xffcut off"):
        (tmp_path / "broken.png").write_bytes(content)
        with pytest.raises(DataInvalid, match="broken.png.*check-data"):
            load_pixels([tmp_path / "broken.png"], size=8)


def test_sets_refuse_what_does_not_fit_together() -> None:
    with pytest.raises(DataInvalid, match="one key a picture"):
        ArraySet(np.zeros((2, 8, 8, 3), np.uint8), np.zeros(1, np.int64), ("a", "b"))
    with pytest.raises(DataInvalid, match="uint8"):
        ArraySet(np.zeros((1, 8, 8, 3), np.float32), np.zeros(1, np.int64), ("a",))  # type: ignore[arg-type]
    with pytest.raises(DataInvalid, match="a: boxes are"):
        BoxSet(
            np.zeros((1, 8, 8, 3), np.uint8),
            (np.zeros((2, 4), np.float32),),
            (np.zeros(1, np.int64),),
            ("a",),
        )
