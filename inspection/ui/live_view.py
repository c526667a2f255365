"""What stands below the moving belt, drawn anew each second: figures, answers against the budget, the last rejects."""

import html

import streamlit as st

from inspection.conveyor.conveyor import LIVE_LINE, Conveyor, State
from inspection.conveyor.keeping import KeptCounts
from inspection.conveyor.tally import Event, Snapshot
from inspection.images import decode
from inspection.types import Inspection, VerdictKind
from inspection.ui.beside import say_others
from inspection.ui.charts import format_ms
from inspection.ui.keeping import Kept, NotKept, open_ledger
from inspection.ui.live_chart import build_answers
from inspection.ui.overlays import draw_evidence, encode_jpeg, shrink_evidence, to_data_url
from inspection.ui.palette import VERDICT_STYLES
from inspection.ui.records_kept import show_waiting
from inspection.ui.widgets import escape_markdown
from inspection.wording import round_percent, say_number

_THUMBNAIL = 260
_ENDS = {
    State.STOPPED: "The line stands still. What it counted is below.",
    State.UNWATCHED: "The line stopped by itself: nobody was watching it.",
    State.FAILED: "The line broke off through a fault of ours; the server's log says what it was. Start it again.",
}
_CELL = """<figure style="margin:0;min-width:0"><img src="{source}" alt="{alt}"
style="width:100%;border-radius:6px;display:block"><figcaption style="font-size:0.875rem;margin-top:0.25rem;
overflow-wrap:anywhere"><span style="background:{fill};color:{text};border-radius:4px;padding:0 6px;font-weight:600">
{kind}</span> {words}</figcaption></figure>"""
_GALLERY = (
    '<div style="display:grid;grid-template-columns:repeat(auto-fill,minmax(150px,1fr));gap:0.75rem">{}</div>'
)


def say_end(state: State, why: str | None) -> str | None:
    """why: what can be mended, where that broke it off."""
    if state is State.FAILED and why is not None:
        return f"The line broke off. {escape_markdown(why)}"
    return _ENDS.get(state)


def show_figures(conveyor: Conveyor, *, running: bool) -> None:
    snapshot = conveyor.read()
    budget_ms = conveyor.pace.budget_ms
    tell_timing(snapshot, budget_ms, running=running)
    p50, p95 = snapshot.percentile_ms(50), snapshot.percentile_ms(95)
    with st.grid(6, min_column_width=118, gap="small"):
        st.metric("Parts judged", f"{snapshot.judged:,}", border=True)
        for kind, label in (
            (VerdictKind.PASS, "Passed"),
            (VerdictKind.REJECT, "Rejected"),
            (VerdictKind.REVIEW, "To a person"),
        ):
            st.metric(label, say_share(snapshot, kind), border=True)
        st.metric("Answer, median", "–" if p50 is None else format_ms(p50), border=True)
        st.metric(
            "95 % within",
            "–" if p95 is None else format_ms(p95),
            border=True,
            help="From the shot to the verdict, waiting for the model included; of the last 400 parts.",
        )
    st.caption(say_kept(conveyor.keeper.read(), wanted=conveyor.keeper.wanted))
    show_waiting()
    for words in say_rest(snapshot):
        st.caption(escape_markdown(words))
    if (others := say_others(LIVE_LINE)) is not None:
        st.caption(f":material/group: On this machine {others}: answers take longer meanwhile.")
    if snapshot.answers:
        st.echarts_chart(
            build_answers(snapshot.answers, budget_ms),
            key="live.answers",
            height=240,
            alt="Time from shot to verdict of the last parts, against what the belt's speed allows",
        )


def say_share(snapshot: Snapshot, kind: VerdictKind) -> str:
    share = snapshot.share(kind)
    return "–" if share is None else f"{round_percent(share, 0)}% ({snapshot.verdicts.get(kind, 0):,})"


def tell_timing(snapshot: Snapshot, budget_ms: float, *, running: bool) -> None:
    """One sentence: does the model keep up?"""
    p95 = snapshot.percentile_ms(95)
    if p95 is None:
        words = "The first parts are on their way." if running else "No part was judged."
        st.info(words, icon=":material/hourglass_top:")
        return
    if snapshot.missed or p95 > budget_ms:
        said = (
            f"95 % of the answers take up to {format_ms(p95)}; at this speed a part has {budget_ms:,.0f} ms."
        )
        missed = f" {say_number(snapshot.missed, 'part')} passed unjudged." if snapshot.missed else ""
        st.warning(
            f"{said}{missed} Slow the belt, or choose a faster model or precision.",
            title="The line outruns the model" if p95 > budget_ms else "Parts passed unjudged",
            icon=":material/speed:",
        )
        return
    st.success(
        f"95 % of the answers take at most {format_ms(p95)}; at this speed a part has {budget_ms:,.0f} ms.",
        title="The model keeps up",
        icon=":material/speed:",
    )


def say_kept(counts: KeptCounts, *, wanted: bool) -> str:
    if not (counts.kept or counts.not_kept or counts.behind):
        return (
            ":material/inventory_2: Every judged part is kept as a record."
            if wanted
            else ":material/inventory_2: The parts are not kept: what was judged is gone when the page is closed."
        )
    said = (
        f":material/inventory_2: {say_number(counts.kept, 'part kept as a record', 'parts kept as records')}"
    )
    if counts.behind:
        said += f", {counts.behind} on their way"
    if counts.not_kept:
        said += f"; {counts.not_kept:,} not kept. {escape_markdown(counts.why or '')} The line goes on"
    return f"{said}." if wanted else f"{said}. No further ones are kept."


def say_rest(snapshot: Snapshot) -> list[str]:
    said = []
    empty = snapshot.verdicts.get(VerdictKind.NO_PART, 0)
    if empty:
        said.append(f"In {say_number(empty, 'picture')} no part was found.")
    if snapshot.late:
        said.append(f"{snapshot.late} of {say_number(snapshot.judged, 'answer')} came after the budget.")
    if snapshot.refused:
        said.append(
            f"{say_number(snapshot.refused, 'file was', 'files were')} refused, the last one: {snapshot.last_refusal}"
        )
    truths = snapshot.truths
    if truths.good or truths.defective:
        said.append(
            f"Of {say_number(truths.good, 'part')} made flawless {say_number(truths.good_rejected, 'was', 'were')} rejected; "
            f"of {truths.defective} made with a defect {truths.defective_passed} passed. The others were judged right, go to a person, or were not found."
        )
    return said


def show_events(conveyor: Conveyor) -> None:
    """The last rejects, or those that a person must look at, each with its heat map."""
    snapshot = conveyor.read()
    kinds = {
        f"Rejects ({snapshot.verdicts.get(VerdictKind.REJECT, 0)})": snapshot.rejects,
        f"To a person ({snapshot.verdicts.get(VerdictKind.REVIEW, 0)})": snapshot.reviews,
    }
    st.subheader("The last ones, with their heat maps")
    chosen = st.segmented_control(
        "Show",
        (0, 1),
        default=0,
        required=True,
        format_func=lambda index: list(kinds)[index],
        key="live.events",
        label_visibility="collapsed",
    )
    events = list(kinds.values())[int(chosen)]
    if not events:
        st.caption("None yet.")
        return
    st.html(_GALLERY.format("".join(draw_cell(event) for event in events)))


def draw_cell(event: Event) -> str:
    """HTML with the picture in it: a picture of its own address would be gone before the browser asks for it."""
    style = VERDICT_STYLES[event.inspection.verdict.kind]
    kind, _, words = event.inspection.verdict.words.partition(": ")
    made = "" if event.truth is None else f" · made {event.truth}"
    kept = say_record(event.inspection)
    return _CELL.format(
        source=picture_event(event),
        alt=html.escape(
            f"Part {event.number}: {event.inspection.verdict.words}, with its heat map", quote=True
        ),
        fill=style.fill,
        text=style.text,
        kind=kind,
        words=html.escape(f"{words}{made}{kept}"),
    )


def say_record(inspection: Inspection) -> str:
    found = open_ledger().find(inspection)
    if isinstance(found, Kept):
        return f" · record {found.record.id}"
    return " · not kept" if isinstance(found, NotKept) else ""


def forget_pictures() -> None:
    """Of the run before: each run numbers its parts from one."""
    st.session_state["live.pictures"] = {}


def picture_event(event: Event) -> str:
    """Drawn once a part; kept with the session while the part is among the last."""
    kept: dict[int, str] = st.session_state.setdefault("live.pictures", {})
    if event.number not in kept:
        if len(kept) > 40:
            kept.clear()
        pixels = decode(event.shot, name=event.name).pixels
        small, evidence = shrink_evidence(pixels, event.inspection, _THUMBNAIL)
        kept[event.number] = to_data_url(encode_jpeg(draw_evidence(small, evidence), quality=80))
    return kept[event.number]


def show_still(conveyor: Conveyor) -> None:
    """Where the server has no route for frames: the newest one, once a run."""
    number, jpeg = conveyor.frames.read()
    st.info(
        "This is one frame a second. Start the dashboard with `make run` (`streamlit run server.py`) to see the belt "
        "move; what is judged and counted is the same.",
        icon=":material/animation:",
    )
    if number:
        st.html(f'<img src="{to_data_url(jpeg)}" alt="The belt now" style="width:100%;border-radius:6px">')
