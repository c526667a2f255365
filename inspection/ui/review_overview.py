"""Before the first part: what waits, why, for how long; and the rules."""

from datetime import UTC, datetime

import streamlit as st

from inspection.records.leases import Hand, Leases
from inspection.records.queue import Waiting, count_waiting
from inspection.records.review_rules import DatedRules, ReviewRules, change_rules, read_dated_rules
from inspection.ui.keeping import get_store, name_person
from inspection.ui.line_choice import title_line
from inspection.ui.review_state import WANTED, act, get_unconfirmed, may_review, sit_down
from inspection.ui.review_words import WHY, say_rules, say_span
from inspection.ui.widgets import escape_markdown
from inspection.wording import say_number

_LINES = "review.lines"
_ASKED = {
    "confidence_0_1": "Less sure than this waits, %",
    "novelty_p": "Novelty: p below this waits, %",
    "sample_0_1": "Share of the passes drawn at random, %",
    "second_0_1": "Share shown to a second person, %",
}


def show_overview() -> None:
    wanted = st.session_state.pop(WANTED, None)  # whatever waits: a link counts once
    store, person = get_store(), name_person()
    waiting = count_waiting(store.database, person=person)
    begun = get_unconfirmed(store, person)
    rules = read_dated_rules(store.database)
    if not waiting and not begun:
        _show_nothing(rules)
        return
    lines = tuple(dict.fromkeys((*(row.line for row in waiting), *begun)))
    chosen: list[str] = []
    if wanted is not None and wanted not in lines:
        st.info(f"Nothing of {escape_markdown(title_line(wanted))} waits for you. The other lines are shown.")
    if len(lines) > 1:
        held = st.session_state.get(_LINES, [])
        st.session_state[_LINES] = [wanted] if wanted in lines else [name for name in held if name in lines]
        chosen = st.pills(
            "Only these lines",
            lines,
            format_func=title_line,
            selection_mode="multi",
            key=_LINES,
            help="Without a choice all lines are shown, also one of which the first part arrives later.",
        )
    shown = [row for row in waiting if not chosen or row.line in chosen]
    hands = [
        hand
        for hand in Leases(store.database, store.appender.clock).list_in_hand(person=person)
        if not chosen or hand.line in chosen
    ]
    others = [hand for hand in hands if hand.person != person]
    unconfirmed = sum(parts for line, parts in begun.items() if not chosen or line in chosen)
    obstacle = None if unconfirmed else _find_obstacle(sum(row.parts for row in shown), others)
    st.markdown(f"#### {say_waiting(shown) if shown or not unconfirmed else say_unconfirmed(unconfirmed)}")
    with st.container(horizontal=True, vertical_alignment="center"):
        if may_review():
            st.button(
                "Start reviewing",
                type="primary",
                icon=":material/play_arrow:",
                shortcut="Enter",
                on_click=sit_down,
                args=(tuple(chosen),),
                disabled=obstacle is not None,
                help=obstacle,
            )
        else:
            st.info("Only auditors answer here. You see what waits.", icon=":material/lock:")
        if len(hands) > len(others):
            st.caption("What you had begun comes first.")
        if others:
            st.caption(escape_markdown(say_hands(others)))
    if unconfirmed:
        st.caption(
            f"{say_unconfirmed(unconfirmed)}: given before the map, and not after it. They come first, and teach "
            "nothing until then."
        )
    if shown:
        _show_table(shown)
    st.caption(
        "You see the picture alone first and answer. Then the verdict, its heat map and the probabilities are shown, "
        "and you may change your answer with a reason. Both answers, your times and the reason are kept as records."
    )
    _offer_rules(rules)


def say_waiting(rows: list[Waiting]) -> str:
    total = sum(row.parts for row in rows)
    if not total:
        return "Nothing waits on these lines"
    oldest = min(row.oldest for row in rows)
    words = say_number(total, "part waits", "parts wait")
    return f"{words} for you, the oldest for {say_span(datetime.now(UTC) - oldest)}"


def say_unconfirmed(parts: int) -> str:
    return say_number(parts, "answer of yours waits to be confirmed", "answers of yours wait to be confirmed")


def _find_obstacle(total: int, others: list[Hand]) -> str | None:
    """Why there is nothing to start with, or None."""
    if not total:
        return "Nothing waits for you on these lines."
    if len(others) < total:
        return None
    return f"Others have all of it in hand. Look again at {_say_time(others[0].until)}, or before."


def say_hands(others: list[Hand]) -> str:
    """others: the first to end first."""
    people = ", ".join(dict.fromkeys(hand.person for hand in others))
    count = f"{len(others)} of these {'is' if len(others) == 1 else 'are'} in other hands now"
    each = "" if len(others) == 1 else "the first "
    return f"{count} ({people}), {each}until {_say_time(others[0].until)} unless answered before."


def _say_time(moment: datetime) -> str:
    return f"{moment.astimezone():%H:%M}"


def _show_table(rows: list[Waiting]) -> None:
    now = datetime.now(UTC)
    ordered = sorted(rows, key=lambda row: (row.reason, row.line))
    st.dataframe(
        {
            "Why": [WHY[row.reason] for row in ordered],
            "Line": [title_line(row.line) for row in ordered],
            "Parts": [row.parts for row in ordered],
            "Second opinions": [row.seconds for row in ordered],
            "Oldest waits for": [say_span(now - row.oldest) for row in ordered],
        },
        hide_index=True,
        column_config={
            "Second opinions": st.column_config.NumberColumn(
                help="Somebody else has answered already; what they said is not shown."
            )
        },
        alt="What waits, by reason and line, in the order in which it is served",
    )


def _show_nothing(rules: DatedRules) -> None:
    st.success("Nothing waits for you.", title="All reviewed", icon=":material/task_alt:")
    st.write(say_rules(rules.rules))
    st.page_link("screens/inspect.py", label="Inspect pictures", icon=":material/center_focus_strong:")
    _offer_rules(rules)


def _offer_rules(held: DatedRules) -> None:
    with st.expander("What waits, and why", icon=":material/rule:"):
        st.write(say_rules(held.rules))
        if not may_review():
            return
        with st.form("review.rules", border=False):
            for name, label in _ASKED.items():
                st.number_input(
                    label,
                    0.0,
                    100.0,
                    getattr(held.rules, name) * 100,
                    0.5,
                    format="%.1f",
                    key=_key(held, name),
                    width=320,
                )
            # by a callback: it is given the rules that were shown, the page would read those that hold by then
            st.form_submit_button(
                "Change the rules", icon=":material/save:", on_click=act, args=(_change, held)
            )
        st.caption("For what is inspected from now on. The change is kept as a record, with your name.")


def _change(shown: DatedRules) -> None:
    rules = ReviewRules(**{name: st.session_state[_key(shown, name)] / 100 for name in _ASKED})
    if rules != shown.rules:
        change_rules(get_store(), rules, person=name_person(), seen=shown.id)


def _key(held: DatedRules, name: str) -> str:
    """Of these rules: a form that was filled in over others must not send what nobody typed."""
    return f"review.rule.{held.id}.{name}"
