"""A data set made by several processes, cut short and gone on with, is the one that one process makes at once."""

import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from inspection.errors import DataInvalid
from inspection.jobs.processes import Process, identify, lives
from inspection.learning.known_split import find_known_split
from inspection.learning.line_sides import split_line
from inspection.learning.synthesis import HELD_OUT_DESIGNS, TRAINED_DESIGNS, write_dataset
from inspection.learning.synthesis.made_again import check_made_again
from inspection.learning.synthesis.making import JOURNAL, Side, begin_work, make_side, plan_sides
from inspection.lines import load_line
from tests.models.cards import make_card

# Without a part of brushed metal, whose texture takes every process that renders one a third of a second; of 5000 of
# LONG_SEED few of the first are.
SIDE, LONG_SEED = Side("test", 6, 59, tuple(HELD_OUT_DESIGNS)), 23


class Killed(Exception):
    pass


def read_all(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def at_once(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("once")
    write_dataset(folder, count=SIDE.count, seed=SIDE.seed, designs=SIDE.designs)
    return read_all(folder)


def test_two_processes_make_the_same_bytes(at_once: dict[str, bytes], tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    folder = make_side(tmp_path, SIDE, workers=2, on_progress=lambda done, total: told.append((done, total)))
    assert read_all(folder) == at_once
    assert told == [(number, 6) for number in range(1, 7)]
    assert [each.name for each in tmp_path.iterdir()] == ["test"]


def test_a_killed_run_goes_on(at_once: dict[str, bytes], tmp_path: Path) -> None:
    def kill(done: int, total: int) -> None:
        if done == 2:
            raise Killed

    with pytest.raises(Killed):
        make_side(tmp_path, SIDE, on_progress=kill)
    assert not (tmp_path / "test").exists()
    journal = tmp_path / ".test.partial" / JOURNAL
    with journal.open("a") as stream:
        stream.write('{"number": 3, "ima')  # cut short
    told: list[int] = []
    folder = make_side(tmp_path, SIDE, on_progress=lambda done, total: told.append(done))
    assert told == [3, 4, 5, 6]
    assert read_all(folder) == at_once


def list_children(parent: int) -> set[Process]:
    found = (identify(int(path.name)) for path in Path("/proc").iterdir() if path.name.isdigit())
    return {each for each in found if each is not None and read_parent(each.pid) == parent}


def read_parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[1])
    except FileNotFoundError:
        return 0


def test_ctrl_c_is_left_to_who_started_the_work() -> None:
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn, initializer=begin_work, initargs=(os.getpid(),)) as pool:
        assert pool.submit(signal.getsignal, signal.SIGINT).result(60) == signal.SIG_IGN


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_workers_end_with_who_started_them(how: signal.Signals, tmp_path: Path) -> None:
    # a shell has what it starts in the background ignore SIGINT, and so would this child of the tests
    words = f"""
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from pathlib import Path
from inspection.learning.synthesis import making
from inspection.learning.synthesis.making import Side, make_side
making._AT_ONCE = 2  # what is in hand is finished after Ctrl-C
made = lambda done, count: print(done, flush=True)
make_side(Path({str(tmp_path)!r}), Side("test", 5000, {LONG_SEED}, {SIDE.designs!r}), workers=2, on_progress=made)
"""
    parent = subprocess.Popen(
        [sys.executable, "-c", words],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert parent.stdout is not None
    with parent.stdout:
        assert parent.stdout.readline() == "1\n"
        workers = list_children(parent.pid)
        assert len(workers) >= 2
        if how == signal.SIGINT:  # a terminal's Ctrl-C reaches the workers too
            os.killpg(parent.pid, how)
        else:
            parent.send_signal(how)
        assert parent.wait(timeout=60) == -how
    try:
        until = time.monotonic() + 30
        while any(map(lives, workers)) and time.monotonic() < until:
            time.sleep(0.1)
        assert not any(map(lives, workers))
    finally:
        for worker in filter(lives, workers):
            with suppress(ProcessLookupError):
                os.kill(worker.pid, signal.SIGKILL)


def test_of_two_at_once_the_second_waits_and_makes_nothing_anew(
    at_once: dict[str, bytes], tmp_path: Path
) -> None:
    waits, made = threading.Event(), []
    with ThreadPoolExecutor(1) as pool:

        def ask_again(done: int, count: int) -> None:
            made.append(done)
            if done == 1:
                second.append(
                    pool.submit(make_side, tmp_path, SIDE, on_progress=ask_again, on_wait=waits.set)
                )
                assert waits.wait(60)

        second: list[Future[Path]] = []
        folder = make_side(tmp_path, SIDE, on_progress=ask_again)
        assert second[0].result(60) == folder
    assert made == [1, 2, 3, 4, 5, 6]
    assert read_all(folder) == at_once
    assert [each.name for each in tmp_path.iterdir()] == ["test"]


def test_what_is_whole_is_left_alone_and_others_are_not_mixed_in(tmp_path: Path) -> None:
    folder = make_side(tmp_path, Side("test", 3, 3, SIDE.designs))
    made = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    make_side(tmp_path, Side("test", 3, 3, SIDE.designs))
    assert made == {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    with pytest.raises(DataInvalid, match="Choose another folder"):
        make_side(tmp_path, Side("test", 3, 4, SIDE.designs))
    (tmp_path / ".train.partial").mkdir()
    (tmp_path / ".train.partial" / JOURNAL).write_text('{"side": {"name": "train", "count": 9}}\n')
    with pytest.raises(DataInvalid, match="Ask for the same numbers again"):
        make_side(tmp_path, Side("train", 3, 1, TRAINED_DESIGNS))


def test_the_lines_sides_share_no_scene_and_the_test_side_no_design() -> None:
    train, validation, test = plan_sides(train=6000, validation=700, test=1200)
    assert [(each.name, each.count, each.seed) for each in (train, validation, test)] == [
        ("train", 6000, 1),
        ("validation", 700, 2),
        ("test", 1200, 3),
    ]
    assert not set(test.designs) & set(train.designs) and validation.designs == train.designs


def test_the_boxes_name_every_picture(at_once: dict[str, bytes]) -> None:
    boxes = json.loads(at_once["boxes.json"])
    assert {row["file_name"] for row in boxes["images"]} == {
        name for name in at_once if name.endswith(".jpg")
    }
    assert [row["id"] for row in boxes["annotations"]] == list(range(1, len(boxes["annotations"]) + 1))
    pictures = {row["id"]: row for row in boxes["images"]}
    assert all(pictures[row["image_id"]]["kind"] == "part" for row in boxes["annotations"])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("made")
    for side in plan_sides(train=4, validation=2, test=2):
        make_side(out, side)
    return out


def find_scenes(folder: Path) -> list[Path]:
    return sorted(folder.glob("train/*/*.jpg"))


def test_pictures_that_were_rounded_otherwise_are_known_again(made: Path, tmp_path: Path) -> None:
    folder = tmp_path / "made"
    shutil.copytree(made, folder)
    for path in find_scenes(folder):
        pixels = cv2.imread(str(path))
        assert pixels is not None
        pixels[100:110, 100:140] ^= 1
        cv2.imwrite(str(path), pixels, [cv2.IMWRITE_JPEG_QUALITY, 95])
    assert find_scenes(folder)[0].read_bytes() != find_scenes(made)[0].read_bytes()
    check_made_again(folder)


def test_another_picture_in_a_scenes_place_is_not_taken_for_it(made: Path, tmp_path: Path) -> None:
    folder = tmp_path / "made"
    shutil.copytree(made, folder)
    first, second = find_scenes(folder)[:2]
    first.write_bytes(second.read_bytes())
    with pytest.raises(
        DataInvalid, match=f"{first.name} .* as its seed makes it, got a picture that differs"
    ):
        check_made_again(folder)
    first.unlink()
    with pytest.raises(DataInvalid, match="differs by 255.*--train 4 --validation 2 --test 2"):
        check_made_again(folder)
    (folder / "test" / "boxes.json").unlink()
    with pytest.raises(DataInvalid, match="as make-data writes it"):
        check_made_again(folder)


def test_a_defect_that_was_painted_over_is_missed(made: Path, tmp_path: Path) -> None:
    folder = tmp_path / "made"
    shutil.copytree(made, folder)
    mask_path = next(folder.glob("train/masks/*/*.png"))
    path = folder / "train" / mask_path.parent.name / f"{mask_path.stem}.jpg"
    pixels, mask = cv2.imread(str(path)), cv2.imread(str(mask_path), cv2.IMREAD_GRAYSCALE)
    assert pixels is not None and mask is not None
    painted = cv2.inpaint(pixels, cv2.dilate(mask, np.ones((5, 5), np.uint8)), 5, cv2.INPAINT_TELEA)
    cv2.imwrite(str(path), painted, [cv2.IMWRITE_JPEG_QUALITY, 95])
    with pytest.raises(DataInvalid, match="grey levels in its worst block"):
        check_made_again(folder)
    shutil.copy(made / path.relative_to(folder), path)
    mask_path.unlink()
    with pytest.raises(DataInvalid, match="a mask of another defect"):
        check_made_again(folder)


@pytest.mark.parametrize(
    ("change", "word"),
    [({"category_id": 2}, "got excess|got flawless"), ({"bbox": [0.0, 0.0, 20.0, 20.0]}, "got a box of")],
)
def test_other_labels_or_boxes_are_told(
    made: Path, tmp_path: Path, change: dict[str, object], word: str
) -> None:
    folder = tmp_path / "made"
    shutil.copytree(made, folder)
    boxes = folder / "test" / "boxes.json"
    told = json.loads(boxes.read_text())
    for row in told["annotations"]:
        row.update(change if row["category_id"] != 2 else {**change, "category_id": 1})
    boxes.write_text(json.dumps(told))
    with pytest.raises(DataInvalid, match=word):
        check_made_again(folder)


def test_a_card_finds_its_made_pictures_again_by_look_and_others_by_hash_alone(
    made: Path, tmp_path: Path
) -> None:
    line = load_line("aluminium")
    facts = split_line(line, made).facts(line, made)
    card = make_card(line="aluminium", data={**facts, "sha256": "0" * 64})  # as another processor made them
    assert find_known_split(card, line, made)[1] == facts
    with pytest.raises(DataInvalid, match="the very pictures"):
        find_known_split(card, replace(line, name="castings"), made)
    folder = tmp_path / "made"
    shutil.copytree(made, folder)
    first, second = find_scenes(folder)[:2]
    first.write_bytes(second.read_bytes())
    with pytest.raises(DataInvalid, match="as its seed makes it"):
        find_known_split(card, line, folder)
