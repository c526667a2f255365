"""One record: the verdict, the picture and the map as they were, all that was known, and what people said since."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from inspection.errors import AssayError
from inspection.images import decode
from inspection.records.chain import canonical_json, link_hash
from inspection.records.content import restore_inspection
from inspection.records.decisions import read_current
from inspection.records.errors import StoreError
from inspection.records.evidence import Evidence
from inspection.records.facts import list_facts, say_outcome
from inspection.records.record import Kind, Record
from inspection.records.sheet import say_later
from inspection.records.store import RecordStore
from inspection.types import Inspection
from inspection.ui.judging import PREVIEW_SIDE
from inspection.ui.overlays import encode_jpeg, fit
from inspection.ui.report import say_cost
from inspection.ui.viewer import View, show_evidence
from inspection.ui.widgets import escape_markdown, show_verdict

_OPENED = "records.opened"
_TABLE = "width:100%;border-collapse:collapse;font-size:0.875rem;line-height:1.45"
_ROW = (
    '<tr style="border-bottom:1px solid rgba(128,138,148,0.3)">'
    '<th scope="row" style="text-align:left;vertical-align:top;font-weight:400;opacity:0.75;'
    'padding:0.35rem 0.75rem 0.35rem 0;width:28%;min-width:6.5rem;overflow-wrap:anywhere">{name}</th>'
    '<td style="padding:0.35rem 0;overflow-wrap:anywhere">{value}</td></tr>'
)
_OPEN_GROUPS = ("Who, what, when", "What was found", "Content")


@dataclass(frozen=True, slots=True)
class Opened:
    """A record with its files, read and checked when it was opened."""

    record: Record
    inspection: Inspection | None  # None: the record is of another kind
    preview: bytes | None  # JPEG; None where there is no picture to show
    size: tuple[int, int]
    picture_words: str  # what the check of the picture found
    picture_holds: bool
    map_words: str  # empty: the map is there, or there was none


def open_files(store: RecordStore, record: Record) -> Opened:
    """Once a visit; the check of the picture is made anew each time a record is opened."""
    held = st.session_state.get(_OPENED)
    if isinstance(held, Opened) and held.record.hash == record.hash:
        return held
    opened = _read_files(store, record)
    st.session_state[_OPENED] = opened
    return opened


def close_files() -> None:
    st.session_state.pop(_OPENED, None)


def _read_files(store: RecordStore, record: Record) -> Opened:
    if record.kind is not Kind.INSPECTION:
        return Opened(record, None, None, (0, 0), "", True, "")
    map_words, picture_holds = "", True
    try:
        inspection = store.read_inspection(record)
    except StoreError as error:
        inspection = restore_inspection(record.body, Evidence(None, None))
        map_words = str(error)
    preview, size = None, (0, 0)
    try:
        picture = decode(store.read_picture(record), name=inspection.picture)
        preview = encode_jpeg(fit(picture.pixels, PREVIEW_SIDE))
        size = picture.width, picture.height
        picture_words = "The picture is the one that was inspected."
    except AssayError as error:
        picture_words, picture_holds = str(error), False
    return Opened(record, inspection, preview, size, picture_words, picture_holds, map_words)


def show_record(opened: Opened, later: Sequence[Record]) -> None:
    record, inspection = opened.record, opened.inspection
    if inspection is not None:
        show_verdict(inspection, cost=say_cost(inspection))
        _show_correction(record, later)
    else:
        st.subheader(f"{record.kind.value.capitalize()} {record.id}")
        _offer_subject(record)
    _show_checks(opened)
    facts = list_facts(record)
    if inspection is not None and opened.preview is not None:
        picture, beside = st.columns([3, 2], gap="medium")
        with picture:
            show_evidence(View(opened.preview, opened.size, inspection), key="records.evidence")
        with beside:
            _show_later(later)
            _show_group("Who, what, when", facts["Who, what, when"])
    elif inspection is not None:
        _show_later(later)
    for group, rows in facts.items():
        if group == "Who, what, when" and opened.preview is not None:
            continue
        with st.expander(group, expanded=group in _OPEN_GROUPS):
            _show_group("", rows)


def _show_correction(record: Record, later: Sequence[Record]) -> None:
    if not any(one.kind is Kind.CORRECTION for one in later):
        return
    current = read_current(record, later)
    holds = say_outcome(current["verdict"], current["class"])
    part = f" Part {current['part']}." if current["part"] else ""
    st.info(
        f"What holds now: **{escape_markdown(holds)}**, by record {current['record']}.{escape_markdown(part)} "
        "The inspection below stays as it was.",
        title="Corrected since",
        icon=":material/edit_note:",
    )


def _offer_subject(record: Record) -> None:
    if record.of_id is not None:
        st.caption(f"It is about record {record.of_id}.")
        if st.button(f"Open record {record.of_id}", icon=":material/arrow_forward:"):
            st.query_params["record"] = str(record.of_id)
            st.rerun()


def _show_checks(opened: Opened) -> None:
    """This record alone; the Verify tab walks the whole chain."""
    record = opened.record
    expected = link_hash(bytes.fromhex(record.previous_hash), canonical_json(record.body).encode()).hex()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(f"Record {record.code}", icon=":material/tag:", color="gray")
        if expected == record.hash:
            st.badge("The record matches its hash", icon=":material/link:", color="green")
        else:
            st.badge("The record was changed", icon=":material/link_off:", color="red")
        if opened.inspection is not None and opened.picture_holds:
            st.badge("The picture matches its hash", icon=":material/verified:", color="green")
        elif opened.inspection is not None:
            st.badge("The picture does not stand up", icon=":material/broken_image:", color="red")
    if expected != record.hash:
        st.error(
            "Its content no longer gives the hash it was kept under. Run Verify, and keep a copy of the store."
        )
    if not opened.picture_holds:
        st.error(escape_markdown(opened.picture_words), title="Picture", icon=":material/broken_image:")
    if opened.map_words:
        st.error(escape_markdown(opened.map_words), title="Heat map", icon=":material/broken_image:")


def _show_later(later: Sequence[Record]) -> None:
    st.markdown("**Decisions and corrections**")
    if not later:
        st.caption("Nobody has decided on it or corrected it.")
    for record in later:
        icon = ":material/edit_note:" if record.kind is Kind.CORRECTION else ":material/how_to_reg:"
        st.markdown(f"{icon} {escape_markdown(say_later(record))}")


def _show_group(title: str, rows: Mapping[str, str]) -> None:
    if title:
        st.markdown(f"**{title}**")
    show_facts(rows)


def show_facts(rows: Mapping[str, str]) -> None:
    """Not st.table, which cuts a hash off where its column ends: here every letter is on the page and can be copied."""
    cells = "".join(
        _ROW.format(name=html.escape(name), value=html.escape(value)) for name, value in rows.items()
    )
    st.html(f'<table style="{_TABLE}"><tbody>{cells}</tbody></table>')
