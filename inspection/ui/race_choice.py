"""What is raced: line, models, precisions, batch sizes, how long; and on which pictures."""

from collections.abc import Sequence
from typing import cast

import streamlit as st

from inspection.lines import Line
from inspection.racing.pictures import make_pictures
from inspection.racing.plan import BATCHES, LENGTHS_S, SCOPES, Entrant, Plan, Scope, make_plan
from inspection.types import PRECISIONS, Precision
from inspection.ui import inspectors, resources
from inspection.ui.charts_race import PRECISION_WORDS
from inspection.ui.damaged_cards import find_damaged, tell_damaged
from inspection.ui.line_choice import choose_line
from inspection.ui.links import put_link, take_link, tell_unknown
from inspection.ui.measured_choice import turn_to_line
from inspection.ui.widgets import escape_markdown

_LENGTH_WORDS = {15: "15 s", 60: "1 minute", 300: "5 minutes"}
_SCOPE_WORDS: dict[Scope, str] = {"classifier": "Classifier", "inspection": "Whole inspection"}


def choose_raced_line() -> Line:
    follow_link()
    if "race.line" not in st.session_state:
        st.session_state["race.line"] = st.session_state.get("kept.line", resources.line_names()[0])
    line = choose_line("race.line", persist=False)
    st.session_state["kept.line"] = line.name
    return line


def follow_link() -> None:
    """?line=…&models=…,… when the address is new; what is unknown in it is said."""
    asked = take_link("latency")
    unknown = {name: value for name, value in asked.items() if name not in ("line", "models")}
    turn_to_line("race", asked, unknown)
    if "models" in asked and "line" not in unknown:
        line = resources.get_line(
            asked.get("line", st.session_state.get("kept.line", resources.line_names()[0]))
        )
        named, ready = asked["models"].split(","), list_ready(line)
        st.session_state["race.line"] = line.name
        if known := [model for model in ready if model in named]:
            st.session_state[f"race.models.{line.name}"] = known
        if strange := [model for model in named if model not in ready]:
            unknown["models"] = ", ".join(strange)
    tell_unknown(unknown)


def list_ready(line: Line) -> list[str]:
    return [model for model in line.models if resources.get_sound_card(line.name, model)]


def choose_plan(line: Line) -> Plan | None:
    """None while something is missing; it is said what."""
    ready = list_ready(line)
    tell_damaged(line)
    if not ready:
        put_link("latency", {"line": line.name})
        st.info(
            "No model of this line has weights yet, so there is nothing to race. Choose another line, or train a model.",
            title="Nobody to race",
            icon=":material/model_training:",
        )
        return None
    titles, key = resources.model_titles(), f"race.models.{line.name}"
    models = st.pills(
        "Models",
        ready,
        selection_mode="multi",
        default=None if key in st.session_state else ready,
        format_func=lambda model: titles.get(model, model),
        key=key,
        help=say_missing(line, ready),
    )
    some = {} if not models or set(models) == set(ready) else {"models": ",".join(models)}
    put_link("latency", {"line": line.name, **some})
    with st.container(horizontal=True, gap="medium"):
        precisions = st.pills(
            "Precisions",
            PRECISIONS,
            selection_mode="multi",
            default=[pick_served(line, ready)],
            format_func=lambda precision: PRECISION_WORDS[precision],
            key=f"race.precisions.{line.name}",
        )
        scope = st.segmented_control(
            "What is timed",
            tuple(SCOPES),
            default="classifier",
            required=True,
            format_func=lambda scope: _SCOPE_WORDS[scope],
            key="race.scope",
            help="Classifier: crops in, class scores and feature map out. Whole inspection: decode, locate, classify, "
            "explain, with the second look where the model is unsure; one picture at a time.",
        )
        batches = st.pills(
            "Pictures at once",
            BATCHES,
            selection_mode="multi",
            default=[1, 10],
            key="race.batches",
            disabled=scope == "inspection",
        )
        length = st.segmented_control(
            "Length",
            LENGTHS_S,
            default=LENGTHS_S[0],
            required=True,
            format_func=lambda length: _LENGTH_WORDS[length],
            key="race.length",
            help="Loading and pauses are not counted.",
        )
    if not models or not precisions or not (batches or scope == "inspection"):
        st.info(
            "Choose at least one model, one precision and one number of pictures.",
            icon=":material/checklist:",
        )
        return None
    plan = make_plan(
        line.name,
        models=tuple(model for model in line.models if model in models),
        precisions=cast(tuple[Precision, ...], tuple(precisions)),
        batches=tuple(batches or ()),
        length_s=float(length),
        scope=scope,
    )
    tell_withheld(plan)
    return plan


def pick_served(line: Line, models: Sequence[str]) -> Precision:
    """The fastest at which every one of them may run the line: side by side at one precision, the race is fair."""
    served = (
        precision
        for precision in (PRECISIONS[0], PRECISIONS[-1])
        if all(inspectors.serve_precision(line, model, precision)[1] is None for model in models)
    )
    return next(served, PRECISIONS[-1])


def find_withheld(plan: Plan) -> dict[Entrant, str]:
    """Those that would not run the line as it stands now, and why."""
    if plan.line not in resources.line_names():  # of a kept race; its line may be gone
        return {}
    line = resources.get_line(plan.line)
    found = {each: inspectors.serve_precision(line, each.model, each.precision)[1] for each in plan.entrants}
    return {entrant: why for entrant, why in found.items() if why is not None}


def tell_withheld(plan: Plan) -> None:
    for entrant, why in find_withheld(plan).items():
        title = resources.title_model(entrant.model)
        st.caption(
            f":material/info: {PRECISION_WORDS[entrant.precision]} of {escape_markdown(title)} is withheld: "
            f"{escape_markdown(why)}. It races when you start it; the line judges at F32."
        )


def say_missing(line: Line, ready: Sequence[str]) -> str | None:
    titles, damaged = resources.model_titles(), find_damaged(line)
    missing = [titles.get(model, model) for model in line.models if model not in (*ready, *damaged)]
    return f"Not yet trained for this line: {', '.join(missing)}." if missing else None


def give_pictures(line: Line) -> list[bytes]:
    """The line's samples; for a line that ships none, synthesised scenes."""
    return [sample.data for sample in resources.get_samples(line.name)] or make_pictures()
