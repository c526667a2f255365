"""Parts of the synthetic line that are made while the first of them already teach."""

import multiprocessing
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
import torch

from inspection.errors import DataInvalid
from inspection.learning import made_task
from inspection.learning.annotated import read_coco
from inspection.learning.arrays import ArraySet
from inspection.learning.batches import levels_to_input, to_input
from inspection.learning.config import MADE_SEED, TrainConfig
from inspection.learning.data import BOXES
from inspection.learning.line_data import cut_mask, cut_parts
from inspection.learning.made_task import (
    GrowingParts,
    MadeTask,
    check_made,
    check_room,
    read_free_bytes,
    train_made,
)
from inspection.learning.synthesis.dataset import plan_dataset
from inspection.learning.synthesis.defects import CONDITIONS
from inspection.learning.synthesis.making import make_side, plan_side
from inspection.learning.synthesis.supply import Cut, MadePart, Supply, SupplyBroken, make_all, plan_supply
from inspection.lines import Line, load_line
from models.registry import REGISTRY
from tests.learning.toy import make_config, register_toys

register_toys()
SIZE = 41  # of a part that teaches a network of 32 px
# One of these parts is of brushed metal: of others they are more, and each of three textures takes every process that
# renders one a third of a second.
PARTS, SEED = 16, 11
LONG_SEED = 113  # of four thousand: one of the first twenty-four


@pytest.fixture(scope="module")
def line() -> Line:
    return load_line("aluminium")


@pytest.fixture(scope="module")
def parts(line: Line) -> list[MadePart]:
    with Supply(line, plan_supply(PARTS, SEED), size=SIZE, workers=1) as supply:
        return supply.wait(PARTS)


def to_pictures(parts: Sequence[MadePart]) -> ArraySet:
    labels = np.array([part.label for part in parts], np.int64)
    return ArraySet(np.stack([part.pixels for part in parts]), labels, tuple(map(str, range(len(parts)))))


def test_a_part_is_cut_out_as_from_its_file(line: Line, parts: list[MadePart], tmp_path: Path) -> None:
    folder = make_side(tmp_path, plan_supply(PARTS, SEED), workers=1)
    samples = read_coco(folder / BOXES, folder).samples
    stored = cut_parts(samples, line, tmp_path, size=SIZE, cache_dir=tmp_path / "cache")
    plan = plan_dataset(PARTS, SEED, negatives_share=0)
    for planned, part in zip(plan, parts, strict=True):
        (index,) = [n for n, sample in enumerate(samples) if sample.path.name == planned.name]
        assert np.array_equal(stored.pixels[index], part.pixels) and stored.labels[index] == part.label
        assert np.array_equal(cut_mask(samples[index], line.locate.margin, SIZE), part.mask)


def test_all_parts_come_once_whether_they_are_waited_for_or_not(line: Line, parts: list[MadePart]) -> None:
    with Supply(line, plan_supply(PARTS, SEED), size=SIZE, workers=2) as supply:
        taken = supply.wait(3)
        assert 3 <= len(taken) <= PARTS
        while len(taken) < PARTS:
            time.sleep(0.01)
            taken += supply.take()
        assert supply.take() == [] and supply.wait(5) == []
    for one, other in zip(taken, parts, strict=True):
        assert np.array_equal(one.pixels, other.pixels)


def test_another_seed_makes_other_parts(line: Line, parts: list[MadePart]) -> None:
    made = make_all(Cut(line.classes, line.locate.margin, SIZE), plan_side(plan_supply(8, SEED + 1)))
    for one, other in zip(made, parts[:8], strict=True):
        assert not np.array_equal(one.pixels, other.pixels)


def test_a_part_that_cannot_be_made_is_told(line: Line) -> None:
    unknown = replace(plan_supply(8, SEED), designs=("no such design",))
    with (
        Supply(line, unknown, size=SIZE, workers=1) as supply,
        pytest.raises(Exception, match="no such design"),
    ):
        supply.wait(8)


def test_what_has_come_is_drawn_and_what_was_seen_seldom_more_often(parts: list[MadePart]) -> None:
    growing = GrowingParts(PARTS, size=SIZE, device="cpu")
    generator = torch.Generator().manual_seed(0)
    growing.add(parts[:8])
    for _ in range(50):
        chosen = growing.draw(4, generator)
        assert len(set(chosen.tolist())) == 4 and int(chosen.max()) < 8
    growing.add(parts[8:])
    growing.add([])
    fresh = sum(int((growing.draw(4, generator) >= 8).sum()) for _ in range(10))
    assert fresh >= 30  # of 40: each of the new was seen less often than any of the old
    place = int(growing.draw(1, generator))
    assert np.array_equal(growing.pixels[place].numpy(), parts[place].pixels)
    assert int(growing.labels[place]) == parts[place].label


def test_what_is_drawn_stands_in_no_order(parts: list[MadePart]) -> None:
    growing = GrowingParts(PARTS, size=SIZE, device="cpu")
    generator = torch.Generator().manual_seed(0)
    growing.add(parts)
    growing.seen[:8] = 1000
    to_the_front = sum(int((growing.draw(12, generator)[:6] < 8).sum()) for _ in range(10))
    assert 12 <= to_the_front <= 28  # of 40 that were seen often, in the first half of what was drawn


def test_room_that_is_not_there_is_refused_before_anybody_waits(
    line: Line, supply: Supply, parts: list[MadePart], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read_free_bytes("cpu") > 2**20
    check_room(10, size=100, free=445_000, device="cpu")
    with pytest.raises(DataInvalid, match="for 10 parts of 100 px, .* Lower --made to 9 or fewer"):
        check_room(10, size=100, free=444_000, device="cpu")  # a tenth is the network's
    task = MadeTask(configure(line), supply, to_pictures(parts))
    monkeypatch.setattr(Supply, "wait", make_none)
    monkeypatch.setattr(made_task, "read_free_bytes", lambda device: 100_000)
    with pytest.raises(DataInvalid, match="Lower --made to 13"):
        next(task.batches(0))


def make_none(_supply: Supply, _parts: int) -> NoReturn:
    raise AssertionError("parts were waited for")


@pytest.mark.parametrize("model", ["tiny", "tiny_grey"])
def test_levels_on_the_device_are_the_same_input(parts: list[MadePart], model: str) -> None:
    pixels = np.stack([part.pixels for part in parts[:4]])
    levels = torch.from_numpy(pixels).permute(0, 3, 1, 2).float()
    spec = REGISTRY[model]
    apart = (levels_to_input(levels, spec) - to_input(pixels, spec, device="cpu")).abs()
    assert apart.max() <= 1.01 * 2 / 255  # a grey level, where rounding falls otherwise


def configure(line: Line, **changes: object) -> TrainConfig:
    told = {"line": line.name, "class_names": line.classes, "sizes": ((3, 32),), "augment": "line-default"}
    return make_config(**{**told, "made": PARTS, "batch_size": 8, "guide": 1.0, **changes})


def test_a_network_learns_from_parts_that_are_made(
    line: Line, parts: list[MadePart], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = configure(line, made_seed=SEED)
    told = []
    report = train_made(config, line, to_pictures(parts), tmp_path, workers=1, on_epoch=told.append)
    assert report.state == "finished" and len(told) == 3 and report.weights is not None
    assert [row.metrics["parts_made"] for row in report.rows] == [PARTS] * 3
    assert report.rows[-1].train_loss < report.rows[0].train_loss
    monkeypatch.setattr(Supply, "wait", make_none)
    again = train_made(config, line, to_pictures(parts), tmp_path, workers=1)
    assert [row.to_dict() for row in again.rows] == [row.to_dict() for row in report.rows], "it was finished"
    with pytest.raises(DataInvalid, match="other settings"):
        train_made(replace(config, seed=5), line, to_pictures(parts), tmp_path, workers=1)


def test_a_run_that_was_cut_short_goes_on(line: Line, parts: list[MadePart], tmp_path: Path) -> None:
    def interrupt(_row: object) -> NoReturn:
        raise KeyboardInterrupt

    config = configure(line, made_seed=SEED)
    with pytest.raises(KeyboardInterrupt):
        train_made(config, line, to_pictures(parts), tmp_path, workers=1, on_epoch=interrupt)
    rest: list[int] = []
    report = train_made(
        config,
        line,
        to_pictures(parts),
        tmp_path,
        workers=1,
        on_epoch=lambda row: rest.append(row.epoch),
    )
    assert rest == [2, 3] and [row.epoch for row in report.rows] == [1, 2, 3]


def test_a_batch_waits_until_it_can_be_filled(
    line: Line, supply: Supply, parts: list[MadePart], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(made_task, "FIRST_PARTS", 2)
    task = MadeTask(configure(line, batch_size=12), supply, to_pictures(parts))
    assert next(task.batches(0)).levels.shape == (12, 3, 32, 32)


@pytest.fixture
def supply(line: Line) -> Iterator[Supply]:
    with Supply(line, plan_supply(PARTS, SEED), size=SIZE, workers=1) as supply:
        yield supply


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"augment": "line-rough"}, "line-rough"),
        ({"sizes": ((1, 24), (1, 32))}, "one size"),
        ({"class_balance": "weights"}, "--balance"),
        ({"batch_size": 32}, "at least a batch of 32"),
    ],
)
def test_what_cannot_be_done_while_parts_are_made_is_refused(
    line: Line, parts: list[MadePart], tmp_path: Path, changes: dict[str, object], word: str
) -> None:
    config = configure(line, **changes)
    with pytest.raises(DataInvalid, match=word):
        check_made(config)
    with pytest.raises(DataInvalid, match=word):
        train_made(config, line, to_pictures(parts), tmp_path / "run", workers=1)
    assert not (tmp_path / "run").exists()


def test_a_process_that_is_killed_is_told_in_words(line: Line) -> None:
    with Supply(line, plan_supply(4000, LONG_SEED), size=SIZE, workers=1) as supply:
        supply.wait(1)
        for process in multiprocessing.active_children():
            process.kill()
        with pytest.raises(SupplyBroken, match="got one that was killed.*Start the training again"):
            supply.wait(4000)


def test_nobody_renders_any_longer_than_the_training_lasts(line: Line) -> None:
    with Supply(line, plan_supply(4000, LONG_SEED), size=SIZE, workers=1) as supply:
        assert not multiprocessing.active_children(), "nobody has asked for parts"
        supply.wait(1)
        assert multiprocessing.active_children()
    assert not multiprocessing.active_children()


def test_the_seeds_of_what_judges_are_refused(line: Line) -> None:
    with pytest.raises(DataInvalid, match="Seeds below 6"):
        configure(line, made_seed=3)


def test_a_run_without_made_parts_keeps_the_digest_that_it_had(line: Line) -> None:
    plain = configure(line, made=0)
    assert plain.digest == configure(line, made=0, made_seed=MADE_SEED).digest
    others = (
        configure(line),
        configure(line, made_seed=7),
        configure(line, free_forms=True),
        configure(line, faint=True),
    )
    assert len({plain.digest, *(each.digest for each in others)}) == 5


def test_where_asked_faint_defects_are_made_three_times_as_often(line: Line) -> None:
    planned = plan_side(plan_supply(600, MADE_SEED, faint=True))
    assert {each.condition for each in planned} == set(CONDITIONS)
    told = np.array([each.severity_0_1 for each in planned if each.condition != "flawless"], float)
    assert 0.25 < (told < 0.1).mean() < 0.40 and told.max() > 0.9
    worst = next(each for each in planned if each.severity_0_1 == told.max())
    assert worst.render().severity_0_1 == told.max()
    assert all(each.severity_0_1 is None for each in plan_side(plan_supply(40, MADE_SEED)))


def test_a_cut_knows_the_classes_of_its_line(line: Line) -> None:
    planned = plan_dataset(5, MADE_SEED, negatives_share=0)
    cut = Cut(line.classes, line.locate.margin, SIZE)
    assert sorted(cut.make(each).label for each in planned) == [0, 1, 2, 3, 4]
