"""The shift-start challenge on the Watch page, and how a line stands, for every page that runs it."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from inspection.config import load_settings
from inspection.errors import AssayError, DataInvalid
from inspection.lines import Line
from inspection.records.champions import find_newest_event
from inspection.records.errors import StoreError
from inspection.records.known_parts import KnownPart, name_class, read_confirmed_parts, read_folder_parts
from inspection.records.record import Record
from inspection.records.shift_challenge import (
    OVERRIDE,
    Outcome,
    ShiftChallenge,
    find_newest,
    find_untold,
    keep_challenge,
    list_challenges,
    name_deciders,
    override_challenge,
    read_outcomes,
    run_challenge,
)
from inspection.records.shift_standing import Standing, read_standing
from inspection.records.store import RecordStore
from inspection.types import PRECISIONS, Precision
from inspection.ui import inspectors, resources
from inspection.ui.keeping import get_store, name_person
from inspection.ui.roles import Role, current_person, require
from inspection.ui.widgets import escape_markdown, show_error
from inspection.wording import round_percent

if TYPE_CHECKING:
    from models.card import Card

SAMPLES, FOLDER, CONFIRMED = "Sample parts", "Master parts", "Parts people confirmed"
WATCH = "screens/watch.py"
RUNNERS = (Role.MANAGER, Role.ENGINEER)
_MOST_LISTED = 20
_MOST_WRONG = 5  # of the parts that came out wrong, in the box; the table below has all
_REFUSED = "watch.refused"
AGAIN = "A manager or an engineer may challenge it again; a manager may open it all the same, with a reason."


def find_standing(line: Line) -> Standing:
    card = resources.get_card(line.name, line.champion)
    served, _ = inspectors.serve_precision(line, line.champion, PRECISIONS[0])
    # before it is loaded nobody knows whether such a processor refuses INT8: then any will do
    unsure = served == "int8" and inspectors.doubts_int8()
    store, now = get_store(), datetime.now().astimezone()
    return _read_standing(
        store,
        store.database.where,
        line.name,
        find_newest_event(store, line.name),
        f"{now:%Y-%m-%d}",
        None if card is None else card.weights_sha256,
        None if unsure else served,
        None if card is None else name_present_deciders(line, card),
        now,
    )


@st.cache_data(max_entries=32, show_spinner=False)
def _read_standing(
    _store: RecordStore,
    where: str,
    line: str,
    last: int,
    day: str,
    model_sha256: str | None,
    precision: Precision | None,
    judged_by: dict[str, object] | None,
    _now: datetime,
) -> Standing:
    """last: the line's newest event; what was read holds until there is another, or another day. Of weights that were never
    challenged a year of challenges is read, and pages that inspect ask at every run."""
    return read_standing(
        _store, line, model_sha256=model_sha256, precision=precision, now=_now, judged_by=judged_by
    )


def name_present_deciders(line: Line, card: "Card") -> dict[str, object]:
    """As the cards tell it, so that nothing need be loaded to say how the line stands."""
    finder = resources.get_card(line.name, line.locate.model) if line.locate.model else None
    return name_deciders(
        line,
        detector_sha256=None if finder is None else finder.weights_sha256,
        temperature=card.temperature,
        novelty_sha256=card.data.get("novelty", {}).get("sha256"),
    )


def show_line_state(line: Line) -> bool:
    """One line of text for the pages that inspect: open since, closed, or not challenged today. True: it is closed."""
    try:
        standing = find_standing(line)
    except StoreError:
        st.caption(
            ":material/cloud_off: The records cannot be reached: whether the line is open is not known."
        )
        return False
    if standing.state == "closed":
        st.warning(say_closed(standing), title="Line closed", icon=":material/lock:")
        st.page_link(
            WATCH,
            label="Open the line again on Watch",
            icon=":material/monitor_heart:",
            query_params={"line": line.name},
        )
    elif standing.state == "open" and standing.since is not None:
        told = "".join(
            f" Its challenge shows nothing about {kind} parts: see Watch." for kind in standing.untold
        )
        st.caption(f":material/lock_open: Line open since {standing.since.astimezone():%H:%M}.{told}")
    else:
        st.caption(f":material/lock_clock: Not challenged today. {escape_markdown(standing.words)}")
    return standing.state == "closed"


def show_challenge(line: Line) -> None:
    seen = find_newest(get_store(), line.name)  # before the rest: what comes in between was not seen
    card, standing = resources.get_card(line.name, line.champion), find_standing(line)
    if (refused := st.session_state.pop(_REFUSED, None)) is not None:
        show_error(refused)
    with st.container(border=True):
        show_standing(standing)
        for kind in standing.untold:
            st.warning(
                say_untold(kind, line), title=f"Nothing is shown about {kind} parts", icon=":material/help:"
            )
        person = current_person()
        roles = frozenset[Role]() if person is None else person.roles
        with st.container(horizontal=True, vertical_alignment="bottom"):
            if roles & set(RUNNERS):
                offer_challenge(line)
            if Role.MANAGER in roles and standing.state != "open":
                offer_override(line, card, seen=seen)
        show_last(line)


def show_standing(standing: Standing) -> None:
    words = escape_markdown(standing.words)
    if standing.state == "open" and standing.since is not None:
        st.markdown(
            f":material/lock_open: **Line open since {standing.since.astimezone():%H:%M}**  \n{words}"
        )
    elif standing.state == "closed":
        st.error(say_closed(standing), title="Line closed", icon=":material/lock:")
    else:
        st.markdown(f":material/lock_clock: **Not challenged today**  \n{words}")


def say_untold(kind: str, line: Line) -> str:
    """In Markdown. A challenge may be passed and yet show nothing about the parts that a factory lives on."""
    folder = challenge_folder(line)
    named = folder / str(line.good) if kind == "good" else folder
    return (
        f"Every known {kind} part went to a person. Challenge the line again with others: choose “{CONFIRMED}”, or lay some "
        f"into {escape_markdown(str(named))}{'' if kind == 'good' else ', in a sub-folder named after the defect,'} and choose "
        f"“{FOLDER}”. Where these go to a person too, the line is unsure of {kind} parts: look at the camera and the light."
    )


def say_closed(standing: Standing) -> str:
    """In Markdown: what came out wrong, and who may open the line again."""
    rows = [escape_markdown(words) for words in standing.wrong[:_MOST_WRONG]]
    if more := len(standing.wrong) - len(rows):
        rows.append(f"and {more} more, see “Challenges so far” on Watch")
    wrong = "".join(f"\n- {row}" for row in rows)
    return (
        f"{escape_markdown(standing.words)}{wrong}\n\nLook at these parts, the camera and the light. {AGAIN}"
    )


def offer_challenge(line: Line) -> None:
    source = st.selectbox(
        "Known parts",
        (SAMPLES, FOLDER, CONFIRMED),
        key=f"watch.source.{line.name}",
        width=240,
        help="Sample parts ship with the line. Master parts lie on the server, each in a sub-folder named after its class of "
        f"{challenge_folder(line)}. Confirmed ones come from the records.",
    )
    if st.button(
        "Challenge the line", type="primary", icon=":material/rule:", key=f"watch.challenge.{line.name}"
    ):
        challenge_line(line, source)
        st.rerun()


def challenge_folder(line: Line) -> Path:
    """Of the master parts, a sub-folder a class."""
    return load_settings().var_dir / "challenge" / line.name


def gather_parts(line: Line, source: str) -> tuple[KnownPart, ...]:
    if source == FOLDER:
        return read_folder_parts(challenge_folder(line), line.classes)
    if source == CONFIRMED:
        return read_confirmed_parts(get_store(), line)
    found = resources.find_samples(line.name)
    if found.broken:  # a known part that is left out would show nothing, without a word in the record
        raise DataInvalid(f"Expected every sample of {line.name} to be a picture. {' '.join(found.broken)}")
    named = ((sample, name_class(sample.stem, line.classes)) for sample in found.sound)
    return tuple(KnownPart(sample.name, sample.data, name) for sample, name in named if name is not None)


def challenge_line(line: Line, source: str) -> ShiftChallenge:
    person = require(*RUNNERS)
    assert person is not None  # require raises
    parts = gather_parts(line, source)
    with st.spinner("Loading the model; the first time on a machine takes a minute …", show_time=True):
        inspector = inspectors.get_serving_inspector(line)
    done = run_challenge(inspector, parts, source=source.lower())
    keep_challenge(get_store(), done, person=name_person())
    return done


def offer_override(line: Line, card: "Card | None", *, seen: int | None) -> None:
    """card, seen: what the page shows beside the button; the press speaks of these and of nothing that came since."""
    with st.popover("Open it all the same", icon=":material/key:"):
        st.write("A manager may open the line without a passed challenge. The reason stands in the records.")
        reason = st.text_input("Reason", key=f"watch.reason.{line.name}", max_chars=300)
        st.button(
            "Open the line",
            key=f"watch.override.{line.name}",
            disabled=not reason.strip(),
            help=None if reason.strip() else "Say why first.",
            on_click=partial(open_line, line, reason, card, seen),
        )


def open_line(line: Line, reason: str, card: "Card | None", seen: int | None) -> None:
    require(Role.MANAGER)
    try:
        override_challenge(
            get_store(),
            line.name,
            line.champion,
            model_sha256="" if card is None else card.weights_sha256,
            person=name_person(),
            reason=reason,
            seen=seen,
        )
    except AssayError as error:
        st.session_state[_REFUSED] = error  # a callback has no place on the page


def show_last(line: Line) -> None:
    kept = list_challenges(get_store(), line.name, most=_MOST_LISTED)
    if not kept:
        return
    many = f"the {_MOST_LISTED} newest" if len(kept) == _MOST_LISTED else str(len(kept))
    with st.expander(f"Challenges so far: {many}", icon=":material/fact_check:"):
        parts = next((read_outcomes(record) for record in kept if record.body["event"] != OVERRIDE), ())
        if parts:
            st.dataframe(
                [tabulate_outcome(outcome) for outcome in parts],
                hide_index=True,
                height="content",
                alt="What came out of each known part of the newest challenge",
            )
        st.dataframe(
            tabulate_challenges(kept),
            hide_index=True,
            height="content",
            alt="The newest challenges of the line",
        )


def tabulate_outcome(outcome: Outcome) -> dict[str, str]:
    return {
        "Part": outcome.part,
        "Expected": outcome.expected,
        "Came out": f"{outcome.verdict}"
        + (
            ""
            if outcome.class_name is None
            else f": {outcome.class_name}, {round_percent(outcome.score_0_1, 0)}%"
        ),
        "Right": "yes" if outcome.right else "not decided" if outcome.undecided else "NO",
    }


def tabulate_challenges(kept: Sequence[Record]) -> list[dict[str, str | int]]:
    rows: list[dict[str, str | int]] = []
    for record in kept:
        details = record.body["details"]
        if record.body["event"] == OVERRIDE:
            result = f"opened without: {details['reason']}"
        else:
            outcomes = read_outcomes(record)
            right, undecided = (
                sum(each.right for each in outcomes),
                sum(each.undecided for each in outcomes),
            )
            result = f"{'passed' if details['passed'] else 'FAILED'}, {right} of {len(outcomes)} right"
            result += f", {undecided} to a person" if undecided else ""
            untold = find_untold(outcomes, details.get("good"))
            result += "".join(f"; shows nothing about {kind} parts" for kind in untold)
        rows.append(
            {
                "When": f"{record.at.astimezone():%Y-%m-%d %H:%M}",
                "Result": result,
                "Model": resources.model_titles().get(record.model, record.model),
                "Person": record.person,
                "Record": record.id,
            }
        )
    return rows
