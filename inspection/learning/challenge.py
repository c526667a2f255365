"""A fine-tuned challenger in its own folder: weights, card, evaluations, and what it was compared with on which pictures.

<folder>/<line>/<model>.*   the release, laid out like models/weights
<folder>/champion.parquet   the champion's rows on the frozen test set
<folder>/challenger.parquet the challenger's rows on it, made by the same engine in the same hour
<folder>/challenge.json     written last: without it the folder is a training that has not ended
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from inspection.config import Settings
from inspection.errors import DataInvalid
from inspection.learning.evaluate import Evaluation, read_evaluations
from inspection.learning.gate import RECALL_MARGIN, Gate, judge_challenger
from inspection.lines import Line
from inspection.types import Precision
from inspection.writing import write_atomically

MANIFEST = "challenge.json"
TEST, CORRECTED = "test", "held-out corrections"  # the splits that both were evaluated on
LINE_TEST, HELD_OUT = "the line's test pictures", "corrected parts that were held out"


@dataclass(frozen=True, slots=True)
class Challenge:
    folder: Path
    line: str
    model: str
    weights_sha256: str
    champion_model: str
    champion_sha256: str
    corrected_sha256: str
    last_answer: int  # the newest answer in the chain that it could know
    taught: int  # corrected parts that taught
    replayed: int  # original training pictures mixed in
    left_out: Mapping[str, int]  # reason → parts
    data: Mapping[str, Any]  # facts of the original pictures; empty where they were not there
    test_kind: str
    test_n: int
    test_sha256: str
    precision: Precision  # what the gate compares: what runs the line
    epochs: int
    created: str  # ISO 8601, UTC
    notes: tuple[str, ...]
    novelty: str | None = (
        None  # the method; None: promoted, it would send no part to a person for being unlike
    )

    def describe_data(self) -> dict[str, Any]:
        return {
            "corrected_sha256": self.corrected_sha256,
            "last_answer": self.last_answer,
            "taught": self.taught,
            "replayed": self.replayed,
            "left_out": dict(self.left_out),
            "original": dict(self.data),
        }

    def evaluations(
        self,
    ) -> tuple[dict[tuple[str, Precision], Evaluation], dict[tuple[str, Precision], Evaluation]]:
        """(the champion's, the challenger's), by split and precision."""
        return read_evaluations(self.folder / "champion.parquet"), read_evaluations(
            self.folder / "challenger.parquet"
        )


def write_challenge(challenge: Challenge) -> None:
    told = {name: value for name, value in asdict(challenge).items() if name != "folder"}
    text = json.dumps(told, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    write_atomically(challenge.folder / MANIFEST, (text + "\n").encode())


def read_challenge(folder: Path) -> Challenge:
    path = folder / MANIFEST
    if not path.is_file():
        raise DataInvalid(f"Expected a finished challenger in {folder}, found none. Fine-tune it to its end.")
    told = json.loads(path.read_text(encoding="utf-8"))
    return Challenge(**{**told, "folder": folder, "notes": tuple(told["notes"])})


def list_challenges(line: str, settings: Settings) -> list[Challenge]:
    """Finished ones, the newest first."""
    home = challengers_dir(line, settings)
    found = [read_challenge(path.parent) for path in home.glob(f"*/{MANIFEST}")]
    return sorted(found, key=lambda each: (each.created, each.folder.name), reverse=True)


def challengers_dir(line: str, settings: Settings) -> Path:
    return settings.var_dir / "challengers" / line


def judge_challenge(challenge: Challenge, line: Line, *, margin_0_1: float = RECALL_MARGIN) -> Gate:
    champion, challenger = challenge.evaluations()
    rows = (TEST, challenge.precision)
    if rows not in champion or rows not in challenger:
        raise DataInvalid(
            f"Expected both models evaluated on {TEST} at {challenge.precision} in {challenge.folder}, got less. "
            "Fine-tune again."
        )
    return judge_challenger(
        champion[rows], challenger[rows], class_names=line.classes, good=line.good, margin_0_1=margin_0_1
    )
