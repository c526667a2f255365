"""The race of this session: started, paused, resumed, stopped, found again after a reload; at most one a session."""

import streamlit as st

from inspection.lines import Line
from inspection.racing.plan import Plan
from inspection.racing.race import RACE, Phase, Race
from inspection.ui.after_reload import PATIENCE_S, held_work, open_holding, take_back
from inspection.ui.beside import JOBS, say_others, turn_to_visitor, visitor_id
from inspection.ui.race_choice import give_pictures
from inspection.ui.roles import Role, require

_HELD = "race.held"
RACERS = (Role.MANAGER, Role.ENGINEER)


def held_race() -> Race | None:
    held = held_work(_HELD)
    return held if isinstance(held, Race) else None


def rejoin_race() -> None:
    race = take_back(_HELD, Race, what="race")
    if isinstance(race, Race):
        turn_to_visitor(race.owner)


def start_race(line: Line, plan: Plan) -> Race:
    require(*RACERS)
    pictures, holding = give_pictures(line), open_holding(_HELD)
    holding.work = race = Race(
        plan,
        pictures,
        owner=visitor_id(),
        attended=holding.tab.is_there,
        patience_s=PATIENCE_S,
        crowded=JOBS.any,
    ).start()
    return race


def show_controls(line: Line, plan: Plan | None) -> None:
    race = held_race()
    phase = race.phase if race is not None and not race.phase.over else None
    # beside this one the next would run unmarked: both have one owner, and an owner's own race is no other's work
    ending = race is not None and phase is None and race.alive
    startable = plan is not None and phase is None and not ending
    others = say_others(RACE)
    if others is not None:
        st.warning(
            f"On this machine {others}. A race beside it measures both: wait until it ends, or race all the same; laps "
            "run beside other work are marked.",
            title="The machine is not free",
            icon=":material/group:",
        )
    with st.container(horizontal=True):
        words = "Start beside it" if others else "Start the race"
        if st.button(
            words, type="primary", icon=":material/play_arrow:", key="race.start", disabled=not startable
        ):
            assert plan is not None
            with st.spinner("Getting the pictures ready …"):
                start_race(line, plan)
            st.rerun()
        if phase is Phase.PAUSED:
            assert race is not None
            st.button("Resume", icon=":material/resume:", key="race.resume", on_click=race.resume)
        else:
            st.button(
                "Pause",
                icon=":material/pause:",
                key="race.pause",
                disabled=phase is not Phase.RUNNING,
                on_click=_pause,
            )
        st.button("Stop", icon=":material/stop:", key="race.stop", disabled=phase is None, on_click=_stop)
    if ending:
        assert race is not None
        st.fragment(_wait_for_end, run_every=1.0)(race)


def _wait_for_end(race: Race) -> None:
    """A model that is being compiled cannot be left in the middle; the next race would be timed beside it."""
    if not race.alive:
        st.rerun()  # the button must know
    st.caption(
        ":material/hourglass_top: The race before is still finishing a step, which takes up to a minute where a model is "
        "being compiled. The next one can be started as soon as that is done."
    )


def _pause() -> None:
    race = held_race()
    if race is not None:
        race.pause()


def _stop() -> None:
    race = held_race()
    if race is not None:
        race.stop()
