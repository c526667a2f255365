"""Whole data sets of scenes, by several processes at once; a killed run goes on with the scenes that are missing.

A side is made in a hidden folder beside its place and moved there when it is whole, so that what is there is whole.
"""

import fcntl
import json
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import cv2

from inspection.errors import DataInvalid
from inspection.learning.synthesis.dataset import (
    TRAINED_DESIGNS,
    PlannedScene,
    WrittenScene,
    plan_dataset,
    write_boxes,
    write_scene,
)
from inspection.learning.synthesis.parts import HELD_OUT_DESIGNS

JOURNAL = "scenes.jsonl"
_AT_ONCE = 8  # scenes a process takes at a time: what a kill costs at most
Tick = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Side:
    name: str
    count: int
    seed: int
    designs: tuple[str, ...]
    negatives_share: float = 0.1
    faint: bool = False


def plan_sides(*, train: int, validation: int, test: int) -> tuple[Side, ...]:
    """The three sides of the aluminium line. Seeds differ, so no scene is shared; the test side shows designs that
    never teach."""
    return (
        Side("train", train, 1, TRAINED_DESIGNS),
        Side("validation", validation, 2, TRAINED_DESIGNS),
        Side("test", test, 3, tuple(HELD_OUT_DESIGNS)),
    )


def plan_side(side: Side) -> tuple[PlannedScene, ...]:
    return plan_dataset(
        side.count,
        side.seed,
        designs=side.designs,
        negatives_share=side.negatives_share,
        faint=side.faint,
    )


def make_side(
    out: Path,
    side: Side,
    *,
    workers: int = 1,
    on_progress: Tick | None = None,
    on_wait: Callable[[], None] | None = None,
) -> Path:
    """The side's folder; one that is whole already is left alone. `on_wait()` where another process makes one there."""
    folder, plan = out / side.name, plan_side(side)
    if not folder.exists():
        if out.exists() and not out.is_dir():
            raise DataInvalid(f"Expected a folder at {out}, got a file. Name another, or remove it.")
        out.mkdir(parents=True, exist_ok=True)
        with hold_folder(out, on_wait=on_wait):
            if not folder.exists():  # else whoever was waited for has made it
                return fill_side(folder, side, plan, workers=workers, on_progress=on_progress)
    check_whole(folder, plan)
    return folder


@contextmanager
def hold_folder(out: Path, *, on_wait: Callable[[], None] | None = None) -> Iterator[None]:
    """One process at a time: two would render the same scenes, and write one journal in turns. The folder itself is
    locked, so that no file is left behind and a killed process lets go."""
    held = os.open(out, os.O_RDONLY)
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if on_wait is not None:
                on_wait()
            fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


def fill_side(
    folder: Path, side: Side, plan: Sequence[PlannedScene], *, workers: int, on_progress: Tick | None
) -> Path:
    hidden = folder.with_name(f".{folder.name}.partial")
    hidden.mkdir(exist_ok=True)
    journal = hidden / JOURNAL
    told = json.dumps({"side": asdict(side)})
    rows = read_journal(journal, told=told)
    missing = [number for number in range(1, side.count + 1) if number not in rows]
    with journal.open("a", encoding="utf-8") as stream:
        for row in write_scenes(hidden, [(number, plan[number - 1]) for number in missing], workers=workers):
            rows[row.number] = row
            stream.write(json.dumps(asdict(row)) + "\n")
            stream.flush()
            if on_progress is not None:
                on_progress(len(rows), side.count)
    write_boxes(hidden, [rows[number] for number in sorted(rows)])
    journal.unlink()
    hidden.rename(folder)
    return folder


def write_scenes(
    folder: Path, scenes: Sequence[tuple[int, PlannedScene]], *, workers: int
) -> Iterator[WrittenScene]:
    write = partial(_write_numbered, folder)
    if workers <= 1:
        yield from map(write, scenes)
        return
    # fork would copy whatever threads the caller runs in the middle of their work
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        workers, mp_context=spawn, initializer=begin_work, initargs=(os.getpid(),)
    ) as pool:
        try:
            yield from pool.map(write, scenes, chunksize=_AT_ONCE)
        except BaseException:  # Ctrl-C: what waits is not begun
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def begin_work(parent: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all: who started the work ends it, in words
    cv2.setNumThreads(1)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    """A parent that is killed cannot tell its workers, and they would wait for more work for ever."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def _write_numbered(folder: Path, numbered: tuple[int, PlannedScene]) -> WrittenScene:
    number, planned = numbered
    return write_scene(folder, planned, number)


def read_journal(path: Path, *, told: str) -> dict[int, WrittenScene]:
    """number → what was written. The first line says which side it is; a line that a kill cut short is dropped."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.is_file() else []
    if not lines or not lines[0].endswith("\n"):
        path.write_text(told + "\n", encoding="utf-8")
        return {}
    if lines[0].strip() != told:
        raise DataInvalid(
            f"Expected {path.parent} to be begun with {told}, got {lines[0].strip()[:200]}. "
            "Ask for the same numbers again, or remove that folder."
        )
    whole = [line for line in lines if line.endswith("\n")]
    path.write_text("".join(whole), encoding="utf-8")
    rows = [WrittenScene(**json.loads(line)) for line in whole[1:]]
    return {row.number: row for row in rows}


def check_whole(folder: Path, plan: Sequence[PlannedScene]) -> None:
    """What is there must be what would be made."""
    boxes = folder / "boxes.json"
    have = [row.get("seed") for row in json.loads(boxes.read_text())["images"]] if boxes.is_file() else []
    if have != [planned.seed for planned in plan]:
        raise DataInvalid(
            f"Expected {folder} to hold the {len(plan)} scenes that were asked for, got {len(have)} others. "
            "Choose another folder, or remove that one."
        )
