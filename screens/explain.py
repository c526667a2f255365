"""Explain: why a part was judged so, by several methods or several models side by side."""

from functools import partial

import streamlit as st

from inspection.explain_methods import METHODS, list_methods, say_coincidences
from inspection.ui import choosing, explaining, resources
from inspection.ui.explain_cards import Card, make_sheet, say_judgement, say_marked, show_card, show_legend
from inspection.ui.explaining import Look
from inspection.ui.exports import safe_stem
from inspection.ui.judge_choice import choose_judge, find_served, follow_link, write_link
from inspection.ui.state import Choice
from inspection.ui.widgets import escape_markdown

st.title("Explain")
asked = follow_link("explain")
line, choice = choose_judge("explain")
choosing.tell_broken_samples(line)
given = explaining.list_given(line)
if asked in given:
    st.session_state[f"explain.picture.{line.name}"] = asked
if not given:
    st.info("Inspect a picture first: what you upload there can be explained here.", title="No picture")
    st.page_link("screens/inspect.py", label="Go to Inspect", icon=":material/center_focus_strong:")
    st.stop()

with st.container(horizontal=True, vertical_alignment="top"):
    stem = st.selectbox(
        "Picture",
        list(given),
        format_func=lambda key: given[key].label,
        key=f"explain.picture.{line.name}",
        persist_state="session",
        width=260,
    )
    class_holder = st.container(width=260)
    side = st.segmented_control(
        "Side by side", ("Methods", "Models"), default="Methods", required=True, key="explain.side"
    )
picture = given[stem]
write_link("explain", line, choice, sample=stem)
with st.popover("Mask of the defect", icon=":material/gesture:"):
    st.write("A picture of the same size, bright where the defect is: the maps are then measured against it.")
    brought = st.file_uploader("Mask", type=["png", "bmp"], key=f"explain.mask.{line.name}.{stem}")
mask = brought.getvalue() if brought is not None else None

with st.spinner("Loading the model; the first time on a machine takes a minute …", show_time=True):
    case = explaining.open_case(choice, picture, mask=mask)
judged = case.inspection.verdict.class_name
class_name = class_holder.selectbox(
    "Class to explain",
    line.classes,
    index=line.classes.index(judged) if judged else 0,
    format_func=lambda name: f"{name} (the verdict)" if name == judged else name,
    key=f"explain.class.{line.name}.{stem}.{choice.model}",
)
titles = resources.model_titles()
reasons = list_methods(case.subject)
if side == "Methods":
    wanted = st.pills(
        "Methods",
        [name for name, reason in reasons.items() if reason is None],
        selection_mode="multi",
        default=["grad_cam", "ablation_cam", "occlusion"],
        format_func=lambda name: (
            f"{METHODS[name].title}{' (class-blind)' if METHODS[name].class_blind else ''}"
        ),
        key="explain.methods",
        persist_state="session",
    )
    cards = [
        Card(METHODS[name].title, name, partial(explaining.open_case, choice, picture, mask=mask))
        for name in wanted
    ]
    for name, reason in reasons.items():
        if reason is not None:
            st.caption(f"{METHODS[name].title} is not offered. {reason}")
else:
    method = st.selectbox(
        "Method", list(METHODS), format_func=lambda name: METHODS[name].title, key="explain.method", width=260
    )
    others = st.pills(
        "Beside it",
        [name for name in line.models if name != choice.model],
        selection_mode="multi",
        default=list(line.models[1:2]) if choice.model == line.champion else [line.champion],
        format_func=lambda name: titles.get(name, name),
        key=f"explain.models.{line.name}.{choice.model}",
    )
    cards = []
    for name in (choice.model, *others):
        served, why = find_served(line, name, choice.precision)
        if why is not None:
            st.caption(
                f":material/info: INT8 of {escape_markdown(titles.get(name, name))} is withheld: "
                f"{escape_markdown(why)}. It is explained at F32."
            )
        judge = Choice(line.name, name, served)
        cards.append(
            Card(titles.get(name, name), method, partial(explaining.open_case, judge, picture, mask=mask))
        )

st.markdown(f"**{escape_markdown(say_judgement(case, class_name))}**")
with st.container(horizontal=True, vertical_alignment="bottom"):
    opacity = st.slider("Opacity of the maps, %", 10, 100, 70, 5, key="explain.opacity", width=220)
    grid = st.segmented_control(
        "Grid", ("Smooth", "Native"), default="Smooth", required=True, key="explain.grid"
    )
    marked = explaining.find_marked(case, class_name)
    outline = st.toggle(
        f"Outline {say_marked(marked)}", value=True, disabled=marked is None, key="explain.outline"
    )
look = Look(opacity / 100, grid == "Smooth", outline and marked is not None)
show_legend()
shown = []
with st.grid("auto", min_column_width=270, gap="small"):
    for card in cards:
        made = show_card(card, class_name, look)
        if made is not None:
            shown.append((card.title, *made))
st.caption(say_coincidences(case.subject))
if shown:
    st.download_button(
        "One-page PDF",
        data=partial(make_sheet, shown, class_name, look),
        file_name=f"{safe_stem(picture.name)}-{class_name}.pdf",
        mime="application/pdf",
        icon=":material/picture_as_pdf:",
        on_click="ignore",
    )
