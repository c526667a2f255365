"""Two models on the same pictures: McNemar, and the gallery of those on which they disagree."""

from itertools import combinations

import streamlit as st

from inspection.learning.comparison import Contender, Pairing, compare_pair
from inspection.ui.cell_gallery import Explainer, Shown, show_pictures
from inspection.ui.compare_choice import Comparison
from inspection.ui.evaluations import find_data_dirs
from inspection.ui.exhibits import PERCENT, UNDEFINED, in_percent, offer_csv
from inspection.ui.tables_compare import describe_flip, tabulate_pairs
from inspection.ui.widgets import escape_markdown
from inspection.wording import say_number


def show_pairs(comparison: Comparison) -> None:
    contenders = comparison.contenders
    if len(contenders) < 2:
        st.info(
            "Choose a second model above to compare the two picture by picture.", icon=":material/compare:"
        )
        return
    titles = [each.title for each in contenders]
    with st.container(horizontal=True):
        first = st.selectbox("A", titles, key=f"compare.a.{comparison.line.name}")
        others = [title for title in titles if title != first]
        second = st.selectbox("B", others, key=f"compare.b.{comparison.line.name}.{first}")
    a, b = contenders[titles.index(first)], contenders[titles.index(second)]
    pairing = compare_pair(a.evaluation, b.evaluation)
    st.markdown(escape_markdown(say_pairing(pairing, a.title, b.title)))
    show_flips(comparison, pairing, a, b)
    show_all_pairs(comparison)


def say_pairing(pairing: Pairing, first: str, second: str) -> str:
    difference = pairing.difference
    bounds = (
        "" if difference is None else f", 95 %: {sign(difference.low * 100)} to {sign(difference.high * 100)}"
    )
    points = (pairing.first_only - pairing.second_only) / pairing.n * 100
    if not pairing.first_only + pairing.second_only:
        verdict = "They are right and wrong on the same pictures."
    elif pairing.differs:
        better = first if pairing.first_only > pairing.second_only else second
        verdict = f"{better} is better, beyond chance."
    else:
        verdict = "That may be chance: the test cannot tell them apart."
    return (
        f"On {say_number(pairing.n, 'picture')} only {first} is right on {pairing.first_only}, only {second} on "
        f"{pairing.second_only}; both err on {pairing.both_wrong}. Accuracy differs by {sign(points)} points{bounds} "
        f"(McNemar p = {pairing.p_value:.2g}). {verdict}"
    )


def sign(points: float) -> str:
    return f"{points:+.1f}".replace("-", "−")


def show_flips(comparison: Comparison, pairing: Pairing, a: Contender, b: Contender) -> None:
    st.subheader("Where they disagree")
    kinds = {
        "first right": "A right, B wrong",
        "second right": "B right, A wrong",
        "both wrong": "Both wrong, differently",
    }
    counts = {kind: sum(flip.kind == kind for flip in pairing.flips) for kind in kinds}
    if not pairing.flips:
        st.caption("Nowhere: they call every picture the same.")
        return
    kind = st.segmented_control(
        "Kind",
        list(kinds),
        format_func=lambda kind: f"{kinds[kind]} ({counts[kind]})",
        default=next(kind for kind in kinds if counts[kind]),
        required=True,
        label_visibility="collapsed",
        key=f"compare.kind.{comparison.line.name}.{comparison.split}.{a.title}.{b.title}",
    )
    card = comparison.measured[a.model].card
    names, line = card.class_names, comparison.line.name
    shown = [
        Shown(
            flip.key,
            f"A: {names[flip.first_called]}, B: {names[flip.second_called]}, truly {names[flip.label]}",
            describe_flip(flip, names, a.title, b.title),
        )
        for flip in pairing.flips
        if flip.kind == kind
    ]
    show_pictures(
        shown,
        find_data_dirs(line, card),
        name=f"{line}-{a.model}-{a.evaluation.precision}-{b.model}-{b.evaluation.precision}-{kind.replace(' ', '-')}",
        line=line,
        explainers=[
            Explainer(line, each.model, each.evaluation.precision, side)
            for side, each in (("A", a), ("B", b))
        ],
    )


def show_all_pairs(comparison: Comparison) -> None:
    contenders = comparison.contenders
    if len(contenders) < 3:
        return
    st.subheader("Every pair")
    pairings = [
        (one, other, compare_pair(contenders[one].evaluation, contenders[other].evaluation))
        for one, other in combinations(range(len(contenders)), 2)
    ]
    rows = tabulate_pairs(contenders, pairings)
    percent = st.column_config.NumberColumn(format=PERCENT)
    st.dataframe(
        in_percent(rows, ("A − B", "Low", "High")),
        hide_index=True,
        placeholder=UNDEFINED,
        column_config={
            "A − B": percent,
            "Low": percent,
            "High": percent,
            "McNemar p": st.column_config.NumberColumn(format="%.3g"),
        },
        alt="McNemar's test of every pair of models",
    )
    offer_csv(lambda: rows, name=f"{comparison.line.name}-{comparison.split}-pairs", key="pairs")
    st.caption(
        f"{len(rows)} tests at 5 % each: about one in twenty shows a difference where there is none. Treat a lone p just "
        "below 0.05 with care."
    )
