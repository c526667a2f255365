"""What runs for a tab, found again when the tab is loaded anew.

To Streamlit a tab that is loaded anew is a new session, and what the old one held is out of reach. So the address of the
page carries a random name of what runs. It is handed to the session that comes with this name in the same browser and for
the same person, once the old session's connection is gone and stays gone: two tabs never hold the same run, and a link
that was passed on opens nothing. Without a login everybody is the same person, so the browser is told by the cookie that
Streamlit gives each; where there is none, nothing is handed over.
"""

import secrets
import threading
import time
import weakref
from dataclasses import dataclass, field
from typing import Protocol

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.web.server.starlette.starlette_app_utils import validate_xsrf_token
from streamlit.web.server.starlette.starlette_server_config import XSRF_COOKIE_NAME

from inspection.ui.keeping import name_person
from inspection.ui.links import RUN

PATIENCE_S = 20.0  # what a tab runs is stopped when the tab is away for longer
_FALTER_S = 2.0  # a connection that only falters is back by then
_LOOK_EVERY_S = 0.1


class Work(Protocol):
    @property
    def over(self) -> bool: ...


@dataclass(slots=True)
class Tab:
    """What the work may hold on to. The holding holds the work: held by it, neither would ever be let go."""

    session: str

    def is_there(self) -> bool:
        """Asked from the work's own thread too: whether the tab's connection stands."""
        return is_connected(self.session)


@dataclass(slots=True, eq=False, weakref_slot=True)
class Holding:
    """What one tab holds, for as long as a session remembers it."""

    tab: Tab
    person: str
    browser: str | None
    token: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    work: Work | None = None  # given once it is made; it asks whether its tab is there

    def belongs_here(self) -> bool:
        return self.person == name_person() and is_same_browser(self.browser, own_browser())

    def take(self) -> bool:
        """False where the tab is there, or another one came first."""
        if not _stays_away(self.tab):
            return False
        with _lock:
            if self.tab.is_there():
                return False
            self.tab.session = own_session()
        return True


_lock = threading.Lock()
_held: "weakref.WeakValueDictionary[str, Holding]" = weakref.WeakValueDictionary()


def own_session() -> str:
    context = get_script_run_ctx()
    assert context is not None  # a page is being drawn
    return context.session_id


def own_browser() -> str | None:
    """Streamlit's cookie, which all tabs of a browser share and no other browser knows."""
    return st.context.cookies.get(XSRF_COOKIE_NAME)


def is_same_browser(one: str | None, other: str | None) -> bool:
    """The cookie is written anew at each load, behind another mask: Streamlit's own comparison sees through it."""
    return validate_xsrf_token(one, other)


def is_connected(session: str) -> bool:
    try:
        serving = runtime.get_instance()
    except RuntimeError:  # without a server nobody is away; one that stops ends by itself what it runs
        return True
    return serving.is_active_session(session)


def open_holding(key: str) -> Holding:
    """This session's. What is started anew keeps its name: a tab that waits for it waits for what runs now."""
    holding = _own_holding(key)
    if holding is None:
        holding = Holding(Tab(own_session()), name_person(), own_browser())
        st.session_state[key] = holding
        with _lock:
            _held[holding.token] = holding
    return holding


def held_work(key: str) -> Work | None:
    """This session's, or None; None too where another took it over while this one's connection was gone."""
    holding = _own_holding(key)
    return holding.work if holding is not None else None


def _own_holding(key: str) -> Holding | None:
    holding = st.session_state.get(key)
    return holding if isinstance(holding, Holding) and holding.tab.session == own_session() else None


def take_back(key: str, kind: type[Work], *, what: str) -> Work | None:
    """What the address names, where it was just handed to this session. what: "race", as it is called on the page."""
    own = _own_holding(key)
    if own is not None and own.work is not None:
        st.query_params[RUN] = own.token
        return None
    token = st.query_params.get(RUN)
    if token is None:
        return None
    holding = _find(token, kind)
    if holding is None:
        _give_up(
            f"The {what} that this address names cannot be had here. It can where the same person opens the address in the "
            f"same browser, after a reload for instance. What a tab runs is stopped when the tab is away for more than "
            f"{PATIENCE_S:.0f} seconds, and is gone when the server is started anew."
        )
        return None
    with st.spinner(f"Looking whether the {what} still has its tab …"):
        taken = holding.take()
    if taken:
        st.session_state[key] = holding
        return holding.work
    if holding.work is not None and holding.work.over:
        _give_up(
            f"The {what} that this address names has ended. What came of it stands in the tab that ran it."
        )
        return None
    st.fragment(_wait_for, run_every=1.0)(token, kind, what)
    return None


def _find(token: str, kind: type[Work]) -> Holding | None:
    with _lock:
        holding = _held.get(token)
    return (
        holding if holding is not None and isinstance(holding.work, kind) and holding.belongs_here() else None
    )


def _stays_away(tab: Tab) -> bool:
    until = time.monotonic() + _FALTER_S
    while time.monotonic() < until:
        if tab.is_there():
            return False
        time.sleep(_LOOK_EVERY_S)
    return True


def _wait_for(token: str, kind: type[Work], what: str) -> None:
    holding = _find(token, kind)
    if holding is None or holding.work is None or holding.work.over or not holding.tab.is_there():
        st.rerun()  # the page looks again, and says what it finds
    st.caption(f":material/tab: The {what} runs in another tab. Close that tab to have it here.")


def _give_up(why: str) -> None:
    """Said once; the address asks for it no longer."""
    del st.query_params[RUN]
    st.info(why, title="Nothing to come back to", icon=":material/history_toggle_off:")
