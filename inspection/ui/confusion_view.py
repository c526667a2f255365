"""The confusion matrix of the Metrics page, and the pictures behind its cells."""

from pathlib import Path

import numpy as np
import streamlit as st

from inspection.ui.cell_gallery import Explainer, Shown, show_pictures
from inspection.ui.charts import format_share
from inspection.ui.charts_metrics import build_confusion
from inspection.ui.evaluations import Report, find_data_dirs
from inspection.ui.exhibits import offer_csv, toolbar
from inspection.ui.measured_choice import EvaluationChoice, title_model
from inspection.ui.tables_metrics import REVIEW, name_columns, tabulate_confusion

ALL_WRONG = (-1, -1)
Cell = tuple[int, int]  # (true class, column)


def show_confusion(report: Report, choice: EvaluationChoice) -> None:
    names = report.figures.class_names
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.subheader("Confusion matrix", width="content")
        normalised = st.segmented_control(
            "Show",
            ("Counts", "Shares of the class"),
            default="Counts",
            required=True,
            label_visibility="collapsed",
            key="metrics.normalised",
        )
    key = "metrics.confusion"

    def take() -> None:
        points = st.session_state[key].selection.points
        if points:
            row, column = points[0]["customdata"]
            st.session_state[cell_key(choice)] = (int(row), int(column))

    st.plotly_chart(
        build_confusion(report.confusion, names, normalised=normalised != "Counts"),
        config=toolbar(f"{choice.stem}-confusion"),
        on_select=take,
        selection_mode="points",
        key=key,
        alt="Confusion matrix: rows are true classes, columns what they were called. Press a cell, or choose it in "
        "the list below, to see its pictures.",
    )
    rows = tabulate_confusion(report.confusion, names)
    offer_csv(lambda: rows, name=f"{choice.stem}-confusion", key="confusion")


def show_cell(report: Report, choice: EvaluationChoice) -> None:
    """The pictures of the chosen cell."""
    names = report.figures.class_names
    columns = name_columns(report.confusion, names)
    cells = list_cells(report)
    key = cell_key(choice)
    if st.session_state.get(key) not in cells:
        st.session_state[key] = ALL_WRONG  # a moved threshold may have emptied the cell
    st.subheader("Pictures")
    cell = st.selectbox(
        "Pictures of a cell",
        cells,
        format_func=lambda cell: say_choice(cell, names, columns),
        key=key,
        persist_state="session",
        help="Or press the cell in the matrix.",
        width=420,
    )
    chosen = select_rows(report, cell)
    folders = find_data_dirs(choice.line.name, choice.measured.card)
    explainer = Explainer(
        choice.line.name, choice.model, choice.precision, title_model(choice.model, choice.line)
    )
    show_pictures(
        [describe_row(report, int(row)) for row in chosen],
        folders,
        name=f"{choice.stem}-pictures",
        line=choice.line.name,
        explainers=(explainer,),
    )


def list_cells(report: Report) -> dict[Cell, int]:
    """Cell → its count: all that are wrong, then the wrong cells, the review and the right ones, each largest first."""
    classes = len(report.figures.class_names)
    counts = {
        (row, column): value
        for row, values in enumerate(report.confusion)
        for column, value in enumerate(values)
        if value
    }

    def rank(cell: Cell) -> tuple[int, int]:
        row, column = cell
        kind = 2 if row == column else 1 if column == classes else 0
        return kind, -counts[cell]

    wrong = sum(count for cell, count in counts.items() if rank(cell)[0] == 0)
    return {ALL_WRONG: wrong} | {cell: counts[cell] for cell in sorted(counts, key=rank)}


def cell_key(choice: EvaluationChoice) -> str:
    return f"metrics.cell.{choice.line.name}"  # the names of its options are those of the line's classes


def say_choice(cell: Cell, names: tuple[str, ...], columns: tuple[str, ...]) -> str:
    """Without a count: a label that changes under the chosen option goes stale in the browser."""
    if cell == ALL_WRONG:
        return "Everything that is wrong"
    row, column = cell
    how = "sent to review" if columns[column] == REVIEW else f"called {columns[column]}"
    return f"{names[row]}, {how}"


def select_rows(report: Report, cell: Cell) -> "np.ndarray":
    """The surest first: a confident mistake is the one to look at."""
    labels, called = report.evaluation.labels, report.probabilities.argmax(axis=1)
    if cell == ALL_WRONG:
        wanted = report.decided & (called != labels)
    elif cell[1] == len(report.figures.class_names):
        wanted = ~report.decided & (labels == cell[0])
    else:
        wanted = report.decided & (labels == cell[0]) & (called == cell[1])
    rows = np.flatnonzero(wanted)
    return rows[np.argsort(-report.probabilities[rows].max(axis=1), kind="stable")]


def describe_row(report: Report, row: int) -> Shown:
    names, p = report.figures.class_names, report.probabilities[row]
    label, called, key = int(report.evaluation.labels[row]), int(p.argmax()), report.evaluation.keys[row]
    words = f"{names[called]} {format_share(float(p[called]))}"
    if called != label:
        words += f", truly {names[label]}"
    return Shown(
        key,
        words,
        {
            "picture": Path(key).as_posix(),
            "true class": names[label],
            "called": names[called],
            "confidence": round(float(p[called]), 6),
            "to review": not bool(report.decided[row]),
        },
    )
