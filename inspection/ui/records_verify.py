"""The Verify tab: walk the chain, hold it against checkpoints, sign a new one."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from inspection.errors import AssayError
from inspection.records.checkpoint_files import read_checkpoint_bytes
from inspection.records.checkpoints import Checkpoint, sign_checkpoint
from inspection.records.errors import StoreError
from inspection.records.facts import say_time
from inspection.records.keys import load_or_create_key
from inspection.records.record import Kind, Record
from inspection.records.search import Search
from inspection.records.store import RecordStore
from inspection.records.verify_run import VerifyRun, start_verify
from inspection.ui.keeping import get_store, name_person
from inspection.ui.records_detail import show_facts
from inspection.ui.roles import Role, require
from inspection.ui.widgets import escape_markdown, show_error
from inspection.wording import say_number

_SHARES = {1.0: "All", 0.1: "A random tenth", 0.0: "None"}
_LOOK_BACK = 50
_SIGNED = "records.signed"


@dataclass(slots=True)
class Desk:
    """One walk at a time in this process; every auditor sees it."""

    run: VerifyRun | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


@st.cache_resource(max_entries=1, show_spinner=False)
def get_desk() -> Desk:
    return Desk()


def show_verify(store: RecordStore) -> None:
    st.caption(
        "Each record's hash covers its content and the record before it. The walk reads every record and every picture "
        "again, and names the first that does not fit. What was cut off at the end shows only against a checkpoint that "
        "was kept elsewhere."
    )
    desk = get_desk()
    if desk.run is not None and desk.run.is_running:
        st.fragment(_show_running, run_every=1.0)(desk.run)
    else:
        _ask_for_walk(store, desk)
        if desk.run is not None:
            _show_done(desk.run)
        else:
            _show_last(store)
    st.divider()
    show_signing(store)


def _ask_for_walk(store: RecordStore, desk: Desk) -> None:
    share = st.segmented_control(
        "Pictures and maps to read again",
        list(_SHARES),
        format_func=lambda one: _SHARES[one],
        default=1.0,
        required=True,
        key="records.share",
    )
    checkpoints = _ask_checkpoints()
    words = f"Verify {say_number(store.count(Search(kinds=())), 'record')}"
    if st.button(words, type="primary", icon=":material/verified_user:", key="records.verify"):
        require(Role.AUDITOR)
        with desk.lock:
            if desk.run is None or not desk.run.is_running:
                desk.run = start_verify(
                    checkpoints=[one.to_json() for one in checkpoints],
                    picture_share_0_1=float(share),
                    person=name_person(),
                    when_done=_note_walk,
                )
        st.rerun()


def _ask_checkpoints() -> list[Checkpoint]:
    with st.expander("Hold it against signed checkpoints", icon=":material/anchor:"):
        files = st.file_uploader(
            "Checkpoint files", type=["json"], accept_multiple_files=True, key="records.checkpoints"
        )
        key = st.text_input(
            "The public key they must be signed with",
            key="records.trusted",
            max_chars=64,
            placeholder="64 characters; without it any signature is taken",
        )
        found = []
        for file in files or []:
            try:
                one = read_checkpoint_bytes(file.getvalue(), trusted_key=key or None)
            except StoreError as error:
                show_error(error)
                continue
            found.append(one)
            st.caption(
                f":material/anchor: {say_number(one.record_id, 'record')} on {escape_markdown(one.at)}, signed with "
                f"`{one.public_key[:16]}…`"
            )
    return found


def _note_walk(run: VerifyRun) -> None:
    """In the chain: who verified, when, and what was found. The walk itself stands even where this cannot be kept."""
    if run.report is None:
        return
    told = ("holds", "records", "last_id", "last_hash", "words", "checkpoints", "picture_share", "seconds")
    try:
        get_store().note("verify", {name: run.report[name] for name in told}, person=run.person)
    except StoreError as error:
        run.failure = f"It could not be noted in the records. {error}"


def _show_running(run: VerifyRun) -> None:
    if not run.is_running:
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(
            run.share_0_1,
            text=f"{run.done:,} of {say_number(run.total, 'record')}" if run.total else "Starting …",
        )
        st.button("Stop", icon=":material/stop:", key="records.stop", on_click=_stop, args=(run,))
    st.caption(f"Started by {escape_markdown(run.person)}, {say_time(run.started)}")


def _stop(run: VerifyRun) -> None:
    require(Role.AUDITOR)
    run.stop()


def _show_done(run: VerifyRun) -> None:
    if run.report is None:
        st.warning(escape_markdown(run.failure), title="No result", icon=":material/block:")
        return
    _show_result(run.report)
    st.caption(
        f"Verified by {escape_markdown(run.person)}, {say_time(run.started)}, in {run.report['seconds']:.1f} s"
    )
    if run.failure:
        st.warning(escape_markdown(run.failure), icon=":material/cloud_off:")


def _show_result(report: Mapping[str, Any]) -> None:
    said = escape_markdown(report["words"])
    if report["holds"]:
        st.success(said, title="Everything fits", icon=":material/verified_user:")
    else:
        st.error(said, title="Something does not fit", icon=":material/gpp_bad:")
    rows = {
        "Records": f"{report['records']:,}, the last is {report['last_id']:,}",
        "First break": report["first_break"] or "none",
        "Records that do not fit": f"{report['broken']:,}",
        "Files read again": f"{report['files_checked']:,}",
        "Files that do not match": f"{len(report['picture_faults'])}",
        "Guards gone, changed or added": ", ".join(report["missing_guards"])
        or "none: the database refuses changes",
        "Hourly counts": "match" if report["tallies_match"] else "disagree with the records",
        "Clock went back": say_number(report["clock_went_back"], "time"),
        "Checkpoints": f"{report['checkpoints']} given, {len(report['checkpoint_faults'])} do not hold",
        "Last hash": report["last_hash"],
    }
    show_facts(rows)
    for fault in report["picture_faults"]:
        st.markdown(f":material/broken_image: {escape_markdown(fault['message'])}")
    if report["first_break_record"] is not None and st.button(
        f"Open record {report['first_break_record']}", icon=":material/arrow_forward:", key="records.break"
    ):
        st.query_params["record"] = str(report["first_break_record"])
        st.rerun()


def _show_last(store: RecordStore) -> None:
    last = find_last_walk(store)
    if last is None:
        st.info("Nobody has verified these records lately.", icon=":material/history:")
        return
    found = last.body["details"]
    outcome = "everything fitted" if found["holds"] else "something did not fit"
    st.info(
        f"Last verified by {escape_markdown(last.person)}, {say_time(last.at)}: {outcome}, "
        f"{say_number(found['records'], 'record')}.",
        icon=":material/history:",
    )


def find_last_walk(store: RecordStore) -> Record | None:
    """Among the latest events."""
    events = store.search(Search(kinds=(Kind.EVENT,)), limit=_LOOK_BACK).records
    return next((one for one in events if one.body["event"] == "verify"), None)


def show_signing(store: RecordStore) -> None:
    st.markdown("**Checkpoint**")
    st.caption(
        "A signed statement of how many records there are and what the last hash is. Keep it on another machine, and note "
        "the public key down: with both, a tail that is cut off later is found."
    )
    if st.button("Sign a checkpoint", icon=":material/anchor:", key="records.sign"):
        try:
            require(Role.AUDITOR)
            key = load_or_create_key()
            store.note(
                "checkpoint", {"public_key": key.public_key().public_bytes_raw().hex()}, person=name_person()
            )
            st.session_state[_SIGNED] = sign_checkpoint(store.database, key)
        except AssayError as error:
            show_error(error)
    signed = st.session_state.get(_SIGNED)
    if isinstance(signed, Checkpoint):
        st.download_button(
            f"Checkpoint at record {signed.record_id:,}",
            data=signed.to_json() + "\n",
            file_name=f"checkpoint-{signed.record_id:09d}-{signed.record_hash[:12]}.json",
            mime="application/json",
            icon=":material/download:",
            on_click="ignore",
            type="primary",
        )
        st.code(signed.public_key, language=None)
        st.caption("The public key. Whoever checks the file needs it from you, not from the file.")
