"""Metrics: one evaluation, class by class, down to its pictures."""

import streamlit as st

from inspection.ui.confusion_view import show_cell, show_confusion
from inspection.ui.curves_view import show_curves
from inspection.ui.evaluations import get_report
from inspection.ui.measured_choice import choose_evaluation, tell_origin
from inspection.ui.metrics_view import (
    choose_threshold,
    show_class_table,
    show_classes,
    show_strip,
)
from inspection.ui.trial_view import show_trial

st.title("Metrics")
choice = choose_evaluation()
if choice is not None:
    threshold = choose_threshold(choice.line)
    report = get_report(
        choice.line, choice.model, split=choice.split, precision=choice.precision, threshold_0_1=threshold
    )
    show_strip(report)
    tell_origin(choice)
    left, right = st.columns(2, gap="large")
    with left:
        show_classes(report, choice)
    with right:
        show_confusion(report, choice)
    show_class_table(report, choice)
    show_trial(choice)
    show_cell(report, choice)
    show_curves(report, choice, threshold_0_1=threshold)
