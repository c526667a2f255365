"""What a live line judged is kept, as far as the disk takes it; the belt waits for no disk."""

import time

from inspection.conveyor.conveyor import Conveyor, State
from inspection.conveyor.keeping import Keeper, KeptCounts
from inspection.images import decode
from inspection.records.errors import StoreError, StoreFull
from inspection.types import Inspection
from tests import conveying
from tests.conveying import Listed, Marker, make_part, run_line, wait_until
from tests.ui.fakes import FakeInspector, make_png

lines, plain_belt = conveying.lines, conveying.plain_belt  # fixtures


class Disk:
    """Keeps what it is given, as slowly as it is told, or not at all."""

    def __init__(self, *, seconds: float = 0.0, full: bool = False) -> None:
        self.kept: list[str] = []
        self.seconds, self.full = seconds, full

    def __call__(self, inspection: Inspection, shot: bytes) -> StoreError | None:
        time.sleep(self.seconds)
        if self.full:
            return StoreFull("The disk is full.")
        self.kept.append(inspection.picture)
        return None


def test_what_was_judged_is_kept_also_when_the_line_is_stopped_at_once(lines: list[Conveyor]) -> None:
    disk, marker = Disk(seconds=0.1), Marker()
    parts = [make_part(str(number), 0) for number in range(4)]
    conveyor = run_line(lines, Listed(*parts), marker=marker, keeper=Keeper(disk))
    wait_until(lambda: conveyor.read().judged == 4)
    conveyor.stop()
    assert disk.kept == ["0", "1", "2", "3"]
    assert conveyor.keeper.read() == KeptCounts(kept=4)


def test_who_relieves_the_judge_answers_from_the_next_part_on(lines: list[Conveyor]) -> None:
    """Also where the records are behind: each is kept as its own judge's."""
    early, late, source = Disk(seconds=0.1), Disk(), Listed(*[make_part(str(one), 0) for one in range(3)])
    conveyor = run_line(lines, source, keeper=Keeper(early))
    wait_until(lambda: conveyor.read().judged == 3)
    second = FakeInspector()
    conveyor.relieve(second, late)  # type: ignore[arg-type]
    source.waiting += [make_part(str(one), 0) for one in range(3, 6)]
    wait_until(lambda: conveyor.read().judged == 6)
    conveyor.stop()
    assert (early.kept, late.kept) == (["0", "1", "2"], ["3", "4", "5"])
    assert second.seen == ["3", "4", "5"]


def test_a_full_disk_does_not_stop_the_belt(lines: list[Conveyor]) -> None:
    parts = [make_part(str(number), 0) for number in range(3)]
    conveyor = run_line(lines, Listed(*parts), keeper=Keeper(Disk(full=True)))
    wait_until(lambda: conveyor.keeper.read().not_kept == 3)
    assert conveyor.state is State.RUNNING
    assert conveyor.keeper.read().why == "The disk is full." and conveyor.read().judged == 3


def test_a_disk_that_falls_behind_loses_records_and_says_so() -> None:
    disk = Disk()
    keeper = Keeper(disk)
    inspection = FakeInspector().inspect(decode(make_png(0), name="a"))
    for _ in range(40):
        keeper.offer(inspection, b"")
    counts = keeper.read()
    assert counts.behind == 32 and counts.not_kept == 8 and "Slow the belt" in (counts.why or "")
    keeper.finish()
    keeper.work()
    assert len(disk.kept) == 32 and keeper.read().behind == 0


def test_parts_that_nobody_wants_kept_are_not() -> None:
    keeper = Keeper(Disk(), wanted=False)
    keeper.offer(FakeInspector().inspect(decode(make_png(0), name="a")), b"")
    assert keeper.read() == KeptCounts()
