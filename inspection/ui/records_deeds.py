"""What can be done with an opened record: replay it, correct it, print it, take it away."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import streamlit as st

from inspection.config import load_settings
from inspection.errors import AssayError
from inspection.records.chain import canonical_json
from inspection.records.record import Record
from inspection.records.replay import Likeness, Replay, replay
from inspection.records.sheet import RecordSheet, write_record_sheet
from inspection.records.store import RecordStore
from inspection.records.surroundings import find_hashes
from inspection.types import Inspection, Precision
from inspection.ui import inspectors, resources
from inspection.ui.keeping import name_person
from inspection.ui.overlays import decode_preview, draw_evidence, encode_jpeg, scale_evidence
from inspection.ui.records_detail import Opened
from inspection.ui.widgets import escape_markdown, show_error

if TYPE_CHECKING:
    from inspection.pipeline import Inspector
    from inspection.records.champions import Champion

_REPLAYED = "records.replayed"
_MARKS = {
    Likeness.SAME: ":green[:material/check_circle:] the same",
    Likeness.WITHIN: ":blue[:material/check_circle:] within tolerance",
    Likeness.OTHER: ":orange[:material/error:] different",
}


def show_replay(store: RecordStore, opened: Opened) -> None:
    record = opened.record
    held = st.session_state.get(_REPLAYED)
    st.caption("The same picture through the same weights, by the rules of then, on the machine of now.")
    if st.button(
        "Replay",
        icon=":material/replay:",
        key="records.replay",
        disabled=not opened.picture_holds,
        help=None
        if opened.picture_holds
        else "The picture is not there as it was kept: nothing to judge again.",
    ):
        st.session_state.pop(_REPLAYED, None)
        try:
            with st.spinner("Loading the model and judging the picture again …", show_time=True):
                held = record.hash, replay(store, record, load=load_as_then)
        except AssayError as error:
            show_error(error)
            return
        st.session_state[_REPLAYED] = held
    if isinstance(held, tuple) and held[0] == record.hash:
        _show_replayed(held[1])


def load_as_then(then: Inspection, champion: "Champion") -> "Inspector":
    """The model that runs now where it is of the same release, else the one of then."""
    present = resources.get_champion(then.line)
    serves = present if present.model == then.model else None  # other models of the line run as they ship
    if (serves.release if serves else None) == champion.release:
        return inspectors.get_inspector(then.line, then.model, then.engine.precision)
    return _load_former(then.line, then.model, then.engine.precision, name_release(then, champion), champion)


def name_release(then: Inspection, champion: "Champion") -> str:
    """All that decides: weights of one hash may lie here with several novelty models."""
    if champion.release is not None:
        return champion.release.sha256
    return " ".join(map(str, find_hashes(then.line, then.model, load_settings())))


@st.cache_resource(max_entries=2, show_spinner=False)
def _load_former(
    line: str, model: str, precision: Precision, release: str, _champion: "Champion"
) -> "Inspector":
    """release: tells one from another in the cache."""
    # torch and openvino load here, not when the page is read
    from inspection.loading import load_inspector

    return load_inspector(line, model=model, precision=precision, champion=_champion)


def _show_replayed(found: Replay) -> None:
    said = escape_markdown(found.words)
    if found.holds and found.caveat:
        st.warning(said, icon=":material/rule:")
    elif found.holds:
        st.success(said, icon=":material/check_circle:")
    elif found.obstacle:
        st.warning(said, icon=":material/block:")
    else:
        st.error(said, icon=":material/error:")
    if not found.comparisons:
        return
    rows = [
        {
            "": escape_markdown(one.what),
            "Then": escape_markdown(_shorten(one.then)),
            "Now": escape_markdown(_shorten(one.now)),
            "Likeness": _MARKS[one.likeness],
        }
        for one in found.comparisons
    ]
    st.table(rows, border="horizontal", hide_index=True, alt="Then and now, side by side")
    if found.inspection is not None:
        st.caption(
            "Novelty model, engine, processor and detectors are told because they may explain a difference."
        )


def _shorten(text: str) -> str:
    """A hash is told by its beginning: the whole of it stands in the facts."""
    return f"{text[:12]}…" if len(text) == 64 and " " not in text else text


def offer_copies(opened: Opened, later: Sequence[Record]) -> None:
    record = opened.record
    with st.container(horizontal=True):
        if opened.inspection is not None:
            address, by, made = build_address(record), name_person(), datetime.now(UTC)
            st.download_button(
                "One page (PDF)",
                data=lambda: print_record(opened, later, address=address, by=by, made=made),
                file_name=f"record-{record.code}.pdf",
                mime="application/pdf",
                icon=":material/picture_as_pdf:",
                on_click="ignore",
                help="Everything on one page, with the hash and a code that leads back here.",
            )
        st.download_button(
            "Record (JSON)",
            data=json.dumps(
                {
                    "id": record.id,
                    "hash": record.hash,
                    "previous_hash": record.previous_hash,
                    "body": record.body,
                },
                indent=2,
                ensure_ascii=False,
            ),
            file_name=f"record-{record.code}.json",
            mime="application/json",
            icon=":material/data_object:",
            on_click="ignore",
            help=f"SHA-256 of the previous hash and the {len(canonical_json(record.body)):,} bytes of canonical JSON gives its own.",
        )


def build_address(record: Record) -> str:
    """Where this page stands, as the browser sees it."""
    base = str(st.context.url or "").split("?")[0]
    return (
        f"{base}?record={record.code}" if base.startswith(("http://", "https://")) and base.isascii() else ""
    )


def print_record(opened: Opened, later: Sequence[Record], *, address: str, by: str, made: datetime) -> bytes:
    pictures: dict[str, bytes] = {}
    if opened.preview is not None and opened.inspection is not None:
        pixels = decode_preview(opened.preview)
        drawn = draw_evidence(pixels, scale_evidence(opened.inspection, pixels.shape[1] / opened.size[0]))
        pictures = {"As it was inspected": opened.preview, "With box and heat map": encode_jpeg(drawn)}
    return write_record_sheet(
        RecordSheet(
            record=opened.record,
            later=later,
            pictures=pictures,
            address=address if len(address) <= 300 else "",
            made=made,
            made_by=by,
        )
    )
