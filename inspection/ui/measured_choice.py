"""Which line's and model's evaluation is looked at; what to do where there is none."""

from dataclasses import dataclass
from typing import cast

import streamlit as st

from inspection.lines import Line
from inspection.types import Precision
from inspection.ui import inspectors, resources
from inspection.ui.counted_parts import say_parts
from inspection.ui.damaged_cards import tell_damaged
from inspection.ui.evaluations import Measured, describe_origin, get_measured, list_measured
from inspection.ui.line_choice import choose_line
from inspection.ui.links import put_link, take_link, tell_unknown
from inspection.ui.widgets import escape_markdown
from inspection.ui.zoo import say_card_looks

_NAMES = ("line", "model", "split", "precision")


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


def seed_line(page: str) -> str:
    """The first line that has evaluations, unless another was chosen."""
    key = f"{page}.line"
    if key not in st.session_state:
        names = resources.line_names()
        measured = [name for name in names if list_measured(resources.get_line(name))]
        st.session_state[key] = (measured or list(names))[0]
    return str(st.session_state[key])


def follow_link() -> None:
    """?line=…&model=…&split=…&precision=… of the Metrics page, when the address is new. What is unknown is said."""
    asked = take_link("metrics")
    unknown = {name: value for name, value in asked.items() if name not in _NAMES}
    turn_to_line("metrics", asked, unknown)
    if asked and "line" not in unknown:
        turn_to_evaluation(seed_line("metrics"), asked, unknown)
    tell_unknown(unknown)


def turn_to_evaluation(line: str, asked: dict[str, str], unknown: dict[str, str]) -> None:
    models = list_measured(resources.get_line(line))
    model = asked.get("model", models[0] if models else "")
    found = get_measured(line, model) if model in models else None
    if found is None:
        unknown |= {name: asked[name] for name in _NAMES[1:] if name in asked}
        return
    st.session_state[f"metrics.model.{line}"] = model
    split = asked.get("split", found.splits[0])
    if split not in found.splits:
        unknown["split"] = split
        return
    st.session_state[f"metrics.split.{line}"] = split
    precisions = found.precisions(split)
    if asked.get("precision") in precisions:
        st.session_state[f"metrics.precision.{precisions}"] = asked["precision"]
    elif "precision" in asked:
        unknown["precision"] = asked["precision"]


def turn_to_line(page: str, asked: dict[str, str], unknown: dict[str, str]) -> None:
    if asked.get("line") in resources.line_names():
        st.session_state[f"{page}.line"] = asked["line"]
    elif "line" in asked:
        unknown["line"] = asked["line"]


def choose_evaluation() -> EvaluationChoice | None:
    follow_link()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        seed_line("metrics")
        line = choose_line("metrics.line")
        models = list_measured(line)
        if not models:
            tell_damaged(line)
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
            default=None
            if f"metrics.precision.{precisions}" in st.session_state
            else pick_served(line, model, precisions),
            required=True,
            key=f"metrics.precision.{precisions}",
            persist_state="session",
        )
    tell_damaged(line)
    if (why := inspectors.serve_precision(line, model, cast(Precision, precision))[1]) is not None:
        st.caption(
            f":material/info: INT8 is withheld: {escape_markdown(why)}. These are its figures; the line judges at F32."
        )
    link = {"line": line.name, "model": model, "split": split, "precision": str(precision)}
    put_link("metrics", link)
    return EvaluationChoice(line, model, split, cast(Precision, precision), measured)


def pick_served(line: Line, model: str, precisions: tuple[Precision, ...]) -> Precision:
    """The fastest that may run the line."""
    served = (each for each in precisions if inspectors.serve_precision(line, model, each)[1] is None)
    return next(served, precisions[0])


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
            "epoch and the temperature, so they flatter; so do parts that were made to fit the temperature to.",
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
    split, looks = card.data.get("split"), say_card_looks(card)
    digest = split.get("sha256") if isinstance(split, dict) else None
    parts = [
        f"{len(rows)} {describe_origin(card)}, {choice.split} split",
        f"split {str(digest)[:12]}" if digest else "",
        f"weights {card.weights_sha256[:12]}",
        f"probabilities at temperature {card.temperature:.2f}",
        f"{looks}: the figures are of that" if looks else "",
    ]
    st.caption(" · ".join(part for part in parts if part))
    if (told := say_parts(choice.line, rows.keys)) is not None:
        st.caption(f":material/info: {told}")
