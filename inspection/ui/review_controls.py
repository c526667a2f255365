"""What is pressed at the desk. Every button has a key."""

import streamlit as st

from inspection.lines import Line
from inspection.ui.review_desk import Desk, Sheet, Stage
from inspection.ui.review_state import act
from inspection.ui.review_words import QUICK_REASONS, list_choices

_CONFIRM = {
    Stage.BLIND: ("Keep the answer, show the verdict", ":material/visibility:"),
    Stage.SHOWN: ("Confirm, next part", ":material/check:"),
    Stage.DONE: ("Next part", ":material/arrow_forward:"),
    Stage.AGAIN: ("Replace the old answer", ":material/history:"),
}


def show_choices(desk: Desk, sheet: Sheet, line: Line) -> None:
    with st.container(horizontal=True, gap="xsmall", key="review.choices"):
        for choice in list_choices(line):
            chosen = choice.answer == sheet.chosen
            st.button(
                choice.label,
                key=_key(sheet, "answer", choice.label),
                type="primary" if chosen else "secondary",
                icon=":material/check:" if chosen else None,
                shortcut=choice.key,
                on_click=act,
                args=(desk.choose, choice.answer),
            )


def show_reasons(desk: Desk, sheet: Sheet) -> None:
    if not sheet.needs_reason:
        return
    st.markdown("**Why?** Your answer differs from the model's or from your own before.")
    with st.container(horizontal=True, gap="xsmall"):
        for key, words in QUICK_REASONS:
            st.button(
                words,
                key=_key(sheet, "reason", key),
                type="primary" if sheet.reason == words else "secondary",
                shortcut=key,
                on_click=act,
                args=(_give_reason, sheet, words),
            )
    field = _key(sheet, "words")
    st.text_input(
        "Or in your own words",
        key=field,
        max_chars=500,
        on_change=lambda: act(_give_reason, sheet, st.session_state[field]),
    )


def show_moves(desk: Desk, sheet: Sheet) -> None:
    label, icon = _CONFIRM[sheet.stage]
    missing = sheet.stage is not Stage.DONE and (
        sheet.chosen is None or (sheet.needs_reason and not sheet.reason.strip())
    )
    st.button(
        label,
        # of this part and stage: a key pressed twice must not confirm what is not on the screen yet
        key=_key(sheet, "confirm"),
        type="primary",
        icon=icon,
        shortcut="Enter",
        disabled=missing,
        help=None
        if not missing
        else "Choose an answer first."
        if sheet.chosen is None
        else "Give a reason first.",
        width="stretch",
        on_click=act,
        args=(desk.confirm,),
    )
    first = not desk.trail or desk.trail[0] == sheet.record.id
    with st.container(horizontal=True, gap="xsmall"):
        why = "This is the first part of your sitting." if first else None
        _offer("Previous", "K", ":material/arrow_back:", desk.open_previous, sheet, why_not=why)
        onward = "Pass over" if sheet.stage is Stage.BLIND else "Next"
        _offer(onward, "J", ":material/arrow_forward:", desk.open_next, sheet)
        why = (
            "It is still open: choose another answer."
            if sheet.stage is Stage.SHOWN
            else None
            if desk.answered
            else "You have answered nothing yet in this sitting."
        )
        _offer("Undo", "U", ":material/history:", desk.undo, sheet, why_not=why)


def show_keys() -> None:
    st.caption(
        "Keys: 1–9 a class, N no part, 0 cannot tell, Enter keep, K and J previous and next, U undo, Z zoom, "
        "A S D F G a reason, Esc finish."
    )


def _offer(
    label: str, key: str, icon: str, deed: object, sheet: Sheet, *, why_not: str | None = None
) -> None:
    st.button(
        label,
        key=_key(sheet, label),
        icon=icon,
        shortcut=key,
        disabled=why_not is not None,
        help=why_not,
        on_click=act,
        args=(deed,),
    )


def _give_reason(sheet: Sheet, words: str) -> None:
    sheet.reason = words


def _key(sheet: Sheet, *parts: str) -> str:
    return ".".join(("review", str(sheet.record.id), sheet.stage.value, *parts))
