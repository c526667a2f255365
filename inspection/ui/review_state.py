"""What the Review page holds between two runs, and the one way in which it writes."""

from collections import Counter
from collections.abc import Callable

import streamlit as st

from inspection.errors import AssayError
from inspection.records.opinions import list_unconfirmed
from inspection.records.record import Kind
from inspection.records.search import Search
from inspection.records.store import RecordStore
from inspection.ui import resources
from inspection.ui.keeping import get_store, name_person
from inspection.ui.links import take_link
from inspection.ui.review_desk import Desk
from inspection.ui.roles import Role, current_person, require

_DESK, _ERROR = "review.desk", "review.error"
WANTED = "review.wanted"  # the line that a link asked for


def follow_link() -> dict[str, str]:
    """?line=… chooses whose parts are shown. Returns what is unknown of the address."""
    asked = take_link("review")
    unknown = {name: value for name, value in asked.items() if name != "line"}
    if asked.get("line") in resources.line_names():
        st.session_state[WANTED] = asked["line"]
    elif "line" in asked:
        unknown["line"] = asked["line"]
    return unknown


def may_review() -> bool:
    """For what is drawn; the deed itself asks again."""
    person = current_person()
    return person is not None and Role.AUDITOR in person.roles


def held_desk() -> Desk | None:
    desk = st.session_state.get(_DESK)
    if not isinstance(desk, Desk):
        return None
    desk.store = get_store()  # another one after the caches were cleared
    return desk


def sit_down(lines: tuple[str, ...]) -> None:
    def begin() -> None:
        desk = Desk(get_store(), name_person(), lines)
        desk.open_next()
        st.session_state[_DESK] = desk

    act(begin)


def get_unconfirmed(store: RecordStore, person: str) -> dict[str, int]:
    """How many answers this person gave before the map and left there, by line."""
    own = Search(kinds=(Kind.DECISION,), persons=(person,))
    return _count_unconfirmed(store, store.database.where, person, store.find_last(own))


@st.cache_data(max_entries=32, show_spinner=False)
def _count_unconfirmed(_store: RecordStore, where: str, person: str, last: int) -> dict[str, int]:
    """last: the newest of their answers; what was counted holds until there is another."""
    return dict(Counter(list_unconfirmed(_store.database, person=person).values()))


def stand_up(desk: Desk) -> None:
    st.session_state.pop(_DESK, None)
    act(desk.leave)


def act(deed: Callable[..., object], *values: object) -> None:
    """A callback of every button that writes: an auditor's deed, or a word on the page why not."""
    try:
        require(Role.AUDITOR)
        deed(*values)
    except AssayError as error:
        st.session_state[_ERROR] = error


def take_error() -> AssayError | None:
    error = st.session_state.pop(_ERROR, None)
    return error if isinstance(error, AssayError) else None
