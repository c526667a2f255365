"""Train: pictures in, checked; a model or a whole line out, followed while it learns."""

import streamlit as st

from inspection.ui.train_data import choose_set
from inspection.ui.train_form import show_form
from inspection.ui.train_report import show_check
from inspection.ui.train_runs import RUNS, choose_view, open_job, show_runs

st.title("Train")
if choose_view() == RUNS:
    show_runs()
else:
    st.header("1 · Pictures", divider="gray")
    chosen = choose_set()
    if chosen is not None:
        st.header("2 · Check", divider="gray")
        sound = show_check(chosen)
        st.header("3 · Train", divider="gray")
        started = show_form(chosen, sound=sound)
        if started is not None:
            open_job(started.id)
