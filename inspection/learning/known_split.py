"""The pictures and the sides that a card names, found again in a folder.

What judged once must judge again: a folder that was added to, or a rule that divides it otherwise today, would let
pictures that taught judge, and nobody could compare the figures.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

from inspection.errors import DataInvalid
from inspection.learning.line_sides import SplitSamples, split_line
from inspection.learning.splits import hash_split
from inspection.learning.synthesis.made_again import check_made_again
from inspection.lines import SYNTHETIC, Line
from models.card import Card


def find_known_split(card: Card, line: Line, folder: Path) -> tuple[Line, dict[str, Any]]:
    """(the line under the rules of then, the facts). The line's rules may have begun to group since it was trained."""
    stated = read_stated(card)
    if not stated:
        raise DataInvalid(
            f"Expected the card of {card.model} to name the pictures and the split that it was trained on, got no "
            f"word of them. Train it again: python -m inspection train {line.name} --model {card.model}."
        )
    found_today = list_known_splits(line, folder)
    for ruled, found in found_today:
        if hash_split(found.split) == stated["split"]["sha256"]:
            facts = found.facts(ruled, folder)
            if facts["sha256"] != stated["sha256"] and line.name in SYNTHETIC:
                check_made_again(folder)  # another processor rounds otherwise, and that is another hash
            else:
                check_pictures(card, stated, facts, folder)
            return ruled, facts
    today = hash_split(found_today[0][1].split)
    raise DataInvalid(
        f"Expected in {folder} the split that {card.model} was trained on ({stated['split']['sha256'][:12]}…), got "
        f"{today[:12]}…: other pictures, or others that teach, choose and judge. Name the folder it was trained "
        "from, or train it again."
    )


def list_known_splits(line: Line, folder: Path) -> list[tuple[Line, SplitSamples]]:
    """By the line's rules of today, then without its groups: a card may be older than these, and they may speak of other
    pictures than the folder holds. Refused where neither rule divides it."""
    ungrouped = replace(line, data=replace(line.data, groups=None))
    found: list[tuple[Line, SplitSamples]] = []
    refusals: list[DataInvalid] = []
    for ruled in (line, ungrouped) if line.data.groups is not None else (line,):
        try:
            found.append((ruled, split_line(ruled, folder)))
        except DataInvalid as error:
            refusals.append(error)
    if not found:
        raise refusals[0]
    return found


def check_pictures(card: Card, stated: dict[str, Any], found: dict[str, Any], folder: Path) -> None:
    if found["sha256"] != stated["sha256"]:
        raise DataInvalid(
            f"Expected in {folder} the very pictures that {card.model} was trained on ({stated['sha256'][:12]}…), got "
            f"{found['sha256'][:12]}…: the names are the same, but some were changed. Put them back, or train it again."
        )


def read_stated(card: Card) -> dict[str, Any]:
    """`sha256` and `split` of the pictures; empty where the card names none.

    A model that was fine-tuned without the original pictures names those of the weights that it started from.
    """
    told = card.data if "split" in card.data else card.data.get("corrected", {}).get("before", {})
    return {name: told[name] for name in ("sha256", "split")} if {"sha256", "split"} <= set(told) else {}
