"""How a line's verdicts hold up when its pictures get worse: test pictures, corrupted, through the line as it serves.

The whole chain answers: a part that is not found is a wrong answer, and a second look counts as it does in service.
"""

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from inspection.errors import DataInvalid
from inspection.images import read_picture
from inspection.learning.corruptions import CORRUPTIONS, Corruption
from inspection.learning.data import Sample
from inspection.learning.intervals import find_wilson_interval
from inspection.pipeline import Inspector
from inspection.types import Picture
from models.card import read_card, write_card

UNTOUCHED = "as taken"
Tick = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class RobustnessRow:
    """`condition` and `severity` as the Metrics page draws them; severity 0 is the picture as it was taken."""

    condition: str
    severity: int
    strength: str  # in words
    n: int
    right: int
    unfound: int  # of the wrong ones: no part was found
    precision: str
    seed: int

    def to_dict(self) -> dict[str, object]:
        interval = find_wilson_interval(self.right, self.n)
        return {
            "condition": self.condition,
            "severity": self.severity,
            "accuracy": self.right / self.n,
            "n": self.n,
            "right": self.right,
            "unfound": self.unfound,
            "accuracy_interval": None if interval is None else interval.as_list(),
            "strength": self.strength,
            "precision": self.precision,
            "seed": self.seed,
        }


def choose_samples(samples: Sequence[Sample], most: int, *, seed: int) -> tuple[Sample, ...]:
    """All of them, or a seeded choice that takes the classes by turns; the same pictures for every model of a line.

    most: 0 takes all.
    """
    if most <= 0 or most >= len(samples):
        return tuple(samples)
    members: dict[str, list[Sample]] = {}
    for sample in samples:
        members.setdefault(sample.class_name, []).append(sample)
    rng = np.random.default_rng(seed)
    queues = [[each[place] for place in rng.permutation(len(each))] for _, each in sorted(members.items())]
    turns = [queue[turn] for turn in range(max(map(len, queues))) for queue in queues if turn < len(queue)]
    return tuple(sorted(turns[:most], key=lambda sample: sample.path.as_posix()))


def measure_robustness(
    inspector: Inspector,
    samples: Sequence[Sample],
    *,
    seed: int = 0,
    corruptions: Sequence[Corruption] = CORRUPTIONS,
    tick: Tick | None = None,
) -> list[RobustnessRow]:
    """The untouched pictures stand at severity 0 of every condition, so that each curve begins where it should."""
    steps = [(each, level) for each in corruptions for level in range(1, len(each.severities) + 1)]
    counts = {(UNTOUCHED, 0): [0, 0]} | {(each.name, level): [0, 0] for each, level in steps}
    for done, sample in enumerate(samples, start=1):
        picture = read_picture(sample.path)
        count(counts[UNTOUCHED, 0], inspector, picture, sample.class_name)
        for each, level in steps:
            worse = corrupt_picture(picture, each, level, seed=seed)
            count(counts[each.name, level], inspector, worse, sample.class_name)
        if tick is not None:
            tick(done, len(samples))
    precision = inspector.classifier_label.precision
    rows = []
    for each in corruptions:
        for level in range(len(each.severities) + 1):
            right, unfound = counts[each.name if level else UNTOUCHED, level]
            words = each.words.format(each.severities[level - 1]) if level else UNTOUCHED
            rows.append(RobustnessRow(each.name, level, words, len(samples), right, unfound, precision, seed))
    return rows


def count(tally: list[int], inspector: Inspector, picture: Picture, class_name: str) -> None:
    """tally: right, unfound."""
    found = inspector.inspect(picture, explain=False)
    if found.box is None:
        tally[1] += 1
    elif max(found.probabilities, key=lambda name: found.probabilities[name]) == class_name:
        tally[0] += 1


def corrupt_picture(picture: Picture, corruption: Corruption, severity: int, *, seed: int) -> Picture:
    """The stream depends on the picture's bytes, so that neither the order nor the number of pictures changes it."""
    text = f"{seed} {corruption.name} {severity} {picture.sha256}"
    rng = np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little"))
    pixels = corruption.apply(picture.pixels, corruption.severities[severity - 1], rng)
    return replace(picture, pixels=np.ascontiguousarray(pixels))


def keep_robustness(rows: Sequence[RobustnessRow], card_path: Path, *, weights_sha256: str) -> None:
    """Into the card, in one step; a card of other weights than those that were measured is left alone."""
    card = read_card(card_path)
    if card.weights_sha256 != weights_sha256:
        raise DataInvalid(
            f"Expected {card_path.name} to be of the weights that were measured, got others: the model was trained "
            "anew meanwhile. Measure again."
        )
    partial = card_path.with_name(f".{card_path.name}.{os.getpid()}")
    write_card(
        replace(card, figures={**card.figures, "robustness": [row.to_dict() for row in rows]}), partial
    )
    os.replace(partial, card_path)
