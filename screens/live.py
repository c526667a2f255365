"""Live line: parts come by on a belt, each is located, judged and marked as it passes."""

import streamlit as st

from inspection.ui import inspectors
from inspection.ui.judge_choice import choose_judge, follow_link, write_link
from inspection.ui.live_choice import choose_keeping, choose_pace, choose_source, say_pace
from inspection.ui.live_run import (
    Setting,
    close_run,
    held_run,
    keep_up,
    rejoin_run,
    show_run,
    start_run,
    stop_run,
)
from inspection.ui.watch_challenge import show_line_state

st.title("Live line")
follow_link("live")
rejoin_run()  # after the link: what runs is what the page then says
line, choice = choose_judge("live")
write_link("live", line, choice, sample=None)
with st.container(horizontal=True, gap="medium"):
    source = choose_source(line)
with st.container(horizontal=True, gap="medium"):
    pace = choose_pace()
    keeping = source is not None and choose_keeping(source)
st.caption(say_pace(pace))
run = held_run()
closed = show_line_state(line)  # of now: it may have been closed in another window since the button was drawn
if closed and run is not None and run.setting.choice.line == line.name:
    close_run(run)
if source is not None:
    setting = Setting(choice, source)
    running = run is not None and run.running
    with st.container(horizontal=True):
        pressed = st.button(
            "Start the line" if not running else "Restart",
            type="secondary" if running else "primary",
            icon=":material/play_arrow:",
            key="live.start",
            disabled=closed,
            help="A failed challenge closed the line: see Watch." if closed else None,
        )
        if pressed and not closed:
            with st.spinner(
                "Loading the model; the first time on a machine takes a minute …", show_time=True
            ):
                inspector = inspectors.get_inspector(choice.line, choice.model, choice.precision)
            run = start_run(setting, pace, inspector, keeping=keeping)
            st.rerun()
        st.button("Stop", icon=":material/stop:", key="live.stop", disabled=not running, on_click=stop_run)
    keep_up(run, setting, pace, keeping=keeping)
if run is None:
    st.info(
        "Nothing runs yet. Start the line: the belt moves, every part is judged under the camera, and what was rejected "
        "is shown below with its heat map.",
        title="The belt stands still",
        icon=":material/conveyor_belt:",
    )
else:
    show_run(run)
