"""Who else is at work on this machine's cores: said wherever times are shown."""

import secrets

import streamlit as st

from inspection.occupancy import OCCUPANCY

VISITOR = "visitor"


def visitor_id() -> str:
    """This session's own, unknown to any other."""
    return str(st.session_state.setdefault(VISITOR, secrets.token_hex(16)))


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
