"""What check-data found, with the pictures it speaks of, and what to do."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from inspection.jobs.job import Job
from inspection.jobs.pictures import DataSet
from inspection.ui.evaluations import get_thumbnail
from inspection.ui.job_deeds import get_desk
from inspection.ui.train_actions import start_check
from inspection.ui.train_data import get_stamp, name_below
from inspection.ui.train_live import follow, show_ended
from inspection.ui.widgets import escape_markdown

SEVERITIES = {
    "stop": (":material/report:", "settle this first"),
    "warn": (":material/warning:", "weakens the figures"),
    "note": (":material/info:", "good to know"),
}
_SECOND_IS_WORDS = ("unreadable", "odd sizes", "missing class")  # of an example: a file, then why


def find_check(chosen: DataSet) -> Job | None:
    """The newest check of this folder."""
    own = (job for job in get_desk().list_jobs() if job.asked.kind == "check")
    return next((job for job in own if job.asked.arguments["data"] == chosen.name), None)


def show_check(chosen: DataSet) -> bool | None:
    """Whether the pictures are sound; None where that is not known."""
    job = find_check(chosen)
    report = {} if job is None else job.read_result()
    fresh = bool(report) and report["stamp"] == get_stamp(str(chosen.path))
    if job is not None and job.active:
        follow(job.id)
        return None
    if report and not fresh:
        st.info("The pictures have changed since they were checked.", icon=":material/update:")
    elif job is not None and not report:
        show_ended(job)
    elif job is None:
        st.caption(
            "Looks for byte copies, near copies (also turned, mirrored, brightened), the same part under two labels, "
            "thin classes and files that cannot be read: what makes a model look better than it is."
        )
    if fresh:
        show_report(report, chosen.path)
    if st.button(
        "Check again" if fresh else "Check the pictures",
        icon=":material/fact_check:",
        type="secondary" if fresh else "primary",
        key="train.check",
    ):
        get_stamp.clear()
        start_check(chosen.name)
        st.rerun()
    return bool(report["sound"]) if fresh else None


def show_report(report: Mapping[str, Any], folder: Path) -> None:
    concerns: Sequence[Mapping[str, Any]] = report["concerns"]
    show_judgement(report)
    with st.grid(4, min_column_width=130, gap="small"):
        st.metric("Pictures", f"{report['pictures']:,}", border=True)
        st.metric(
            "Originals",
            f"{sum(report['originals'].values()):,}",
            border=True,
            help="Copies and near copies counted once.",
        )
        st.metric("Classes", f"{len(report['originals'])}", border=True)
        st.metric("Findings", f"{len(concerns)}", border=True)
    for number, concern in enumerate(concerns):
        show_concern(concern, folder, key=f"{number}.{concern['kind']}")


def show_judgement(report: Mapping[str, Any]) -> None:
    if not report["concerns"]:
        st.success("Nothing to object to.", title="Sound", icon=":material/check_circle:")
    elif report["sound"]:
        st.warning(
            "Usable, with the reservations below.",
            title="Sound, with reservations",
            icon=":material/warning:",
        )
    else:
        st.error(
            "Figures measured on these pictures would be wrong. Settle what is marked “settle this first”, then check "
            "again.",
            title="Not usable as it is",
            icon=":material/report:",
        )


def show_concern(concern: Mapping[str, Any], folder: Path, *, key: str) -> None:
    icon, meaning = SEVERITIES[concern["severity"]]
    title = f"{escape_markdown(concern['title'])} · {meaning}"
    opened = concern["severity"] == "stop"
    expander = st.expander(title, expanded=opened, icon=icon, key=f"concern.{key}", on_change="rerun")
    if not expander.open:  # no picture is read for what nobody looks at
        return
    with expander:
        st.markdown(f"**What to do:** {escape_markdown(concern['advice'])}")
        for number, example in enumerate(concern["examples"]):
            show_example(example, concern["kind"], folder, key=f"{key}.{number}")
        left = concern["count"] - len(concern["examples"])
        if concern["examples"] and left > 0:
            st.caption(f"… and {left:,} more like these.")


def show_example(example: Sequence[str], kind: str, folder: Path, *, key: str) -> None:
    """The files of one case side by side; of a file with a reason, the reason beneath it."""
    files, words = (example[:1], example[1:]) if kind in _SECOND_IS_WORDS else (example, ())
    with st.container(horizontal=True, gap="small", border=True, key=f"case.{key}"):
        for file in files:
            with st.container(width=150, gap="xsmall"):
                show_file(file, folder)
        for each in words:
            st.markdown(escape_markdown(name_below(each, folder) if each.startswith("/") else each))


def show_file(file: str, folder: Path) -> None:
    name = name_below(file, folder)
    inside = Path(file).resolve().is_relative_to(folder.resolve())  # the report lies in a file
    thumbnail = get_thumbnail(file) if inside and Path(file).is_file() else None
    if thumbnail is not None:
        st.image(thumbnail, alt=f"Picture {name}", width="stretch")
    st.caption(escape_markdown(name))
