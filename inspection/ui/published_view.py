"""Beside ours: what the documents behind this project report, and what cannot be compared."""

import streamlit as st

from inspection.published import COMPARABLE, DOCUMENTS, list_slips
from inspection.ui.compare_choice import Comparison
from inspection.ui.evaluations import describe_origin
from inspection.ui.exhibits import UNDEFINED, offer_csv
from inspection.ui.tables_compare import tabulate_published
from inspection.ui.widgets import escape_markdown


def show_published(comparison: Comparison) -> None:
    line = comparison.line.name
    if line not in COMPARABLE:
        st.info("No document behind this project inspects this line's part.", icon=":material/menu_book:")
        return
    for code, words in COMPARABLE[line]:
        document = DOCUMENTS[code]
        st.markdown(
            f"**{code}** {escape_markdown(document.title)}: {escape_markdown(document.part)}.  \n"
            f":material/warning: {escape_markdown(words)}"
        )
    rows = tabulate_published(line, comparison.contenders)
    st.dataframe(
        rows,
        hide_index=True,
        height="content",
        placeholder=UNDEFINED,
        column_config={
            "Their model": st.column_config.TextColumn(pinned=True),
            "Parameters": st.column_config.NumberColumn(format="compact"),
            "Ours, parameters": st.column_config.NumberColumn(format="compact"),
            "Ours, accuracy %": st.column_config.NumberColumn(format="%.2f"),
            **{
                f"Ours, {mean}-F1 %": st.column_config.NumberColumn(format="%.2f")
                for mean in ("macro", "weighted")
            },
            "Ours, p50 ms": st.column_config.NumberColumn(format="%.1f"),
            "Ours, MB": st.column_config.NumberColumn(format="%.1f"),
        },
        alt="The published figures, and ours of the same model",
    )
    offer_csv(lambda: rows, name=f"{line}-published", key="published")
    origins = sorted(
        {describe_origin(comparison.measured[each.model].card) for each in comparison.contenders}
    )
    st.caption(
        f"Theirs as printed; “Ours” are the models chosen above, on the {comparison.split} split of {' and '.join(origins)}. "
        "A dash: the table does not say, or none of the chosen models is theirs, or it was measured on other pictures than "
        "these. F1 is made of the classes' as the document makes it."
    )
    st.subheader("Slips in these documents")
    for slip in list_slips(line):
        st.markdown(f"- **{slip.document}, {escape_markdown(slip.where)}:** {escape_markdown(slip.words)}")
