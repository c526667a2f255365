"""The live line: pace, counts, and the belt with its threads."""

import threading
import time
from dataclasses import replace

import cv2
import numpy as np
import pytest

from inspection.conveyor.conveyor import STRIP_WIDTH, Conveyor, State, compose, left_edge
from inspection.conveyor.frames import find_frames, open_frames
from inspection.conveyor.keeping import Keeper
from inspection.conveyor.pace import PITCH_M, Pace
from inspection.conveyor.parts import (
    SHOWN_HEIGHT,
    SHOWN_WIDTH,
    Part,
    lay_picture,
)
from inspection.conveyor.tally import Answer, Tally
from inspection.errors import DataInvalid, PictureTooLarge
from inspection.images import decode
from inspection.types import U8, Inspection, Picture, VerdictKind
from tests import conveying
from tests.conveying import Listed, Marker, keep_nothing, make_part, run_line, wait_until
from tests.ui.fakes import NOTHING, UNSURE, FakeInspector, code_of

lines, plain_belt = conveying.lines, conveying.plain_belt  # fixtures


def test_a_speed_has_two_units_and_one_budget() -> None:
    pace = Pace.of_parts(60)
    assert pace.metres_per_s == PITCH_M and pace.budget_ms == 1000
    assert Pace(pace.metres_per_s * 2).parts_per_min == pytest.approx(120)
    assert pace.px_per_s == 640  # a field of the camera a second


def test_pieces_lie_side_by_side_and_cover_the_strip() -> None:
    marks = [np.full((SHOWN_HEIGHT, SHOWN_WIDTH, 3), 10 * number, np.uint8) for number in range(1, 5)]
    places = [(left_edge(number, 1000.0), marks[number - 1]) for number in range(1, 5)]
    strip = compose(places, 1000.0)
    assert strip.shape == (SHOWN_HEIGHT, STRIP_WIDTH, 3)
    assert [int(value) for value in strip[0, [0, 39, 40, 519, 520, 959], 0]] == [30, 30, 20, 20, 10, 10]


def test_bare_belt_where_no_piece_lies() -> None:
    assert np.all(compose([], 123.0) == 60)


def test_a_picture_of_any_shape_is_laid_whole() -> None:
    ground = np.zeros((SHOWN_HEIGHT, SHOWN_WIDTH, 3), np.uint8)
    for height, width in ((200, 200), (1000, 50), (30, 900)):
        shown, scale, (left, top) = lay_picture(np.full((height, width, 3), 255, np.uint8), ground)
        rows, columns = np.nonzero(shown[..., 0])
        assert (rows.min(), columns.min()) == (top, left)
        assert rows.max() - rows.min() + 1 == pytest.approx(height * scale, abs=1)
        assert columns.max() - columns.min() + 1 == pytest.approx(width * scale, abs=1)
    assert not ground.any()


def test_each_part_is_judged_once_and_marked(lines: list[Conveyor]) -> None:
    parts = [
        make_part("a", code_of("flawless"), "flawless"),
        make_part("b", code_of("cracked"), "cracked"),
        make_part("c", UNSURE, "stained"),
        make_part("d", NOTHING, None),
    ]
    source, judge, marker = Listed(*parts), FakeInspector(), Marker()
    conveyor = run_line(lines, source, judge=judge, marker=marker)
    wait_until(lambda: len(marker.marked) == 4)
    assert judge.seen == ["a", "b", "c", "d"]
    assert [words for _, words in marker.marked] == [
        "PASS: flawless, 97 %",
        "REJECT: cracked, 97 %",
        "REVIEW: flawless, 55 %",
        "NO PART",
    ]
    snapshot = conveyor.read()
    assert snapshot.judged == snapshot.seen == 4
    assert snapshot.share(VerdictKind.REJECT) == 0.25
    assert [event.name for event in snapshot.rejects] == ["b"] and snapshot.rejects[0].truth == "cracked"
    assert [event.name for event in snapshot.reviews] == ["c"]
    assert (snapshot.truths.good, snapshot.truths.defective, snapshot.truths.defective_passed) == (1, 2, 0)
    conveyor.stop()
    assert conveyor.state is State.STOPPED and source.closed == source.opened == 1


def test_frames_move_and_carry_the_mark(lines: list[Conveyor]) -> None:
    marker = Marker()
    conveyor = run_line(lines, Listed(make_part("a", 0)), marker=marker, metres_per_s=0.5)
    seen: dict[int, U8] = {}
    while len(marker.marked) < 1 or len(seen) < 10:
        number, jpeg = conveyor.frames.read()
        if number:
            seen[number] = np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), np.uint8)
        time.sleep(0.01)
    assert all(frame.shape == (SHOWN_HEIGHT, STRIP_WIDTH, 3) and frame.mean() > 40 for frame in seen.values())
    wait_until(lambda: cv2.imdecode(np.frombuffer(conveyor.frames.read()[1], np.uint8), 1).max() > 240)


def test_a_refused_picture_is_counted_and_said(lines: list[Conveyor]) -> None:
    broken = Part("broken.png", b"nothing", make_part("", 0).shown, 1.0, (0.0, 0.0))
    marker = Marker()
    conveyor = run_line(lines, Listed(broken), marker=marker)
    wait_until(lambda: marker.marked)
    snapshot = conveyor.read()
    assert marker.marked == [("broken.png", "REFUSED")]
    assert snapshot.refused == 1 and "broken.png" in (snapshot.last_refusal or "")


def test_a_picture_that_its_source_could_not_read_is_refused_too(lines: list[Conveyor]) -> None:
    why = PictureTooLarge("large.png: expected at most 20 bytes, got 50.")
    large = replace(make_part("large.png", 0), shot=b"", refused=why)
    conveyor = run_line(lines, Listed(large), marker=Marker())
    wait_until(lambda: conveyor.read().refused == 1)
    assert conveyor.read().last_refusal == str(why)


class Slow(FakeInspector):
    def inspect(self, picture: Picture, *, explained: bool = True, target: str | None = None) -> Inspection:
        time.sleep(0.7)
        return super().inspect(picture)


def test_parts_that_the_model_has_no_time_for_are_missed(lines: list[Conveyor]) -> None:
    marker = Marker()
    parts = [make_part(str(number), 0) for number in range(8)]
    conveyor = run_line(lines, Listed(*parts), judge=Slow(), marker=marker)
    wait_until(lambda: conveyor.read().seen == 8)
    snapshot = conveyor.read()
    assert snapshot.missed > 0 and snapshot.missed + snapshot.judged == 8
    assert sum(words == "MISSED" for _, words in marker.marked) == snapshot.missed
    assert snapshot.late > 0


def test_the_speed_is_turned_while_it_runs(lines: list[Conveyor]) -> None:
    marker = Marker()
    conveyor = run_line(lines, Listed(make_part("a", 0)), marker=marker, metres_per_s=0.05)
    time.sleep(0.3)
    assert marker.marked == []  # at this speed the camera is twelve seconds away
    conveyor.pace = Pace(2.0)
    wait_until(lambda: marker.marked, timeout_s=8)


def test_a_line_that_nobody_watches_stops(lines: list[Conveyor]) -> None:
    conveyor = run_line(lines, Listed(), patience_s=0.3)
    wait_until(lambda: conveyor.state is not State.RUNNING)
    wait_until(lambda: not conveyor.alive)
    assert conveyor.state is State.UNWATCHED
    assert find_frames(conveyor.frames.token) is None


def test_a_watched_line_goes_on(lines: list[Conveyor]) -> None:
    conveyor = run_line(lines, Listed(), patience_s=0.5)
    for _ in range(20):
        conveyor.frames.watch()
        time.sleep(0.05)
    assert conveyor.state is State.RUNNING


class Broken(FakeInspector):
    def inspect(self, picture: Picture, *, explained: bool = True, target: str | None = None) -> Inspection:
        raise ZeroDivisionError


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_fault_ends_all_threads(lines: list[Conveyor]) -> None:
    conveyor = run_line(lines, Listed(make_part("a", 0)), judge=Broken())
    wait_until(lambda: not conveyor.alive)
    assert conveyor.state is State.FAILED


class Barred(Listed):
    def take(self) -> Part | None:
        raise DataInvalid("Expected a folder that may be read. Give the rights back.")


def test_what_ends_a_line_and_can_be_mended_is_told(lines: list[Conveyor]) -> None:
    conveyor = run_line(lines, Barred())
    wait_until(lambda: not conveyor.alive)
    assert (
        conveyor.state is State.FAILED and conveyor.why is not None and "Give the rights back" in conveyor.why
    )


def test_a_stopped_line_leaves_no_thread() -> None:
    before = threading.active_count()
    keeper = Keeper(keep_nothing)
    conveyor = Conveyor(
        FakeInspector(), Listed(), pace=Pace(1), mark=Marker(), owner="me", keeper=keeper
    ).start()
    assert threading.active_count() == before + 4
    conveyor.stop()
    assert threading.active_count() == before


def test_frames_are_found_by_their_token_only() -> None:
    frames, other = open_frames(), open_frames()
    assert frames.token != other.token and len(frames.token) >= 43
    assert find_frames(frames.token) is frames
    assert find_frames("") is None and find_frames(frames.token[:-1]) is None
    frames.publish(b"one")
    assert frames.read() == (1, b"one")
    frames.close()
    assert find_frames(frames.token) is None and frames.closed


def test_answers_are_bounded_and_late_ones_counted() -> None:
    tally = Tally("flawless")
    inspector = FakeInspector()
    part = make_part("a", code_of("cracked"))
    inspection = inspector.inspect(decode(part.shot, name="a"))
    for number in range(500):
        tally.count(part, inspection, Answer(number, 0.0, 50.0 + number, 10.0, budget_ms=100.0))
    snapshot = tally.read()
    assert snapshot.judged == 500 and snapshot.late == 449
    assert len(snapshot.answers) == 400 and len(snapshot.rejects) == 8
    assert snapshot.percentile_ms(50) == pytest.approx(50 + 299.5)
    assert Tally(None).read().percentile_ms(50) is None
