"""The lower part of the Metrics page: the curves, each behind a tab that does no work until it is opened."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from inspection.learning.calibration import measure_chance_error, trace_reliability
from inspection.learning.curves import Curve, trace_precision_recall, trace_roc
from inspection.ui.charts import format_area
from inspection.ui.charts_curves import (
    build_learning,
    build_precision_recall,
    build_reliability,
    build_robustness,
    build_roc,
    build_routings,
    pick_learning,
)
from inspection.ui.evaluations import Report, get_sweep
from inspection.ui.exhibits import UNDEFINED, offer_csv, show_chart
from inspection.ui.measured_choice import EvaluationChoice
from inspection.ui.tables_metrics import (
    tabulate_curves,
    tabulate_reliability,
    tabulate_robustness,
    tabulate_routings,
)
from inspection.wording import say_limit, say_number

TABS = ("Review threshold", "ROC", "Precision and recall", "Calibration", "Learning", "Robustness")


def show_curves(report: Report, choice: EvaluationChoice, *, threshold_0_1: float) -> None:
    st.subheader("Curves")
    trade, roc, recall, calibration, learning, robustness = st.tabs(
        TABS, on_change="rerun", key="metrics.tab"
    )
    if trade.open:
        with trade:
            show_trade(choice, threshold_0_1)
    if roc.open:
        with roc:
            show_roc(report, choice)
    if recall.open:
        with recall:
            show_precision_recall(report, choice)
    if calibration.open:
        with calibration:
            show_calibration(report, choice)
    if learning.open:
        with learning:
            show_learning(choice)
    if robustness.open:
        with robustness:
            show_robustness(choice)


def show_trade(choice: EvaluationChoice, threshold_0_1: float) -> None:
    routings = get_sweep(choice.line, choice.model, split=choice.split, precision=choice.precision)
    policy = choice.line.policy
    show_chart(
        build_routings(routings, chosen_0_1=threshold_0_1, policy_0_1=policy.confidence_0_1),
        name=f"{choice.stem}-threshold",
        key="threshold",
        rows=lambda: tabulate_routings(routings),
        alt="Share of pictures sent to a person, accuracy of the rest and escape rate, as the confidence asked rises",
    )
    again = ", and looks a second time before it gives a part to a person" if policy.retest else ""
    st.caption(
        "Without a second look, as evaluated. On the line itself the policy also asks the best class to lead the second by "
        f"{say_limit(policy.lead_0_1)}{again}."
    )


def trace_all(report: Report, kind: str) -> dict[str, Curve]:
    """class → curve, of the decided pictures; classes without one are left out."""
    labels, p = report.evaluation.labels[report.decided], report.probabilities[report.decided]
    trace = trace_roc if kind == "roc" else trace_precision_recall
    curves = {
        name: trace(p[:, number], labels == number) for number, name in enumerate(report.figures.class_names)
    }
    return {name: curve for name, curve in curves.items() if curve is not None}


def tell_missing(report: Report, curves: dict[str, Curve]) -> None:
    missing = [name for name in report.figures.class_names if name not in curves]
    if missing:
        st.caption(f"No curve for {', '.join(missing)}: the decided pictures hold too few kinds for one.")


def show_roc(report: Report, choice: EvaluationChoice) -> None:
    curves = trace_all(report, "roc")
    areas = {each.name: each.auc for each in report.figures.per_class}
    show_chart(
        build_roc(curves, areas),
        name=f"{choice.stem}-roc",
        key="roc",
        rows=lambda: tabulate_curves(curves, x="False positive rate", y="True positive rate"),
        alt="ROC curve of each class against the others: " + say_areas(areas),
    )
    tell_missing(report, curves)


def show_precision_recall(report: Report, choice: EvaluationChoice) -> None:
    curves = trace_all(report, "precision")
    areas = {each.name: each.average_precision for each in report.figures.per_class}
    show_chart(
        build_precision_recall(curves, areas),
        name=f"{choice.stem}-precision-recall",
        key="precision-recall",
        rows=lambda: tabulate_curves(curves, x="Recall", y="Precision"),
        alt="Precision against recall of each class: " + say_areas(areas),
    )
    tell_missing(report, curves)


def say_areas(areas: dict[str, float | None]) -> str:
    return ", ".join(
        f"{name} {UNDEFINED if area is None else format_area(area)}" for name, area in areas.items()
    )


def show_calibration(report: Report, choice: EvaluationChoice) -> None:
    bins = trace_reliability(
        report.probabilities[report.decided], report.evaluation.labels[report.decided], equal_mass=True
    )
    error, brier = report.figures.calibration_error, report.figures.brier
    chance = measure_chance_error(report.probabilities[report.decided])
    show_chart(
        build_reliability(bins),
        name=f"{choice.stem}-calibration",
        key="calibration",
        rows=lambda: tabulate_reliability(bins),
        alt="How often the model is right against how sure it is, in bins of equal counts",
    )
    if error is not None and brier is not None and chance is not None:
        st.caption(
            f"Expected calibration error {error * 100:.2f} % (15 bins of equal width); on so many pictures a model that "
            f"is right just as often as it is sure shows {chance.mean * 100:.2f} % on average, up to {chance.p95 * 100:.2f} % "
            f"19 times of 20. Brier score {brier:.4f}. "
            "The dots are bins of equally many pictures, with 95 % intervals."
        )


def show_learning(choice: EvaluationChoice) -> None:
    curves = choice.measured.card.curves
    if not curves:
        st.info("The model's card holds no learning curves: it was imported, not trained here.")
        return
    show_chart(
        build_learning(curves),
        name=f"{choice.line.name}-{choice.model}-learning",
        key="learning",
        rows=lambda: pick_learning(curves),
        alt="Loss and accuracy after each epoch of the training",
    )


def show_robustness(choice: EvaluationChoice) -> None:
    rows = tabulate_robustness(choice.measured.card.figures)
    if not rows:
        st.info(
            "How this model holds up on worse pictures (light, blur, noise, turns, JPEG, something before the part) was not "
            f"measured yet. `python -m inspection robustness {choice.line.name} --model {choice.model} --data FOLDER` "
            "disturbs the test pictures, asks the whole line again and keeps the figures in the card; then they are here.",
            title="Not measured",
            icon=":material/science:",
        )
        return
    show_chart(
        build_robustness(rows),
        name=f"{choice.line.name}-{choice.model}-robustness",
        key="robustness",
        alt="Accuracy as each disturbance of the picture grows",
    )
    st.caption(say_disturbed(rows[0]))
    st.dataframe(rows, hide_index=True, placeholder=UNDEFINED, alt="Accuracy under each disturbance")
    offer_csv(lambda: rows, name=f"{choice.line.name}-{choice.model}-robustness", key="robustness")


def say_disturbed(row: Mapping[str, Any]) -> str:
    """Whose accuracy it is: nothing that is chosen on the page moves it."""
    pictures = say_number(row["n"], "test picture") if "n" in row else "Test pictures"
    at = f" at {str(row['precision']).upper()}" if "precision" in row else ""
    return (
        f"{pictures} through the whole line{at}: right is a part that is found and whose likeliest class is the true one, "
        "whatever was decided. The split, the precision and the threshold above do not move these."
    )
