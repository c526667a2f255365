"""The desk where jobs are handed in, started one after another, stopped and taken up again.

Whoever looks brings the books up to date: a tab, the end of another job, a server that was started again. All of them
do so under one lock, so that two never start the same job.
"""

import fcntl
import logging
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from inspection.config import Settings, build_environment, read_count
from inspection.jobs.job import (
    ASKED,
    LOG,
    OUTCOME,
    PROGRESS,
    RESUMABLE,
    Asked,
    Job,
    JobRefused,
    JobState,
    JobUnknown,
    Standing,
    has_gone,
    read_job,
    write_object,
    write_standing,
)
from inspection.jobs.processes import identify, signal_group

COMMAND = (sys.executable, "-m", "inspection.jobs")
HEAVY = ("train", "new-line", "fine-tune")  # those wait for one another; short ones run beside them
GRACE_S = 20.0  # between being asked to stop and being killed: time to finish a step and say so
_log = logging.getLogger("assay.jobs")
_children: list["subprocess.Popen[bytes]"] = []  # kept until they have ended, so that they are collected


@dataclass(frozen=True, slots=True)
class Desk:
    folder: Path
    command: tuple[str, ...] = COMMAND  # of the process that supervises a job
    heavy: tuple[str, ...] = HEAVY
    slots: int = 1  # of each weight

    def hand_in(self, kind: str, title: str, arguments: Mapping[str, Any], *, by: str) -> Job:
        stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
        asked = Asked(
            f"{stamp}-{secrets.token_hex(3)}", kind, title, dict(arguments), by=by, created=time.time()
        )
        with self._locked():
            folder = self.folder / asked.id
            self._sweep()
            partial = self.folder / f".{asked.id}"
            partial.mkdir(parents=True)
            write_object(partial / ASKED, asdict(asked))
            write_standing(partial, Standing(queued=asked.created))
            partial.rename(folder)  # readers see all of it or nothing
            self._start_waiting()
        return read_job(folder)

    def list_jobs(self) -> tuple[Job, ...]:
        """The newest first, as they stand now."""
        with self._locked():
            self._settle()
            self._start_waiting()
            return tuple(reversed(self._read_all()))

    def list_running(self) -> tuple[Job, ...]:
        """As they stand written down: nothing is settled or started, so that whoever only wants to know waits for nobody."""
        if not self.folder.is_dir():
            return ()
        running = []
        for path in self._folders():
            with suppress(JobUnknown):  # removed since it was listed: nobody is kept from it here
                running.append(read_job(path))
        return tuple(job for job in running if job.state == "running" and not has_gone(job.standing))

    def list_ahead(self, job: Job) -> tuple[Job, ...]:
        """Whom a waiting job waits for, the first to have its turn first: only those of its weight take turns with it."""
        ahead = [
            each
            for each in self.list_jobs()
            if each.active
            and self.is_heavy(each) == self.is_heavy(job)
            and (each.state == "running" or each.standing.queued < job.standing.queued)
        ]
        return tuple(sorted(ahead, key=lambda each: (each.state != "running", each.standing.queued)))

    def is_heavy(self, job: Job) -> bool:
        return job.asked.kind in self.heavy

    def find(self, job_id: str) -> Job:
        for job in self.list_jobs():  # membership, not a path made of the id: it may come from an address
            if job.id == job_id:
                return job
        raise JobUnknown(f"Expected one of the jobs here, got {job_id!r}. It may have been removed.")

    def cancel(self, job_id: str) -> None:
        """What waits is not started; what runs is asked to stop, with all it started, and killed if it does not."""
        with self._locked():
            job = self._read(job_id)
            if job.state == "waiting":
                write_standing(job.folder, replace(job.standing, state="cancelled", ended=time.time()))
            elif job.state == "running" and job.standing.process is not None:
                try:
                    write_standing(job.folder, replace(job.standing, cancel_asked=time.time()))
                except OSError as error:
                    # the disk that it fills, perhaps: it must stop all the same
                    _log.warning("That %s is to stop could not be written down: %s", job.id, error)
                signal_group(job.standing.process, signal.SIGTERM)
            else:
                raise JobRefused(f"Expected a job that waits or runs, got one that is {job.state}.")

    def resume(self, job_id: str) -> None:
        """At the end of the queue; a training goes on after its last finished epoch."""
        with self._locked():
            self._settle()
            job = self._read(job_id)
            if job.state not in RESUMABLE:
                raise JobRefused(f"Expected a job that was stopped or failed, got one that is {job.state}.")
            for left in (OUTCOME, PROGRESS):
                (job.folder / left).unlink(missing_ok=True)
            write_standing(job.folder, Standing(queued=time.time(), starts=job.standing.starts))
            self._start_waiting()

    def remove(self, job_id: str) -> None:
        """With its log, its checkpoints and whatever it did not install."""
        with self._locked():
            self._settle()
            job = self._read(job_id)
            if job.active:
                raise JobRefused("Expected a job that has ended. Stop it first.")
            self._sweep()
            # At once no job any more: killed half way, it would be one that nobody has started yet, and would run again.
            gone = self.folder / f".{job.id}"
            job.folder.rename(gone)
            shutil.rmtree(gone)

    def claim(self, job_id: str) -> Job | None:
        """For the supervising process: its own job, or None where it is not meant to run it."""
        with self._locked():
            job = self._read(job_id)
            ours = identify(os.getpid())
            if job.state == "waiting":  # whoever started us died before it could say so
                self._write_running(job, os.getpid())
                return self._read(job_id)
            return job if job.state == "running" and job.standing.process == ours else None

    def close(self, job_id: str, standing: Standing) -> None:
        """The supervising process's last word; the next in the queue begins."""
        with self._locked():
            write_standing(self._read(job_id).folder, replace(standing, ended=time.time()))
            self._start_waiting()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with (self.folder / ".lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        except OSError as error:
            raise JobRefused(
                f"Expected to write into the folder of the jobs, got: {error.strerror}. Make room on its disk, by "
                "removing old runs for instance, or give this user the right to write."
            ) from error

    def _read(self, job_id: str) -> Job:
        if job_id not in (path.name for path in self._folders()):
            raise JobUnknown(f"Expected one of the jobs here, got {job_id!r}. It may have been removed.")
        return tell_gone(read_job(self.folder / job_id))

    def _read_all(self) -> list[Job]:
        """In the order in which they were handed in. The names of the folders tell it to the second only."""
        jobs = (tell_gone(read_job(path)) for path in self._folders())
        return sorted(jobs, key=lambda job: job.asked.created)

    def _folders(self) -> list[Path]:
        return [path for path in self.folder.iterdir() if (path / ASKED).is_file() and path.name[0] != "."]

    def _sweep(self) -> None:
        """What a killed process had begun to hand in, or to remove: under the lock nobody else is at it."""
        for path in self.folder.glob(".*-*"):
            shutil.rmtree(path, ignore_errors=True)

    def _settle(self) -> None:
        """Write down which jobs have died, and kill those that were asked to stop and did not."""
        for path in self._folders():
            job = read_job(path)
            told, asked = tell_gone(job), job.standing.cancel_asked
            if told is not job:
                try:
                    write_standing(path, told.standing)
                except OSError as error:
                    # the disk that it filled, perhaps: it must be told, and removed, all the same
                    _log.warning("How %s ended could not be written down: %s", job.id, error)
            elif job.state == "running" and asked is not None and time.time() - asked > GRACE_S:
                assert job.standing.process is not None
                signal_group(job.standing.process, signal.SIGKILL)

    def _start_waiting(self) -> None:
        collect_ended()
        jobs = self._read_all()
        for weight in (True, False):
            own = [job for job in jobs if self.is_heavy(job) == weight]
            free = self.slots - sum(job.state == "running" for job in own)
            waiting = sorted(
                (job for job in own if job.state == "waiting"), key=lambda job: job.standing.queued
            )
            for job in waiting[: max(0, free)]:
                try:
                    self._start(job)
                except OSError as error:
                    # no room for its log: it goes on waiting, and whoever looks next tries again
                    _log.warning("%s could not be started: %s", job.id, error)

    def _start(self, job: Job) -> None:
        # where there is no room it fails here, and nothing was started
        write_standing(job.folder, job.standing)
        with (job.folder / LOG).open("ab") as log:
            child = subprocess.Popen(
                [*self.command, "supervise", str(self.folder), job.id],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # it outlives the server, and leads the group that is stopped
                env=build_environment(),
            )
        _children.append(child)
        self._write_running(job, child.pid)

    def _write_running(self, job: Job, pid: int) -> None:
        running = Standing(
            "running",
            queued=job.standing.queued,
            process=identify(pid),
            started=time.time(),
            starts=job.standing.starts + 1,
        )
        write_standing(job.folder, running)


def tell_gone(job: Job) -> Job:
    """A job whose process has gone without a word is told as crashed, or as cancelled where that was asked."""
    standing = job.standing
    if not has_gone(standing):
        return job
    asked = standing.cancel_asked is not None
    message = "" if asked else "The process ended without a word: killed, out of memory or a power cut."
    state: JobState = "cancelled" if asked else "crashed"
    return replace(job, standing=replace(standing, state=state, ended=time.time(), message=message))


def collect_ended() -> None:
    for child in [child for child in _children if child.poll() is not None]:
        _children.remove(child)


def open_desk(settings: Settings) -> Desk:
    return desk_at(settings.var_dir.resolve() / "jobs")


def desk_at(folder: Path) -> Desk:
    """ASSAY_JOBS: how many heavy jobs may run at once; on a few cores two take longer than one after the other."""
    return Desk(folder, slots=read_count("ASSAY_JOBS", 1))
