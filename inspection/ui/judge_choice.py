"""Line, model and precision: chosen on one page, the same on the next, and in the address of both.

A widget's key belongs to its page and vanishes with it, and under one key on two pages Streamlit 1.67 gives the second
page's first run nothing. So each page has keys of its own, and the value is kept under another name.
"""

from typing import cast

import streamlit as st

from inspection.errors import WeightsRefused
from inspection.lines import Line
from inspection.types import PRECISIONS, Precision
from inspection.ui import inspectors, resources
from inspection.ui.choosing import PRECISION_WORDS
from inspection.ui.line_choice import choose_line
from inspection.ui.links import put_link, take_link, tell_unknown
from inspection.ui.state import Choice
from inspection.ui.widgets import escape_markdown

_NAMES = ("line", "model", "precision", "sample")


def follow_link(page: str) -> str | None:
    """Take over ?line=…&model=…&precision=… when the address is new, and return its sample. What is unknown is said."""
    asked = take_link(page)
    unknown = {name: value for name, value in asked.items() if name not in _NAMES}
    line = asked.get("line", st.session_state.get("kept.line", resources.line_names()[0]))
    if line not in resources.line_names():
        unknown["line"] = line
    elif asked:
        _turn(page, "line", line)
        known = (
            ("model", f"model.{line}", resources.get_line(line).models),
            ("precision", f"precision.{line}", PRECISIONS),
        )
        for name, what, values in known:
            if asked.get(name) in values:
                _turn(page, what, asked[name])
            elif name in asked:
                unknown[name] = asked[name]
    tell_unknown(unknown)
    return asked.get("sample") if "line" not in unknown else None


def turn_to_judge(page: str, choice: Choice) -> None:
    """Before the widgets are drawn."""
    if choice.line in resources.line_names() and choice.model in resources.get_line(choice.line).models:
        _turn(page, "line", choice.line)
        _turn(page, f"model.{choice.line}", choice.model)
        _turn(page, f"precision.{choice.line}", choice.precision)


def write_link(page: str, line: Line, choice: Choice, *, sample: str | None) -> None:
    link: dict[str, str] = {"line": choice.line}
    if choice.model != line.champion:
        link["model"] = choice.model
    wanted = st.session_state[f"kept.precision.{line.name}"]
    if wanted != pick_served(line):
        link["precision"] = wanted
    if sample is not None:
        link["sample"] = sample
    put_link(page, link)


def choose_judge(page: str) -> tuple[Line, Choice]:
    with st.container(horizontal=True, vertical_alignment="top"):
        line = choose_line(_seed(page, "line", resources.line_names()[0]), persist=False)
        model = st.selectbox(
            "Model",
            line.models,
            format_func=lambda model: _title_model(model, line),
            key=_seed(page, f"model.{line.name}", line.champion),
            width=260,
        )
        precision = st.segmented_control(
            "Precision",
            PRECISIONS,
            format_func=lambda precision: PRECISION_WORDS[precision],
            required=True,
            key=_seed(page, f"precision.{line.name}", pick_served(line)),
            help="What the engine computes with. INT8 is the fastest; F32 is the reference.",
        )
    st.session_state["kept.line"] = line.name
    st.session_state[f"kept.model.{line.name}"] = model
    st.session_state[f"kept.precision.{line.name}"] = precision
    served, why = find_served(line, model, cast(Precision, precision))
    if why is not None:
        st.caption(f":material/info: INT8 is withheld: {escape_markdown(why)}. F32 judges instead.")
    stale = say_stale(line.name)
    if stale is not None:
        st.caption(f":orange[:material/cloud_off:] {stale}")
    return line, Choice(line.name, model, served)


def say_stale(line: str) -> str | None:
    """Wherever somebody judges or promotes: what runs may have been replaced, and nobody here can know."""
    try:
        stale = resources.get_champion(line).stale
    except WeightsRefused:  # told where the weights are loaded
        return None
    words = "The records, or the weights that they name, cannot be had now: the line goes on with the champion that this "
    return f"{words}machine knew last. It may have been replaced since." if stale else None


def pick_served(line: Line) -> Precision:
    """What the line's champion judges with, until somebody chooses: nothing is asked for that is then withheld."""
    return find_served(line, line.champion, PRECISIONS[0])[0]


def find_served(line: Line, model: str, wanted: Precision) -> tuple[Precision, str | None]:
    """Known before the page judges: what judged at another precision than it says would be judged and kept again."""
    if not inspectors.doubts_int8():
        return inspectors.serve_precision(line, model, wanted)
    with st.spinner("Finding out whether INT8 runs on this machine …", show_time=True):
        return inspectors.learn_precision(line, model, wanted)


def _seed(page: str, what: str, fallback: str) -> str:
    """The widget's key, with the kept value put back where the page has just been opened."""
    key = f"{page}.{what}"
    st.session_state.setdefault(key, st.session_state.get(f"kept.{what}", fallback))
    return key


def _turn(page: str, what: str, value: str) -> None:
    st.session_state[f"kept.{what}"] = st.session_state[f"{page}.{what}"] = value


def _title_model(model: str, line: Line) -> str:
    title = resources.model_titles().get(model, model)
    return f"{title} (champion)" if model == line.champion else title
