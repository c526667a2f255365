"""The Records page: a search with its results and the Verify tab, or one record that was opened."""

import streamlit as st

from inspection.errors import AssayError
from inspection.records.errors import StoreError
from inspection.records.facts import say_time
from inspection.records.search import Search
from inspection.records.store import RecordStore
from inspection.ui.keeping import get_store
from inspection.ui.records_access import is_correctable, limit_search, open_record, reads_all
from inspection.ui.records_correction import show_correction
from inspection.ui.records_deeds import offer_copies, show_replay
from inspection.ui.records_detail import close_files, open_files, show_record
from inspection.ui.records_exports import offer_tables
from inspection.ui.records_filter import ask_filter, clear_filter, forget_link
from inspection.ui.records_table import A_PAGE, open_trail, show_page, show_turning, turn_to_record
from inspection.ui.records_verify import show_verify
from inspection.ui.roles import Person, Role
from inspection.ui.widgets import show_error
from inspection.wording import say_number

FIND, VERIFY = "Find", "Verify"


def show_finding(person: Person) -> None:
    st.title("Records")
    close_files()
    store = get_store()
    if Role.AUDITOR not in person.roles:
        _show_search(store, person)
        return
    find, check = st.tabs([FIND, VERIFY], on_change="rerun", key="records.tab")
    if find.open:
        with find:
            _show_search(store, person)
    if check.open:
        with check:
            show_verify(store)


def _show_search(store: RecordStore, person: Person) -> None:
    if not reads_all(person):
        st.caption("You see the inspections that you made. Auditors and managers see all of them.")
    try:
        search = limit_search(ask_filter(store, whose=reads_all(person)), person)
        trail = open_trail(search)
        page = store.search(search, after=trail.places[-1], limit=A_PAGE)
    except StoreError as error:
        show_error(error)
        _offer_clearing()
        return
    _show_count(store, search)
    if not page.records:
        _show_empty(store)
        return
    missing = show_page(store, page, trail)
    show_turning(page, trail)
    offer_tables(store, search, person)
    _ask_code()
    if missing:
        st.rerun()  # the next thumbnails; what is on the page stays there meanwhile


def _show_count(store: RecordStore, search: Search) -> None:
    """Only where it costs nothing: the counts know neither persons nor pictures."""
    if search.persons or search.picture_sha256:
        return
    count = store.count(search)
    if count:
        st.markdown(f"**{say_number(count, 'record')}**")


def _show_empty(store: RecordStore) -> None:
    if store.count(Search(kinds=())) == 0:
        st.info(
            "Inspect a picture, on the Inspect page or with `python -m inspection inspect --keep`: its record appears here.",
            title="Nothing has been kept yet",
            icon=":material/inbox:",
        )
        if st.button("Inspect a picture", type="primary", icon=":material/center_focus_strong:"):
            st.switch_page("screens/inspect.py")
        return
    st.info(
        "Take a condition away, or widen the time. Times are UTC.",
        title="No record fits all of it",
        icon=":material/search_off:",
    )
    _offer_clearing()


def _offer_clearing() -> None:
    st.button("Clear the search", icon=":material/filter_alt_off:", on_click=_clear, key="records.clear")


def _clear() -> None:
    forget_link()
    clear_filter()


def _ask_code() -> None:
    with st.form("records.open", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        code = st.text_input(
            "Open by number, code or UID",
            key="records.code",
            placeholder="12-9f3ab0…",
            max_chars=60,
            width=320,
        )
        if st.form_submit_button("Open", icon=":material/arrow_forward:") and code and code.strip():
            turn_to_record(code.strip())
            st.rerun()


def show_one(code: str, person: Person) -> None:
    """An address from a printed page, a link or the table."""
    st.title("Record")
    _show_ways()
    try:
        store = get_store()
        record = open_record(store, code, person)
        later = store.about(record.id)
        opened = open_files(store, record)
    except AssayError as error:
        show_error(error)
        return
    st.caption(f"Record {record.id}, kept {say_time(record.at)}")
    show_record(opened, later)
    offer_copies(opened, later)
    if opened.inspection is not None:
        with st.expander("Replay with the same weights", icon=":material/replay:", expanded=True):
            show_replay(store, opened)
    if is_correctable(record, person):
        with st.expander("Correct it", icon=":material/edit_note:"):
            show_correction(store, record, later)


def _show_ways() -> None:
    """Back to the search, and to the neighbours on the page it was opened from."""
    codes: list[str] = st.session_state.get("records.neighbours", [])
    code = st.query_params.get("record")
    place = codes.index(code) if code in codes else None
    with st.container(horizontal=True):
        st.button(
            "All records", icon=":material/arrow_back:", on_click=_go_to, args=(None,), key="records.back"
        )
        if place is None:
            return
        st.button(
            "Newer",
            icon=":material/chevron_left:",
            key="records.one_newer",
            on_click=_go_to,
            args=(codes[max(place - 1, 0)],),
            disabled=place == 0,
            help="This is the newest of the page." if place == 0 else None,
        )
        st.button(
            "Older",
            icon=":material/chevron_right:",
            key="records.one_older",
            on_click=_go_to,
            args=(codes[min(place + 1, len(codes) - 1)],),
            disabled=place == len(codes) - 1,
            help="This is the oldest of the page." if place == len(codes) - 1 else None,
        )


def _go_to(code: str | None) -> None:
    if code is None:
        st.query_params.pop("record", None)
    else:
        st.query_params["record"] = code
