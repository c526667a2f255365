"""The tables of the agreement study, a list of rows each: what the charts draw and what is taken away. No Streamlit here."""

from collections.abc import Sequence
from typing import Any

from inspection.learning.agreement import DefectErrors, Kappa, Rate, say_kappa

Rows = list[dict[str, Any]]


def tabulate_kappas(found: Sequence[Kappa]) -> Rows:
    return [
        {
            "Who": f"{each.first} and {each.second}",
            "Compared": each.n,
            "Parts": each.parts,
            "Agreed": each.agreed.count,
            **_spread("Agreement", each.agreed),
            "Kappa": each.kappa,
            "Kappa low": each.interval.low if each.interval else None,
            "Kappa high": each.interval.high if each.interval else None,
            "In words": say_kappa(each),
        }
        for each in found
    ]


def tabulate_errors(found: Sequence[DefectErrors]) -> Rows:
    """Each rate with what it was counted from and its 95 % interval (Wilson)."""
    return [
        {
            "Defect": each.name,
            "Missed": each.missed.count,
            "of parts": each.missed.n,
            **_spread("Miss rate", each.missed),
            "Called another defect": each.confused.count,
            "Asked a person": each.asked.count,
            "False alarms": each.false_alarms.count,
            "of good parts": each.false_alarms.n,
            **_spread("False alarm rate", each.false_alarms),
        }
        for each in found
    ]


def _spread(name: str, rate: Rate) -> dict[str, float | None]:
    return {
        name: rate.share,
        f"{name} low": rate.interval.low if rate.interval else None,
        f"{name} high": rate.interval.high if rate.interval else None,
    }
