"""A job as it stands: followed live while it waits or runs, told with its last words when it has ended."""

import time
from collections.abc import Sequence
from datetime import datetime

import streamlit as st

from inspection.jobs.desk import Desk
from inspection.jobs.job import Job, JobState
from inspection.jobs.works import find_run
from inspection.learning.run_status import RunStatus, read_status
from inspection.ui import resources
from inspection.ui.charts_training import build_live_curves, find_best, read_epochs, say_curves
from inspection.ui.job_deeds import cancel, get_desk, remove, resume
from inspection.ui.widgets import escape_markdown
from inspection.wording import round_percent, say_number

EVERY_S = 1.0
STATES: dict[JobState, tuple[str, str]] = {
    "waiting": (":material/hourglass_empty:", "Waiting"),
    "running": (":material/play_circle:", "Running"),
    "finished": (":material/check_circle:", "Finished"),
    "failed": (":material/error:", "Failed"),
    "cancelled": (":material/stop_circle:", "Cancelled"),
    "crashed": (":material/dangerous:", "Crashed"),
}
_LOG_LINES = 8


def follow(job_id: str) -> None:
    """Drawn anew each second, alone; when the job ends, the whole page once."""
    st.fragment(draw_active, run_every=EVERY_S)(job_id)


def draw_active(job_id: str) -> None:
    job = get_desk().find(job_id)
    if not job.active:
        forget_caches()
        st.rerun()
    show_head(job)
    if job.state == "waiting":
        show_queue(job)
    else:
        show_running(job)
    stopping = job.standing.cancel_asked is not None
    if st.button(
        "Stopping …" if stopping else "Cancel",
        icon=":material/stop:",
        key=f"cancel.{job.id}",
        disabled=stopping,
        help="The job stops after the step it is at. A training can be resumed from its last finished epoch.",
    ):
        cancel(job.id)
        st.rerun(scope="fragment")


def forget_caches() -> None:
    """A job that ended may have brought a line or a model."""
    for cached in (resources.find_lines, resources.get_line, resources.get_card, resources.find_samples):
        cached.clear()


def show_head(job: Job) -> None:
    icon, word = STATES[job.state]
    st.markdown(f"{icon} **{word}** · {escape_markdown(job.asked.title)}")
    st.caption(escape_markdown(say_times(job)))


def say_times(job: Job) -> str:
    standing = job.standing
    parts = [f"{job.asked.by}, {datetime.fromtimestamp(job.asked.created):%d %b %H:%M}"]
    if standing.started is not None:
        took = (standing.ended or time.time()) - standing.started
        parts.append(f"{'took' if standing.ended else 'for'} {say_span(took)}")
    if standing.starts > 1:
        parts.append(f"started {standing.starts} times")
    return " · ".join(parts)


def say_span(seconds: float) -> str:
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"


def show_queue(job: Job) -> None:
    desk = get_desk()
    st.info(
        f"{say_turns(job, desk)}: {say_place(desk.list_ahead(job))}. You may close this page.",
        icon=":material/hourglass_empty:",
    )


def say_turns(job: Job, desk: Desk) -> str:
    kind = "long job" if desk.is_heavy(job) else "check"
    return f"One {kind} at a time" if desk.slots == 1 else f"{desk.slots} {kind}s at a time"


def say_place(ahead: Sequence[Job]) -> str:
    if not ahead:
        return "about to start"
    more = f" and {say_number(len(ahead) - 1, 'other')}" if len(ahead) > 1 else ""
    return f"behind {escape_markdown(ahead[0].asked.title)}{more}"


def show_running(job: Job) -> None:
    run, status = find_run(job), read_fresh_status(job)
    share, words = tell_progress(job, status)
    st.progress(share, words)
    if status is not None:
        rows = read_epochs(run)
        show_numbers(status, rows)
        if rows:
            curves = build_live_curves(rows, epochs=status.epochs)
            st.echarts_chart(curves, height=280, key=f"curves.{job.id}", alt=say_curves(rows))
        else:
            st.caption("The curves begin with the first finished epoch.")
    show_log(job)


def read_fresh_status(job: Job) -> RunStatus | None:
    """None before the training of this start of the job: what an earlier start left is no news."""
    run = find_run(job)
    status = None if run is None else read_status(run)
    return status if status is not None and status.started >= (job.standing.started or 0.0) else None


def tell_progress(job: Job, status: RunStatus | None) -> tuple[float, str]:
    """(share, words) of the part that is under way."""
    if status is None:
        progress = job.read_progress()
        if progress is None:
            return 0.0, "Starting …"
        words = f"{progress.phase}: {progress.words}" if progress.words else progress.phase
        return min(max(progress.share_0_1 or 0.0, 0.0), 1.0), escape_markdown(words)
    if status.state == "finished":
        return 1.0, "Trained. Calibrating INT8 and evaluating; this takes a minute or two …"
    if not status.epoch:
        return 0.0, "The first epoch begins …"
    done = status.epoch - 1 + status.step / max(status.steps, 1)
    return min(
        done / status.epochs, 1.0
    ), f"Epoch {status.epoch} of {status.epochs}, step {status.step} of {status.steps}"


def show_numbers(status: RunStatus, rows: list[dict[str, float]]) -> None:
    best, last = find_best(rows), rows[-1] if rows else None
    left = (
        None
        if status.seconds_left is None
        else max(0.0, status.seconds_left - (time.time() - status.heartbeat))
    )
    with st.grid(4, min_column_width=130, gap="small"):
        st.metric(
            "Time left", "–" if left is None else say_span(left), border=True, help="Of the training alone."
        )
        st.metric("Training loss", "–" if last is None else f"{last['train_loss']:.3f}", border=True)
        st.metric("Best validation", "–" if best is None else f"{round_percent(best, 1)}%", border=True)
        st.metric("Pictures a second", "–" if last is None else f"{last['pictures_per_s']:.0f}", border=True)


def show_log(job: Job, lines: int = _LOG_LINES) -> None:
    told = job.tail_log(lines)
    if told:
        with st.expander("Log, last lines", expanded=True, key=f"log.{job.id}"):
            st.code("\n".join(told), language=None, wrap_lines=True)


def show_ended(job: Job) -> None:
    """What became of it, and the way on."""
    show_head(job)
    if job.state == "finished":
        return
    message = escape_markdown(job.standing.message)
    if job.state == "cancelled":
        st.info(message or "Stopped before it began.", icon=":material/stop_circle:")
    else:
        word = "Crashed" if job.state == "crashed" else "Failed"
        st.error(message, title=word, icon=STATES[job.state][0])
    rows = read_epochs(find_run(job))
    if rows:
        st.caption(f"{say_curves(rows)}. Resuming goes on after epoch {rows[-1]['epoch']}.")
    show_log(job)
    with st.container(horizontal=True):
        if st.button("Resume", icon=":material/replay:", type="primary", key=f"resume.{job.id}"):
            resume(job.id)
            st.rerun()
        offer_removal(job)


def offer_removal(job: Job) -> None:
    if st.button(
        "Remove",
        icon=":material/delete:",
        key=f"remove.{job.id}",
        help="Deletes the run, its log and its checkpoints. What it installed stays.",
    ):
        remove(job.id)
        st.query_params.pop("job", None)
        st.rerun()
