"""Many pictures: run them, count them, filter them, open one, take them away."""

import statistics
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from inspection.types import Inspection, VerdictKind
from inspection.ui.charts import format_ms
from inspection.ui.exports import write_csv, write_zip
from inspection.ui.judging import judge, mark_pictures
from inspection.ui.palette import REFUSED_ICON, VERDICT_STYLES
from inspection.ui.state import Batch, Entry
from inspection.ui.uploads import Refusal
from inspection.ui.widgets import escape_markdown, say_kind, verdict_badge
from inspection.wording import say_number

if TYPE_CHECKING:
    from inspection.pipeline import Inspector

REFUSED = "REFUSED"
A_PAGE = 24
_ORDER = (VerdictKind.REJECT, VerdictKind.REVIEW, VerdictKind.NO_PART, VerdictKind.PASS)


def run_waiting(batch: Batch, inspector: "Inspector") -> None:
    """A press of any control ends this run of the script; what was judged is kept and the next run goes on."""
    waiting = batch.waiting
    if not waiting:
        return
    if len(waiting) == 1:
        batch.settle(waiting[0], judge(batch.entries[waiting[0]], inspector))
        return
    if batch.stopped:
        st.warning(
            f"Stopped with {say_number(len(waiting), 'picture')} left.", icon=":material/pause_circle:"
        )
        st.button("Go on", icon=":material/play_arrow:", on_click=_set_stopped, args=(batch, False))
        return
    holder = st.empty()
    with holder.container(horizontal=True, vertical_alignment="center"):
        bar = st.progress(0.0, text="Inspecting …")
        st.button("Stop", icon=":material/stop:", on_click=_set_stopped, args=(batch, True))
    already = len(batch.entries) - len(waiting)
    for done, index in enumerate(waiting, start=already + 1):
        batch.settle(index, judge(batch.entries[index], inspector))
        bar.progress(done / len(batch.entries), text=f"Inspected {done} of {len(batch.entries)}")
    holder.empty()


def _set_stopped(batch: Batch, stopped: bool) -> None:
    batch.stopped = stopped


def kind_of(entry: Entry) -> str:
    if isinstance(entry.outcome, Refusal):
        return REFUSED
    return entry.outcome.verdict.kind.value if isinstance(entry.outcome, Inspection) else ""


def count_kinds(entries: Sequence[Entry]) -> dict[str, int]:
    """Those that occur, the ones that need attention first."""
    counts = Counter(kind_of(entry) for entry in entries)
    order = [*(kind.value for kind in _ORDER), REFUSED]
    return {kind: counts[kind] for kind in order if counts[kind]}


def show_gallery(batch: Batch) -> None:
    counts = count_kinds(batch.entries)
    _show_counts(batch, counts)
    wanted = st.pills(
        "Show only",
        list(counts),
        selection_mode="multi",
        format_func=lambda kind: f"{_icon(kind)} {kind} {counts[kind]}",
        key="gallery.kinds",
    )
    shown = [index for index, entry in batch.outcomes() if not wanted or kind_of(entry) in wanted]
    pages = max(1, -(-len(shown) // A_PAGE))
    page = 1
    if pages > 1:
        page = min(pages, st.pagination(pages, key="gallery.page"))
    with st.grid("auto", min_column_width=150, gap="small", key="gallery"):
        for index in shown[(page - 1) * A_PAGE : page * A_PAGE]:
            _show_cell(batch, index)
    _offer_exports(batch)


def _show_counts(batch: Batch, counts: dict[str, int]) -> None:
    totals = [entry.inspection.timings_ms.total for entry in batch.entries if entry.inspection]
    words = ", ".join(f"{count} {kind}" for kind, count in counts.items())
    st.markdown(f"### {say_number(len(batch.entries), 'picture')}: {words}")
    if totals:
        st.caption(f"{say_median(totals)} Open a picture for its full report.")


def say_median(totals_ms: Sequence[float]) -> str:
    return f"Median time for one picture: {format_ms(statistics.median(totals_ms))}."


def _icon(kind: str) -> str:
    return REFUSED_ICON if kind == REFUSED else VERDICT_STYLES[VerdictKind(kind)].icon


def _show_cell(batch: Batch, index: int) -> None:
    entry = batch.entries[index]
    name = escape_markdown(entry.name)
    with st.container(gap="xsmall", border=isinstance(entry.outcome, Refusal)):
        if isinstance(entry.outcome, Refusal):
            st.markdown(f"{REFUSED_ICON} **{say_kind(entry.outcome.kind)}**")
            st.caption(f"{name}  \n{escape_markdown(entry.outcome.message)}")
            return
        inspection = entry.inspection
        assert inspection is not None and entry.thumbnail is not None  # `outcomes` gave it
        st.image(entry.thumbnail, alt=f"{entry.name}: {inspection.verdict.words}", width="stretch")
        st.markdown(verdict_badge(inspection.verdict.kind))
        st.caption(escape_markdown(inspection.verdict.words.partition(": ")[2]) or "nothing to classify")
        st.button(
            name,
            key=f"open.{index}",
            on_click=_open,
            args=(batch, index),
            width="stretch",
            help="Open the report",
            wrap=False,
        )


def _open(batch: Batch, index: int | None) -> None:
    batch.opened = index


def show_way_back(batch: Batch) -> None:
    """Above an opened picture: back, and to its neighbours."""
    assert batch.opened is not None
    position, last = batch.opened, len(batch.entries) - 1
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("All pictures", icon=":material/arrow_back:", on_click=_open, args=(batch, None))
        st.button(
            "Previous",
            icon=":material/chevron_left:",
            on_click=_open,
            args=(batch, position - 1),
            disabled=position == 0,
        )
        st.button(
            "Next",
            icon=":material/chevron_right:",
            on_click=_open,
            args=(batch, position + 1),
            disabled=position == last,
        )
        st.caption(f"{position + 1} of {last + 1} · {escape_markdown(batch.entries[position].name)}")


def _offer_exports(batch: Batch) -> None:
    entries = [entry for _, entry in batch.outcomes()]
    table = [(entry.name, entry.outcome) for entry in entries if entry.outcome is not None]
    stem = f"{batch.choice.line}-{batch.choice.model}-{batch.choice.precision}"
    with st.container(horizontal=True):
        st.download_button(
            "Table (CSV)",
            data=lambda: write_csv(table),
            file_name=f"{stem}.csv",
            mime="text/csv",
            icon=":material/table:",
            on_click="ignore",
        )
        st.download_button(
            "Everything (ZIP)",
            data=lambda: write_zip(table, mark_pictures(entries)),
            file_name=f"{stem}.zip",
            mime="application/zip",
            icon=":material/folder_zip:",
            on_click="ignore",
            help="The table, the results as JSON lines, and the pictures with boxes and heat maps drawn on them.",
        )
