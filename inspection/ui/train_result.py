"""A finished training: how good the model is, where to look closer, and the choice between the old and the new one."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

from inspection.jobs.job import Job
from inspection.learning.worth import say_doubt
from inspection.ui import inspectors, resources
from inspection.ui.charts_curves import build_learning
from inspection.ui.exhibits import show_chart
from inspection.ui.train_actions import find_staged, take_over
from inspection.ui.train_live import forget_caches, offer_removal, show_head, show_log
from inspection.ui.zoo import say_headline, tell_figures

if TYPE_CHECKING:
    from models.card import Card


def show_result(job: Job) -> None:
    show_head(job)
    result = job.read_result()
    if job.asked.kind == "check":
        st.caption("Its report stands under “Prepare and start”, below the data set.")
        offer_removal(job)
        return
    line, model, card = result["line"], result["model"], read_new_card(job, result)
    if card is None:
        st.warning("Its weights have been moved away since.", icon=":material/folder_off:")
    else:
        st.success(say_success(card, result), icon=":material/check_circle:")
        doubt = say_doubt(card.served_test)
        if doubt is not None:
            st.warning(doubt, icon=":material/priority_high:")
        show_figures(card.served_test)
        if not result["installed"]:
            show_choice(job, line, model, card)
        show_ways_on(line, model, installed=result["installed"])
        if card.curves:
            show_chart(
                build_learning(card.curves),
                name=f"{line}-{model}-learning",
                key=f"learning.{job.id}",
                alt="Loss and accuracy after each epoch of the training",
            )
    show_log(job)
    offer_removal(job)


def read_new_card(job: Job, result: Mapping[str, Any]) -> "Card | None":
    """Installed ones are read where they are; others where they wait."""
    from models.card import read_card

    if result["installed"]:
        return resources.get_card(result["line"], result["model"])
    path = find_staged(job).card
    return read_card(path) if path.is_file() else None


def say_success(card: "Card", result: Mapping[str, Any]) -> str:
    title = resources.model_titles().get(card.model, card.model)
    headline = f"{say_headline(card.served_test)}{say_interval(card.served_test)}"
    if "samples" in result:
        return f"Line {card.line} is ready with {title} as its champion: {headline} on its test pictures."
    if result["installed"]:
        return f"{title} is a rival of line {card.line} now: {headline} on the test pictures."
    return f"{title} is trained: {headline} on the test pictures. It is not in use yet."


def say_interval(figures: Mapping[str, Any]) -> str:
    """A hundred per cent of seventeen pictures is not a hundred per cent."""
    interval = figures.get("accuracy_interval")
    return (
        f" (95 %: {100 * interval['low']:.1f} to {100 * interval['high']:.1f} %)"
        if isinstance(interval, Mapping)
        else ""
    )


def show_figures(figures: Mapping[str, Any]) -> None:
    """Of the test pictures, which had no part in the training."""
    if not figures:
        return
    told = tell_figures(figures)
    with st.grid(4, min_column_width=150, gap="small"):
        for name, value in told.items():
            share, _, interval = value.partition(" (")
            st.metric(
                name.removesuffix(" (95 % interval)"),
                share,
                border=True,
                help=f"95 % interval: {interval.rstrip(')')}" if interval else None,
            )


def show_choice(job: Job, line: str, model: str, new: "Card") -> None:
    old = resources.get_sound_card(line, model)
    if old is not None and old.weights_sha256 == new.weights_sha256:
        st.info("This model runs the line now.", icon=":material/swap_horiz:")
        return
    st.subheader("The old one or the new one")
    if old is None:
        st.warning(
            "The card of the one in use is damaged or gone, so nothing can stand beside the new one.",
            icon=":material/broken_image:",
        )
    else:
        show_both(old, new)
    if st.button("Replace the one in use", icon=":material/swap_horiz:", key=f"replace.{job.id}"):
        take_over(job.id)
        forget_caches()
        inspectors.get_inspector.clear()
        st.rerun()


def show_both(old: "Card", new: "Card") -> None:
    rows = [{"": word, **tell_figures(card.served_test)} for word, card in (("In use", old), ("New", new))]
    st.dataframe(rows, hide_index=True, alt="The model in use beside the new one, on their test pictures")
    if find_split(old) != find_split(new):
        st.warning(
            "They were measured on different test pictures: the figures do not say which is better.",
            icon=":material/rule:",
        )


def find_split(card: "Card") -> object:
    split = card.data.get("split")
    return split.get("sha256") if isinstance(split, dict) else None


def show_ways_on(line: str, model: str, *, installed: bool) -> None:
    """Each page opens on this line and, where it is in use, this model."""
    if not installed:
        return
    with st.container(horizontal=True):
        for label, icon, page, keys in (
            (
                "Inspect with it",
                "center_focus_strong",
                "inspect",
                {"kept.line": line, f"kept.model.{line}": model},
            ),
            ("Metrics", "monitoring", "metrics", {"metrics.line": line, f"metrics.model.{line}": model}),
            ("Compare", "compare", "compare", {"compare.line": line}),
        ):
            if st.button(label, icon=f":material/{icon}:", key=f"way.{page}"):
                st.session_state.update(keys)
                st.switch_page(f"screens/{page}.py")
