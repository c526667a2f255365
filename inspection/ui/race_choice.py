"""What is raced: line, models, precisions, batch sizes, how long; and on which pictures."""

from typing import cast

import streamlit as st

from inspection.lines import Line
from inspection.racing.pictures import make_pictures
from inspection.racing.plan import BATCHES, LENGTHS_S, SCOPES, Plan, Scope, make_plan
from inspection.types import PRECISIONS, Precision
from inspection.ui import resources
from inspection.ui.charts_race import PRECISION_WORDS

_LENGTH_WORDS = {15: "15 s", 60: "1 minute", 300: "5 minutes"}
_SCOPE_WORDS: dict[Scope, str] = {"classifier": "Classifier", "inspection": "Whole inspection"}


def choose_line() -> Line:
    names = resources.line_names()
    if "race.line" not in st.session_state:
        st.session_state["race.line"] = st.session_state.get("kept.line", names[0])
    name = st.selectbox(
        "Line",
        names,
        format_func=lambda name: resources.get_line(name).title,
        key="race.line",
        width=240,
    )
    st.session_state["kept.line"] = name
    return resources.get_line(name)


def choose_plan(line: Line) -> Plan | None:
    """None while something is missing; it is said what."""
    models = st.pills(
        "Models",
        line.models,
        selection_mode="multi",
        default=[model for model in line.models if resources.get_card(line.name, model)] or [line.champion],
        format_func=lambda model: say_model(line, model),
        key=f"race.models.{line.name}",
    )
    with st.container(horizontal=True, gap="medium"):
        precisions = st.pills(
            "Precisions",
            PRECISIONS,
            selection_mode="multi",
            default=list(PRECISIONS[:1]),
            format_func=lambda precision: PRECISION_WORDS[precision],
            key="race.precisions",
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
    return make_plan(
        line.name,
        models=tuple(model for model in line.models if model in models),
        precisions=cast(tuple[Precision, ...], tuple(precisions)),
        batches=tuple(batches or ()),
        length_s=float(length),
        scope=scope,
    )


def say_model(line: Line, model: str) -> str:
    title = resources.model_titles().get(model, model)
    return title if resources.get_card(line.name, model) else f"{title} (no weights yet)"


def give_pictures(line: Line) -> list[bytes]:
    """The line's samples; for a line that ships none, synthesised scenes."""
    return [sample.data for sample in resources.get_samples(line.name)] or make_pictures()
