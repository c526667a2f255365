"""Review: what waits for a person, answered blind first; and how far people and the model agree."""

import streamlit as st

from inspection.ui.links import tell_unknown
from inspection.ui.review_agreement import show_agreement
from inspection.ui.review_overview import show_overview
from inspection.ui.review_state import follow_link, held_desk, take_error
from inspection.ui.review_work import show_desk
from inspection.ui.widgets import show_error

QUEUE, AGREEMENT = "Queue", "Agreement"

with st.container(horizontal=True, vertical_alignment="center"):
    st.title("Review")
    view = st.segmented_control(
        "View",
        (QUEUE, AGREEMENT),
        default=QUEUE,
        required=True,
        key="review.view",
        label_visibility="collapsed",
    )
tell_unknown(follow_link())
error = take_error()
if error is not None:
    show_error(error)
if view == AGREEMENT:
    show_agreement()
else:
    desk = held_desk()
    if desk is None:
        show_overview()
    else:
        show_desk(desk)
