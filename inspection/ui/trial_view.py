"""The whole line on the Metrics page: what it decided about the test pictures, found, judged and sent on as it serves."""

from pathlib import Path

import streamlit as st

from inspection.errors import DataInvalid
from inspection.learning.trial import read_trial, say_policy, trial_path
from inspection.types import PRECISIONS
from inspection.ui import resources
from inspection.ui.charts import format_ms
from inspection.ui.charts_trial import build_severities, build_verdicts
from inspection.ui.exhibits import UNDEFINED, show_chart
from inspection.ui.measured_choice import EvaluationChoice
from inspection.ui.metrics_view import show_number
from inspection.ui.tables_trial import Rate, Tried, count_trial
from inspection.ui.widgets import escape_markdown, say_kind
from inspection.wording import say_number


def show_trial(choice: EvaluationChoice) -> None:
    st.subheader("The whole line: find, judge, decide")
    try:
        trial = get_trial(choice)
    except DataInvalid as error:  # of earlier weights: its figures are not this model's
        st.warning(escape_markdown(str(error)), title=say_kind(error.kind), icon=":material/history:")
        return
    if trial is None:
        tell_untried(choice)
        return
    st.markdown(f"**{escape_markdown(trial.words)}**")
    show_errors(trial)
    stem = f"{choice.line.name}-{choice.model}-{choice.precision}-line"
    show_chart(
        build_verdicts(trial.verdicts),
        name=stem,
        key="trial",
        rows=lambda: trial.verdicts,
        alt=f"What became of the pictures of each class. {trial.words}",
    )
    tell_conditions(trial, choice)
    show_severities(trial, stem)


def home_of(choice: EvaluationChoice) -> Path:
    return resources.find_weights_dir(choice.line.name, choice.model) / choice.line.name


def get_trial(choice: EvaluationChoice) -> Tried | None:
    path = trial_path(home_of(choice), choice.model, choice.precision)
    try:
        changed_ns = path.stat().st_mtime_ns
    except FileNotFoundError:
        return None
    return _read_trial(path, changed_ns, choice.measured.card.weights_sha256)


@st.cache_resource(max_entries=16, show_spinner=False)
def _read_trial(path: Path, changed_ns: int, weights_sha256: str) -> Tried:
    return count_trial(read_trial(path, weights_sha256=weights_sha256))


def tell_untried(choice: EvaluationChoice) -> None:
    others = [
        each.upper() for each in PRECISIONS if trial_path(home_of(choice), choice.model, each).is_file()
    ]
    elsewhere = f" It was tried at {' and '.join(others)}: choose that above." if others else ""
    st.info(
        "The figures above ask the classifier alone, with each part cut out perfectly. What the line does with the test "
        "pictures, with parts that are not found, second looks and reviews, is measured by `python -m inspection trial "
        f"{choice.line.name} --model {choice.model} --precision {choice.precision} --data FOLDER`, and shown here."
        f"{elsewhere}",
        title=f"The whole line was not tried at {choice.precision.upper()}",
        icon=":material/conveyor_belt:",
    )


def show_errors(trial: Tried) -> None:
    with st.grid("auto", min_column_width=150, gap="small", key="metrics.trial"):
        for label, rate, tip in (
            ("Line escapes", trial.escapes, "Defective parts that the line passes by itself."),
            ("Line false rejects", trial.false_rejects, "Good parts that it rejects by itself."),
            (
                "To a person",
                trial.reviews,
                "Parts that it does not decide: not sure after a second look, unlike the training parts, or cut off by the picture.",
            ),
            ("Not found", trial.missed, "Parts that were on the picture and were not found."),
        ):
            show_rate(label, rate, tip)
        if trial.phantoms.of:
            tip = "Test pictures of half parts, foreign objects and empty belts in which a part was found."
            show_rate("None, called part", trial.phantoms, tip)
        if trial.made_phantoms.of:
            tip = "Empty belts that were made for the trial: so rare an error is not seen on few."
            show_rate("Empty, called part", trial.made_phantoms, tip)
        show_number(
            "A part takes",
            format_ms(trial.median_ms),
            f"p95 {format_ms(trial.p95_ms)}",
            tip="Median of the parts, without empty belts. Decode, locate, classify, with the second look where there was one; on the machine that tried it, under "
            "whatever else it did.",
        )


def show_rate(label: str, rate: Rate | None, tip: str) -> None:
    if rate is None:
        show_number(label, UNDEFINED, "no good class", tip="This line names defects; it passes no part.")
        return
    bounds = rate.interval
    show_number(
        label,
        f"{rate.events} of {rate.of:,}",
        "no such picture"
        if bounds is None
        else f"95 %: {say_bound(bounds.low)} to {say_bound(bounds.high)} %",
        tip=f"{tip} Beneath: what the true rate may be (Clopper and Pearson, 95 %).",
    )


def say_bound(share_0_1: float) -> str:
    """In percent, short enough for the smallest screen: hundredths only where tenths would say nothing."""
    percent = share_0_1 * 100
    return f"{percent:.1f}" if percent >= 1 else f"{percent:.2f}" if percent else "0"


def tell_conditions(trial: Tried, choice: EvaluationChoice) -> None:
    made = trial.made_phantoms.of
    beside = f", and {say_number(made, 'empty belt')} made for the trial" if made else ""
    st.caption(
        f"{say_number(trial.n - made, 'picture')} of the test split, whatever is chosen above{beside}; {trial.policy}; weights "
        f"{trial.weights_sha256[:12]}. The threshold above does not move these: the line decided by its policy."
    )
    found_by = choice.line.locate.model
    detector = None if found_by is None else resources.get_card(choice.line.name, found_by)
    if (now := say_policy(choice.line, choice.measured.card, detector)) != trial.policy:
        st.warning(
            f"The line decides otherwise now: {now}. Run the trial again to see what becomes of the parts.",
            title="Tried with other rules",
            icon=":material/rule:",
        )


def show_severities(trial: Tried, stem: str) -> None:
    rows = trial.severity
    if not rows:
        return
    st.markdown("**How gross a defect must be to be named**")
    weakest = min((row for row in rows if row["Share"] is not None), key=lambda row: row["Share"])
    show_chart(
        build_severities(rows),
        name=f"{stem}-severity",
        key="severity",
        rows=lambda: rows,
        alt="Share of each defect that is named rightly as its severity grows; lowest: "
        f"{weakest['Named rightly']} of {weakest['Pictures']} {weakest['Defect']}",
    )
    st.caption(
        "Known because these defects were synthesised: 0 cannot be seen, 1 is gross. Named rightly: the likeliest class is "
        "the true one, whatever was decided. The lines reach over the 95 % intervals (Wilson)."
    )
