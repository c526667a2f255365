"""Latency, live: the chosen models and precisions run in turn on the same pictures, and their times build up."""

import streamlit as st

from inspection.errors import DataInvalid
from inspection.racing.race import Phase
from inspection.ui.after_reload import PATIENCE_S
from inspection.ui.race_choice import choose_plan, choose_raced_line
from inspection.ui.race_run import held_race, rejoin_race, show_controls
from inspection.ui.race_view import choose_kept, offer_keeping, offer_result, show_race, show_result
from inspection.ui.widgets import show_error

st.title("Latency, live")
rejoin_race()
line = choose_raced_line()
plan = choose_plan(line)
show_controls(line, plan)
race = held_race()
name, kept = choose_kept(racing=race is not None)
if race is not None:
    show_race(race, kept)
    if race.phase.over or race.phase is Phase.PAUSED:
        result = race.read()
        if any(len(laps.ms) for laps in result.laps.values()):
            try:
                offer_keeping(race)
            except DataInvalid as error:  # a name that will not do; the page below stays
                show_error(error)
            offer_result(result, f"race-{race.plan.line}")
elif kept is not None and name is not None:
    show_result(kept, None, key="kept")
    offer_result(kept, name)
else:
    st.info(
        "Start a race: each model runs once a round on the same pictures, so that a busy moment of the machine falls on "
        "all alike. The chart and the table build up while it runs; what loading costs stands apart. "
        "It goes on while this tab shows other pages, and is there again after a reload of this page. A reload on another "
        f"page loses it, as closing the tab does: {PATIENCE_S:.0f} seconds later it stops by itself.",
        title="Nothing was raced yet",
        icon=":material/speed:",
    )
