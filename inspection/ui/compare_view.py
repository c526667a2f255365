"""The upper part of the Compare page: the recommendation, the table of all, accuracy against speed, the classes."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from inspection.learning.comparison import Contender
from inspection.learning.costs import find_pace, say_pace
from inspection.learning.recommendation import recommend, say_accuracy, say_escapes
from inspection.learning.timed import TIMED_SPLITS, find_timed, say_timed
from inspection.lines import Line
from inspection.ui import resources
from inspection.ui.charts import format_ms
from inspection.ui.charts_compare import (
    build_class_comparison,
    build_trade,
    list_front,
    rank_shared_classes,
)
from inspection.ui.compare_choice import Comparison, find_choosers
from inspection.ui.counted_parts import say_parts
from inspection.ui.damaged_cards import find_damaged
from inspection.ui.evaluations import describe_origin
from inspection.ui.exhibits import PERCENT, UNDEFINED, in_percent, offer_csv, show_chart
from inspection.ui.tables_compare import find_best, tabulate_class_comparison, tabulate_contenders
from inspection.ui.tables_metrics import Rows
from inspection.ui.widgets import escape_markdown
from inspection.ui.zoo import find_own_side, say_card_looks
from inspection.wording import say_work

_IN_WORDS = ("Accuracy low", "Accuracy high")  # for the CSV; the table shows them as one text
_SHADE = "background-color: rgba(15, 143, 131, 0.22)"  # seen on white and on black


def show_recommendation(comparison: Comparison) -> int | None:
    """The winner's place among the contenders; None where none keeps pace."""
    able = [
        place
        for place, each in enumerate(comparison.contenders)
        if (each.model, each.evaluation.precision) not in comparison.withheld
    ]
    serving = [comparison.contenders[place] for place in able]
    found = recommend(serving, parts_a_minute=comparison.parts_a_minute)
    with st.container(border=True):
        if not serving:
            st.markdown("### :material/block: None of these may run the line")
            why = next(iter(comparison.withheld.values()))
            st.markdown(f"INT8 is withheld: {escape_markdown(why)}. Choose another precision above.")
            return None
        if found is None:
            fastest = min(serving, key=lambda each: each.p95_ms)
            st.markdown("### :material/block: None of these keeps up")
            st.markdown(
                f"At {say_pace(comparison.parts_a_minute)} there are "
                f"{format_ms(60_000 / comparison.parts_a_minute)} a part. The fastest, "
                f"{escape_markdown(fastest.title)}, needs {format_ms(fastest.p95_ms)} (p95): at most "
                f"{say_pace(find_pace(fastest.p95_ms))}."
            )
            return None
        winner = serving[found.winner]
        st.markdown(f"### :material/verified: Take {escape_markdown(winner.title)}")
        st.markdown(escape_markdown(found.say(winner.title)))
        st.caption(escape_markdown(tell_choosing(comparison, serving, winner)))
        if winner.model != comparison.line.champion:
            champion = resources.title_model(comparison.line.champion)
            st.markdown(f"It is not the line's champion: {escape_markdown(champion)} runs the line now.")
    return able[found.winner]


def tell_choosing(comparison: Comparison, serving: Sequence[Contender], winner: Contender) -> str:
    """What is chosen and judged by the same pictures is flattered by them; whether others choose the same is told."""
    said = f"Chosen by the {comparison.split} pictures that its figures are of, which flatters it a little."
    choosers, chosen_on = find_choosers(comparison, serving)
    other = recommend(choosers, parts_a_minute=comparison.parts_a_minute)
    if chosen_on == comparison.split or other is None:
        return said
    taken = choosers[other.winner]
    if taken.title == winner.title:
        return f"{said} The {chosen_on} pictures choose the same."
    reasons = "; ".join([*say_escapes(taken, choosers), say_accuracy(taken)])
    return f"{said} The {chosen_on} pictures would choose {taken.title}: {reasons}."


def tell_untrained(line: Line) -> None:
    """Whom the line names, but who cannot stand here yet."""
    damaged = find_damaged(line)
    missing = [
        model
        for model in line.models
        if model not in damaged and resources.get_card(line.name, model) is None
    ]
    if not missing:
        return
    titles = ", ".join(escape_markdown(resources.title_model(model)) for model in missing)
    st.info(
        f"This line also names {titles}. Train one on the Train page, or by `python -m inspection train {line.name} "
        f"--model {missing[0]} --data FOLDER`; then it stands here.",
        title="Not trained yet",
        icon=":material/model_training:",
    )


def tell_rule(comparison: Comparison) -> None:
    origins = sorted({describe_origin(each.card) for each in comparison.measured.values()})
    counts = sorted({len(each.evaluation) for each in comparison.contenders})
    pictures = " or ".join(map(str, counts))
    rule = (
        "not shown to let more escape than the one with the fewest, nor to be less accurate than the best of these (McNemar, "
        "5 %); of these the fewest escapes, where it is no toss-up (p up to 0.5), then the lowest p95"
    )
    st.caption(
        f"{pictures} {' and '.join(origins)}, {comparison.split} split. The rule: whoever keeps pace and is {rule}. "
        f"Times are of the classifier alone, one picture at a time, {tell_timed(comparison)}. *Latency, live* races them on this one."
    )
    for words in list_looks(comparison):
        st.caption(f":material/info: {words}")
    told = next((say_parts(comparison.line, each.evaluation.keys) for each in comparison.contenders), None)
    if told is not None:
        st.caption(f":material/info: {told}")


def tell_timed(comparison: Comparison) -> str:
    models = dict.fromkeys(each.model for each in comparison.contenders)
    taken_anew = comparison.split in TIMED_SPLITS
    timed = {
        resources.title_model(model): find_timed(comparison.measured[model].card) if taken_anew else None
        for model in models
    }
    return escape_markdown(say_timed(timed))


def list_looks(comparison: Comparison) -> list[str]:
    """Others could look as often and as closely, for as many times the work: a lead is not the architecture's alone."""
    cards = {each.model: comparison.measured[each.model].card for each in comparison.contenders}
    return [
        f"{escape_markdown(resources.title_model(model))} {looks}: "
        f"{say_work(card.turns, side=card.input_size, own_side=find_own_side(card))}, and its figures and its times are of that."
        for model, card in cards.items()
        if (looks := say_card_looks(card))
    ]


def show_table(comparison: Comparison, winner: int | None) -> None:
    st.subheader("All of them")
    pace = comparison.parts_a_minute
    rows = tabulate_contenders(comparison.contenders, winner=winner, parts_a_minute=pace)
    percent = st.column_config.NumberColumn(format=PERCENT)
    number = st.column_config.NumberColumn
    st.dataframe(
        shade_best(in_percent(rows, ("Accuracy", "Worst recall", "Escapes below"))),
        hide_index=True,
        height="content",
        placeholder=UNDEFINED,
        column_order=[name for name in rows[0] if name not in _IN_WORDS],
        column_config={
            "Take": st.column_config.TextColumn(help="The recommended one.", width=50),
            "Model": st.column_config.TextColumn(pinned=True),
            "Accuracy": percent,
            "95 %": st.column_config.TextColumn(help="The interval of the accuracy, in % (Wilson)."),
            "Worst recall": percent,
            "Macro-F1": number(format="%.4f"),
            "Escapes": number(help="Defective parts called good."),
            "Escapes below": number(format=PERCENT, help="Exact one-sided bound of the escape rate, 95 %."),
            "False rejects": number(help="Good parts called defective."),
            "p50 ms": number(format="%.1f"),
            "p95 ms": number(format="%.1f"),
            "MB": number(format="%.1f", help="The weights as they are stored, whatever the precision."),
            "Parameters": number(format="compact"),
        },
        alt="Every chosen model with its figures; a star marks the recommended one",
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        offer_csv(lambda: rows, name=f"{comparison.line.name}-{comparison.split}-models", key="models")
        st.caption("Shaded: the best of its column. A dash: undefined, not zero.")


def shade_best(rows: Rows) -> object:
    import pandas as pd

    best = find_best(rows)

    def shade(column: "pd.Series[Any]") -> list[str]:
        name = str(column.name)
        return [_SHADE if name in best and value == best[name] else "" for value in column]

    return pd.DataFrame(rows).style.apply(shade, axis=0)


def show_trade(comparison: Comparison, winner: int | None) -> None:
    st.subheader("Accuracy against speed")
    contenders = comparison.contenders
    front = [contenders[place].title for place in list_front(contenders)]
    show_chart(
        build_trade(contenders, winner=winner, parts_a_minute=comparison.parts_a_minute),
        name=f"{comparison.line.name}-{comparison.split}-accuracy-p95",
        key="trade",
        alt=f"Accuracy with its interval against p95. No other beats, fastest first: {', '.join(front)}.",
    )


def show_class_comparison(comparison: Comparison) -> None:
    names = rank_shared_classes(comparison.contenders)
    rows = tabulate_class_comparison(comparison.contenders, names)
    show_chart(
        build_class_comparison(comparison.contenders),
        name=f"{comparison.line.name}-{comparison.split}-classes",
        key="class-comparison",
        alt="Recall of each class with its 95 % interval, the models side by side, the worst class on top",
    )
    shares = [name for name in rows[0] if name not in ("Class", "Pictures")]
    st.dataframe(
        in_percent(rows, shares),
        hide_index=True,
        height="content",
        placeholder=UNDEFINED,
        column_config=dict.fromkeys(shares, st.column_config.NumberColumn(format=PERCENT)),
        alt="Recall, precision and F1 of each class, the models side by side",
    )
    offer_csv(lambda: rows, name=f"{comparison.line.name}-{comparison.split}-classes", key="class-comparison")
