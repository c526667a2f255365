"""Watch: is the line as it was? Rates over time with their limits, drift, alarms, and the challenge before the shift."""

import streamlit as st

from inspection.records.watching import PERIODS
from inspection.ui import resources
from inspection.ui.measured_choice import title_model
from inspection.ui.watch_challenge import show_challenge
from inspection.ui.watch_data import ALL, WatchChoice, get_watched, list_models
from inspection.ui.watch_view import show_method, show_overview, show_watched

st.title("Watch")
asked = st.query_params.get("line")
if asked in resources.line_names():
    st.session_state.setdefault("watch.line", asked)
with st.container(horizontal=True, vertical_alignment="bottom"):
    name = st.selectbox(
        "Line",
        resources.line_names(),
        format_func=lambda name: resources.get_line(name).title,
        key="watch.line",
        persist_state="session",
        width=260,
    )
    line = resources.get_line(name)
    model = st.selectbox(
        "Model",
        (ALL, *list_models(line)),
        format_func=lambda model: model.capitalize() if model == ALL else title_model(model, line),
        key=f"watch.model.{name}",
        width=260,
    )
    period = st.segmented_control(
        "Period",
        tuple(PERIODS),
        format_func=lambda key: PERIODS[key].title,
        default=None if "watch.period" in st.session_state else "month",
        required=True,
        key="watch.period",
        persist_state="session",
    )
choice = WatchChoice(line, None if model == ALL else model, str(period))
show_challenge(line)
watched = get_watched(line.name, choice.model, choice.period, novelty_0_1=line.policy.novelty_0_1)
if sum(watched.pictures) == 0:
    st.info(
        f"Nothing was inspected on this line in {PERIODS[choice.period].title} and the reference before it. "
        "Choose another period, or inspect some parts.",
        title="Nothing to watch",
        icon=":material/visibility_off:",
    )
else:
    show_watched(watched, choice)
    show_method(watched)
show_overview(choice.period)
