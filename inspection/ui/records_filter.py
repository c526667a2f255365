"""What to search the records by: from the page's controls, or from a link that another page made."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

import streamlit as st

from inspection.records.record import Kind
from inspection.records.search import Search
from inspection.records.store import RecordStore
from inspection.ui.line_choice import title_line
from inspection.ui.links import list_some, shorten
from inspection.ui.resources import title_model
from inspection.ui.widgets import escape_markdown

# field of a link → word of a facet, and the field of a Search
_WORDS: Mapping[str, tuple[str, str]] = {
    "line": ("Line", "line"),
    "verdict": ("Verdict", "verdict"),
    "defect": ("Class", "class_name"),
    "model": ("Model", "model"),
    "person": ("Person", "person"),
}
_KINDS = {
    Kind.INSPECTION: "Inspections",
    Kind.DECISION: "Decisions",
    Kind.CORRECTION: "Corrections",
    Kind.EVENT: "Events",
}
_TITLES: Mapping[str, Callable[[str], str]] = {"line": title_line, "model": title_model}
_LINKED = frozenset({*_WORDS, "since", "until", "picture", "kind", "agrees", "record"})
ANY = ""
_AGREES = {ANY: "any", "yes": "as the model", "no": "other than the model"}
_EARLIEST, _LATEST = datetime(1970, 1, 1), datetime(2099, 12, 31, 23, 59)
SHOWN = "records.shown"  # the link that the controls already follow
_UNKNOWN = "records.unknown"  # what they do not follow of it


def follow_link(words: Mapping[str, tuple[str, ...]]) -> None:
    """?line=…&verdict=…&since=2026-01-31T06:00&until=…&picture=…: once, when the address is new.

    An address comes from anywhere: what is unknown in it is left out of the search, and that is said.
    """
    asked = {name: st.query_params.get_all(name) for name in st.query_params}
    if not asked or asked == st.session_state.get(SHOWN):
        return
    clear_filter()
    unknown = {name: values for name, values in asked.items() if name not in _LINKED}
    for name, (_, facet) in _WORDS.items():
        known = words.get(facet, ())
        st.session_state[f"records.{name}"] = [value for value in asked.get(name, []) if value in known]
        unknown[name] = [value for value in asked.get(name, []) if value not in known]
    for name in ("since", "until"):
        text = asked.get(name, [""])[0]
        st.session_state[f"records.{name}"] = at = _read_time(text)
        unknown[name] = [text] if text and at is None else []
    st.session_state["records.picture"] = asked.get("picture", [""])[0][:64]
    agrees = asked.get("agrees", [ANY])[0]
    st.session_state["records.agrees"] = held = agrees if agrees in _AGREES else ANY
    unknown["agrees"] = [] if agrees in _AGREES else [agrees]
    wanted = [*asked.get("kind", []), *([] if held == ANY else [Kind.DECISION.value])]  # nothing else agrees
    kinds = [kind for kind in _KINDS if kind.value in wanted]
    st.session_state["records.kinds"] = kinds or [Kind.INSPECTION]
    unknown["kind"] = [value for value in asked.get("kind", []) if value not in set(Kind)]
    st.session_state[_UNKNOWN] = {name: values for name, values in unknown.items() if values}
    st.session_state[SHOWN] = asked  # last: a link that failed half way is followed anew


def tell_unknown_words() -> None:
    """As long as the address asks for it: the page is drawn several times until its thumbnails are there."""
    unknown: dict[str, list[str]] = st.session_state.get(_UNKNOWN, {})
    if not unknown:
        return
    named = [
        f"{escape_markdown(shorten(name))} “{escape_markdown(shorten(value))}”"
        for name, values in unknown.items()
        for value in values
    ]
    time = " A time is written like 2026-01-31T06:00." if {"since", "until"} & set(unknown) else ""
    st.warning(
        f"No record knows {list_some(named)}. The search below goes without, so it may show more than was meant.{time}",
        title="The link asks for something else",
        icon=":material/link_off:",
    )


def _read_time(text: str) -> datetime | None:
    """UTC, as the control holds it; None for what is no time, or one that no record can have."""
    try:
        at = datetime.fromisoformat(text)
        at = at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at
    except (ValueError, OverflowError):  # the zone may lead out of the calendar
        return None
    return at if _EARLIEST <= at <= _LATEST else None


def clear_filter() -> None:
    for name in _WORDS:
        st.session_state[f"records.{name}"] = []
    for name in ("since", "until"):
        st.session_state[f"records.{name}"] = None
    st.session_state["records.picture"] = ""
    st.session_state["records.kinds"] = [Kind.INSPECTION]
    st.session_state["records.agrees"] = ANY
    st.session_state.pop(_UNKNOWN, None)


def forget_link() -> None:
    """So that the same link, followed again later, is followed."""
    st.session_state.pop(SHOWN, None)
    st.query_params.clear()


def ask_filter(store: RecordStore, *, whose: bool) -> Search:
    """whose: whether records of others may be searched."""
    words = store.words()
    follow_link(words)
    if "records.kinds" not in st.session_state:
        clear_filter()
    tell_unknown_words()
    with st.container(horizontal=True, key="records.filter"):
        chosen = {
            name: _choose(name, title, words[facet])
            for name, (title, facet) in _WORDS.items()
            if whose or name != "person"
        }
        since = _ask_time("since", "From (UTC)")
        until = _ask_time("until", "Until (UTC)")
        picture = st.text_input(
            "Picture's SHA-256",
            key="records.picture",
            persist_state="session",
            placeholder="6 to 64 characters",
            max_chars=64,
            width=200,
        )
        kinds = st.multiselect(
            "Kind",
            list(_KINDS),
            format_func=lambda kind: _KINDS[kind],
            key="records.kinds",
            persist_state="session",
            width=215,
            help="Inspections by the models; decisions and corrections by people; events such as a promotion.",
        )
        agrees = _ask_agreement() if Kind.DECISION in kinds else None
    return Search(
        since=since,
        until=until,
        kinds=tuple(kinds),
        agrees=agrees,
        lines=chosen["line"],
        verdicts=chosen["verdict"],
        class_names=chosen["defect"],
        models=chosen["model"],
        persons=chosen.get("person", ()),
        picture_sha256=complete_hash(store, picture or ""),
    )


def _choose(name: str, title: str, options: tuple[str, ...]) -> tuple[str, ...]:
    key = f"records.{name}"
    held = st.session_state.get(key) or []
    known = list(
        dict.fromkeys([*options, *held])
    )  # a word that is chosen is offered, whatever the store says now
    chosen = st.multiselect(
        title,
        known,
        format_func=_TITLES.get(name, str),
        key=key,
        persist_state="session",
        placeholder="any",
        width=150,
    )
    return tuple(chosen)


def _ask_time(name: str, title: str) -> datetime | None:
    at = st.datetime_input(
        title,
        value=None,
        min_value=_EARLIEST,
        max_value=_LATEST,
        key=f"records.{name}",
        persist_state="session",
        step=timedelta(minutes=15),
        width=185,
    )
    return None if at is None else at.replace(tzinfo=UTC)


def _ask_agreement() -> bool | None:
    chosen = st.selectbox(
        "Decided",
        list(_AGREES),
        format_func=lambda key: _AGREES[key],
        key="records.agrees",
        persist_state="session",
        width=185,
        help="What a person said of an inspection, held against the model's verdict. Anything but “any” leaves decisions only.",
    )
    return {"yes": True, "no": False}.get(str(chosen))


def complete_hash(store: RecordStore, start: str) -> str | None:
    """The one picture whose hash begins so; a SearchRefused says what is wrong with it."""
    from inspection.records.errors import SearchRefused

    start = start.strip().lower()
    if not start:
        return None
    found = store.complete_picture_hash(start)
    if len(found) > 1:
        raise SearchRefused(
            f"Expected the start of one picture's SHA-256, {len(found)} begin with {start}. Give more of it."
        )
    return found[0] if found else start.ljust(64, "0")
