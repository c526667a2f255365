"""Models: every architecture, and the weights that were trained for the lines."""

import streamlit as st

from inspection.ui import resources
from inspection.ui.cards import show_card
from inspection.ui.zoo import list_roles, list_trained, tabulate_registry, tabulate_trained

st.title("Models")
titles = resources.model_titles()
lines = [resources.get_line(name) for name in resources.line_names()]
view = st.segmented_control(
    "Show",
    ("Trained for a line", "Architectures"),
    default="Trained for a line",
    required=True,
    label_visibility="collapsed",
    key="models.view",
)
if view == "Architectures":
    used_by = {
        model: [line.title for line in lines if model in list_roles(line)]
        for model in resources.get_registry()
    }
    st.dataframe(
        tabulate_registry(resources.get_registry().values(), used_by),
        hide_index=True,
        height="content",
        column_config={
            "Model": st.column_config.TextColumn(pinned=True, width=155),
            "Parameters": st.column_config.NumberColumn(
                format="compact", help="Without the classifier's head."
            ),
            "Lines": st.column_config.MultiselectColumn(color="auto", options=[line.title for line in lines]),
        },
        alt="Every architecture of the registry with its size and source",
    )
else:
    rows = list_trained(lines, resources.list_released, resources.get_card)
    chosen = st.dataframe(
        tabulate_trained(rows, titles),
        hide_index=True,
        height="content",
        column_config={
            # pinned and narrow: on a phone the model and how good it is are seen at once, the rest is a swipe away
            "Model": st.column_config.TextColumn(pinned=True, width=155),
            "On the test pictures": st.column_config.TextColumn(width=125),
            "Line": st.column_config.TextColumn(width=140),
            "Parameters": st.column_config.NumberColumn(format="compact"),
            "MB": st.column_config.NumberColumn(format="%.2f"),
            "Precisions": st.column_config.TextColumn(width=110),
        },
        on_select="rerun",
        selection_mode="single-row",
        key="models.trained",
        placeholder="",
        alt="The models of each line; select a row for its card",
    )
    if chosen.selection.rows:
        show_card(rows[chosen.selection.rows[0]], titles)
    else:
        st.caption("Select a row to read the model's card: data, recipe, figures, learning curves, hash.")
