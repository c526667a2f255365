"""A trial: a line's test pictures through the whole line as it serves, and what it decided about each.

An evaluation asks the classifier alone, with the part cut out perfectly. Here a part that is not found is a wrong
answer, a second look counts, and an unsure answer goes to a person. A row a picture; every figure comes from them.
"""

import io
import json
import math
import statistics
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from inspection.errors import DataInvalid
from inspection.images import read_picture
from inspection.learning.data import EMPTY_CLASS, Sample
from inspection.learning.metrics import Figures, measure_figures
from inspection.lines import Line, Locate
from inspection.pipeline import Inspector
from inspection.types import Precision, VerdictKind
from inspection.wording import say_limit
from inspection.writing import write_atomically
from models.card import Card

COLUMNS = ("key", "truth", "verdict", "called", "retested", "total_ms", "severity_0_1")
MADE = "empty-belt/"  # keys of pictures that were rendered for the trial
SEVERITIES = ((0.0, 0.1), (0.1, 0.3), (0.3, 0.6), (0.6, 1.01))  # from barely visible to gross
Tick = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Judged:
    """One picture and what the line made of it."""

    key: str
    truth: str  # a class, or EMPTY_CLASS where there is no part
    verdict: VerdictKind
    called: str  # the likeliest class, or EMPTY_CLASS where no part was found
    retested: bool
    total_ms: float
    severity_0_1: float | None = None  # of the defect, where it was synthesised


@dataclass(frozen=True, slots=True)
class Trial:
    line: str
    model: str
    precision: Precision
    weights_sha256: str
    class_names: tuple[str, ...]
    good: str | None
    policy: str  # in words: confidence, lead, second look
    rows: tuple[Judged, ...]

    @property
    def parts(self) -> tuple[Judged, ...]:
        return tuple(row for row in self.rows if row.truth != EMPTY_CLASS)

    @property
    def empty(self) -> tuple[Judged, ...]:
        return tuple(row for row in self.rows if row.truth == EMPTY_CLASS)

    def count(self, verdict: VerdictKind, *, truths: Sequence[str] | None = None) -> int:
        return sum(row.verdict is verdict and (truths is None or row.truth in truths) for row in self.rows)

    @property
    def made_empty(self) -> tuple[Judged, ...]:
        """Empty belts beyond the test side: one picture in two hundred is not seen among a hundred."""
        return tuple(row for row in self.empty if row.key.startswith(MADE))

    @property
    def defects(self) -> tuple[str, ...]:
        return tuple(name for name in self.class_names if name != self.good)

    @property
    def escapes(self) -> int:
        """Defective parts that the line passed by itself; one that a person will see is none."""
        return self.count(VerdictKind.PASS, truths=self.defects)

    @property
    def false_rejects(self) -> int:
        return 0 if self.good is None else self.count(VerdictKind.REJECT, truths=(self.good,))

    @property
    def median_ms(self) -> float:
        """Of parts: an empty belt is only looked for a part in, and a thousand of them would hide what judging takes."""
        return statistics.median(row.total_ms for row in self.parts)

    @property
    def p95_ms(self) -> float:
        return float(np.percentile([row.total_ms for row in self.parts], 95))

    def figures(self) -> Figures:
        """The likeliest class of every part, whatever was decided; a part that was not found is called EMPTY_CLASS."""
        names = (*self.class_names, EMPTY_CLASS)
        called = [names.index(row.called) for row in self.parts]
        return measure_figures(
            [names.index(row.truth) for row in self.parts],
            np.eye(len(names), dtype=np.float32)[called],
            class_names=names,
            good_class=None,
            called=called,
        )


def run_trial(
    inspector: Inspector,
    samples: Sequence[Sample],
    keys: Sequence[str],
    *,
    policy: str,
    tick: Tick | None = None,
) -> Trial:
    """policy: what `say_policy` says of the line and what else judges there."""
    rows = []
    for done, (sample, key) in enumerate(zip(samples, keys, strict=True), start=1):
        found = inspector.inspect(read_picture(sample.path), explain=False)
        likeliest = max(found.probabilities, key=lambda name: found.probabilities[name], default=EMPTY_CLASS)
        rows.append(
            Judged(
                key,
                sample.class_name,
                found.verdict.kind,
                EMPTY_CLASS if found.verdict.kind is VerdictKind.NO_PART else likeliest,
                found.retested,
                found.timings_ms.total,
                sample.severity_0_1,
            )
        )
        if tick is not None:
            tick(done, len(samples))
    line = inspector.line
    return Trial(
        line.name,
        inspector.model,
        inspector.classifier_label.precision,
        inspector.classifying.weights_sha256,
        line.classes,
        line.good,
        policy,
        tuple(rows),
    )


def say_policy(line: Line, card: Card | None, detector: Card | None) -> str:
    """All that decides beside the classifier's weights, in words: where these are other words, a trial is of the past."""
    policy = line.policy
    again = "with a second look" if policy.retest else "without a second look"
    told = (
        f"sure from {say_limit(policy.confidence_0_1)} with a lead of {say_limit(policy.lead_0_1)}, {again}"
    )
    novelty = None if card is None or not policy.novelty_0_1 else card.data.get("novelty")
    told += (
        ", without a novelty check"
        if novelty is None
        else f", novel below {say_share(policy.novelty_0_1)} ({novelty['sha256'][:8]})"
    )
    fitted = None if card is None else card.data.get("calibration_parts")
    told += "" if fitted is None else f", temperature of {fitted['parts']:,} parts ({fitted['sha256'][:8]})"
    if line.locate.mode == "detector":
        by = "nobody" if detector is None else f"{detector.model} {detector.weights_sha256[:8]}"
        told += f", found by {by}{say_locating(line.locate)}"
        told += ", with parts that the picture cuts off to a person" if policy.whole else ""
    return told


def say_locating(locate: Locate) -> str:
    """What differs from the defaults: trials that are kept do not name these."""
    usual = Locate(mode="detector")
    told = ""
    if locate.threshold_0_1 != usual.threshold_0_1:
        told += f" from {say_limit(locate.threshold_0_1)} on"
    if locate.margin != usual.margin:
        told += f" and cut out with a margin of {say_limit(locate.margin)}"
    return told


def say_share(share_0_1: float) -> str:
    """With the decimal that trials which are kept have, and as many more as it needs."""
    tenths = f"{share_0_1:.1%}"
    return tenths if math.isclose(float(tenths[:-1]), share_0_1 * 100) else say_limit(share_0_1)


def trial_path(home: Path, model: str, precision: Precision) -> Path:
    return home / f"{model}.trial-{precision}.parquet"


def write_trial(trial: Trial, home: Path) -> Path:
    import pyarrow
    from pyarrow import parquet

    columns = {
        name: [getattr(row, name) for row in trial.rows]
        for name in COLUMNS
        if name not in ("verdict", "total_ms")
    }
    columns |= {
        "verdict": [row.verdict.value for row in trial.rows],
        "total_ms": [round(row.total_ms, 2) for row in trial.rows],
    }
    told = {
        "line": trial.line, "model": trial.model, "precision": trial.precision, "good": trial.good,
        "weights_sha256": trial.weights_sha256, "class_names": list(trial.class_names), "policy": trial.policy,
    }  # fmt: skip
    table = pyarrow.table({name: columns[name] for name in COLUMNS}).replace_schema_metadata(
        {"assay": json.dumps(told, sort_keys=True)}
    )
    coded = io.BytesIO()
    parquet.write_table(table, coded, compression="zstd")
    path = trial_path(home, trial.model, trial.precision)
    write_atomically(path, coded.getvalue())
    return path


def read_trial(path: Path, *, weights_sha256: str) -> Trial:
    """One that was made with other weights is refused."""
    from pyarrow import parquet

    table = parquet.read_table(path)
    metadata: dict[bytes, bytes] = table.schema.metadata or {}
    if tuple(table.column_names) != COLUMNS or b"assay" not in metadata:
        raise DataInvalid(
            f"Expected a trial with the columns {', '.join(COLUMNS)} in {path.name}, got {table.column_names}. "
            "Run `python -m inspection trial` again."
        )
    told: dict[str, Any] = json.loads(metadata[b"assay"])
    if told["weights_sha256"] != weights_sha256:
        raise DataInvalid(
            f"Expected {path.name} to be of the weights {weights_sha256[:12]}…, got {told['weights_sha256'][:12]}…: "
            "the model was trained anew. Run `python -m inspection trial` again."
        )
    rows = tuple(Judged(**{**row, "verdict": VerdictKind(row["verdict"])}) for row in table.to_pylist())
    return Trial(
        told["line"],
        told["model"],
        cast(Precision, told["precision"]),
        told["weights_sha256"],
        tuple(told["class_names"]),
        told["good"],
        told["policy"],
        rows,
    )


def tabulate(trial: Trial) -> list[tuple[str, dict[VerdictKind, int]]]:
    """What was shown → how many got which verdict, in the line's order, pictures without a part last."""
    shown = [(name, [row for row in trial.rows if row.truth == name]) for name in trial.class_names]
    shown += [
        ("no part", [row for row in trial.empty if not row.key.startswith(MADE)]),
        ("empty belt, made for the trial", list(trial.made_empty)),
    ]
    counts = [
        (name, Counter(row.verdict for row in rows))
        for name, rows in shown
        if rows or name in trial.class_names
    ]
    return [(name, {kind: count[kind] for kind in VerdictKind}) for name, count in counts]


def tabulate_severities(trial: Trial) -> list[tuple[str, list[tuple[int, int]]]]:
    """Defect → (named rightly, n) in each of SEVERITIES, for synthesised parts."""
    told = []
    for name in trial.defects:
        own = [row for row in trial.rows if row.truth == name and row.severity_0_1 is not None]
        bins = [
            [row for row in own if row.severity_0_1 is not None and low <= row.severity_0_1 < high]
            for low, high in SEVERITIES
        ]
        if own:
            told.append((name, [(sum(row.called == name for row in rows), len(rows)) for rows in bins]))
    return told
