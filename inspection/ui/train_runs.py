"""The runs: which one is looked at, and how each of them stands."""

from datetime import datetime

import streamlit as st

from inspection.jobs.job import Job
from inspection.ui.job_deeds import get_desk
from inspection.ui.links import tell_unknown
from inspection.ui.train_live import STATES, follow, say_span, show_ended
from inspection.ui.train_result import show_result

START, RUNS = "Prepare and start", "Runs"
_VIEW, _JOB = "train.view", "train.job"


def choose_view() -> str:
    """A link names a run: ?job=…; opening it turns to the runs."""
    asked = st.query_params.get("job")
    if asked is not None and asked != st.session_state.get("train.followed"):
        st.session_state["train.followed"] = asked
        st.session_state[_VIEW], st.session_state[_JOB] = RUNS, asked
    active = sum(job.active for job in get_desk().list_jobs())
    return str(
        st.segmented_control(
            "Step",
            (START, RUNS),
            format_func=lambda each: f"{each} ({active} active)" if each == RUNS and active else each,
            default=None if _VIEW in st.session_state else START,
            required=True,
            label_visibility="collapsed",
            key=_VIEW,
            persist_state="session",
        )
    )


def open_job(job_id: str) -> None:
    """On the next run, before the widgets are drawn."""
    st.query_params["job"] = job_id
    st.session_state.pop("train.followed", None)
    st.rerun()


def show_runs() -> None:
    jobs = {job.id: job for job in get_desk().list_jobs()}
    if not jobs:
        st.info(
            "Checks and trainings that you start appear here. They go on when this page, the browser or the server is "
            "closed.",
            title="Nothing has been started yet",
            icon=":material/model_training:",
        )
        return
    if st.session_state.get(_JOB) not in jobs:
        gone = st.session_state.pop(_JOB, None)
        tell_unknown({} if gone is None else {"run": str(gone)})
    chosen = st.selectbox(
        "Run", list(jobs), format_func=lambda each: label_job(jobs[each]), key=_JOB, persist_state="session"
    )
    st.query_params["job"] = st.session_state["train.followed"] = chosen
    job = jobs[chosen]
    if job.active:
        follow(job.id)
    elif job.state == "finished":
        show_result(job)
    else:
        show_ended(job)
    if len(jobs) > 1:
        with st.expander(f"All {len(jobs)} runs", key="train.all"):
            st.dataframe(
                [tabulate_job(each) for each in jobs.values()],
                hide_index=True,
                alt="Every run, the newest first",
            )


def label_job(job: Job) -> str:
    """Without its state: Streamlit keeps the words of a chosen option while the state moves on."""
    return f"{job.asked.title} · {datetime.fromtimestamp(job.asked.created):%d %b %H:%M:%S}"


def tabulate_job(job: Job) -> dict[str, str]:
    standing = job.standing
    took = standing.ended - standing.started if standing.ended and standing.started else None
    return {
        "State": STATES[job.state][1],
        "What": job.asked.title,
        "By": job.asked.by,
        "Started": f"{datetime.fromtimestamp(standing.started):%Y-%m-%d %H:%M}" if standing.started else "",
        "Took": "" if took is None else say_span(took),
        "Message": standing.message,
    }
