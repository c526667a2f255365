"""When INT8 is not fit to run a line: it judges too many validation pictures differently, or too many wrongly, or the
network knows so little of them that they cannot say.

Decided on validation only. Where it is withheld the card says why, the calibration and the evaluations still ship, and
whoever names no precision gets f32. Whoever names INT8 gets it: to measure it, or because the loss is acceptable there.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from inspection.learning.data import LabelledBox
from inspection.learning.detection_metrics import count_hits
from inspection.types import Finding

MOST_LOST = 0.005  # of the accuracy, or of a detector's mAP@0.5
MOST_CHANGED = 0.01  # of the pictures


def judge_int8(*, pictures: int, changed: int, lost: float, figure: str) -> str | None:
    """Why it is withheld, in words; None where it is fit. A single picture of few says nothing either way.

    lost: what `figure` is lower by, 0…1.
    """
    most_changed = max(1.0, MOST_CHANGED * pictures)
    most_lost = max(1.0 / max(pictures, 1), MOST_LOST)
    complaints = []
    if changed > most_changed:
        complaints.append(f"changes {changed} of {pictures} validation pictures (at most {MOST_CHANGED:.0%})")
    if lost > most_lost + 1e-9:
        complaints.append(
            f"loses {100 * lost:.3g} points of {figure} on {pictures} validation pictures (at most {100 * MOST_LOST:g})"
        )
    return f"INT8 {' and '.join(complaints)}" if complaints else None


def judge_reference(labels: NDArray[np.int64], called: NDArray[np.int64]) -> str | None:
    """Why nothing can be told by these validation pictures, in words; None where it can.

    A classifier that names one class whatever it is shown does so at INT8 as well, and no picture changes; of pictures that
    it can tell apart many may. So it must name more of them right than names given out in its own proportions would.
    """
    if len(np.unique(labels)) < 2:  # one class alone: whoever names it right knows all that can be asked
        return None
    right = float((labels == called).mean())
    by_chance = sum(
        float((labels == name).mean() * (called == name).mean()) for name in np.unique(labels).tolist()
    )
    if right > by_chance + 1e-12:
        return None
    return (
        f"INT8 cannot be judged by {len(labels)} validation pictures of which F32 names {right:.1%} right, where the same names "
        f"given out at random would be right for {by_chance:.1%}"
    )


def judge_blind_reference(pictures: int, map_50: float | None) -> str | None:
    """The same of a detector. map_50: at F32; none where the pictures have nothing to find, and nothing is asked then."""
    if map_50 != 0:
        return None
    return f"INT8 cannot be judged by {pictures} validation pictures in which F32 finds nothing that is there"


def compare_findings(
    reference: Sequence[Sequence[Finding]], other: Sequence[Sequence[Finding]], *, threshold_0_1: float
) -> Mapping[str, float | int]:
    """How far a detector strays at a fast precision: a picture is changed where not the same boxes are found in it."""
    changed = sum(
        not same_findings(keep_sure(one, threshold_0_1), keep_sure(two, threshold_0_1))
        for one, two in zip(reference, other, strict=True)
    )
    surest = np.array(
        [
            [max((each.score_0_1 for each in side), default=0.0) for side in pair]
            for pair in zip(reference, other, strict=True)
        ]
    ).reshape(-1, 2)
    return {
        "n": len(reference),
        "flipped": changed,
        "disagreement": changed / len(reference) if reference else 0.0,
        "largest_score_difference": float(np.abs(surest[:, 0] - surest[:, 1]).max(initial=0.0)),
    }


def keep_sure(findings: Sequence[Finding], threshold_0_1: float) -> list[Finding]:
    return [each for each in findings if each.score_0_1 >= threshold_0_1]


def same_findings(one: Sequence[Finding], two: Sequence[Finding]) -> bool:
    truth = [LabelledBox(each.box, each.class_name) for each in one]
    return len(one) == len(two) == count_hits(truth, two)
