"""A page of a search as a table with thumbnails; choosing a row opens its record."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import streamlit as st

from inspection.errors import AssayError
from inspection.images import decode
from inspection.records.decisions import read_current
from inspection.records.facts import say_outcome
from inspection.records.record import Kind, Record
from inspection.records.search import Cursor, Page, Search
from inspection.records.store import RecordStore
from inspection.ui.line_choice import title_line
from inspection.ui.overlays import draw_thumbnail, encode_jpeg, shrink_evidence, to_data_url
from inspection.ui.resources import model_titles
from inspection.wording import say_number

A_PAGE = 20
_THUMBNAIL_PX = 56
_WORK_PX = 320  # what the evidence is drawn on before it becomes a thumbnail
_DRAWING_S = 0.35  # of one run; the rest of the thumbnails come with the next, so that the page opens at once
_LARGEST_BYTES = 8 * 1024 * 1024
_TRAIL = "records.trail"
# By the record's hash, of this session: a store that is away for a moment, or a picture that is put back, is asked again
_FAILED, _AGAIN_S = "records.undrawn", 60.0


@dataclass(slots=True)
class Trail:
    """Where each page that was turned began; a keyset has no page numbers."""

    search: Search
    places: list[Cursor | None]

    def turn_to(self, places: Sequence[Cursor | None]) -> None:
        """places: as they were to become when the button was drawn. A second press, before the page is drawn anew, turns to
        the same page, not one further: there may be none."""
        self.places = list(places)


def open_trail(search: Search) -> Trail:
    held = st.session_state.get(_TRAIL)
    if isinstance(held, Trail) and held.search == search:
        return held
    trail = Trail(search, [None])
    st.session_state[_TRAIL] = trail
    return trail


def show_page(store: RecordStore, page: Page, trail: Trail) -> bool:
    """Whether thumbnails are still missing."""
    import pandas as pd

    drawn, missing = _draw_thumbnails(store, page.records)
    later = store.about_each([record.id for record in page.records])
    rows = _leave_out_empty([_build_row(record, later.get(record.id, ())) for record in page.records])
    pictured = any(record.kind is Kind.INSPECTION for record in page.records)
    if pictured:
        rows = [
            {"Picture": drawn.get(record.id, ""), **row}
            for record, row in zip(page.records, rows, strict=True)
        ]
    key = f"records.table.{st.session_state.get('records.opened_times', 0)}.{len(trail.places)}"
    st.dataframe(
        pd.DataFrame(rows),
        key=key,
        hide_index=True,
        row_height=_THUMBNAIL_PX + 6 if pictured else None,
        height="content",
        on_select=partial(open_chosen, key, [record.code for record in page.records]),
        selection_mode="single-row",
        alt=f"{say_number(len(rows), 'record')}, newest first",
        column_config={
            "Picture": st.column_config.ImageColumn(width=_THUMBNAIL_PX + 16),
            "Kept (UTC)": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm:ss"),
            "Class": st.column_config.TextColumn(width=104),
            "Since then": st.column_config.TextColumn(width=130),
            "Score, %": st.column_config.NumberColumn(format="%.1f"),
        },
        placeholder="",
    )
    return missing


def open_chosen(key: str, codes: Sequence[str]) -> None:
    """codes: of the rows as they were drawn. A search made anew may begin with records that were kept since, and the row's
    number would then be another's."""
    chosen = st.session_state[key]["selection"]["rows"]
    if chosen and chosen[0] < len(codes):
        st.session_state["records.neighbours"] = list(codes)
        turn_to_record(codes[chosen[0]])


def turn_to_record(code: str) -> None:
    """The address leads to it from the next run on."""
    # a table under a new key has no row selected: the way back would else lead straight here again
    st.session_state["records.opened_times"] = st.session_state.get("records.opened_times", 0) + 1
    st.query_params["record"] = code


def show_turning(page: Page, trail: Trail) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Newer",
            icon=":material/chevron_left:",
            key="records.newer",
            disabled=len(trail.places) == 1,
            help="This is the newest page." if len(trail.places) == 1 else None,
            on_click=trail.turn_to,
            args=(trail.places[:-1],),
        )
        st.button(
            "Older",
            icon=":material/chevron_right:",
            key="records.older",
            disabled=page.next is None,
            help="Nothing older fits the search." if page.next is None else None,
            on_click=trail.turn_to,
            args=([*trail.places, page.next],),
        )
        st.caption(f"Page {len(trail.places)}, newest first")


def _build_row(record: Record, later: Sequence[Record]) -> dict[str, object]:
    scored = record.score_0_1 is not None and record.class_name is not None  # without a part nothing was
    return {
        "Record": record.id,
        "Kept (UTC)": record.at.replace(tzinfo=None),
        "Verdict": _say_verdict(record),
        "Class": record.class_name or "",
        "Score, %": 100 * (record.score_0_1 or 0.0) if scored else None,
        "Since then": _say_since(record, later),
        "Line": title_line(record.line),
        "Model": model_titles().get(record.model, record.model),
        "Person": record.person,
        "Part": str(record.body.get("part") or ""),
    }


def _leave_out_empty(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """Columns in which nothing stands on this page: decisions have no score, most parts no number of their own."""
    filled = [name for name in rows[0] if any(row[name] not in (None, "") for row in rows)]
    return [{name: row[name] for name in filled} for row in rows]


def _say_verdict(record: Record) -> str:
    if record.kind is Kind.EVENT:
        return f"Event: {record.body['event']}"
    prefix = "" if record.kind is Kind.INSPECTION else f"{record.kind.value.capitalize()}: "
    return prefix + record.verdict


def _say_since(record: Record, later: Sequence[Record]) -> str:
    if record.kind is not Kind.INSPECTION:
        return f"about record {record.of_id}" if record.of_id else ""
    if any(one.kind is Kind.CORRECTION for one in later):
        current = read_current(record, later)
        return f"corrected: {say_outcome(current['verdict'], current['class'])}"
    count = len(later)
    return "" if count == 0 else say_number(count, "decision")


def _draw_thumbnails(store: RecordStore, records: Sequence[Record]) -> tuple[dict[int, str], bool]:
    """By record; and whether time ran out. At least one is drawn, so that every run gets further."""
    started, drawn = time.perf_counter(), dict[int, str]()
    shelf: dict[str, str | None] = _thumbnail_shelf()
    failed_at: dict[str, float] = st.session_state.setdefault(_FAILED, {})
    fresh = 0
    for record in records:
        if record.kind is not Kind.INSPECTION:
            continue
        if record.hash not in shelf:
            if time.monotonic() - failed_at.get(record.hash, -math.inf) < _AGAIN_S:
                continue
            if fresh and time.perf_counter() - started > _DRAWING_S:
                return drawn, True
            fresh += 1
            try:
                thumbnail = _draw_thumbnail(store, record)
            except AssayError:  # opening the record says why
                failed_at[record.hash] = time.monotonic()
                continue
            while len(shelf) >= 4_000:
                shelf.pop(next(iter(shelf)), None)
            shelf[record.hash] = thumbnail
        found = shelf.get(record.hash)
        if found is not None:
            drawn[record.id] = found
    return drawn, False


@st.cache_resource(max_entries=1, show_spinner=False)
def _thumbnail_shelf() -> dict[str, str | None]:
    """By the record's hash, which no other record has. Only those who may read the record come to its entry."""
    return {}


def _draw_thumbnail(store: RecordStore, record: Record) -> str | None:
    """None where the picture is so large that drawing it would hold up the page."""
    if record.body["picture"]["bytes"] > _LARGEST_BYTES:
        return None
    inspection = store.read_inspection(record)
    picture = decode(store.read_picture(record), name=inspection.picture)
    pixels, shrunk = shrink_evidence(picture.pixels, inspection, _WORK_PX)
    return to_data_url(encode_jpeg(draw_thumbnail(pixels, shrunk, _THUMBNAIL_PX), quality=72))
