"""The upper part of the Improve page: who runs the line, what people said, and teaching a challenger with it."""

import streamlit as st

from inspection.config import load_settings
from inspection.jobs.job import Job
from inspection.jobs.pictures import list_sets
from inspection.learning.challenge import Challenge
from inspection.learning.lesson import LEAST_TAUGHT
from inspection.lines import Line
from inspection.records.labels import Labels
from inspection.ui import resources
from inspection.ui.damaged_cards import tell_damaged
from inspection.ui.exhibits import UNDEFINED
from inspection.ui.improve_actions import (
    list_fine_tunings,
    may,
    start_fine_tuning,
)
from inspection.ui.improve_tables import say_agreement, tabulate_labels
from inspection.ui.job_deeds import cancel, get_desk, resume
from inspection.ui.judge_choice import say_stale
from inspection.ui.links import take_link, tell_unknown
from inspection.ui.measured_choice import turn_to_line
from inspection.ui.roles import Role
from inspection.ui.widgets import escape_markdown

NONE = ""
_MOST_EPOCHS = 40


def follow_link() -> None:
    """?line=…"""
    asked = take_link("improve")
    unknown = {name: value for name, value in asked.items() if name != "line"}
    turn_to_line("improve", asked, unknown)
    tell_unknown(unknown)


def choose_line() -> Line:
    name = st.selectbox(
        "Line",
        resources.line_names(),
        format_func=lambda name: resources.get_line(name).title,
        key="improve.line",
        persist_state="session",
        width=260,
    )
    return resources.get_line(name)


def show_champion(line: Line) -> None:
    champion = resources.get_champion(line.name)
    card = resources.get_card(line.name, champion.model)
    title = escape_markdown(resources.model_titles().get(champion.model, champion.model))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":material/military_tech: **{title}** runs this line")
        if champion.record_id is None:
            st.badge("as shipped", color="gray")
        else:
            st.badge(f"since record {champion.record_id}", icon=":material/verified:", color="green")
        if card is not None:
            st.caption(f"weights {card.weights_sha256[:12]}")
    stale = say_stale(line.name)
    if stale is not None:
        st.warning(stale, icon=":material/cloud_off:")


def show_labels(line: Line, labels: Labels, taught: Challenge | None) -> None:
    """taught: the newest challenger, which knows the answers up to its own last one."""
    st.header("1 · What people said", divider="gray")
    since = 0 if taught is None else taught.last_answer
    if not labels.held and not labels.left_out:
        st.info(
            "Nobody has confirmed or corrected a part of this line yet. Answers from the review queue and corrections "
            "on the Records page appear here.",
            title="No answers yet",
            icon=":material/rate_review:",
        )
        return
    new = labels.since(since)
    with st.grid(4, min_column_width=150, gap="small"):
        st.metric("Answered parts", len(labels.held), border=True)
        st.metric(
            "New",
            len(new),
            border=True,
            help="Answered since the last fine-tuning: no challenger knows them yet.",
        )
        right = sum(label.agrees for label in labels.held)
        st.metric("Model right", f"{right} of {len(labels.held)}", border=True)
        st.metric(
            "Left out",
            len(labels.left_out),
            border=True,
            help="People disagree, no class was named, or the model had found no part to cut out.",
        )
    st.caption(
        f"The model had said the same on {say_agreement(labels.held)}, 95 % interval. The queue asks about doubtful parts "
        "first, so this is no rate of the line."
    )
    st.dataframe(
        tabulate_labels(labels, line.classes, since=since),
        hide_index=True,
        height="content",
        placeholder=UNDEFINED,
        column_config={"Agreement": st.column_config.NumberColumn(format="percent")},
        alt="Answered parts of each class, how many are new, and how often the model had said the same",
    )
    if labels.left_out:
        with st.expander(f"{len(labels.left_out)} left out, and why", key="improve.left-out"):
            st.dataframe(
                [
                    {
                        "Picture": each.picture_sha256[:16],
                        "Why": each.reason,
                        "Records": ", ".join(map(str, each.answers)),
                    }
                    for each in labels.left_out
                ],
                hide_index=True,
                alt="Pictures that teach nothing, with the reason and the records",
            )


def show_teaching(line: Line, labels: Labels) -> None:
    st.header("2 · Teach a challenger", divider="gray")
    jobs = list_fine_tunings(line.name)
    active = next((job for job in jobs if job.active), None)
    if active is not None:
        st.fragment(follow, run_every=1.0)(active.id)
        return
    if jobs and jobs[0].state != "finished":
        show_ended(jobs[0])
    if not may((Role.ENGINEER,)):
        st.caption("An engineer starts it.")
        return
    tell_damaged(line)
    sets = [each.name for each in list_sets(load_settings())]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        model = st.selectbox(
            "Start from",
            [name for name in line.models if resources.get_sound_card(line.name, name)] or [line.champion],
            format_func=lambda name: resources.model_titles().get(name, name),
            key=f"improve.model.{line.name}",
            width=260,
        )
        data = st.selectbox(
            "Original pictures",
            [*sets, NONE],
            index=sets.index(line.name) if line.name in sets else len(sets),
            format_func=lambda name: name or "not at hand",
            key=f"improve.data.{line.name}",
            width=260,
            help="Some of them are replayed, so that the challenger does not forget, and their test side judges.",
        )
        epochs = st.number_input(
            "Epochs", min_value=1, max_value=_MOST_EPOCHS, value=6, key="improve.epochs", width=140
        )
        pressed = st.button(
            "Fine-tune",
            type="primary",
            icon=":material/school:",
            key="improve.start",
            disabled=len(labels.held) < LEAST_TAUGHT,
            help=f"Takes at least {LEAST_TAUGHT} answered parts.",
        )
    if len(labels.held) < LEAST_TAUGHT:
        st.caption(
            f":material/info: It takes at least {LEAST_TAUGHT} answered parts, there {say_count(len(labels.held))}: "
            "answer more in the review queue."
        )
    if data == NONE:
        st.warning(
            "Without the original pictures nothing is replayed: the challenger may forget what it knew, and a share of "
            "the corrected parts must judge it.",
            icon=":material/psychology_alt:",
        )
    if pressed:
        start_fine_tuning(line, model, data=data, epochs=int(epochs))
        st.rerun()


def say_count(count: int) -> str:
    return "is one" if count == 1 else f"are {count or 'none'}"


def follow(job_id: str) -> None:
    """Drawn anew each second, alone; when the job ends, the whole page once."""
    job = get_desk().find(job_id)
    if not job.active:
        st.rerun()
    told = job.read_progress()
    words = "Waiting for another job to end …" if job.state == "waiting" else "Starting …"
    if told is not None:
        words = f"{told.phase}: {told.words}" if told.words else told.phase
    st.progress(min(max((told.share_0_1 if told else None) or 0.0, 0.0), 1.0), escape_markdown(words))
    st.caption("You may close this page: it goes on, and takes turns with the trainings of the Train page.")
    if may((Role.ENGINEER,)) and st.button("Cancel", icon=":material/stop:", key=f"improve.cancel.{job.id}"):
        cancel(job.id)
        st.rerun(scope="fragment")


def show_ended(job: Job) -> None:
    word = {"cancelled": "was cancelled", "crashed": "crashed"}.get(job.state, "could not be done")
    st.error(
        escape_markdown(job.standing.message), title=f"The last fine-tuning {word}", icon=":material/error:"
    )
    if may((Role.ENGINEER,)) and st.button(
        "Take it up again", icon=":material/replay:", key="improve.resume"
    ):
        resume(job.id)
        st.rerun()
