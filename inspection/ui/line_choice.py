"""The box that a line is chosen in; every page has its own, under a key of its own."""

import streamlit as st

from inspection.lines import Line
from inspection.ui import resources


def title_line(name: str) -> str:
    """What a record, or a filter over records, calls a line; one that is gone keeps its name."""
    return resources.title_line(name) if name in resources.line_names() else name


def choose_line(key: str, *, persist: bool = True) -> Line:
    name = st.selectbox(
        "Line",
        resources.line_names(),
        format_func=resources.title_line,
        key=key,
        persist_state="session" if persist else None,
        width=260,
    )
    return resources.get_line(name)
