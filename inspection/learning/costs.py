"""What a model's errors cost on a line, in money per 1,000 parts, and whether it keeps up with the line."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from inspection.learning.thresholds import Routing

PARTS = 1000
MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Prices:
    """In one currency, a part."""

    escape: float  # a defective part that reaches the customer
    false_reject: float  # a good part that is thrown away
    review: float  # a person looks


@dataclass(frozen=True, slots=True)
class Cost:
    """What 1,000 parts cost at a stated share of defective ones, a person deciding rightly on what is reviewed."""

    routing: Routing
    prices: Prices
    defective_0_1: float
    money: float
    escapes_a_million: float
    false_rejects: float  # in 1,000 parts
    reviews: float

    @property
    def money_at_most(self) -> float:
        """Both error rates at their one-sided 95 % bounds."""
        bad = PARTS * self.defective_0_1
        escapes = bad * (self.routing.escape_rate_below or 0.0)
        rejects = (PARTS - bad) * (self.routing.false_reject_rate_below or 0.0)
        return add_up(self.prices, escapes=escapes, false_rejects=rejects, reviews=self.reviews)


def cost_thousand(routing: Routing, prices: Prices, *, defective_0_1: float) -> Cost | None:
    """The rates within the good and within the defective, weighed by how many of each the line makes: the share of
    defects in a test set is not the line's. None where a rate is undefined."""
    escape, reject = routing.escape_rate, routing.false_reject_rate
    good_review, defective_review = routing.good_review_rate, routing.defective_review_rate
    if escape is None or reject is None or good_review is None or defective_review is None:
        return None
    bad = PARTS * defective_0_1
    escapes, rejects = bad * escape, (PARTS - bad) * reject
    reviews = bad * defective_review + (PARTS - bad) * good_review
    return Cost(
        routing=routing,
        prices=prices,
        defective_0_1=defective_0_1,
        money=add_up(prices, escapes=escapes, false_rejects=rejects, reviews=reviews),
        escapes_a_million=escapes * MILLION / PARTS,
        false_rejects=rejects,
        reviews=reviews,
    )


def add_up(prices: Prices, *, escapes: float, false_rejects: float, reviews: float) -> float:
    return escapes * prices.escape + false_rejects * prices.false_reject + reviews * prices.review


def find_cheapest(routings: Sequence[Routing], prices: Prices, *, defective_0_1: float) -> Cost | None:
    """Of equally cheap thresholds the lowest: the fewest people."""
    costs = [cost_thousand(each, prices, defective_0_1=defective_0_1) for each in routings]
    return min((cost for cost in costs if cost is not None), key=lambda cost: cost.money, default=None)


def budget_ms(parts_a_minute: float) -> float:
    return 60_000.0 / parts_a_minute


def keeps_pace(p95_ms: float, parts_a_minute: float) -> bool:
    """Nineteen parts in twenty are judged before the next one comes."""
    return p95_ms <= budget_ms(parts_a_minute)


def find_pace(p95_ms: float) -> int:
    """The most whole parts a minute with which it keeps pace: rounded up it would be one that it misses."""
    return math.floor(budget_ms(p95_ms))  # a minute over a time, either way round


def say_pace(parts_a_minute: float) -> str:
    number = f"{parts_a_minute:,.0f}"
    return f"{number} part{'' if number == '1' else 's'} a minute"
