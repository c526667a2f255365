"""A search as a table to take away."""

import io
from collections.abc import Callable
from itertools import islice

import streamlit as st

from inspection.records.export import export_csv, export_parquet
from inspection.records.search import Search
from inspection.records.store import RecordStore
from inspection.ui.roles import Person, hold_to_roles

MOST_ROWS = 100_000


def offer_tables(store: RecordStore, search: Search, person: Person) -> None:
    """Made when they are asked for; oldest first, in the order of the chain. person: whom the search is limited to."""
    check = hold_to_roles(person)

    def make(write: Callable[[RecordStore, Search], bytes]) -> bytes:
        check()
        return write(store, search)

    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "CSV",
            data=lambda: make(write_csv),
            file_name="records.csv",
            mime="text/csv",
            icon=":material/table:",
            on_click="ignore",
            help="For a spreadsheet. The last column holds the whole record, from which its hash can be computed.",
        )
        st.download_button(
            "Parquet",
            data=lambda: make(write_parquet),
            file_name="records.parquet",
            mime="application/vnd.apache.parquet",
            icon=":material/dataset:",
            on_click="ignore",
            help="For a program: typed columns, compressed.",
        )
        st.caption(f"Every match of the search, the oldest {MOST_ROWS:,} of them where there are more.")


def write_csv(store: RecordStore, search: Search) -> bytes:
    """Written as bytes at once: as a text first, hundreds of megabytes would be held three times."""
    stream = io.BytesIO()
    # by its mark a spreadsheet knows any script
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
    export_csv(islice(store.walk(search), MOST_ROWS), text)
    text.detach()
    return stream.getvalue()


def write_parquet(store: RecordStore, search: Search) -> bytes:
    stream = io.BytesIO()
    export_parquet(islice(store.walk(search), MOST_ROWS), stream)
    return stream.getvalue()
