"""The upper part of the Metrics page: the threshold, the verdict strip and the classes."""

import numpy as np
import streamlit as st

from inspection.lines import Line
from inspection.ui.charts import format_ms, format_share
from inspection.ui.charts_metrics import build_class_dots
from inspection.ui.evaluations import Report
from inspection.ui.exhibits import PERCENT, UNDEFINED, in_percent, offer_csv, show_chart
from inspection.ui.measured_choice import EvaluationChoice
from inspection.ui.tables_metrics import (
    THIN,
    find_worst,
    tabulate_classes,
)
from inspection.ui.widgets import escape_markdown
from inspection.wording import round_bound_up, say_number

_THRESHOLD = "metrics.threshold"


def choose_threshold(line: Line) -> float:
    """Moves every figure of the page. Returned as a share; 0: the model decides on everything."""

    def put(percent: float) -> None:
        st.session_state[_THRESHOLD] = percent

    # by hand whole percent are chosen; a policy may lie between them
    policy = round(line.policy.confidence_0_1 * 100, 6)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        with st.container(width="stretch"):
            percent = st.slider(
                "Below this a person must look",
                0.0,
                100.0,
                value=0.0 if _THRESHOLD not in st.session_state else None,
                step=1.0,
                format="%g %%",
                key=_THRESHOLD,
                persist_state="session",
                help="Every figure on this page counts only the pictures at or above it; the others go to a person. "
                "At 0 % the model decides on all.",
            )
        st.button(f"Line's policy: {policy:g} %", on_click=put, args=(policy,), disabled=percent == policy)
        st.button("Decide on all", on_click=put, args=(0.0,), disabled=percent == 0)
    return float(percent) / 100


def show_strip(report: Report) -> None:
    figures, routing = report.figures, report.routing
    st.markdown(f"#### {say_verdict(report)}")
    with st.grid("auto", min_column_width=150, gap="small", key="metrics.strip"):
        interval = figures.accuracy_interval
        show_number(
            "Accuracy",
            UNDEFINED if figures.accuracy is None else format_share(figures.accuracy),
            f"95 %: {interval.low * 100:.1f} to {interval.high * 100:.1f} %"
            if interval
            else "nothing decided",
            tip=f"Right among the {routing.decided} decided pictures, with Wilson's interval.",
        )
        show_errors(report)
        show_worst(report)
        taken = report.evaluation.classify_ms
        show_number(
            "Classifying, p50",
            format_ms(float(np.percentile(taken, 50))),
            f"p95 {format_ms(float(np.percentile(taken, 95)))}",
            tip="One picture at a time, warm, the classifier alone: finding the part and drawing the heat map are apart. "
            "Measured on the machine that evaluated the model.",
        )
        if routing.reviewed:
            share = routing.review_share or 0.0
            show_number(
                "To review", format_share(share), f"{routing.reviewed} of {say_number(routing.n, 'picture')}"
            )


def show_errors(report: Report) -> None:
    routing, decision = report.routing, report.figures.decision
    if decision is None or routing.escapes is None or routing.false_rejects is None:
        show_number("Escapes", UNDEFINED, "no good class", tip="This line names defects; it passes no part.")
        return
    show_number(
        "Escapes",
        f"{routing.escapes} of {routing.defective}",
        bound_words(routing.escape_rate_below),
        tip="Defective parts that the classifier alone passes, of all defective parts. Beneath: what the true rate may be, by the "
        "exact one-sided bound (Clopper and Pearson).",
    )
    show_number(
        "False rejects",
        f"{routing.false_rejects} of {routing.good}",
        bound_words(routing.false_reject_rate_below),
        tip="Good parts that the model calls defective, of all good parts. Beneath: what the true rate may be.",
    )


def bound_words(rate: float | None) -> str:
    return "no such part" if rate is None else f"up to {round_bound_up(rate)} % (95 %)"


def show_worst(report: Report) -> None:
    worst = find_worst(report.figures)
    if worst is None or worst.recall is None or worst.recall_interval is None:
        show_number("Worst class", UNDEFINED, "nothing decided")
        return
    low, high = worst.recall_interval.low, worst.recall_interval.high
    show_number(
        f"Worst: {escape_markdown(worst.name)}",
        format_share(worst.recall),
        f"95 %: {low * 100:.1f} to {high * 100:.1f} %",
        tip=f"The lowest recall of a class, here over {say_number(worst.support, 'picture')}.",
    )


def show_number(label: str, value: str, beneath: str, *, tip: str | None = None) -> None:
    st.metric(label, value, beneath, delta_color="off", delta_arrow="off", help=tip, border=True)


def say_verdict(report: Report) -> str:
    """The whole page in two sentences."""
    routing = report.routing
    if not routing.decided:
        return (
            f"Every one of the {routing.n} pictures goes to a person: nothing is decided at this confidence."
        )
    wrong = routing.decided - routing.right
    on_all = "all" if not routing.reviewed else f"{routing.decided} of"
    words = f"The classifier alone decides on {on_all} {say_number(routing.n, 'picture')} and is wrong on {wrong}."
    if routing.escapes is None:
        return words
    return (
        f"{words} It would pass {routing.escapes} of {routing.defective} defective parts; what the whole line passes, "
        "with its second looks and its reviews, stands further down."
    )


def show_classes(report: Report, choice: EvaluationChoice) -> None:
    st.subheader("Classes, worst first")
    rows = tabulate_classes(report.figures)
    words = ", ".join(
        f"{row['Class']} {format_share(row['Recall'])}" for row in rows if row["Recall"] is not None
    )
    show_chart(
        build_class_dots(report.figures),
        name=f"{choice.stem}-classes",
        key="classes",
        alt=f"Recall and precision of each class with 95 % intervals. Recall, worst first: {words}.",
    )
    if any(row["Thin"] for row in rows):
        st.caption(f"Grey: fewer than {THIN} pictures. Read the interval, not the dot.")


def show_class_table(report: Report, choice: EvaluationChoice) -> None:
    rows = tabulate_classes(report.figures)
    share = st.column_config.NumberColumn(format=PERCENT)
    shares = [
        name for name in rows[0] if name not in ("Class", "Pictures", "Thin", "AUC", "Average precision")
    ]
    st.dataframe(
        grey_thin(in_percent(rows, shares)),
        hide_index=True,
        height="content",
        placeholder=UNDEFINED,
        column_config={
            "Class": st.column_config.TextColumn(pinned=True, width=150),
            **dict.fromkeys(shares, share),
            "AUC": st.column_config.NumberColumn(format="%.6f", help="One class against all others."),
            "Average precision": st.column_config.NumberColumn(format="%.6f"),
            "Thin": st.column_config.CheckboxColumn(help=f"Fewer than {THIN} pictures."),
        },
        alt="Figures of each class, worst recall first; a dash where a figure is undefined",
    )
    offer_csv(lambda: rows, name=f"{choice.stem}-classes", key="classes")


def grey_thin(rows: list[dict[str, object]]) -> object:
    """As they are where no class is thin: a table with colours costs more than all charts of the page."""
    import pandas as pd

    if not any(row["Thin"] for row in rows):
        return rows
    return pd.DataFrame(rows).style.apply(
        lambda row: ["color: #8A96A1" if row["Thin"] else "" for _ in row], axis=1
    )
