"""Who else is at work on this machine's cores: said wherever times are shown."""

import secrets

import streamlit as st

from inspection.occupancy import OCCUPANCY

_VISITOR = "visitor"


def visitor_id() -> str:
    """This session's own, unknown to any other."""
    return str(st.session_state.setdefault(_VISITOR, secrets.token_hex(16)))


def turn_to_visitor(visitor: str) -> None:
    """For what came from another session. What this one runs meanwhile under its own id stays its own."""
    if not OCCUPANCY.is_at_work(visitor_id()):
        st.session_state[_VISITOR] = visitor


def say_others(own: str) -> str | None:
    """ "another session runs a race (since 40 s)", or None; `own` is the work that this page itself does."""
    visitor = visitor_id()
    others = OCCUPANCY.list_others(visitor, own=own)
    if not others:
        return None
    said = []
    for work in others:
        whose = "you run" if work.owner == visitor else "another session runs"
        said.append(f"{whose} {work.what} (since {work.age_s:.0f} s)")
    return ", ".join(said)
