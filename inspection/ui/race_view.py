"""A race on the page: where it stands, its chart, its table, what is kept of it."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import streamlit as st

from inspection.errors import DataInvalid
from inspection.racing.keeping import drop_kept, keep_race, list_kept, load_kept, races_dir
from inspection.racing.plan import SCOPES, Entrant
from inspection.racing.race import MOST_LAPS, Phase, Race
from inspection.racing.results import (
    FEWEST_FOR_P95,
    FEWEST_FOR_P99,
    Result,
    compare,
    rank,
    say_differences,
)
from inspection.ui import resources
from inspection.ui.charts import format_share
from inspection.ui.charts_race import (
    PRECISION_WORDS,
    build_laps,
    tabulate_standings,
    write_laps,
)
from inspection.ui.exhibits import write_rows
from inspection.ui.exports import safe_stem
from inspection.ui.line_choice import title_line
from inspection.ui.race_choice import find_withheld
from inspection.ui.race_run import RACERS
from inspection.ui.roles import require
from inspection.ui.widgets import escape_markdown, show_error
from inspection.wording import say_number

_REFUSED = "race.refused"
_NUMBERS = ("p50, ms", "p95, ms", "p99, ms", "Pictures/s", "Load, s", "First run, ms", "Kept p50, ms")
_HELP = {
    "p50, ms": "For all pictures of the batch together: half of the laps take at most this.",
    "p95, ms": f"19 laps of 20 take at most this; told from {FEWEST_FOR_P95} laps on.",
    "p99, ms": f"99 laps of 100 take at most this; told from {FEWEST_FOR_P99} laps on.",
    "Load, s": "Cold start: reading and compiling, with the locator's model. Counted in no lap.",
    "First run, ms": "Cold start: the first run at this batch size, which compiles its shape. Counted in no lap.",
    "Against kept": "The median against that of the kept race.",
}


def show_race(race: Race, kept: Result | None) -> None:
    """Live while it runs, then still."""
    if race.phase.over:
        _tell_end(race)
        show_result(race.read(), kept, key="race")
        return
    st.fragment(_show_live, run_every=1.0)(race, kept, race.phase)


def _show_live(race: Race, kept: Result | None, shown: Phase) -> None:
    race.watch()
    phase = race.phase
    if phase is not shown:
        st.rerun()  # the buttons must know
    if phase is Phase.LOADING:
        entrant = race.loading
        name = "" if entrant is None else f" {_say_entrant(entrant)}"
        st.progress(0.0, text=f"Loading{name} …; the first time on a machine takes a minute")
    else:
        word = "Paused" if phase is Phase.PAUSED else "Racing"
        st.progress(
            race.progress_0_1, text=f"{word}: {race.raced_s:.0f} s of {race.plan.length_s:.0f} s raced"
        )
    show_result(race.read(), kept, key="race")


def _tell_end(race: Race) -> None:
    if race.phase is Phase.FAILED:
        st.error(
            "The race broke off through a fault of ours; the server's log says what it was. What was measured stays.",
            icon=":material/error:",
        )
        return
    if race.phase is Phase.DESERTED:
        measured = any(len(lane.ms) for lane in race.read().laps.values())
        st.info(
            f"The race stopped by itself after {race.raced_s:.0f} s of racing: its tab was away. What was measured until "
            "then is below."
            if measured
            else "The race stopped by itself before its first lap: its tab was away while the models were loaded. Nothing "
            "was measured.",
            icon=":material/tab_close_inactive:",
        )
        return
    word = "Finished" if race.phase is Phase.FINISHED else "Stopped"
    laps = race.read().laps.values()  # none where nobody could race
    early = race.phase is Phase.FINISHED and bool(laps) and all(len(lane.ms) >= MOST_LAPS for lane in laps)
    why = f": each has run {MOST_LAPS:,} laps of every batch size, enough for a p99" if early else ""
    st.caption(f"{word} after {race.raced_s:.0f} s of racing{why}.")


def _say_entrant(entrant: Entrant) -> str:
    title = resources.model_titles().get(entrant.model, entrant.model)
    return f"{title} {PRECISION_WORDS[entrant.precision]}"


def show_result(result: Result, kept: Result | None, *, key: str) -> None:
    # one place each, filled or not: a note that appears while it races would else move the chart, and it would blink
    notes, choice = st.container(), st.container()
    standings, withheld = rank(result), find_withheld(result.plan)
    with notes:
        _show_notes(result, any_lap=bool(standings))
    if not standings:
        return
    batches = [batch for batch in result.plan.batches if any(row.batch == batch for row in standings)]
    with choice:
        batch = _choose_batch(batches, key)
    st.echarts_chart(
        build_laps(result, batch=batch, titles=resources.model_titles(), withheld=withheld),
        key=f"{key}.laps",
        height=340,
        alt="Milliseconds of each lap, a line for each model and precision",
    )
    compared = compare(standings, rank(kept) if kept is not None else [])
    show_table(tabulate_standings(compared, resources.model_titles(), withheld=withheld), key=key)
    if kept is not None and (differences := say_differences(result, kept)):
        st.caption(f"The kept race is not like this one: {escape_markdown('; '.join(differences))}.")


def _show_notes(result: Result, *, any_lap: bool) -> None:
    for entrant, why in result.absent.items():
        st.warning(
            escape_markdown(why),
            title=f"{_say_entrant(entrant)} does not race",
            icon=":material/block:",
        )
    line = escape_markdown(title_line(result.plan.line))
    st.caption(say_identity(result) if any_lap else f"{line}: no lap yet.")
    if result.crowded_share > 0:
        st.caption(
            f":material/group: {format_share(result.crowded_share)} of the laps were run beside other work on these "
            "cores: those times are longer than the models'."
        )


def _choose_batch(batches: list[int], key: str) -> int:
    if len(batches) == 1:
        return batches[0]
    chosen = st.segmented_control(
        "Chart for pictures at once", batches, default=batches[0], required=True, key=f"{key}.batch"
    )
    return chosen if chosen in batches else batches[0]


def show_table(rows: list[dict[str, Any]], *, key: str) -> None:
    columns = {
        name: st.column_config.NumberColumn(
            format="%.1f" if name in ("Pictures/s", "First run, ms") else "%.2f", help=_HELP.get(name)
        )
        for name in _NUMBERS
        if name in rows[0]
    }
    if "Against kept" in rows[0]:
        columns["Against kept"] = st.column_config.TextColumn(help=_HELP["Against kept"])
    st.dataframe(
        rows,
        hide_index=True,
        key=f"{key}.table",
        column_config=columns,
        placeholder="–",
        height="content",
        alt="Percentiles of the latency, throughput and cold start of each model, precision and batch size",
    )


def say_identity(result: Result) -> str:
    """Line, engine, machine and what was timed: a time without them is none. The page may have turned to another line."""
    engines = sorted({f"{start.engine} on {start.device}" for start in result.starts.values()})
    machine: Mapping[str, Any] = result.machine
    instructions = ", ".join(machine.get("instructions", [])) or "no instructions for low precision"
    parts = [
        title_line(result.plan.line),
        ", ".join(engines),
        say_number(result.threads, "thread"),
        f"{machine.get('cpu')}, {say_number(machine['cores'], 'core')}, {instructions}",
        f"timed: {SCOPES[result.plan.scope]}",
        "in the server's own process, this page's redrawing included",
    ]
    return escape_markdown(" · ".join(parts))


def choose_kept(*, racing: bool) -> tuple[str | None, Result | None]:
    refused = st.session_state.pop(_REFUSED, None)
    if isinstance(refused, DataInvalid):
        show_error(refused)
    kept = {race.id: race for race in list_kept(races_dir())}
    if not kept:
        st.caption("No race is kept yet. Keep one under a name to compare later ones with it.")
        return None, None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "Compare with a kept race" if racing else "Look at a kept race",
            list(kept),
            index=None,
            format_func=lambda id: f"{kept[id].name} ({kept[id].taken_at[:16].replace('T', ' ')} UTC)",
            placeholder="none",
            key="race.kept",
            width=380,
        )
        if chosen is not None and chosen in kept:
            with st.popover("Delete", icon=":material/delete:"):
                st.write(f"Delete {escape_markdown(kept[chosen].name)} for everybody?")
                st.button(
                    "Delete it",
                    icon=":material/delete_forever:",
                    key="race.drop",
                    on_click=_drop,
                    args=(chosen,),
                )
    if chosen is None or chosen not in kept:
        return None, None
    try:
        return kept[chosen].name, load_kept(chosen, races_dir())
    except DataInvalid as error:  # the page stays, and so does the button that deletes it
        show_error(error)
        return None, None


def _drop(id: str) -> None:
    require(*RACERS)
    try:
        drop_kept(id, races_dir())
    except DataInvalid as error:  # a callback has no place on the page: said where the kept races are chosen
        st.session_state[_REFUSED] = error
    st.session_state["race.kept"] = None


def offer_result(result: Result, name: str) -> None:
    """Figures and laps to take away."""
    stem = safe_stem(f"{name}.csv")
    withheld = find_withheld(result.plan)
    rows = tabulate_standings(compare(rank(result), []), resources.model_titles(), withheld=withheld)
    with st.container(horizontal=True):
        st.download_button(
            "Figures (CSV)",
            data=partial(write_rows, rows),
            file_name=f"{stem}.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
            key="race.figures",
        )
        st.download_button(
            "Every lap (CSV)",
            data=partial(write_laps, result),
            file_name=f"{stem}-laps.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
            key="race.every",
        )


def offer_keeping(race: Race) -> None:
    with st.form("race.keep", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(
            "Keep this race as", max_chars=60, placeholder="INT8 on the new server", width=300
        )
        pressed = st.form_submit_button("Keep", icon=":material/bookmark_add:")
    if pressed:
        require(*RACERS)
        kept = keep_race(race.read(), name, races_dir())
        st.toast(f"Kept as {escape_markdown(kept.name)}.", icon=":material/bookmark_added:")
        st.rerun()
