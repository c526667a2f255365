"""What the Inspect page says of its records: kept as which, or not kept and why."""

import streamlit as st

from inspection.types import Inspection
from inspection.ui.keeping import Kept, NotKept, keep_waiting, open_ledger
from inspection.ui.records_access import may_open
from inspection.ui.widgets import escape_markdown
from inspection.wording import say_number


def show_waiting() -> None:
    """Above the results: one box for all that this tab could not keep, from earlier batches too."""
    ledger = open_ledger()
    if not ledger.waiting:
        return
    keepable, lost = ledger.keepable, ledger.lost
    count = len(keepable) + lost
    said = f"{escape_markdown(str(ledger.waiting[0].error))} "
    if keepable:
        said += "What is not kept waits in this tab and is gone when it is closed."
    if lost:
        said += f" {lost} had no room to wait: inspect them again."
    st.warning(said, title=f"{say_number(count, 'inspection')} not kept", icon=":material/cloud_off:")
    with st.container(horizontal=True):
        if keepable:
            st.button(
                f"Keep {len(keepable)} now",
                key="keeping.all",
                icon=":material/save:",
                on_click=keep_waiting,
                args=(ledger, keepable),
            )
        if lost:
            st.button("Dismiss those without room", key="keeping.dismiss", on_click=ledger.drop_lost)


def show_kept(inspection: Inspection) -> None:
    """Under a verdict."""
    ledger = open_ledger()
    found = ledger.find(inspection)
    if isinstance(found, Kept):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.badge(f"Kept as record {found.record.id}", icon=":material/verified:", color="green")
            st.caption(f"in {found.took_ms:.1f} ms")
            if not may_open(found.record):  # a sample that somebody else had judged before
                st.caption("for somebody else; auditors and managers can open it")
            elif st.button(
                "Open the record", key="keeping.open", type="tertiary", icon=":material/arrow_forward:"
            ):
                st.switch_page("screens/records.py", query_params={"record": found.record.code})
    elif isinstance(found, NotKept):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.badge("Not kept", icon=":material/cloud_off:", color="orange")
            if found.picture is not None:
                st.button(
                    "Keep it now",
                    key="keeping.one",
                    type="tertiary",
                    icon=":material/save:",
                    on_click=keep_waiting,
                    args=(ledger, [found]),
                )
