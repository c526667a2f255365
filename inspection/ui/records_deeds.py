"""What can be done with an opened record: replay it, correct it, print it, take it away."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import streamlit as st

from inspection.config import load_settings
from inspection.errors import AssayError
from inspection.records.chain import canonical_json
from inspection.records.decisions import CORRECTABLE, read_current
from inspection.records.facts import say_outcome
from inspection.records.record import Record
from inspection.records.replay import Likeness, Replay, replay
from inspection.records.sheet import RecordSheet, write_record_sheet
from inspection.records.store import RecordStore
from inspection.records.surroundings import find_hashes
from inspection.types import Inspection, Precision, VerdictKind
from inspection.ui import resources
from inspection.ui.keeping import name_person
from inspection.ui.overlays import decode_preview, draw_evidence, encode_jpeg, scale_evidence
from inspection.ui.records_access import correct_record, find_good
from inspection.ui.records_detail import Opened
from inspection.ui.widgets import escape_markdown, show_error

if TYPE_CHECKING:
    from inspection.pipeline import Inspector
    from inspection.records.champions import Champion

_REPLAYED = "records.replayed"
_FORM = (*CORRECTABLE, "reason")
_MARKS = {
    Likeness.SAME: ":green[:material/check_circle:] the same",
    Likeness.WITHIN: ":blue[:material/check_circle:] within tolerance",
    Likeness.OTHER: ":orange[:material/error:] different",
}


class CorrectedMeanwhile(AssayError):
    """By somebody else, after the form was filled: what its fields hold was not chosen against what holds now."""


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
        return resources.get_inspector(then.line, then.model, then.engine.precision)
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
    from inspection.pipeline import load_inspector

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


def show_correction(store: RecordStore, record: Record, later: Sequence[Record]) -> None:
    """The inspection stays; a new record says what it should have said."""
    filled, good = fill_form(record, read_current(record, later)), find_good(record)
    with st.form("records.correction", border=False):
        st.caption(
            "The inspection stays as it is. A new record names it, with the old value, yours and your reason."
        )
        if good is not None:
            st.caption(
                f"PASS means {escape_markdown(good)} and NO PART no class: where you leave the class, it follows the "
                "verdict. REJECT needs the defect."
            )
        asked = _ask_changes(record, filled)
        reason = st.text_area(
            "Reason",
            key=_key("reason", record),
            max_chars=2000,
            placeholder="What you saw, and why the record is wrong",
        )
        sent = st.form_submit_button("Add the correction", type="primary", icon=":material/edit_note:")
    met = st.session_state.pop(_key("met", record), None)
    if isinstance(met, CorrectedMeanwhile):
        show_error(met)
    if sent:
        _correct(store, record, _find_changes(asked, filled), filled=filled, good=good, reason=reason)


def _key(name: str, record: Record) -> str:
    return f"records.{name}.{record.id}"


def fill_form(record: Record, current: dict[str, Any]) -> dict[str, Any]:
    """What held when the fields were filled: they go on showing it, whoever corrects the record meanwhile."""
    typed: dict[str, str] | None = st.session_state.pop(_key("anew", record), None)
    if typed is None and _key("verdict", record) in st.session_state:  # forgotten when the page is left
        filled: dict[str, Any] = st.session_state[_key("filled", record)]
        return filled
    for name in _FORM:
        st.session_state[_key(name, record)] = (typed or {}).get(name, current.get(name) or "")
    st.session_state[_key("filled", record)] = current
    return current


def _fill_anew(record: Record, typed: dict[str, str]) -> None:
    """With what holds then, but for what was typed; once, when the form is drawn next."""
    st.session_state[_key("anew", record)] = typed


def _ask_changes(record: Record, filled: dict[str, Any]) -> dict[str, str]:
    with st.container(horizontal=True):
        verdict = st.selectbox(
            "Verdict", [kind.value for kind in VerdictKind], key=_key("verdict", record), width=170
        )
        class_name = st.selectbox(
            "Class",
            _list_classes(record, filled["class"]),
            format_func=lambda name: name or "none",
            key=_key("class", record),
            width=220,
        )
        part = st.text_input("Part number", key=_key("part", record), max_chars=200, width=220)
    return {"verdict": verdict, "class": class_name, "part": part}


def _list_classes(record: Record, held: str | None) -> list[str]:
    return list(dict.fromkeys(["", *record.body["class_names"], held or ""]))


def _find_changes(asked: dict[str, str], current: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in asked.items() if value != (current[name] or "")}


def _follow_verdict(changes: dict[str, str], good: str | None) -> dict[str, str]:
    """A class that was left as it was follows the verdict where the verdict says which; what it says of the class is shown."""
    follows = {} if good is None else {VerdictKind.PASS.value: good, VerdictKind.NO_PART.value: ""}
    verdict = changes.get("verdict")
    return changes if verdict not in follows else {"class": follows[verdict], **changes}


def _refuse_meanwhile(store: RecordStore, record: Record, filled: dict[str, Any]) -> None:
    now = read_current(record, store.about(record.id))
    if now["record"] != filled["record"]:
        raise CorrectedMeanwhile(
            f"Expected record {record.id} as it was when you opened it, but record {now['record']} corrected it meanwhile: "
            f"{say_outcome(now['verdict'], now['class'])}. Nothing was added. What you had changed stands in the form, all "
            "else is as it holds now. Look at it, and send it again."
        )


def _correct(
    store: RecordStore,
    record: Record,
    changes: dict[str, str],
    *,
    filled: dict[str, Any],
    good: str | None,
    reason: str,
) -> None:
    try:
        _refuse_meanwhile(store, record, filled)
        made = correct_record(store, record, changes=_follow_verdict(changes, good), reason=reason)
    except CorrectedMeanwhile as error:
        _fill_anew(record, {**changes, "reason": reason})
        st.session_state[_key("met", record)] = error
        st.rerun()
    except AssayError as error:
        show_error(error)
        return
    st.toast(f"Kept as record {made.id}.", icon=":material/edit_note:")
    _fill_anew(record, {})
    st.rerun()


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
