"""Which line's and model's evaluation is looked at; what to do where there is none."""

from dataclasses import dataclass
from typing import cast

import streamlit as st

from inspection.lines import Line
from inspection.types import Precision
from inspection.ui import resources
from inspection.ui.evaluations import Measured, describe_origin, get_measured, list_measured


@dataclass(frozen=True, slots=True)
class EvaluationChoice:
    line: Line
    model: str
    split: str
    precision: Precision
    measured: Measured

    @property
    def stem(self) -> str:
        """For the names of files."""
        return f"{self.line.name}-{self.model}-{self.split}-{self.precision}"


def choose_line(page: str) -> Line:
    """The first line that has evaluations, unless another was chosen."""
    names = resources.line_names()
    key = f"{page}.line"
    if key not in st.session_state:
        measured = [name for name in names if list_measured(resources.get_line(name))]
        st.session_state[key] = (measured or list(names))[0]
    name = st.selectbox(
        "Line",
        names,
        format_func=lambda name: resources.get_line(name).title,
        key=key,
        persist_state="session",
        width=240,
    )
    return resources.get_line(name)


def choose_evaluation() -> EvaluationChoice | None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        line = choose_line("metrics")
        models = list_measured(line)
        if not models:
            tell_unmeasured(line)
            return None
        model = st.selectbox(
            "Model",
            models,
            format_func=lambda model: title_model(model, line),
            key=f"metrics.model.{line.name}",
            persist_state="session",
            width=260,
        )
        measured = get_measured(line.name, model)
        assert measured is not None  # list_measured gave it
        split = choose_split(measured.splits, key=f"metrics.split.{line.name}")
        precisions = measured.precisions(split)
        precision = st.segmented_control(
            "Precision",
            precisions,
            format_func=lambda each: each.upper(),
            default=None if f"metrics.precision.{precisions}" in st.session_state else precisions[0],
            required=True,
            key=f"metrics.precision.{precisions}",
            persist_state="session",
        )
    return EvaluationChoice(line, model, split, cast(Precision, precision), measured)


def choose_split(splits: tuple[str, ...], *, key: str) -> str:
    return str(
        st.segmented_control(
            "Split",
            splits,
            format_func=lambda each: each.capitalize(),
            default=None if key in st.session_state else splits[0],
            required=True,
            key=key,
            persist_state="session",
            help="The test pictures had no part in training or in any choice. The validation pictures chose the best "
            "epoch and the temperature, so they flatter.",
        )
    )


def title_model(model: str, line: Line) -> str:
    title = resources.model_titles().get(model, model)
    return f"{title} (champion)" if model == line.champion else title


def tell_unmeasured(line: Line) -> None:
    st.info(
        f"No model of this line has been measured yet. Train one: `python -m inspection train {line.name} --model "
        f"{line.champion} --data FOLDER`. Its evaluations are written beside its weights, and this page shows them.",
        title="Nothing measured",
        icon=":material/monitoring:",
    )


def tell_origin(choice: EvaluationChoice) -> None:
    """What the pictures were, and which ones exactly."""
    card, rows = choice.measured.card, choice.measured.evaluations[choice.split, choice.precision]
    split = card.data.get("split")
    digest = split.get("sha256") if isinstance(split, dict) else None
    parts = [
        f"{len(rows)} {describe_origin(card)}, {choice.split} split",
        f"split {str(digest)[:12]}" if digest else "",
        f"weights {card.weights_sha256[:12]}",
        f"probabilities at temperature {card.temperature:.2f}",
    ]
    st.caption(" · ".join(part for part in parts if part))
