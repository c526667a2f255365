"""What is pressed at the desk. Every button has a key."""

import streamlit as st

from inspection.lines import Line
from inspection.ui.review_desk import Desk
from inspection.ui.review_sheet import Sheet, Stage
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


def show_moves(desk: Desk, sheet: Sheet, *, lost: bool = False) -> None:
    """lost: the part cannot be shown, so nothing is said of it."""
    label, icon = _CONFIRM[sheet.stage]
    missing = _find_missing(sheet, lost=lost)
    st.button(
        label,
        # of this part and stage: a key pressed twice must not confirm what is not on the screen yet
        key=_key(sheet, "confirm"),
        type="primary",
        icon=icon,
        shortcut="Enter",
        disabled=missing is not None,
        help=missing,
        width="stretch",
        on_click=act,
        args=(desk.confirm,),
    )
    first = not desk.trail or desk.trail[0] == sheet.record.id
    with st.container(horizontal=True, gap="xsmall"):
        why = "This is the first part of your sitting." if first else None
        _offer("Previous", "K", ":material/arrow_back:", desk.open_previous, sheet, why_not=why)
        _offer_onward(desk, sheet, lost=lost)
        why = (
            "It is still open: choose another answer."
            if sheet.stage is Stage.SHOWN
            else None
            if desk.answered
            else "You have answered nothing yet in this sitting."
        )
        _offer("Undo", "U", ":material/history:", desk.undo, sheet, why_not=why)


def _find_missing(sheet: Sheet, *, lost: bool) -> str | None:
    """What it takes before the answer can be kept."""
    if sheet.stage is Stage.DONE:
        return None
    if lost:
        return "It cannot be shown: go on without it."
    if sheet.chosen is None:
        return "Choose an answer first."
    return "Give a reason first." if sheet.needs_reason and not sheet.reason.strip() else None


def _offer_onward(desk: Desk, sheet: Sheet, *, lost: bool) -> None:
    """From an open map only by confirming: a blind answer alone teaches nothing, and its part has left the queue."""
    icon = ":material/arrow_forward:"
    if sheet.stage is Stage.BLIND:
        _offer("Pass over", "J", icon, desk.open_next, sheet)
    elif lost:
        _offer("Next", "J", icon, desk.leave_unconfirmed, sheet)
    elif sheet.stage is Stage.SHOWN and not sheet.stands:
        why = "Confirm first, with a reason: until then your answer teaches nothing."
        _offer("Next", "J", icon, desk.open_next, sheet, why_not=why)
    else:
        _offer("Next", "J", icon, desk.open_next, sheet)


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
