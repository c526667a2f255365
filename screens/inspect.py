"""Inspect: pictures in; verdict, reason, evidence and cost out."""

import streamlit as st

from inspection.ui import choosing, inspectors
from inspection.ui.explaining import name_for_explain
from inspection.ui.gallery import run_waiting, show_gallery, show_way_back
from inspection.ui.judge_choice import choose_judge, follow_link, write_link
from inspection.ui.judging import KeptInspector
from inspection.ui.records_kept import show_waiting
from inspection.ui.report import show_report
from inspection.ui.state import open_batch
from inspection.ui.watch_challenge import show_line_state

st.title("Inspect")
asked = follow_link("inspect")
line, choice = choose_judge("inspect")
show_line_state(line)
if asked is not None:
    choosing.turn_to_sample(line.name, asked)
with st.container(horizontal=True, vertical_alignment="bottom"):
    source = choosing.choose_source()
    beside = st.container(width="content")
sample = None
if source == choosing.SAMPLES:
    inputs, sample = choosing.give_samples(line, beside=beside)
elif source == choosing.UPLOAD:
    inputs = choosing.give_upload()
else:
    inputs = choosing.give_camera()
write_link("inspect", line, choice, sample=sample)
if inputs is not None:
    batch = open_batch(choice, inputs.source, inputs.load)
    with st.spinner("Loading the model; the first time on a machine takes a minute …", show_time=True):
        inspector = inspectors.get_inspector(choice.line, choice.model, choice.precision)
    run_waiting(batch, KeptInspector(inspector, batch.source[0]))
    show_waiting()
    if len(batch.entries) != 1 and batch.opened is None:
        show_gallery(batch)
    else:
        index = batch.opened or 0
        if len(batch.entries) > 1:
            show_way_back(batch)
        show_report(batch.entries[index], line, explain_as=name_for_explain(batch, index))
