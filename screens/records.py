"""Records: every inspection that was kept, found again; what it rests on; whether the chain still holds."""

import streamlit as st

from inspection.ui.records_view import show_finding, show_one
from inspection.ui.roles import EVERYONE, require

person = require(*EVERYONE)
code = st.query_params.get("record")
if code:
    show_one(code, person)
else:
    show_finding(person)
