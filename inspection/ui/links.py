"""The address of a page: what it asks for is followed, what is unknown in it is said, and it always leads back to what is shown."""

from collections.abc import Mapping, Sequence

import streamlit as st

from inspection.ui.widgets import escape_markdown

RUN = "run"  # of after_reload: it asks for nothing that a page shows, and stays in the address
_LONGEST, _MOST = 40, 12


def take_link(page: str) -> dict[str, str]:
    """What the address asks for, once when it is new; afterwards nothing."""
    arrived = _read_address()
    if arrived == st.session_state.get(f"{page}.link"):
        return {}
    st.session_state[f"{page}.link"] = arrived
    return arrived


def put_link(page: str, link: Mapping[str, str]) -> None:
    if dict(link) != _read_address():
        run = {RUN: st.query_params[RUN]} if RUN in st.query_params else {}
        st.query_params.from_dict({**link, **run})
    st.session_state[f"{page}.link"] = dict(link)


def _read_address() -> dict[str, str]:
    return {name: value for name, value in st.query_params.to_dict().items() if name != RUN}


def tell_unknown(unknown: Mapping[str, str]) -> None:
    """An address comes from anywhere, and what it asks for may have been renamed since."""
    if unknown:
        st.warning(say_unknown(unknown), title="The link asks for something else", icon=":material/link_off:")


def say_unknown(unknown: Mapping[str, str]) -> str:
    named = [f"{name} “{escape_markdown(shorten(value))}”" for name, value in unknown.items()]
    return f"Not known here: {list_some(named)}. What is shown instead is named below; choose there what you look for."


def list_some(named: Sequence[str]) -> str:
    """An address may hold thousands of words."""
    if len(named) > _MOST:
        return f"{', '.join(named[:_MOST])} and {len(named) - _MOST:,} more"
    return named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"


def shorten(value: str) -> str:
    return value if len(value) <= _LONGEST else f"{value[: _LONGEST - 1]}…"
