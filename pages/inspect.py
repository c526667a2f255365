"""Inspect: pictures in; verdict, reason, evidence and cost out."""

import streamlit as st

from inspection.ui import choosing, resources
from inspection.ui.gallery import run_waiting, show_gallery, show_way_back
from inspection.ui.report import show_report
from inspection.ui.state import open_batch

st.title("Inspect")
choosing.follow_link()
line, choice = choosing.choose_judge()
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
choosing.write_link(choice, line, sample)
if inputs is not None:
    batch = open_batch(choice, inputs.source, inputs.load)
    with st.spinner("Loading the model …", show_time=True):
        inspector = resources.get_inspector(choice.line, choice.model, choice.precision)
    run_waiting(batch, inspector)
    if len(batch.entries) == 1:
        show_report(batch.entries[0], line)
    elif batch.opened is not None:
        show_way_back(batch)
        show_report(batch.entries[batch.opened], line)
    else:
        show_gallery(batch)
