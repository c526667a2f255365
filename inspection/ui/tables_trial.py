"""The tables of a trial, a list of rows each: what the whole line decided, how often it erred, how gross a defect must be.
No Streamlit here."""

from collections import Counter
from dataclasses import dataclass

from inspection.learning.intervals import Interval, find_exact_interval, find_wilson_interval
from inspection.learning.trial import MADE, SEVERITIES, Trial, tabulate, tabulate_severities
from inspection.types import VerdictKind
from inspection.ui.tables_metrics import Rows

_FATES = {
    VerdictKind.PASS: "passed",
    VerdictKind.REJECT: "rejected",
    VerdictKind.REVIEW: "sent to a person",
    VerdictKind.NO_PART: "not found",
}


@dataclass(frozen=True, slots=True)
class Rate:
    """So many of so many, and what the true rate may be (Clopper and Pearson, 95 %)."""

    events: int
    of: int
    interval: Interval | None


def measure_rate(events: int, of: int) -> Rate:
    return Rate(events, of, find_exact_interval(events, of))


@dataclass(frozen=True, slots=True)
class Tried:
    """A trial in figures: counted once, since a page asks for them at every run."""

    n: int
    words: str
    policy: str
    weights_sha256: str
    escapes: Rate | None  # defective parts passed by the line itself; None: no good class
    false_rejects: Rate | None
    reviews: Rate
    missed: Rate  # parts that were not found
    phantoms: Rate  # test pictures without a part in which one was found
    made_phantoms: Rate  # the same of empty belts that were made for the trial
    median_ms: float
    p95_ms: float
    verdicts: Rows
    severity: Rows


def count_trial(trial: Trial) -> Tried:
    defective = [row for row in trial.parts if row.truth in trial.defects]
    good = [row for row in trial.parts if row.truth == trial.good]
    found = [row for row in trial.empty if row.verdict is not VerdictKind.NO_PART]
    made = [row for row in found if row.key.startswith(MADE)]
    return Tried(
        n=len(trial.rows),
        words=say_trial(trial),
        policy=trial.policy,
        weights_sha256=trial.weights_sha256,
        escapes=None if trial.good is None else measure_rate(trial.escapes, len(defective)),
        false_rejects=None if trial.good is None else measure_rate(trial.false_rejects, len(good)),
        reviews=count_parts(trial, VerdictKind.REVIEW),
        missed=count_parts(trial, VerdictKind.NO_PART),
        phantoms=measure_rate(len(found) - len(made), len(trial.empty) - len(trial.made_empty)),
        made_phantoms=measure_rate(len(made), len(trial.made_empty)),
        median_ms=trial.median_ms,
        p95_ms=trial.p95_ms,
        verdicts=tabulate_verdicts(trial),
        severity=tabulate_severity(trial),
    )


def count_parts(trial: Trial, kind: VerdictKind) -> Rate:
    return measure_rate(sum(row.verdict is kind for row in trial.parts), len(trial.parts))


def say_trial(trial: Trial) -> str:
    """The decision in a sentence or two, defective parts first."""
    groups = [("defective parts", trial.defects)]
    if trial.good is not None:
        groups.append((f"{trial.good} ones", (trial.good,)))
    said = []
    for name, truths in groups:
        kinds = Counter(row.verdict for row in trial.parts if row.truth in truths)
        words = [f"{kinds[kind]} {_FATES[kind]}" for kind in _FATES if kinds[kind]]
        said.append(f"Of {kinds.total():,} {name}: {', '.join(words) or 'none shown'}.")
    return " ".join(said)


def tabulate_verdicts(trial: Trial) -> Rows:
    """A row a class, in the line's order, then the pictures without a part."""
    rows: Rows = []
    for truth, counts in tabulate(trial):
        n = sum(counts.values())
        shares = {f"{kind.value} share": counts[kind] / n if n else None for kind in VerdictKind}
        rows.append(
            {"Pictures of": truth, "Pictures": n}
            | {kind.value: counts[kind] for kind in VerdictKind}
            | shares
        )
    return rows


def tabulate_severity(trial: Trial) -> Rows:
    """A row a defect and a span of its severity: how many were named rightly. Empty where no severity is known."""
    rows: Rows = []
    for name, bins in tabulate_severities(trial):
        for (low, high), (right, n) in zip(SEVERITIES, bins, strict=True):
            interval = find_wilson_interval(right, n)
            rows.append(
                {
                    "Defect": name,
                    "Severity from": low,
                    "to": min(high, 1.0),
                    "Pictures": n,
                    "Named rightly": right,
                    "Share": right / n if n else None,
                    "Share low": interval.low if interval else None,
                    "Share high": interval.high if interval else None,
                }
            )
    return rows
