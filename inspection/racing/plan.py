"""What a race is asked to time."""

from dataclasses import dataclass
from typing import Literal

from inspection.errors import DataInvalid
from inspection.types import PRECISIONS, Precision

BATCHES = (1, 10, 50, 100)  # what the engine compiles
LENGTHS_S = (15, 60, 300)
Scope = Literal["classifier", "inspection"]
SCOPES: dict[Scope, str] = {
    "classifier": "the classifier alone: crops in, class scores and feature map out",
    "inspection": "the whole inspection: decode, locate, classify, explain, one picture at a time",
}


@dataclass(frozen=True, slots=True)
class Entrant:
    model: str
    precision: Precision

    @property
    def key(self) -> str:
        return f"{self.model} {self.precision}"


@dataclass(frozen=True, slots=True)
class Plan:
    line: str
    entrants: tuple[Entrant, ...]
    batches: tuple[int, ...]
    length_s: float
    scope: Scope = "classifier"


def make_plan(
    line: str,
    *,
    models: tuple[str, ...],
    precisions: tuple[Precision, ...],
    batches: tuple[int, ...],
    length_s: float,
    scope: Scope = "classifier",
) -> Plan:
    """Every model at every precision; a whole inspection takes one picture at a time, whatever the batches."""
    entrants = tuple(
        Entrant(model, precision) for model in models for precision in PRECISIONS if precision in precisions
    )
    taken = (1,) if scope == "inspection" else tuple(batch for batch in BATCHES if batch in batches)
    if not entrants or not taken:
        raise DataInvalid(
            "Expected at least one model, one precision and one batch size, got none of one of them. Choose it."
        )
    return Plan(line, entrants, taken, length_s, scope)
