"""The form by which an auditor corrects a record: what it held when it was filled, and what became of it meanwhile."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from inspection.errors import AssayError
from inspection.records.decisions import CORRECTABLE, read_current
from inspection.records.errors import CorrectedMeanwhile
from inspection.records.facts import say_outcome
from inspection.records.record import Record
from inspection.records.store import RecordStore
from inspection.types import VerdictKind
from inspection.ui.records_access import correct_record, find_good, list_classes
from inspection.ui.widgets import escape_markdown, show_error

_FORM = (*CORRECTABLE, "reason")


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
    met: str | None = st.session_state.pop(_key("met", record), None)
    if met is not None:
        st.error(escape_markdown(met), icon=":material/error:", title="Corrected meanwhile")
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
    return list(dict.fromkeys(["", *list_classes(record), held or ""]))


def _find_changes(asked: dict[str, str], current: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in asked.items() if value != (current[name] or "")}


def _follow_verdict(changes: dict[str, str], good: str | None) -> dict[str, str]:
    """A class that was left as it was follows the verdict where the verdict says which; what it says of the class is shown."""
    follows = {} if good is None else {VerdictKind.PASS.value: good, VerdictKind.NO_PART.value: ""}
    verdict = changes.get("verdict")
    return changes if verdict not in follows else {"class": follows[verdict], **changes}


def _tell_meanwhile(store: RecordStore, record: Record) -> str:
    now = read_current(record, store.about(record.id))
    return (
        f"Record {now['record']} corrected it while the form was open: {say_outcome(now['verdict'], now['class'])}. Nothing "
        "was added. What you had changed stands in the form, all else is as it holds now. Look at it, and send it again."
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
        made = correct_record(
            store, record, changes=_follow_verdict(changes, good), reason=reason, seen=filled["record"]
        )
    except CorrectedMeanwhile:
        _fill_anew(record, {**changes, "reason": reason})
        st.session_state[_key("met", record)] = _tell_meanwhile(store, record)
        st.rerun()
    except AssayError as error:
        show_error(error)
        return
    st.toast(f"Kept as record {made.id}.", icon=":material/edit_note:")
    _fill_anew(record, {})
    st.rerun()
