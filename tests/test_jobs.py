"""Jobs as real processes: what is told of them after they ended, died, were stopped, and while others wait."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from inspection.jobs import desk as desk_module
from inspection.jobs.desk import Desk
from inspection.jobs.job import Job, JobRefused, JobUnknown, read_job, write_standing
from inspection.jobs.processes import Process, identify, lives, signal_group
from tests.jobs_toy import open_toys


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = open_toys(tmp_path / "jobs")
    yield desk
    for job in desk.list_jobs():
        if job.standing.process is not None:
            signal_group(job.standing.process, signal.SIGKILL)
    for child in list(desk_module._children):
        child.wait(timeout=10)


def give(desk: Desk, what: str, kind: str = "toy") -> str:
    return desk.hand_in(kind, f"play with {what}", {"what": what}, by="a test").id


def wait(desk: Desk, job_id: str, until: Callable[[Job], bool] = lambda job: not job.active) -> Job:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        job = desk.find(job_id)
        if until(job):
            return job
        time.sleep(0.05)
    raise AssertionError(f"{job.state}: {job.tail_log()}")


def at_work(job: Job) -> bool:
    return job.read_progress() is not None


@pytest.mark.parametrize(
    ("what", "state", "message", "last"),
    [
        ("bricks", "finished", "", "played with bricks"),
        ("nonsense", "failed", "DataInvalid: Expected a toy", "Bring another."),
        ("bug", "crashed", "by a fault of ours", "RuntimeError: a fault of ours"),
        ("bomb", "crashed", "out of memory", "played with bomb"),
    ],
)
def test_what_became_of_a_job_is_told(desk: Desk, what: str, state: str, message: str, last: str) -> None:
    job = wait(desk, give(desk, what))
    assert job.state == state
    assert message in job.standing.message
    assert last in job.tail_log()[-1]
    assert job.read_result() == ({"what": what} if state == "finished" else {})
    progress = job.read_progress()
    assert progress is not None and (progress.phase, progress.share_0_1, progress.words) == (
        "Playing",
        0.5,
        what,
    )
    assert job.standing.started is not None and job.standing.ended is not None
    assert job.standing.ended >= job.standing.started >= job.asked.created


def test_one_heavy_job_at_a_time_and_light_ones_beside_it(desk: Desk) -> None:
    first, second, third = give(desk, "long"), give(desk, "bricks"), give(desk, "bricks")
    light = give(desk, "bricks", "light")
    assert [desk.find(each).state for each in (first, second, third)] == ["running", "waiting", "waiting"]
    assert wait(desk, light).state == "finished"
    assert [desk.find(each).state for each in (second, third)] == ["waiting", "waiting"]
    (desk.folder / first / "enough").touch()
    done = [wait(desk, each) for each in (first, second, third)]
    assert [job.state for job in done] == ["finished"] * 3
    starts = [job.standing.started or 0 for job in done]
    ends = [job.standing.ended or 0 for job in done]
    assert starts[1] >= ends[0] - 0.5 and starts[2] >= ends[1] - 0.5 and starts == sorted(starts)


def test_jobs_of_the_same_second_keep_their_order(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest check of a folder is the one that was handed in last, also right after the one before."""
    monkeypatch.setattr(Desk, "_start", lambda self, job: None)
    given = [give(desk, "bricks") for _ in range(8)]
    assert [job.id for job in desk.list_jobs()] == given[::-1]


def test_the_queue_goes_on_without_anybody_looking(desk: Desk) -> None:
    first, second = give(desk, "bricks"), give(desk, "bricks")
    deadline = time.monotonic() + 30
    while read_job(desk.folder / second).state != "finished" and time.monotonic() < deadline:
        time.sleep(0.05)  # read_job only reads: nothing here starts the second
    assert [read_job(desk.folder / each).state for each in (first, second)] == ["finished"] * 2


def test_cancelling_stops_all_that_the_job_started(desk: Desk) -> None:
    job_id = give(desk, "family")
    family = desk.folder / job_id / "grandchild"
    wait(desk, job_id, lambda job: family.exists() and family.read_text() != "")
    grandchild = identify(int(family.read_text()))
    assert grandchild is not None
    desk.cancel(job_id)
    job = wait(desk, job_id)
    assert job.state == "cancelled" and "Resume" in job.standing.message
    assert job.tail_log()[-1] == "Stopped."
    deadline = time.monotonic() + 5
    while lives(grandchild) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not lives(grandchild)


def test_one_that_does_not_stop_is_killed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = give(desk, "", "stubborn")
    wait(desk, job_id, lambda job: (job.folder / "deaf").exists())
    monkeypatch.setattr(desk_module, "GRACE_S", 0.3)
    desk.cancel(job_id)
    assert wait(desk, job_id).state == "cancelled"


def test_what_waits_is_cancelled_at_once_and_resumed_at_the_end(desk: Desk) -> None:
    first, second = give(desk, "long"), give(desk, "bricks")
    desk.cancel(second)
    assert desk.find(second).state == "cancelled"
    desk.resume(second)
    assert desk.find(second).state == "waiting"
    wait(desk, first, at_work)
    desk.cancel(first)
    assert wait(desk, second).state == "finished"
    desk.resume(first)
    job = wait(desk, first, at_work)
    assert job.standing.starts == 2
    (desk.folder / first / "enough").touch()
    assert wait(desk, first).state == "finished"
    assert sum("UTC, start" in line for line in desk.find(first).tail_log(50)) == 2  # the log goes on


def test_the_work_ends_with_its_supervisor_and_is_told_as_crashed(desk: Desk) -> None:
    job = wait(desk, give(desk, "long"), at_work)
    supervisor = job.standing.process
    assert supervisor is not None
    work = next(each for each in list_group(supervisor.pid) if each.pid != supervisor.pid)
    os.kill(supervisor.pid, signal.SIGKILL)
    found = wait(desk, job.id)
    assert found.state == "crashed" and "without a word" in found.standing.message
    deadline = time.monotonic() + 10
    while lives(work) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not lives(work)


def list_group(group: int) -> list[Process]:
    pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    found = [identify(pid) for pid in pids]
    return [each for each in found if each is not None and os.getpgid(each.pid) == group]


def test_a_recycled_pid_is_not_taken_for_the_job(desk: Desk) -> None:
    """A standing from before a restart names a pid that is now somebody else's: here, this very process."""
    job = wait(desk, give(desk, "bricks"))
    ours = identify(os.getpid())
    assert ours is not None
    for stranger in (
        replace(ours, started_ticks=ours.started_ticks - 1),
        replace(ours, boot="another boot"),
        Process(2**22 + 1, 1, ours.boot),
    ):
        write_standing(job.folder, replace(job.standing, state="running", process=stranger))
        assert desk.find(job.id).state == "crashed"
        signal_group(stranger, signal.SIGKILL)  # would end this test
    write_standing(job.folder, replace(job.standing, state="running", process=ours))
    assert desk.find(job.id).state == "running"
    write_standing(job.folder, job.standing)


def test_a_zombie_does_not_work() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        deadline = time.monotonic() + 10
        while identify(child.pid) is not None and time.monotonic() < deadline:
            time.sleep(0.01)
        assert identify(child.pid) is None and Path(f"/proc/{child.pid}").exists()


def test_a_queue_survives_a_restart(desk: Desk) -> None:
    """As after a power cut: one is said to run and does not, one waits; another desk over the same folder goes on."""
    running, waiting = give(desk, "long"), give(desk, "bricks")
    process = wait(desk, running, at_work).standing.process
    assert process is not None
    signal_group(process, signal.SIGKILL)
    time.sleep(0.1)
    again = open_toys(desk.folder)
    assert {job.id: job.state for job in again.list_jobs()}[running] == "crashed"
    assert wait(again, waiting).state == "finished"


def test_ids_come_from_addresses(desk: Desk) -> None:
    job_id = wait(desk, give(desk, "bricks")).id
    for wrong in ("", ".", "..", f"../jobs/{job_id}", "/etc", ".lock", job_id[:-1]):
        with pytest.raises(JobUnknown):
            desk.find(wrong)
        for deed in (desk.cancel, desk.resume, desk.remove):
            with pytest.raises(JobUnknown):
                deed(wrong)


def test_what_does_not_fit_the_state_is_refused(desk: Desk) -> None:
    running = give(desk, "long")
    done = wait(desk, give(desk, "bricks", "light")).id
    for deed, job_id in (
        (desk.cancel, done),
        (desk.resume, done),
        (desk.resume, running),
        (desk.remove, running),
    ):
        with pytest.raises(JobRefused):
            deed(job_id)
    desk.remove(done)
    assert [job.id for job in desk.list_jobs()] == [running]


def test_a_removal_that_is_killed_half_way_starts_nothing_anew(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = wait(desk, give(desk, "bricks"))

    def die_half_way(folder: Path) -> None:
        (folder / "state.json").unlink()
        raise KeyboardInterrupt

    with monkeypatch.context() as killed, pytest.raises(KeyboardInterrupt):
        killed.setattr(desk_module.shutil, "rmtree", die_half_way)
        desk.remove(job.id)
    assert desk.list_jobs() == ()
    second = wait(desk, give(desk, "bricks"))  # and what was left is gone by then
    assert sorted(path.name for path in desk.folder.iterdir()) == [".lock", second.id]


def test_a_job_that_is_removed_while_the_running_ones_are_listed_is_passed_over(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = give(desk, "long")
    folders = Desk._folders
    monkeypatch.setattr(Desk, "_folders", lambda self: [self.folder / "gone", *folders(self)])
    assert [job.id for job in desk.list_running()] == [running]


def test_what_fills_the_disk_can_be_stopped(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    job = give(desk, "long")
    wait(desk, job, at_work)

    def refuse(*_told: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as full:
        full.setattr(desk_module, "write_standing", refuse)
        desk.cancel(job)
    assert wait(desk, job).state == "cancelled"


def test_on_a_full_disk_jobs_are_told_and_removed_and_nothing_starts(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed, waiting = give(desk, "long"), give(desk, "bricks")
    wait(desk, killed, at_work)
    process = desk.find(killed).standing.process
    assert process is not None

    def refuse(*_told: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as full:
        full.setattr(desk_module, "write_standing", refuse)
        full.setattr(desk_module, "write_object", refuse)
        signal_group(process, signal.SIGKILL)
        assert wait(desk, killed).state == "crashed"
        assert desk.find(waiting).state == "waiting" and not desk.find(waiting).tail_log()
        for deed in (lambda: desk.cancel(waiting), lambda: give(desk, "bricks")):
            with pytest.raises(JobRefused, match="No space left.*Make room"):
                deed()
        desk.remove(killed)
        assert [job.id for job in desk.list_jobs()] == [waiting]
    assert wait(desk, waiting).state == "finished"


def test_states_are_never_half_written(desk: Desk) -> None:
    job = read_job(desk.folder / give(desk, "long"))
    for _ in range(30):
        told = json.loads((job.folder / "state.json").read_text())
        assert told["state"] == "running" and told["process"]["pid"] > 1
        write_standing(job.folder, job.standing)
