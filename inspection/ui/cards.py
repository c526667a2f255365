"""A model's card on the page."""

from typing import TYPE_CHECKING

import streamlit as st

from inspection.ui.charts import build_curves
from inspection.ui.widgets import escape_markdown
from inspection.ui.zoo import Trained, flatten, say_card_looks, tabulate_figures

if TYPE_CHECKING:
    from models.card import Card


def show_card(row: Trained, titles: dict[str, str]) -> None:
    title = titles.get(row.model, row.model)
    st.header(f"{title} on {row.line.title.lower()}")
    card = row.card
    if row.fault:
        st.error(
            f"{escape_markdown(row.fault)} Fetch the model's files again, or train it anew.",
            title="The card cannot be read",
            icon=":material/broken_image:",
        )
        return
    if card is None:
        st.info(
            f"This model has no weights for the line yet. Train it: `python -m inspection train {row.line.name} "
            f"--model {row.model} --data FOLDER`.",
            title="Not trained",
            icon=":material/model_training:",
        )
        return
    with st.grid(4, min_column_width=140, gap="small"):
        st.metric("Parameters", f"{card.parameters:,}", border=True)
        st.metric("Weights", f"{card.weights_bytes / 1e6:.1f} MB", border=True)
        st.metric("Input", f"{card.input_size} × {card.input_size}", border=True)
        st.metric(
            "Temperature", f"{card.temperature:.2f}", border=True, help="Divides the logits before softmax."
        )
    _show_figures(card)
    made, kept = st.columns(2, gap="medium")
    with made:
        st.subheader("How it was made")
        _show_pairs(
            {**flatten(card.data, "data "), **flatten(card.recipe)}, alt="Data and recipe of the training"
        )
    with kept:
        st.subheader("What it is")
        _show_pairs(list_identity(card), alt="Identity of the weights")
        for note in card.notes:
            st.markdown(f"- {escape_markdown(note)}")


def list_identity(card: "Card") -> dict[str, str]:
    looks = say_card_looks(card)
    return {
        "classes": ", ".join(card.class_names),
        "licence": card.licence,
        "weights SHA-256": card.weights_sha256,
        "heat scale": "draws no map" if card.heat_scale is None else f"{card.heat_scale:.4g}",
        "created": card.created,
        "commit": card.commit,
        **({"answer": f"{looks}{'; the mean answers' if card.turns > 1 else ''}"} if looks else {}),
    }


def _show_figures(card: "Card") -> None:
    rows = tabulate_figures(card.figures, card.precisions)
    if rows:
        st.subheader("Figures on each split")
        st.dataframe(rows, hide_index=True, placeholder="–", alt="Figures of the model on each split")
    if card.curves:
        st.subheader("Learning curves")
        st.plotly_chart(
            build_curves(card.curves), key="curves", alt="Loss and accuracy after each epoch of the training"
        )


def _show_pairs(pairs: dict[str, str], *, alt: str) -> None:
    if not pairs:
        st.caption("The card says nothing here.")
        return
    rows = [{"What": name, "Value": value} for name, value in pairs.items()]
    st.dataframe(
        rows, hide_index=True, alt=alt, column_config={"What": st.column_config.TextColumn(width=150)}
    )
