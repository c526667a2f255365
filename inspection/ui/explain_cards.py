"""One card a map: the picture, what the map is, what it cost, and how far it can be trusted."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import streamlit as st

from inspection.errors import AssayError
from inspection.explain_methods import METHODS
from inspection.explain_pdf import Panel, Sheet, write_sheet
from inspection.explain_subject import Explanation, MethodUnavailable, Watch
from inspection.explain_trust import Overlap, measure_overlap
from inspection.ui import explaining
from inspection.ui.charts import format_ms, format_share
from inspection.ui.choosing import PRECISION_WORDS
from inspection.ui.explaining import Case, Look, Marked
from inspection.ui.overlays import draw_legend, encode_jpeg
from inspection.ui.palette import heat_gradient_css
from inspection.ui.resources import model_titles
from inspection.ui.viewer import find_hottest
from inspection.ui.widgets import escape_markdown, say_kind
from inspection.wording import say_number

FAINT_0_1 = 0.1  # of the fixed scale: below it a map looks like no map at all
BOXES = "the detector's boxes"


@dataclass(frozen=True, slots=True)
class Card:
    """One map to be shown: which model, which method; `case` opens late, since a model may be missing."""

    title: str
    method: str
    open_case: Callable[[], Case]


def show_card(card: Card, class_name: str, look: Look) -> tuple[Case, Explanation] | None:
    """What was shown, for the sheet; None where there is nothing yet."""
    with st.container(border=True):
        st.markdown(f"**{escape_markdown(card.title)}**")
        try:
            case = card.open_case()
        except AssayError as error:
            st.warning(escape_markdown(str(error)), title=say_kind(error.kind))
            return None
        explanation = _make_map(case, card, class_name)
        if explanation is None:
            return None
        _show_map(case, explanation, look)
        told = tell(case, explanation)
        st.caption("  \n".join(f"**{name}** {escape_markdown(answer)}" for name, answer in told.items()))
        return case, explanation


def _make_map(case: Case, card: Card, class_name: str) -> Explanation | None:
    """None where it was stopped, or where the model has no such map: the page says it and goes on."""
    key = explaining.key_of(case, card.method, class_name)
    if key in explaining.stopped_keys():
        st.caption("Stopped before it was done.")
        st.button(
            "Start again", key=f"again.{key}", icon=":material/play_arrow:", on_click=_start, args=(key,)
        )
        return None
    holder = st.empty()
    try:
        explanation = explaining.explain_case(
            case, card.method, class_name, watching=lambda: _watch_in(holder, card.title, key)
        )
    except MethodUnavailable as error:
        holder.warning(escape_markdown(str(error)), title=say_kind(error.kind))
        return None
    holder.empty()
    return explanation


def _watch_in(holder: "st.delta_generator.DeltaGenerator", title: str, key: tuple[object, ...]) -> Watch:
    """Progress with a way out. Pressing it ends this run of the page at the next step of the method."""
    with holder.container(horizontal=True, vertical_alignment="center"):
        bar = st.progress(0.0, text=f"{title} …")
        st.button("Stop", key=f"stop.{key}", icon=":material/stop:", on_click=_stop, args=(key,))

    def watch(done: int, total: int) -> None:
        bar.progress(min(1.0, done / total), text=f"{title}: {done} of {total} runs")

    return watch


def _stop(key: tuple[object, ...]) -> None:
    explaining.stopped_keys().add(key)


def _start(key: tuple[object, ...]) -> None:
    explaining.stopped_keys().discard(key)


def _show_map(case: Case, explanation: Explanation, look: Look) -> None:
    spec = METHODS[explanation.method]
    where = find_hottest(explanation.heat_map) if explanation.peak > 0 else "nowhere"
    st.image(
        explaining.picture_explanation(case, explanation, look),
        width="stretch",
        alt=f"{spec.title} of {case.inspection.picture} for {explanation.heat_map.class_name}: warmest {where}",
    )


def tell(case: Case, explanation: Explanation) -> dict[str, str]:
    """What an auditor asks of a map, and the answers; the sheet prints the same ones."""
    told = {"Shows": METHODS[explanation.method].says, "Evidence": f"{explanation.evidence}."}
    told |= tell_overlap(case, explanation)
    told["Scale"] = say_scale(explanation)
    runs = (
        f"{say_number(explanation.runs, 'run')} of the network"
        if explanation.runs
        else "no further run of the network"
    )
    told["Cost"] = f"{format_ms(explanation.cost_ms)}, {runs}."
    return told


def tell_overlap(case: Case, explanation: Explanation) -> dict[str, str]:
    """Empty where nothing says where the defect is. What the detector says is never called a known defect."""
    class_name = explanation.heat_map.class_name
    marked = explaining.find_marked(case, class_name)
    overlap = None if marked is None else measure_overlap(explanation.heat_map, marked.mask)
    if marked is None or overlap is None:
        return {}
    words = say_overlap(overlap, known=marked.known)
    if marked.known:
        return {"On the defect": words}
    return {
        f"On {BOXES}": f"{words} They are its guess at {class_name}: where the defect is, nobody has marked."
    }


def say_overlap(overlap: Overlap, *, known: bool) -> str:
    hit = "touches it" if known else "touches one"
    return (
        f"{format_share(overlap.heat_inside)} of the heat on {format_share(overlap.area_inside)} of the area: lift "
        f"{overlap.lift:.1f} where chance is 1; the warmest cell {hit if overlap.peak_inside else 'is elsewhere'}."
    )


def say_marked(marked: Marked | None) -> str:
    """What an outline is drawn around."""
    return BOXES if marked is not None and not marked.known else "the known defect"


def say_scale(explanation: Explanation) -> str:
    words = f"raw maximum {explanation.peak:.3g}; drawn as 1: {explanation.scale_note}."
    if explanation.peak >= FAINT_0_1 * explanation.heat_map.scale:
        return words
    share = explanation.peak / explanation.heat_map.scale
    return f"{words} At most {format_share(share)} of it: hardly any heat to see."


def say_judgement(case: Case, class_name: str) -> str:
    share = case.inspection.probabilities.get(class_name, 0.0)
    title = model_titles().get(case.choice.model, case.choice.model)
    return f"{title}: {case.inspection.verdict.words}; {class_name} {format_share(share)}"


def show_legend() -> None:
    st.html(
        '<div style="display:flex;gap:0.6rem;align-items:center;font-size:0.85rem"><span>0</span>'
        f'<span aria-hidden="true" style="width:11rem;height:0.7rem;border-radius:2px;background-color:#8A96A1;'
        f'background-image:{heat_gradient_css()}"></span><span>1 and above, on the scale that each map states</span></div>'
    )


def make_sheet(shown: list[tuple[str, Case, Explanation]], class_name: str, look: Look) -> bytes:
    """The page as a PDF: the crop first, then every map that was on the screen."""
    case = shown[0][1]
    inspection = case.inspection
    marked = explaining.find_marked(case, class_name) if look.outline else None
    plain = case.shown if marked is None else explaining.outline(case, case.shown, marked)
    path = [f"{step.question} {step.answer}" for step in inspection.verdict.path]
    if marked is not None:
        path.append(f"Outlined: {say_marked(marked)}.")
    panels = [Panel("The part as the model saw it", encode_jpeg(plain), path)]
    for title, of, explanation in shown:
        lines = [f"{name}: {answer}" for name, answer in tell(of, explanation).items()]
        panels.append(Panel(title, explaining.picture_explanation(of, explanation, look), lines))
    facts = {
        "Picture": inspection.picture,
        "SHA-256": inspection.sha256,
        "Line": inspection.line,
        "Class explained": class_name,
    }
    for of in {of.choice: of for _, of, _ in shown}.values():
        engine = of.inspection.engine
        facts[f"Judged by {of.choice.model}"] = (
            f"{of.inspection.verdict.words}; {engine.name} {engine.version}, {PRECISION_WORDS[engine.precision]}, "
            f"weights {of.inspection.model_sha256[:16]}"
        )
    note = (
        "A heat map shows what a model used, not that it was right. Maps of different methods are drawn on different "
        "scales, each stated under its map."
    )
    return write_sheet(Sheet(inspection.verdict.words, facts, panels, note, datetime.now(UTC), draw_legend()))
