"""The live line of this session: started, turned, stopped, found again after a reload; at most one a session."""

import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from inspection.conveyor.conveyor import LIVE_LINE, Conveyor, State
from inspection.conveyor.keeping import Keep, Keeper
from inspection.conveyor.pace import Pace
from inspection.conveyor.parts import Source
from inspection.conveyor.stock import StockSource
from inspection.errors import AssayError
from inspection.records.errors import StoreError
from inspection.ui import inspectors, resources
from inspection.ui.after_reload import PATIENCE_S, held_work, open_holding, take_back
from inspection.ui.beside import say_others, turn_to_visitor, visitor_id
from inspection.ui.judge_choice import turn_to_judge
from inspection.ui.keeping import Ledger, keep_or_hold, name_person, open_ledger, turn_to_ledger
from inspection.ui.live_choice import SourceChoice, read_defective, turn_to_defective, turn_to_source
from inspection.ui.live_marks import mark_part
from inspection.ui.live_route import is_served
from inspection.ui.live_stage import show_stage
from inspection.ui.live_view import forget_pictures, say_end, show_events, show_figures, show_still
from inspection.ui.roles import Person, Role, RolesInvalid, keeps_a_role, require
from inspection.ui.state import Choice
from inspection.ui.watch_challenge import find_standing
from inspection.ui.widgets import escape_markdown
from inspection.wording import say_number

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
    inspector: "Inspector"  # judges now
    person: str
    starter: Person
    of_champion: bool  # chosen as what runs the line, not as this network
    looked_s: float = field(default_factory=time.monotonic)  # whether it is closed
    renewed_s: float = field(default_factory=time.monotonic)  # whether another one judges by now
    relieved: str | None = None  # when and why another one judges
    closed: bool = False  # why it was stopped
    astray: str | None = None  # why it was stopped: what would judge by now cannot be loaded

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
    starter = require(*Role)
    stop_run()
    source, person, ledger = setting.source.build(), name_person(), open_ledger()
    keep = bind_keep(inspector, setting.source.kind, person, ledger)
    conveyor = Conveyor(
        inspector,
        source,
        pace=pace,
        mark=mark_part,
        owner=visitor_id(),
        keeper=Keeper(keep, wanted=keeping),
        patience_s=PATIENCE_S,
    ).start()
    of_champion = setting.choice.model == resources.get_line(setting.choice.line).champion
    run = Run(setting, conveyor, source, visitor_id(), ledger, inspector, person, starter, of_champion)
    open_holding(_HELD).work = run
    forget_pictures()
    return run


def bind_keep(inspector: "Inspector", kind: str, person: str, ledger: Ledger) -> Keep:
    """For the line's thread, which cannot ask who is there: as that person's, and what cannot be kept waits in this tab."""
    return partial(keep_or_hold, inspector=inspector, source=kind.lower(), person=person, ledger=ledger)


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


def follow_judge(run: Run) -> None:
    """A promotion, a return and a rule of the line are in force at once, for the line that runs as well. Asked every few
    seconds; loading other weights holds up the page and not the belt. What cannot be loaded stops the line: it would go on
    by weights or rules that were taken back."""
    if time.monotonic() - run.renewed_s < _LOOK_EVERY_S:
        return
    run.renewed_s = time.monotonic()
    try:
        inspector = find_judge(run)
    except StoreError:
        run.renewed_s = time.monotonic() + _LOST_FOR_S  # not known: it goes on, as with a challenge
        return
    except AssayError as error:
        run.astray = str(error)
        run.conveyor.stop()
        return
    if inspectors.name_judge(inspector) != inspectors.name_judge(run.inspector):
        run.relieved = say_relieved(run.inspector, inspector, judged=run.conveyor.read().judged)
        run.inspector = inspector
        keep = bind_keep(inspector, run.setting.source.kind, run.person, run.ledger)
        run.conveyor.relieve(inspector, keep)


def find_judge(run: Run) -> "Inspector":
    """Who would judge if it were started now: the line's champion where that was chosen, whatever network it is by now, and
    at the precision that its release lets run."""
    choice = run.setting.choice
    line = resources.get_line(choice.line)
    model = line.champion if run.of_champion else choice.model
    served, _ = inspectors.learn_precision(line, model, choice.precision)
    return inspectors.get_able_inspector(line, model, served)


def say_relieved(before: "Inspector", after: "Inspector", *, judged: int) -> str:
    then, now = before.classifying.weights_sha256, after.classifying.weights_sha256
    title, precision = (
        resources.model_titles().get(after.model, after.model),
        after.classifier_label.precision,
    )
    what = (
        f"{title} judges, weights {now[:8]}, at {precision.upper()}"
        if then != now or precision != before.classifier_label.precision
        else "other rules, detectors or a new calibration hold"
    )
    return f"What judges was changed while the line ran: after {say_number(judged, 'part', 'parts')}, {what}."


def keep_up(run: Run | None, setting: Setting, pace: Pace, *, keeping: bool) -> None:
    """What can be turned is turned; what cannot is said."""
    if run is None or not run.running:
        others = say_others(LIVE_LINE)
        if others is not None:
            st.caption(f":material/group: On this machine {others}: a line beside it slows both.")
        return
    run.conveyor.pace = pace
    if _is_shown(run.setting, setting):
        run.conveyor.keeper.wanted = keeping
        if isinstance(run.source, StockSource):
            run.source.defective_0_1 = read_defective()
    if run.setting != setting:
        st.warning(
            "The line still runs with what it was started with. Restart it to use the new choice.",
            icon=":material/restart_alt:",
        )


def _is_shown(runs: Setting, shown: Setting) -> bool:
    """Whether toggle and slider on the page are those of what runs: each kind of source has its own, and whoever only looks
    at another must not end the keeping of parts that pass meanwhile, nor have made ones kept."""
    return (runs.choice.line, runs.source.kind) == (shown.choice.line, shown.source.kind)


def show_run(run: Run) -> None:
    if run.running:
        if is_served():
            show_stage(run.conveyor.frames.token, alt=_ALT, key="live.stage")
        st.fragment(_show_live, run_every=1.0)(run)
        return
    words = say_stop(run)
    if words is not None:
        failed = run.conveyor.state is State.FAILED or run.astray is not None
        (st.error if failed else st.info)(words, icon=":material/stop_circle:")
    show_figures(run.conveyor, running=False)
    show_events(run.conveyor)


def say_stop(run: Run) -> str | None:
    if run.closed:
        return _CLOSED
    if run.astray is not None:
        return f"What judges this line was changed, and cannot be loaded, so the line was stopped. {escape_markdown(run.astray)}"
    return say_end(run.conveyor.state, run.conveyor.why)


def may_go_on(run: Run) -> bool:
    """The line judges, and keeps, in somebody's name: not when their roles were taken away, however long the page stays
    open. A login that ran out meanwhile is asked for at the next press."""
    try:
        return keeps_a_role(run.starter)
    except RolesInvalid:
        return True  # not known: a slip in the table stops no line


def _show_live(run: Run) -> None:
    if not run.running:
        st.rerun()  # it stopped by itself: the whole page must know
    if not may_go_on(run):
        run.conveyor.stop()
        st.rerun()  # the whole page says what is amiss
    run.conveyor.frames.watch()  # an open page is a viewer, also before there is a frame; a lost store may take long
    if is_closed(run):
        close_run(run)
        st.rerun()  # the page says why
    follow_judge(run)
    if run.astray:
        st.rerun()  # as above
    if run.relieved:
        st.info(run.relieved, icon=":material/swap_horiz:")
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
