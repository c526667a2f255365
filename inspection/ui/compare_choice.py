"""Who is compared on the Compare page, on which pictures, at which pace."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import streamlit as st

from inspection.learning.comparison import Contender
from inspection.lines import Line
from inspection.types import PRECISIONS, Precision
from inspection.ui import inspectors, resources
from inspection.ui.damaged_cards import tell_damaged
from inspection.ui.evaluations import SPLITS, Measured, get_contender, get_measured, list_measured
from inspection.ui.line_choice import choose_line
from inspection.ui.links import put_link, take_link, tell_unknown
from inspection.ui.measured_choice import choose_split, seed_line, tell_unmeasured, turn_to_line

Entrant = tuple[str, Precision]
CHOOSES = "validation"  # what is chosen on the pictures it is judged on flatters itself


@dataclass(frozen=True, slots=True)
class Comparison:
    line: Line
    split: str
    contenders: tuple[Contender, ...]
    measured: dict[str, Measured]  # model → all that was measured of it
    parts_a_minute: float
    withheld: dict[Entrant, str]  # measured, but never served; and why


def choose_comparison() -> Comparison | None:
    follow_link()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        seed_line("compare")
        line = choose_line("compare.line")
        put_link("compare", {"line": line.name})
        measured = {model: get_measured(line.name, model) for model in list_measured(line)}
        known = {model: each for model, each in measured.items() if each is not None}
        if not known:
            tell_damaged(line)
            tell_unmeasured(line)
            return None
        split = choose_split(list_splits(known), key=f"compare.split.{line.name}")
        st.session_state.setdefault("compare.pace", 120)
        pace = st.number_input(
            "Parts a minute",
            min_value=1,
            max_value=6000,
            step=10,
            key="compare.pace",
            persist_state="session",
            width=180,
            help="What the line makes. A model keeps up when it classifies 19 parts in 20 before the next one comes.",
        )
    tell_damaged(line)
    withheld = find_withheld(line, known, split)
    entrants = choose_entrants(line, known, split, withheld)
    contenders = tuple(
        get_contender(
            line, model, split=split, precision=precision, title=title_entrant((model, precision), withheld)
        )
        for model, precision in entrants
    )
    return Comparison(line, split, contenders, known, float(pace), withheld)


def find_withheld(line: Line, measured: dict[str, Measured], split: str) -> dict[Entrant, str]:
    found = {
        (model, precision): inspectors.serve_precision(line, model, precision)[1]
        for model, each in measured.items()
        for precision in each.precisions(split)
    }
    return {entrant: why for entrant, why in found.items() if why is not None}


def follow_link() -> None:
    """?line=… when the address is new; what else it names is said to be unknown."""
    asked = take_link("compare")
    unknown = {name: value for name, value in asked.items() if name != "line"}
    turn_to_line("compare", asked, unknown)
    tell_unknown(unknown)


def list_splits(measured: dict[str, Measured]) -> tuple[str, ...]:
    found = dict.fromkeys(split for each in measured.values() for split in each.splits)
    return tuple(sorted(found, key=lambda split: (SPLITS.index(split) if split in SPLITS else 9, split)))


def find_choosing_split(comparison: Comparison, each: Contender) -> str:
    """The split on which a threshold, or the model itself, is chosen."""
    has_one = each.evaluation.precision in comparison.measured[each.model].precisions(CHOOSES)
    return CHOOSES if has_one else comparison.split


def find_choosers(
    comparison: Comparison, contenders: Sequence[Contender]
) -> tuple[tuple[Contender, ...], str]:
    """(the same models as they did on the pictures that choose, which split that is): one split for all, or they could not
    be compared in pairs."""
    splits = {find_choosing_split(comparison, each) for each in contenders}
    if splits != {CHOOSES}:
        return tuple(contenders), comparison.split
    chosen = tuple(
        get_contender(
            comparison.line,
            each.model,
            split=CHOOSES,
            precision=each.evaluation.precision,
            title=each.title,
        )
        for each in contenders
    )
    return chosen, CHOOSES


def choose_entrants(
    line: Line, measured: dict[str, Measured], split: str, withheld: dict[Entrant, str]
) -> list[Entrant]:
    """Any number. At first every model at its fastest precision that serves, and the reference of the first (the
    champion) beside them."""
    options = [(model, precision) for model, each in measured.items() for precision in each.precisions(split)]
    fastest = [
        next((option for option in options if option[0] == model and option not in withheld), (model, first))
        for model, first in options
    ]
    reference = [option for option in options if option == (next(iter(measured)), PRECISIONS[-1])]
    key = f"compare.entrants.{line.name}.{split}"
    chosen = st.multiselect(
        "Models",
        options,
        default=None if key in st.session_state else list(dict.fromkeys([*fastest, *reference])),
        format_func=lambda entrant: title_entrant(entrant, withheld),
        key=key,
        persist_state="session",
        placeholder="Choose at least one",
    )
    return list(chosen)


def title_entrant(entrant: Entrant, withheld: Collection[Entrant]) -> str:
    model, precision = entrant
    title = f"{resources.model_titles().get(model, model)} · {precision.upper()}"
    return f"{title} (withheld)" if entrant in withheld else title
