"""Improve: what people corrected teaches a challenger; the gate compares; a signed yes makes it champion."""

import streamlit as st

from inspection.ui.improve_data import get_challenges, get_labels
from inspection.ui.improve_gate import show_challengers, show_history
from inspection.ui.improve_view import choose_line, follow_link, show_champion, show_labels, show_teaching

st.title("Improve")
follow_link()
line = choose_line()
show_champion(line)
challenges = get_challenges(line)
labels = get_labels(line)
show_labels(line, labels, challenges[0] if challenges else None)
show_teaching(line, labels)
show_challengers(line, challenges)
show_history(line)
