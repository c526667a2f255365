"""What runs for a tab, found again when the tab is loaded anew.

To Streamlit a tab that is loaded anew is a new session, and what the old one held is out of reach. So the address carries
a random name of what runs. It is handed to the session that comes with this name once the old session's connection is
gone, and only to the same person: two tabs never hold the same run, and a link that was passed on opens nothing.
"""

import secrets
import threading
import weakref

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from inspection.ui.beside import VISITOR, visitor_id
from inspection.ui.keeping import LEDGER, name_person, open_ledger
from inspection.ui.links import RUN


class Holding:
    """What one tab holds, for as long as it runs or a session remembers it."""

    def __init__(self) -> None:
        self.token = secrets.token_urlsafe(16)
        self.session, self.person = own_session(), name_person()
        self.with_it: dict[str, object] = {VISITOR: visitor_id(), LEDGER: open_ledger()}
        self.work: object = None  # given once it is made; it asks whether its tab is there
        with _lock:
            _held[self.token] = self

    def is_there(self) -> bool:
        """Asked from the work's own thread too: whether the tab's connection stands."""
        return is_connected(self.session)


_lock = threading.Lock()
_held: "weakref.WeakValueDictionary[str, Holding]" = weakref.WeakValueDictionary()


def own_session() -> str:
    context = get_script_run_ctx()
    assert context is not None  # a page is being drawn
    return context.session_id


def is_connected(session: str) -> bool:
    return not runtime.exists() or runtime.get_instance().is_active_session(session)


def hold(key: str, holding: Holding) -> None:
    st.session_state[key] = holding


def held_work(key: str) -> object:
    """This session's, or None; None too where another took it over while this one's connection was gone."""
    holding = st.session_state.get(key)
    return holding.work if isinstance(holding, Holding) and holding.session == own_session() else None


def take_back(key: str, kind: type, *, what: str) -> object:
    """What the address names, where it was just handed to this session. what: "The race", to begin a sentence with."""
    token = st.query_params.get(RUN)
    mine = held_work(key)
    if mine is not None:
        st.query_params[RUN] = st.session_state[key].token
    if token is None or mine is not None:
        return None
    with _lock:
        holding = _held.get(token)
    if holding is None or not isinstance(holding.work, kind) or holding.person != name_person():
        del st.query_params[RUN]
        st.session_state[f"{key}.lost"] = True
        return None
    if holding.is_there():
        st.fragment(_wait_for, run_every=1.0)(holding, what)
        return None
    holding.session = own_session()
    for name, value in holding.with_it.items():  # a session that comes with a token has just begun
        st.session_state[name] = value
    hold(key, holding)
    return holding.work


def _wait_for(holding: Holding, what: str) -> None:
    if not holding.is_there():
        st.rerun()
    st.caption(f":material/tab: {what} runs in another tab. Close that tab to have it here.")


def tell_lost(key: str, *, what: str) -> None:
    """Until something runs here again. What was asked for may as well be somebody else's, so no more is said."""
    if st.session_state.get(f"{key}.lost") and held_work(key) is None:
        st.info(
            f"{what} that this address names is gone. What a tab runs is stopped when the tab is away for more than a few "
            "seconds, or when the server is started anew; what was not kept by then is not there any more.",
            title="Nothing to come back to",
            icon=":material/history_toggle_off:",
        )
