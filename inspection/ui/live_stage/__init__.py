"""The moving belt: a canvas that draws the frames as they come, without a run of the script."""

from pathlib import Path

import streamlit as st

from inspection.ui.live_route import PATH

_HERE = Path(__file__).parent
_COMPONENT = st.components.v2.component(
    "assay_live_stage",
    html=(_HERE / "stage.html").read_text(encoding="utf-8"),
    css=(_HERE / "stage.css").read_text(encoding="utf-8"),
    js=(_HERE / "stage.js").read_text(encoding="utf-8"),
)


def show_stage(token: str, *, alt: str, key: str) -> None:
    _COMPONENT(key=key, data={"token": token, "path": PATH, "alt": alt})
