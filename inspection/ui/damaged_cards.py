"""Models whose card somebody damaged are left out with a word; the others stand where they stood."""

import streamlit as st

from inspection.errors import WeightsRefused
from inspection.lines import Line
from inspection.ui import resources
from inspection.ui.widgets import escape_markdown


def find_damaged(line: Line) -> dict[str, str]:
    """Model → what is wrong with its card."""
    resources.get_champion(line.name)  # a promoted one that was changed is refused by itself, before any card
    found = {}
    for model in line.models:
        try:
            resources.get_card(line.name, model)
        except WeightsRefused as error:
            found[model] = str(error)
    return found


def tell_damaged(line: Line) -> None:
    found = find_damaged(line)
    if found:
        st.warning(
            "  \n".join(
                f"{escape_markdown(f'{resources.title_model(model)}: {words}')} Fetch the model's files again, or train it anew."
                for model, words in found.items()
            ),
            title="Models are left out" if len(found) > 1 else "A model is left out",
            icon=":material/broken_image:",
        )
