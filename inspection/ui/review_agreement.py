"""The agreement study on the page: the model against people, people against people."""

from datetime import UTC, datetime, time, timedelta

import streamlit as st

from inspection.learning.agreement import (
    GOOD_KAPPA,
    MODEL,
    PEOPLE,
    POOR_KAPPA,
    Kappa,
    Rate,
    Study,
    say_kappa,
    study_agreement,
)
from inspection.records.opinions import list_waiting_draws, read_opinions
from inspection.records.record import Kind
from inspection.records.search import Search
from inspection.records.store import RecordStore
from inspection.ui import resources
from inspection.ui.charts import format_share
from inspection.ui.charts_agreement import build_errors, build_kappas
from inspection.ui.exhibits import UNDEFINED, offer_csv, show_chart
from inspection.ui.keeping import get_store
from inspection.ui.line_choice import title_line
from inspection.ui.review_tables import Rows, tabulate_errors, tabulate_kappas
from inspection.ui.widgets import escape_markdown
from inspection.wording import round_bound_up, say_number

BLIND, SETTLED = "Before the map", "After the map"
_PERIODS = {"Last 30 days": 30, "Last 90 days": 90, "Last year": 365, "All time": None}
_KAPPA_WORDS = (
    "Kappa is the agreement beyond chance: 1 is full agreement, 0 what two would reach who guess with the same "
    "frequencies. AIAG's manual on measurement systems calls 0.75 and more good and less than 0.40 poor. The interval "
    "counts: with few parts a kappa of 1 says little, and several answers about one part are no more parts, so they make "
    "it no narrower. The words beside each figure go no further than its interval "
    "allows. The manual also asks of a gauge at most 2 % misses and 5 % false alarms."
)
_LIMITS = (
    "What waits for review is not a fair sample of the line: it holds what the model found hard, so these figures are "
    "worse than they would be over all parts. Only the passes that were drawn at random speak for the line as a whole. "
    "Parts on which people differ are left out of misses and false alarms; what the model asked a person about is "
    "neither. Answers of “cannot tell” are counted and otherwise left out. A picture that "
    "was inspected several times counts as often, but makes no interval and no bound narrower."
)


def show_agreement() -> None:
    store = get_store()
    lines = _list_decided_lines(store)
    if not lines:
        st.info(
            "Nobody has answered in the queue yet. Once somebody has, this page shows how far people and the model "
            "agree, and, where two people answered the same part, how far people agree with each other.",
            title="No answers yet",
            icon=":material/groups:",
        )
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        line = st.selectbox("Line", lines, format_func=title_line, key="review.agreement.line", width=220)
        period = st.selectbox("Time", list(_PERIODS), index=1, key="review.agreement.period", width=160)
        side = st.segmented_control(
            "People's answers", (BLIND, SETTLED), default=BLIND, required=True, key="review.agreement.side"
        )
    days = _PERIODS[period]
    # from a midnight on, so that what was computed holds until somebody answers again
    today = datetime.combine(datetime.now(UTC).date(), time(), UTC)
    since = None if days is None else today - timedelta(days=days)
    study = _get_study(store, line, since, blind=side == BLIND, last=_find_last(store, line))
    if not study.opinions:
        st.info(
            "Nobody answered on this line in that time. Choose a longer one.", icon=":material/date_range:"
        )
        return
    _show_strip(study)
    if side == SETTLED:
        st.warning(
            "These answers were given after the verdict and the map were seen, so they lean to the model. For a study, "
            "take those from before.",
            icon=":material/visibility:",
        )
    with st.popover("What is a good kappa?", icon=":material/help:"):
        st.write(_KAPPA_WORDS)
    _show_kappas(study, line)
    _show_errors(study, line)
    st.caption(_LIMITS)


def _show_strip(study: Study) -> None:
    st.markdown(f"#### {escape_markdown(say_study(study))}")
    model = find_decided(study)
    between = study.between[0] if study.between else None
    with st.grid("auto", min_column_width=170, gap="small", key="review.strip"):
        _show_kappa("Model and people", model, "No part yet that the model decided.")
        _show_kappa("People and people", between, "No part yet that two people answered.")
        _show_passes(study)
        _show_number("Changed after the map", study.changed, _say_changes(study))


def _show_kappa(label: str, found: Kappa | None, absent: str) -> None:
    if found is None:
        st.metric(label, UNDEFINED, absent, delta_color="off", delta_arrow="off", border=True)
        return
    value = UNDEFINED if found.kappa is None else f"{found.kappa:.2f}"
    beneath = (
        "one label only"
        if found.interval is None
        else f"95 %: {found.interval.low:.2f} to {found.interval.high:.2f}"
    )
    st.metric(
        label,
        value,
        beneath,
        delta_color="off",
        delta_arrow="off",
        border=True,
        help=f"Cohen's kappa over {say_number(found.n, 'pair')} of answers about {say_number(found.parts, 'part')}, which "
        f"its interval counts: {say_kappa(found)}.",
    )


def _show_passes(study: Study) -> None:
    drawn = study.sampled_passes
    st.metric(
        "Escapes in the sample",
        f"{drawn.count} of {drawn.n}" if drawn.n else UNDEFINED,
        say_bound(study),
        delta_color="off",
        delta_arrow="off",
        border=True,
        help="Passes drawn at random that people call anything but good. Beneath: what the rate over all passes may "
        "be, by the exact one-sided bound. The queue serves the doubtful ones first, so while some of those drawn wait "
        "only passes count that were inspected on days (UTC) before the first that waits: of these all are answered.",
    )


def say_bound(study: Study) -> str:
    """Beneath the escapes: no rate of the line while the answered ones are the doubtful ones."""
    below = study.escape_rate_below
    bound = None if below is None else f"up to {round_bound_up(below)} % (95 %)"
    if study.drawn_answered == study.drawn:
        return bound or ("nothing told yet" if study.drawn else "none drawn yet")
    waits = f"{study.drawn_answered} of {study.drawn} drawn are answered, the doubtful ones first"
    return f"{bound}; {waits}" if bound else waits


def _show_number(label: str, rate: Rate, beneath: str) -> None:
    value = UNDEFINED if rate.share is None else f"{rate.count} of {rate.n}"
    st.metric(label, value, beneath, delta_color="off", delta_arrow="off", border=True)


def _say_changes(study: Study) -> str:
    if not study.changed.n:
        return "nobody saw a map yet"
    if not study.changed.count:
        return "nobody changed an answer"
    return f"{study.toward_model.count} of them toward the model"


def find_decided(study: Study) -> Kappa | None:
    """All people and the model where it decided: its best guess, where it had asked, is not what it said."""
    return next((each for each in study.with_model if (each.first, each.second) == (PEOPLE, MODEL)), None)


def say_study(study: Study) -> str:
    model = find_decided(study)
    if model is None:
        told = f"{say_number(study.parts, 'part')} answered, none of which the model had decided and people could tell"
        return f"{told}: nothing says yet how far they agree"
    share = (
        ""
        if model.agreed.share is None
        else f"{format_share(model.agreed.share)} of {say_number(model.n, 'answer')} alike; "
    )
    return f"People and the model: {share}agreement {say_kappa(model)}"


def _show_kappas(study: Study, line: str) -> None:
    rows = tabulate_kappas([*study.with_model, *study.between, *study.within])
    if not rows:
        return
    st.subheader("Who agrees with whom")
    if any(row["Kappa"] is not None for row in rows):
        show_chart(
            build_kappas(rows),
            name=f"{line}-agreement",
            alt="Kappa with its interval, a pair a row: "
            + "; ".join(f"{row['Who']} {row['Kappa']:.2f}" for row in rows if row["Kappa"] is not None),
        )
        st.caption(f"Dashed: AIAG's limits, poor below {POOR_KAPPA:.2f} and good from {GOOD_KAPPA:.2f}.")
    _show_table(rows, shares=("Agreement",), numbers=("Kappa",), alt="Agreement and kappa of each pair")
    offer_csv(lambda: rows, name=f"{line}-agreement", key="agreement")
    if not study.between:
        st.caption(
            "People are compared once two have answered the same part: a share of the queue is shown to a second "
            "person. They are told apart by their login."
        )


def _show_errors(study: Study, line: str) -> None:
    rows = tabulate_errors(study.defects)
    st.subheader("The model's misses and false alarms")
    if not rows:
        st.caption("No defect yet, neither seen by people nor called by the model.")
        return
    if resources.get_line(line).good is None:
        st.caption("This line names defects and passes no part, so nothing is missed and no alarm is false.")
    else:
        show_chart(
            build_errors(rows),
            name=f"{line}-errors",
            alt="Miss rate and false alarm rate of each defect, with their intervals",
        )
    _show_table(
        rows,
        shares=("Miss rate", "False alarm rate"),
        numbers=(),
        alt="Misses and false alarms of each defect",
    )
    offer_csv(lambda: rows, name=f"{line}-errors", key="agreement-errors")
    told = f"{say_number(study.opinions, 'answer')} on {say_number(study.parts, 'part')}"
    st.caption(f"{told}; {study.unsure} could not tell; people differ on {study.differed}.")


def _show_table(rows: Rows, *, shares: tuple[str, ...], numbers: tuple[str, ...], alt: str) -> None:
    """Its interval in words beside each figure; the file has both ends apart."""
    shown = []
    for row in rows:
        words = {}
        for name, value in row.items():
            if name.endswith((" low", " high")):
                continue
            if name in shares:
                words[name] = _say_spread(row, name, share=True)
            elif name in numbers:
                words[name] = _say_spread(row, name, share=False)
            else:
                words[name] = value
        shown.append(words)
    st.dataframe(shown, hide_index=True, alt=alt)


def _say_spread(row: dict[str, object], name: str, *, share: bool) -> str:
    value, low, high = (row[key] for key in (name, f"{name} low", f"{name} high"))
    if not (isinstance(value, float) and isinstance(low, float) and isinstance(high, float)):
        return UNDEFINED
    if share:
        return f"{value * 100:.1f} % ({low * 100:.1f} to {high * 100:.1f})"
    return f"{value:.2f} ({low:.2f} to {high:.2f})"


def _list_decided_lines(store: RecordStore) -> list[str]:
    known = resources.line_names()
    return [line for line in known if _find_last(store, line)]


def _find_last(store: RecordStore, line: str) -> int:
    """The newest decision's number; what is computed holds until there is another."""
    return store.find_last(Search(kinds=(Kind.DECISION,), lines=(line,)))


@st.cache_data(max_entries=16, show_spinner="Reading what was said …")
def _read_study(
    _store: RecordStore,
    where: str,
    line: str,
    since: datetime | None,
    blind: bool,
    last: int,
    waiting: tuple[int, int],
) -> Study:
    """waiting: how many drawn passes nobody has answered, and from when the first of them is: what is complete follows."""
    opinions = read_opinions(_store, line=line, since=since)
    return study_agreement(
        opinions, good=resources.get_line(line).good, blind=blind, drawn_waiting=waiting[0]
    )


def _get_study(store: RecordStore, line: str, since: datetime | None, *, blind: bool, last: int) -> Study:
    draws = list_waiting_draws(store.database, line=line, since=since)
    waiting = len(draws), min(draws, default=0)
    return _read_study(store, store.database.where, line, since, blind, last, waiting)
