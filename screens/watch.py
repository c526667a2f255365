"""Watch: is the line as it was? Rates over time with their limits, drift, alarms, and the challenge before the shift."""

import streamlit as st

from inspection.records.watching import PERIODS
from inspection.ui.line_choice import choose_line
from inspection.ui.links import take_link, tell_unknown
from inspection.ui.measured_choice import title_model, turn_to_line
from inspection.ui.watch_challenge import show_challenge
from inspection.ui.watch_data import (
    ALL,
    WatchChoice,
    get_watched,
    list_models,
    turn_to_model,
    turn_to_period,
)
from inspection.ui.watch_view import show_method, show_overview, show_watched

st.title("Watch")
asked = take_link("watch")
unknown = {name: value for name, value in asked.items() if name not in ("line", "model", "period")}
turn_to_line("watch", asked, unknown)
turn_to_period(asked, unknown)
told = st.container()
with st.container(horizontal=True, vertical_alignment="bottom"):
    line = choose_line("watch.line")
    turn_to_model(line, asked, unknown)
    with told:
        tell_unknown(unknown)
    model = st.selectbox(
        "Model",
        (ALL, *list_models(line)),
        format_func=lambda model: model.capitalize() if model == ALL else title_model(model, line),
        key=f"watch.model.{line.name}",
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
