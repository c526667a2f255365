"""What errors cost: the prices of an escape, a false reject and a review → money per 1,000 parts, and the best model for it."""

import streamlit as st

from inspection.learning.comparison import Contender
from inspection.learning.costs import PARTS, Prices, cost_thousand, find_cheapest
from inspection.learning.thresholds import Routing, route
from inspection.ui.charts_compare import build_costs
from inspection.ui.compare_choice import Comparison, find_choosing_split
from inspection.ui.evaluations import get_report, get_sweep, place_good
from inspection.ui.exhibits import UNDEFINED, offer_csv, show_chart
from inspection.ui.tables_compare import CostRow, find_cheapest_row, tabulate_costs
from inspection.ui.widgets import escape_markdown
from inspection.wording import say_apart

MOSTLY_0_1 = 0.9  # reviews of all parts above which a model hardly helps
EXAMPLES = {"escape": 100.0, "false_reject": 10.0, "review": 1.0}


def show_costs(comparison: Comparison) -> None:
    if comparison.line.good is None:
        st.info(
            "This line has no good class: it names defects rather than passing parts, so no part can escape and there is "
            "nothing to price.",
            icon=":material/payments:",
        )
        return
    prices, defective = ask_prices()
    rows = price_contenders(comparison, prices, defective)
    if not rows:
        st.info("The chosen split holds no good or no defective part, so no rate can be priced.")
        return
    tell_cheapest(rows)
    show_chart(
        build_costs(rows),
        name=f"{comparison.line.name}-{comparison.split}-costs",
        key="costs",
        alt="Money per 1,000 parts of each model, the cheapest on top",
    )
    table = tabulate_costs(rows)
    money = st.column_config.NumberColumn(format="%.2f")
    st.dataframe(
        # whole percent would make 100 of all that is above 99.5
        [row | {"Confidence asked": round(row["Confidence asked"] * 100, 4)} for row in table],
        hide_index=True,
        height="content",
        placeholder=UNDEFINED,
        column_config={
            "Money per 1,000": money,
            "at most (95 % bounds)": money,
            "Money at the line's policy": money,
            "Confidence asked": st.column_config.NumberColumn(format="%g %%"),
            "Escapes a million": st.column_config.NumberColumn(format="%.0f"),
            "False rejects per 1,000": st.column_config.NumberColumn(format="%.1f"),
            "Reviews per 1,000": st.column_config.NumberColumn(format="%.1f"),
        },
        alt="Money per 1,000 parts of each model at its cheapest threshold and at the line's policy",
    )
    offer_csv(lambda: table, name=f"{comparison.line.name}-{comparison.split}-costs", key="costs")
    tell_assumptions(rows, comparison)


def ask_prices() -> tuple[Prices, float]:
    """The prices, and the share of the line's parts that are defective."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        escape = ask("An escape costs", "escape", tip="A defective part that reaches the customer.")
        false_reject = ask(
            "A false reject costs", "false_reject", tip="A good part that is thrown away or made again."
        )
        review = ask("A review costs", "review", tip="A person looks at one part, and judges it rightly.")
        st.session_state.setdefault("compare.defective", 2.0)
        percent = st.number_input(
            "Defective parts, %",
            min_value=0.0,
            max_value=100.0,
            step=0.5,
            key="compare.defective",
            persist_state="session",
            width=170,
            help="Of what the line makes; the share in the test set says nothing about it.",
        )
    st.caption("The prices are examples: put in your own, in any one currency.")
    return Prices(escape, false_reject, review), float(percent) / 100


def ask(label: str, name: str, *, tip: str) -> float:
    key = f"compare.price.{name}"
    st.session_state.setdefault(key, EXAMPLES[name])
    return float(
        st.number_input(
            label,
            min_value=0.0,
            step=1.0,
            format="%.2f",
            key=key,
            persist_state="session",
            width=170,
            help=tip,
        )
    )


def price_contenders(comparison: Comparison, prices: Prices, defective_0_1: float) -> list[CostRow]:
    rows = []
    for each in comparison.contenders:
        chooses = find_choosing_split(comparison, each)
        sweep = get_sweep(comparison.line, each.model, split=chooses, precision=each.evaluation.precision)
        cheapest = find_cheapest(sweep, prices, defective_0_1=defective_0_1)
        if cheapest is None:
            continue
        best, policy = (
            cost_thousand(route_at(comparison, each, threshold), prices, defective_0_1=defective_0_1)
            for threshold in (cheapest.routing.threshold_0_1, comparison.line.policy.confidence_0_1)
        )
        if best is not None and policy is not None:
            withheld = (each.model, each.evaluation.precision) in comparison.withheld
            rows.append(CostRow(each, policy, best, chooses, withheld))
    return rows


def route_at(comparison: Comparison, each: Contender, threshold_0_1: float) -> Routing:
    report = get_report(
        comparison.line, each.model, split=comparison.split, precision=each.evaluation.precision
    )
    good = place_good(comparison.line, report.figures)
    return route(report.evaluation.labels, report.probabilities, threshold_0_1=threshold_0_1, good=good)


def tell_cheapest(rows: list[CostRow]) -> None:
    best = find_cheapest_row(rows)
    if best is None:
        st.markdown(
            "**None of these may run the line**: INT8 is withheld. The prices are what they would cost."
        )
        return
    cost, title = best.best, escape_markdown(best.contender.title)
    how = say_asked(cost.routing.threshold_0_1)
    st.markdown(
        f"**Cheapest: {title}**, {how}: {cost.money:,.2f} per 1,000 parts, at most {cost.money_at_most:,.2f} if both "
        f"error rates are at their 95 % bounds; {cost.escapes_a_million:,.0f} escapes a million, "
        f"{cost.reviews:,.1f} reviews per 1,000."
    )
    compare_with_people(best)


def say_asked(threshold_0_1: float) -> str:
    if threshold_0_1 == 0:
        return "deciding on every part"
    if threshold_0_1 > 1:
        return "giving every part to a person"
    return f"asking for {say_apart(threshold_0_1, 1.0)} confidence"


def compare_with_people(best: CostRow) -> None:
    """A model that is cheapest because it sends nearly all to a person is no saving: that is said."""
    cost = best.best
    by_people = PARTS * cost.prices.review
    saved = by_people - cost.money
    words = f"A person who looks at every part would cost {by_people:,.2f} per 1,000 parts"
    difference = f"the model saves {saved:,.2f}" if saved >= 0 else f"the model costs {-saved:,.2f} more"
    if cost.reviews <= MOSTLY_0_1 * PARTS:
        st.caption(f"{words}: {difference}.")
        return
    st.warning(
        f"At these prices the model decides on {PARTS - cost.reviews:,.0f} of 1,000 parts and a person looks at the "
        f"others. {words}: {difference}.",
        title="A person does nearly all of it",
        icon=":material/groups:",
    )


def tell_assumptions(rows: list[CostRow], comparison: Comparison) -> None:
    chosen = sorted({row.chosen_on for row in rows})
    own = (
        f" (where that is {comparison.split}, the pictures it is priced on, which flatters it)"
        if comparison.split in chosen
        else ""
    )
    among = (
        " Which model is cheapest is read off the same pictures, which flatters that one a little."
        if len(rows) > 1
        else ""
    )
    st.caption(
        f"Each model's threshold is the cheapest on the {' and '.join(chosen)} pictures{own}; the money is counted on the "
        f"{comparison.split} pictures.{among} No second look, and a person who reviews is taken to be right."
    )
