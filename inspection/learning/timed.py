"""What a card says of its times, in words: which were taken in turn, and on what. Pages read it, so nothing here needs torch."""

from collections.abc import Mapping
from typing import Any

from inspection.wording import say_number
from models.card import Card

TIMED = "timed"  # the card's word for it, at each precision
TIMED_SPLITS = ("validation", "test")


def find_timed(card: Card) -> Mapping[str, Any] | None:
    """What the card says of its times; None where they are those of the release."""
    told = card.precisions.get("f32", {}).get(TIMED)
    return told if isinstance(told, Mapping) else None


def say_timed(timed: Mapping[str, Mapping[str, Any] | None]) -> str:
    """timed: by title. Those that were taken in turn last are named: times of different days say little of one another."""
    released = "on the machine that released the weights, under whatever else it did"
    newest = max((told for told in timed.values() if told), key=lambda told: str(told["at"]), default=None)
    if newest is None:
        return released
    alike = [title for title, told in timed.items() if told and told["at"] == newest["at"]]
    others = "" if len(alike) == len(timed) else f"; of the others {released}"
    return (
        f"of {', '.join(alike)} in turn in one process with {say_number(newest['threads'], 'thread')} "
        f"({newest['machine']['cpu']}){others}"
    )
