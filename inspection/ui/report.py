"""One inspected picture, told from the verdict downwards."""

import json

import streamlit as st

from inspection.lines import Line
from inspection.types import Inspection
from inspection.ui import charts, resources
from inspection.ui.choosing import PRECISION_WORDS
from inspection.ui.exports import describe_outcome, safe_stem
from inspection.ui.palette import REFUSED_ICON, VERDICT_STYLES
from inspection.ui.records_kept import show_kept
from inspection.ui.state import Entry
from inspection.ui.uploads import Refusal
from inspection.ui.viewer import View, show_evidence
from inspection.ui.widgets import escape_markdown, say_kind, show_figure, show_path, show_verdict
from inspection.verdict import say_second_look


def show_report(entry: Entry, line: Line, *, explain_as: str) -> None:
    """`explain_as`: the picture's name on the Explain page."""
    if isinstance(entry.outcome, Refusal):
        show_refusal(entry.outcome)
        return
    inspection = entry.inspection
    if inspection is None or entry.preview is None:
        st.info("This picture has not been inspected yet.", icon=":material/hourglass_empty:")
        return
    show_verdict(inspection, cost=say_cost(inspection))
    show_kept(inspection)
    picture, facts = st.columns([3, 2], gap="medium")
    with picture:
        show_evidence(View(entry.preview, entry.size, inspection), key="evidence")
        if inspection.heat_map is not None and st.button(
            "Explain this verdict", icon=":material/frame_inspect:"
        ):
            st.session_state[f"explain.picture.{line.name}"] = explain_as
            st.switch_page("screens/explain.py")
    with facts:
        _show_facts(inspection, line)
    _show_details(entry, inspection, line)


def show_refusal(refusal: Refusal) -> None:
    st.error(
        f"{escape_markdown(refusal.name)}: {escape_markdown(refusal.message)}",
        title=say_kind(refusal.kind),
        icon=REFUSED_ICON,
    )


def say_cost(inspection: Inspection) -> str:
    title = resources.model_titles().get(inspection.model, inspection.model)
    precision = PRECISION_WORDS[inspection.engine.precision]
    total = charts.format_ms(inspection.timings_ms.total)
    return f"Judged by {title} at {precision} on {inspection.engine.device} in {total}."


def _show_facts(inspection: Inspection, line: Line) -> None:
    if inspection.probabilities:
        st.markdown("**Probabilities**")
        best = max(inspection.probabilities, key=lambda name: inspection.probabilities[name])
        figure = charts.build_probabilities(
            inspection.probabilities,
            chosen=best,
            colour=VERDICT_STYLES[inspection.verdict.kind].fill,
            needed_0_1=line.policy.confidence_0_1,
        )
        share = charts.format_share(inspection.probabilities[best])
        show_figure(figure, alt=f"Probability of each class; highest: {best}, {share}", key="probabilities")
    timings = inspection.timings_ms.as_dict()
    st.markdown(f"**Time** · {charts.format_ms(timings['total'])}")
    spoken = ", ".join(f"{stage} {charts.format_ms(ms)}" for stage, ms in timings.items())
    show_figure(charts.build_timings(timings), alt=f"Time a stage: {spoken}", key="timings")
    st.markdown("**How it was decided**")
    show_path(inspection.verdict.path)


def _show_details(entry: Entry, inspection: Inspection, line: Line) -> None:
    with st.expander("Provenance", icon=":material/fingerprint:"):
        heat = inspection.heat_map
        rows = {
            "Picture": f"{escape_markdown(entry.name)}, {entry.size[0]} × {entry.size[1]} pixels",
            "Picture SHA-256": f"`{inspection.sha256}`",
            "Model SHA-256": f"`{inspection.model_sha256}`",
            "Engine": f"{inspection.engine.name} {inspection.engine.version}, {inspection.engine.device}",
            "Logits": ", ".join(f"{value:.3f}" for value in inspection.logits) or "none",
            "Second look": say_second_look(
                inspection.verdict.kind, retested=inspection.retested, allowed=line.policy.retest
            ),
        }
        if heat is not None:
            verdict = "exact" if heat.exact else "not confirmed"
            rows["Heat map"] = (
                f"{heat.method}: {verdict}, the logits recomputed from it differ by {heat.residual:.2g}"
            )
        st.table(rows, alt="Where the result comes from", border="horizontal")
        st.download_button(
            "Result as JSON",
            data=json.dumps(describe_outcome(entry.name, inspection), indent=2, ensure_ascii=False),
            file_name=f"{safe_stem(entry.name)}.json",
            mime="application/json",
            icon=":material/data_object:",
            on_click="ignore",
        )
