"""The live line of this session: started, turned, stopped, found again after a reload; at most one a session."""

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import streamlit as st

from inspection.conveyor.conveyor import LIVE_LINE, Conveyor, State
from inspection.conveyor.keeping import Keeper
from inspection.conveyor.pace import Pace
from inspection.conveyor.parts import Source
from inspection.conveyor.stock import StockSource
from inspection.errors import AssayError
from inspection.records.errors import StoreError
from inspection.types import Inspection
from inspection.ui import resources
from inspection.ui.after_reload import PATIENCE_S, held_work, open_holding, take_back
from inspection.ui.beside import say_others, turn_to_visitor, visitor_id
from inspection.ui.judge_choice import turn_to_judge
from inspection.ui.keeping import Ledger, keep_or_hold, name_person, open_ledger, turn_to_ledger
from inspection.ui.live_choice import SourceChoice, read_defective, turn_to_defective, turn_to_source
from inspection.ui.live_marks import mark_part
from inspection.ui.live_route import is_served
from inspection.ui.live_stage import show_stage
from inspection.ui.live_view import forget_pictures, say_end, show_events, show_figures, show_still
from inspection.ui.roles import Role, require
from inspection.ui.state import Choice
from inspection.ui.watch_challenge import find_standing

if TYPE_CHECKING:
    from inspection.pipeline import Inspector

_HELD = "live.run"
_LOOK_EVERY_S = 3.0  # whether a challenge closed the line: a look into the records
_LOST_FOR_S = 60.0  # a store that does not answer holds up the page each time that it is asked
_CLOSED = "A failed challenge closed the line, so it was stopped. What it counted is below; Watch says what came out wrong."
_ALT = "The belt, moving from left to right; parts are judged under the camera in the middle. The figures below say the same."


@dataclass(frozen=True, slots=True)
class Setting:
    """What cannot be turned while the line runs."""

    choice: Choice
    source: SourceChoice


@dataclass(slots=True)
class Run:
    setting: Setting
    conveyor: Conveyor
    source: Source
    visitor: str
    ledger: Ledger  # its thread writes into it
    looked_s: float = field(default_factory=time.monotonic)  # whether it is closed
    closed: bool = False  # why it was stopped

    @property
    def running(self) -> bool:
        return self.conveyor.state is State.RUNNING

    @property
    def over(self) -> bool:
        return not self.running


def held_run() -> Run | None:
    held = held_work(_HELD)
    return held if isinstance(held, Run) else None


def rejoin_run() -> None:
    """Before anything is chosen: what runs is what the page then says."""
    run = take_back(_HELD, Run, what="line")
    if isinstance(run, Run):
        forget_pictures()
        turn_to_visitor(run.visitor)
        turn_to_ledger(run.ledger)
        turn_to_judge("live", run.setting.choice)
        turn_to_source(run.setting.source, run.conveyor.pace, keeping=run.conveyor.keeper.wanted)
        if isinstance(run.source, StockSource):
            turn_to_defective(run.source.defective_0_1)


def start_run(setting: Setting, pace: Pace, inspector: "Inspector", *, keeping: bool) -> Run:
    require(*Role)
    stop_run()
    source = setting.source.build()
    conveyor = Conveyor(
        inspector,
        source,
        pace=pace,
        mark=mark_part,
        owner=visitor_id(),
        keeper=build_keeper(inspector, setting.source.kind, wanted=keeping),
        patience_s=PATIENCE_S,
    ).start()
    run = Run(setting, conveyor, source, visitor_id(), open_ledger())
    open_holding(_HELD).work = run
    forget_pictures()
    return run


def build_keeper(inspector: "Inspector", kind: str, *, wanted: bool) -> Keeper:
    """For the line's thread: who is there, and what waits in this tab, is asked here."""
    person, ledger, source = name_person(), open_ledger(), kind.lower()

    def keep(inspection: Inspection, shot: bytes) -> StoreError | None:
        return keep_or_hold(
            inspection, shot, inspector=inspector, source=source, person=person, ledger=ledger
        )

    return Keeper(keep, wanted=wanted)


def stop_run() -> None:
    run = held_run()
    if run is not None:
        run.conveyor.stop()


def close_run(run: Run) -> None:
    """A failed challenge closed its line."""
    run.closed = run.closed or run.running
    run.conveyor.stop()


def is_closed(run: Run) -> bool:
    """By any window, whatever line the page shows. Asked every few seconds; in between it is not known to be."""
    if time.monotonic() - run.looked_s < _LOOK_EVERY_S:
        return False
    run.looked_s = time.monotonic()
    try:
        return find_standing(resources.get_line(run.setting.choice.line)).state == "closed"
    except StoreError:
        run.looked_s = time.monotonic() + _LOST_FOR_S
        return False  # not known: the line goes on, as the page says
    except AssayError:
        st.rerun()  # a fragment has no place for it, the whole page has


def keep_up(run: Run | None, setting: Setting, pace: Pace, *, keeping: bool) -> None:
    """What can be turned is turned; what cannot is said."""
    if run is None or not run.running:
        others = say_others(LIVE_LINE)
        if others is not None:
            st.caption(f":material/group: On this machine {others}: a line beside it slows both.")
        return
    run.conveyor.pace = pace
    run.conveyor.keeper.wanted = keeping
    if isinstance(run.source, StockSource):
        run.source.defective_0_1 = read_defective()
    if run.setting != setting:
        st.warning(
            "The line still runs with what it was started with. Restart it to use the new choice.",
            icon=":material/restart_alt:",
        )


def show_run(run: Run) -> None:
    if run.running:
        if is_served():
            show_stage(run.conveyor.frames.token, alt=_ALT, key="live.stage")
        st.fragment(_show_live, run_every=1.0)(run)
        return
    words = _CLOSED if run.closed else say_end(run.conveyor.state, run.conveyor.why)
    if words is not None:
        failed = run.conveyor.state is State.FAILED
        (st.error if failed else st.info)(words, icon=":material/stop_circle:")
    show_figures(run.conveyor, running=False)
    show_events(run.conveyor)


def _show_live(run: Run) -> None:
    if not run.running:
        st.rerun()  # it stopped by itself: the whole page must know
    run.conveyor.frames.watch()  # an open page is a viewer, also before there is a frame; a lost store may take long
    if is_closed(run):
        close_run(run)
        st.rerun()  # the page says why
    if not is_served():
        show_still(run.conveyor)
    if isinstance(run.source, StockSource) and run.source.stock.count < run.source.stock.capacity:
        made, all_of_them = run.source.stock.count, run.source.stock.capacity
        st.progress(
            made / all_of_them,
            text=f"Making parts ahead: {made} of {all_of_them}. Answers are slower until that is done.",
        )
    show_figures(run.conveyor, running=True)
    show_events(run.conveyor)
