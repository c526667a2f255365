"""Compare: which model should run the line, why, and what its errors cost."""

import streamlit as st

from inspection.ui.compare_choice import choose_comparison
from inspection.ui.compare_view import (
    show_class_comparison,
    show_recommendation,
    show_table,
    show_trade,
    tell_rule,
    tell_untrained,
)
from inspection.ui.costs_view import show_costs
from inspection.ui.pairs_view import show_pairs
from inspection.ui.published_view import show_published

TABS = {
    "Cost": show_costs,
    "Classes": show_class_comparison,
    "Two at a time": show_pairs,
    "Beside the literature": show_published,
}

st.title("Compare")
comparison = choose_comparison()
if comparison is not None and not comparison.contenders:
    st.info("Choose at least one model above.", icon=":material/compare:")
elif comparison is not None:
    winner = show_recommendation(comparison)
    tell_rule(comparison)
    tell_untrained(comparison.line)
    show_table(comparison, winner)
    show_trade(comparison, winner)
    for tab, show in zip(
        st.tabs(list(TABS), on_change="rerun", key="compare.tab"), TABS.values(), strict=True
    ):
        if tab.open:
            with tab:
                show(comparison)
