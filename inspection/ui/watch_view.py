"""The Watch page from its alarms downwards: what changed, the rates, how scores and parts are spread, every line."""

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import streamlit as st

from inspection.learning.control_charts import FEW_PARTS, FEWEST_FOR_LANEY, LARGE_N
from inspection.learning.drift import PSI_MOVED, SURE, Drift
from inspection.learning.intervals import find_wilson_interval
from inspection.records.alarms import (
    LEAST_CHANGES,
    RULES,
    Alarm,
    Drifts,
    Series,
    build_series,
    list_alarms,
    measure_drifts,
    split_sample,
)
from inspection.records.watching import Watched
from inspection.ui.charts import format_share
from inspection.ui.charts_watch import HEIGHT, build_control_chart, build_novelty, build_spread
from inspection.ui.exhibits import UNDEFINED, Rows, offer_csv
from inspection.ui.metrics_view import show_number
from inspection.ui.roles import current_person, pages_for
from inspection.ui.watch_data import WatchChoice, get_overview
from inspection.wording import say_number

RECORDS = "screens/records.py"
RATES = ("reject", "review", "override", "novelty", "empty")
MOST_ALARMS = 6

_SPANS = {1: "hours", 6: "quarters of a day", 24: "days", 168: "weeks"}  # by their hours, as PERIODS has them


def show_watched(watched: Watched, choice: WatchChoice) -> None:
    series = build_series(watched, detects=choice.line.locate.mode == "detector")
    drifts = measure_drifts(watched)
    show_alarms(list_alarms(watched, series, drifts), watched, series)
    show_numbers(watched, series)
    if all(one.chart is None for one in series):
        return  # it was said once, above
    rates = sorted((one for one in series if one.name in RATES), key=lambda one: one.chart is None)
    for first in range(0, len(rates), 2):
        for column, one in zip(st.columns(2, gap="large"), rates[first : first + 2], strict=False):
            with column:
                show_series(one, watched, choice)
    left, right = st.columns(2, gap="large")
    with left:
        show_series(find(series, "score"), watched, choice)
    with right:
        show_series(find(series, "latency"), watched, choice, p95=trace_p95(watched))
    show_spreads(watched, drifts)


def find(series: tuple[Series, ...], name: str) -> Series:
    return next(one for one in series if one.name == name)


def show_alarms(alarms: tuple[Alarm, ...], watched: Watched, series: tuple[Series, ...]) -> None:
    if all(one.chart is None for one in series):
        st.info(
            f"Too little has been inspected to know what is usual: at least eight {say_spans(watched)} with parts are needed. "
            "Choose another period, or come back later.",
            title="Too early to say what is unusual",
            icon=":material/hourglass_empty:",
        )
        return
    lasting = [alarm for alarm in alarms if alarm.until is None]
    over = [alarm for alarm in alarms if alarm.until is not None]
    shown = sum(watched.parts[watched.reference :])
    if not lasting:
        st.success(
            f"{say_number(shown, 'part')} in {watched.period.title}: {say_calm(len(over))}.",
            title="Nothing unusual now" if over else "Nothing unusual",
            icon=":material/check_circle:",
        )
    for number, alarm in enumerate(lasting[:MOST_ALARMS]):
        show_alarm(alarm, key=f"watch.alarm.{number}")
    if over:
        with st.expander(f"{len(over)} earlier, over by now", icon=":material/history:"):
            for number, alarm in enumerate(over[:MOST_ALARMS]):
                show_alarm(alarm, key=f"watch.over.{number}")


def say_calm(over: int) -> str:
    if over == 0:
        return "nothing differs from the reference"
    shifts = say_number(over, "shift in this period is over", "shifts in this period are over")
    return f"nothing differs from the reference now; {shifts}"


def show_alarm(alarm: Alarm, *, key: str) -> None:
    """key: by place, because one rate may have left its limits on both sides in the same span."""
    until = "" if alarm.until is None else f" until {say_time(alarm.until)}"
    with st.container(border=True, key=key):
        icon = ":material/notification_important:" if alarm.until is None else ":material/history:"
        st.markdown(f"{icon} **{alarm.title}** · since {say_time(alarm.since)}{until}")
        st.caption(alarm.words)
        link_records("The records behind it", dict(alarm.query))


def link_records(label: str, query: dict[str, str]) -> None:
    person = current_person()
    if person is not None and any(page.file == RECORDS for page in pages_for(person)):
        st.page_link(RECORDS, label=label, icon=":material/manage_search:", query_params=query)


def say_time(at: datetime) -> str:
    """In the zone of the server, which is the factory's."""
    return f"{at.astimezone():%d %b %H:%M %Z}"


def show_numbers(watched: Watched, series: tuple[Series, ...]) -> None:
    judged = slice(watched.reference, None)
    with st.grid("auto", min_column_width=150, gap="small", key="watch.strip"):
        show_number(
            "Parts",
            f"{sum(watched.parts[judged]):,}",
            f"reference: {sum(watched.parts[: watched.reference]):,}",
            tip="Pictures in which a part was found.",
        )
        for one in series:
            if one.name not in RATES:
                continue
            count, total = sum(one.counts[judged]), sum(one.totals[judged])
            interval = find_wilson_interval(count, total)
            counted = f"{count:,} of {total:,}"
            show_number(
                one.title,
                UNDEFINED if total == 0 else format_share(count / total),
                counted if one.chart is None else f"usual {format_share(one.chart.centre)}",
                tip=None
                if interval is None
                else f"{counted} {one.of}. 95 % interval: {interval.low:.2%} to {interval.high:.2%} (Wilson).",
            )


def show_series(
    one: Series, watched: Watched, choice: WatchChoice, *, p95: list[float | None] | None = None
) -> None:
    st.markdown(f"**{one.title}**{f', of {one.of}' if one.of else f', {one.unit}' if one.unit else ''}")
    if one.chart is None:
        st.caption(say_missing(one, watched))
        return
    span = timedelta(hours=watched.period.span_hours)
    now = one.chart.values[one.chart.last] if one.chart.last is not None else None
    told = UNDEFINED if now is None else f"{now:.3g}"
    st.echarts_chart(
        build_control_chart(one, watched.starts, span=span, p95=p95),
        height=HEIGHT,
        key=f"chart.watch.{one.name}",
        alt=f"{one.title} in {say_spans(watched)}: newest {told}, usual {one.chart.centre:.3g}, "
        f"{say_number(len(one.shifts), 'shift')}",
    )
    offer_csv(
        lambda: tabulate_series(one, watched),
        name=f"watch-{choice.line.name}-{choice.period}-{one.name}",
        key=f"watch.{one.name}",
    )


def say_spans(watched: Watched) -> str:
    """What each point of the charts stands for, as people say it."""
    return _SPANS[watched.period.span_hours]


def say_missing(one: Series, watched: Watched) -> str:
    if one.name == "override":
        return "People have answered too seldom to know what is usual: the Review page asks them."
    return f"Too few {say_spans(watched)} in the reference to know what is usual."


def tabulate_series(one: Series, watched: Watched) -> Rows:
    assert one.chart is not None  # offered beside its chart only
    return [
        {
            "since": start.isoformat(),
            "count": one.counts[place] if one.of else None,
            "of": one.totals[place],
            "value": one.chart.values[place],
            "low limit": one.chart.low[place],
            "centre": one.chart.centre,
            "high limit": one.chart.high[place],
            "weighted mean, sigmas": one.chart.ewma[place],
            "reference": place < watched.reference,
        }
        for place, start in enumerate(watched.starts)
    ]


def trace_p95(watched: Watched) -> list[float | None]:
    """From the sample; nothing where fewer than twenty values would tell it."""
    found: list[float | None] = []
    for place, start in enumerate(watched.starts):
        values = watched.sample.between(start, watched.end_of(place)).latency_ms
        values = values[np.isfinite(values)]
        found.append(float(np.percentile(values, 95)) if len(values) >= 20 else None)
    return found


def show_spreads(watched: Watched, drifts: Drifts) -> None:
    before, now = split_sample(watched)
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**Scores, how they are spread**")
        if min(len(before.score_0_1), len(now.score_0_1)) == 0:
            st.caption("Nothing to compare yet.")
        else:
            st.echarts_chart(
                build_spread(before.score_0_1, now.score_0_1),
                height=HEIGHT,
                key="watch.spread",
                alt=f"Scores of the reference and now. {say_drift(drifts.score)}",
            )
            st.caption(say_drift(drifts.score))
    with right:
        st.markdown("**Novelty, how p is spread**")
        values = now.novelty_p[np.isfinite(now.novelty_p)]
        if len(values) == 0:
            st.caption(
                "No record says how novel its part was. Fit novelty to the model: "
                f"`python -m inspection novelty {watched.subject.line} --model MODEL --data FOLDER`."
            )
        else:
            st.echarts_chart(
                build_novelty(values),
                height=HEIGHT,
                key="watch.novelty",
                alt=f"p-values of novelty. {say_drift(drifts.novelty)}",
            )
            st.caption(say_drift(drifts.novelty))


def say_drift(drift: Drift | None) -> str:
    if drift is None:
        return "Too few sampled parts to tell a drift."
    chance = f"below {SURE:g}" if drift.p < SURE else f"{drift.p:.2g}"
    said = "Drifted" if drift.moved else "No drift shown"
    return (
        f"{said}: PSI {drift.psi:.3f}, largest gap {drift.distance:.1%}, chance {chance}. A drift has a PSI of "
        f"{PSI_MOVED:g} or more and a chance below {SURE:g}."
    )


def show_overview(period: str) -> None:
    st.subheader("Every line and model")
    rows: list[dict[str, Any]] = get_overview(period)
    if not rows:
        st.caption("Nothing was inspected in this period.")
        return
    shares = {name: st.column_config.NumberColumn(format="percent") for name in ("Rejected", "To review")}
    st.dataframe(
        rows,
        hide_index=True,
        height="content",
        placeholder=UNDEFINED,
        column_config={**shares, "Mean latency, ms": st.column_config.NumberColumn(format="%.1f")},
        alt="Parts, rates and latency of each line and model",
    )


def show_method(watched: Watched) -> None:
    spans, judged = say_spans(watched), len(watched.starts) - watched.reference
    with st.expander("How it is judged", icon=":material/rule:"):
        st.markdown(
            f"""
- The grey side, {watched.reference} {spans}, tells what is usual; the {judged} after it are judged.
- Rates: p-chart, p̄ ± 3√(p̄(1−p̄)/n). Where at least half of the reference's {spans} hold {LARGE_N} parts or more, and there are {FEWEST_FOR_LANEY} or more of them, Laney's p′ widens the limits by how much more they differ than chance makes them. Below five expected, the exact binomial limits hold.
- Means of score and latency: individuals chart, x̄ ± 2.66 × the mean moving range. Where fewer parts than usual were inspected the limits are wider, by the root of that share; means of fewer than {FEW_PARTS} parts neither count in a row of eight nor end one. A change below {LEAST_CHANGES["score"]:.0%} of the score or {LEAST_CHANGES["latency"]:.0%} of the latency is left alone.
- Weighted mean: EWMA with λ = 0.2 and L = 2.86 over the standardised values, held to ±3 so that one bad span does not hang over those after it; a mean of fewer parts than usual weighs by how many they are.
- Alarms: {"; ".join(RULES.values())}. They call a line in control unusual about once in a hundred {spans} and rule: look before you act.
- Scores: PSI over the reference's tenths, and the two-sample test of Kolmogorov and Smirnov; an alarm needs PSI ≥ 0.2 and a chance below 0.001.
- Novelty: p is uniform over parts like the known ones. A part below the line's threshold goes to a person, and is counted there.
- Override: the answers of people that differ from the model's, of all their answers about parts that the model decided itself; each person's last answer counts.
- Counts are exact; spreads, p95 and drift come from about 4,000 records, evenly spread. Times are the server's.
"""
        )
