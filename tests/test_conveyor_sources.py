"""Where the parts of a live line come from: a watched folder, or the stock of synthesised ones."""

import errno
import os
import time
from pathlib import Path

import numpy as np
import pytest

from inspection.conveyor import watched
from inspection.conveyor.parts import SHOWN_HEIGHT, SHOWN_WIDTH, Part, draw_empty
from inspection.conveyor.stock import PlannedPart, Stock, StockSource, can_synthesise, plan_parts
from inspection.conveyor.watched import FolderSource, list_folders
from inspection.conveyor.world import open_world, read_kept
from inspection.errors import DataInvalid
from inspection.learning.synthesis.defects import CONDITIONS
from tests.conveying import wait_until
from tests.fakes import make_line as make_other_line
from tests.ui.fakes import make_line, make_png


@pytest.fixture(autouse=True)
def plain_belt(monkeypatch: pytest.MonkeyPatch) -> None:
    belt = np.full((SHOWN_HEIGHT, SHOWN_WIDTH, 3), 60, np.uint8)
    monkeypatch.setattr(watched, "draw_empty", lambda: belt)


def test_a_folder_is_chosen_by_a_name_of_the_list(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    (root / "shift-a").mkdir(parents=True)
    (root / ".hidden").mkdir()
    outside.mkdir()
    (root / "away").symlink_to(outside)
    assert list_folders(root) == (".", "shift-a")
    assert list_folders(tmp_path / "absent") == ()
    for name in ("away", "../outside", str(outside), ".hidden", "..", ""):
        with pytest.raises(DataInvalid, match="shift-a"):
            FolderSource(root, name)


def take_all(source: FolderSource) -> list[Part]:
    return [part for part in (source.take() for _ in range(6)) if part is not None]


def test_pictures_are_taken_once_oldest_first(tmp_path: Path) -> None:
    for age, name in ((30, "b.png"), (20, "a.png"), (10, "c.png")):
        (tmp_path / name).write_bytes(make_png(0))
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "link.png").symlink_to(tmp_path / "a.png")
    source = FolderSource(tmp_path, ".", look_every_s=0.0)
    assert source.take() is None  # the first look; it may still be written
    assert [part.name for part in take_all(source)] == ["b.png", "a.png", "c.png"]
    (tmp_path / "d.png").write_bytes(make_png(20))
    source.take()
    (part,) = take_all(source)
    assert part.name == "d.png" and part.shown.shape == (SHOWN_HEIGHT, SHOWN_WIDTH, 3)


def test_a_file_that_grows_waits_and_a_broken_one_is_left_to_the_judge(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(make_png(0)[:500])
    source = FolderSource(tmp_path, ".", look_every_s=0.0)
    assert source.take() is None
    path.write_bytes(make_png(0)[:900])
    assert source.take() is None
    part = source.take()
    assert part is not None and len(part.shot) == 900 and np.all(part.shown == 60)


def test_a_folder_that_is_gone_gives_nothing(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    source = FolderSource(tmp_path, "in", look_every_s=0.0)
    (tmp_path / "in").rmdir()
    assert source.take() is None


def test_what_was_seen_is_forgotten_only_beyond_a_bound_and_when_it_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watched, "_MOST_SEEN", 2)
    for age, name in ((50, "a.png"), (40, "b.png"), (30, "c.png"), (20, "d.png")):
        (tmp_path / name).write_bytes(make_png(0))
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    source = FolderSource(tmp_path, ".", look_every_s=0.0)
    source.take()
    assert len(take_all(source)) == 4 and len(source._seen) == 4, "they are there: none may be judged again"
    for name in ("a.png", "c.png", "d.png"):
        (tmp_path / name).unlink()
    assert take_all(source) == []
    assert [version.name for version in source._seen] == ["b.png", "c.png", "d.png"]


def test_the_root_is_the_servers_to_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_WATCH", str(tmp_path / "here"))
    assert watched.watch_root() == tmp_path / "here"


def test_the_plan_has_all_conditions_and_designs() -> None:
    plan = plan_parts(48)
    names = [part.condition for part in plan]
    assert names.count("flawless") == 24 and all(names.count(bad) == 6 for bad in CONDITIONS[1:])
    assert len({part.design for part in plan}) == 8 and len({part.seed for part in plan}) == 48


def test_only_a_line_of_these_classes_can_be_synthesised() -> None:
    assert can_synthesise(make_line()) and not can_synthesise(make_other_line())


def test_parts_are_made_once_and_then_read(tmp_path: Path) -> None:
    plan = [PlannedPart(970_000_001, "ring", "flawless"), PlannedPart(970_000_002, "link", "cracked")]
    stock = Stock(tmp_path, plan)
    source = StockSource(stock, defective_0_1=1.0)
    source.open()
    wait_until(lambda: stock.count == 2, timeout_s=60)
    part = source.take()
    assert part is not None and part.truth == "cracked" and part.shown.std() > 5
    assert part.shot == (tmp_path / part.name).read_bytes()
    source.defective_0_1 = 0.0
    assert [source.take().truth for _ in range(3)] == ["flawless"] * 3  # type: ignore[union-attr]
    source.close()
    again = Stock(tmp_path, plan)
    again.open()
    wait_until(lambda: again.count == 2, timeout_s=5)
    assert again.take("cracked", 0).shot == part.shot  # type: ignore[union-attr]


def test_nothing_is_made_that_nobody_wants(tmp_path: Path) -> None:
    stock = Stock(tmp_path, plan_parts(4))
    time.sleep(0.05)
    assert stock.count == 0 and StockSource(stock, defective_0_1=0.5).take() is None


def test_the_belt_runs_into_itself() -> None:
    """Where a piece ends and the next begins, neighbouring columns differ no more than elsewhere."""
    belt = open_world().draw_empty().astype(np.float32)
    steps = np.abs(np.diff(belt, axis=1)).mean(axis=(0, 2))
    seam = np.abs(belt[:, -1] - belt[:, 0]).mean()
    assert seam < np.percentile(steps, 99) * 1.5


def test_an_empty_piece_is_drawn_once_a_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inspection.conveyor.parts.world_dir", lambda: tmp_path)
    drawn = draw_empty.__wrapped__()
    assert drawn.shape == (SHOWN_HEIGHT, SHOWN_WIDTH, 3) and (tmp_path / "empty.png").is_file()
    monkeypatch.delattr("inspection.conveyor.parts.open_world")
    assert np.array_equal(draw_empty.__wrapped__(), drawn)


def test_a_piece_that_a_power_cut_emptied_is_drawn_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inspection.conveyor.parts.world_dir", lambda: tmp_path)
    drawn = draw_empty.__wrapped__()
    (tmp_path / "empty.png").write_bytes(bytes(500))
    assert np.array_equal(draw_empty.__wrapped__(), drawn)
    assert read_kept(tmp_path / "empty.png") is not None
    (planned,) = plan = [PlannedPart(970_000_001, "ring", "flawless")]
    (tmp_path / planned.name).write_bytes(b"")
    stock = Stock(tmp_path, plan)
    stock.open()
    wait_until(lambda: stock.count == 1, timeout_s=60)
    assert stock.take("flawless", 0) is not None
    stock.close()


def test_on_a_full_disk_the_belt_is_drawn_and_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", refuse)
    monkeypatch.setattr("inspection.conveyor.parts.world_dir", lambda: tmp_path)
    assert draw_empty.__wrapped__().shape == (SHOWN_HEIGHT, SHOWN_WIDTH, 3)
    assert list(tmp_path.iterdir()) == []


def test_a_kept_piece_that_may_not_be_read_is_drawn_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inspection.conveyor.parts.world_dir", lambda: tmp_path)
    (tmp_path / "empty.png").mkdir()  # rights do not bind a superuser, who may run the tests
    assert draw_empty.__wrapped__().shape == (SHOWN_HEIGHT, SHOWN_WIDTH, 3)
