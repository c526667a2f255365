"""A study: an architecture trained and judged on splits that the shipped weights were not made for.

Its networks do not ship, its rows do: the folds of a cross-validation, or the grouped split beside the official one.
Kept as models/weights/<line>/studies/<model>.<name>.parquet (rows as of any evaluation, the part's name as their split)
and .json (what each part was trained on).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inspection.classify import soften
from inspection.errors import DataInvalid
from inspection.learning.evaluate import Evaluation, read_evaluations, write_evaluations
from inspection.learning.intervals import Interval, find_wilson_interval
from inspection.learning.metrics import Figures, measure_figures
from inspection.types import Precision
from inspection.writing import write_atomically

FOLDER = "studies"
FOLDS, GROUPED = "5-fold", "grouped"
_RESAMPLES = 4000


@dataclass(frozen=True, slots=True)
class StudyPart:
    """One training: a fold, or the one named split."""

    name: str
    split_sha256: str
    train: int
    validation: int
    test: int
    temperature: float  # fitted on its own validation pictures
    validation_accuracy: float
    epochs: int


@dataclass(frozen=True, slots=True)
class Study:
    line: str
    model: str
    name: str
    class_names: tuple[str, ...]
    parameters: int
    grouped: bool  # whether variants of one part stay on one side
    data_sha256: str
    split_seed: int
    recipe: dict[str, Any]
    parts: tuple[StudyPart, ...]
    licence: str
    commit: str
    evaluations: Mapping[tuple[str, Precision], Evaluation]  # (part, precision)

    def pool(self, precision: Precision) -> tuple[Evaluation, NDArray[np.float64]]:
        """All parts as one evaluation, and the probabilities, each part's at its own temperature."""
        found = [(part, self.evaluations[part.name, precision]) for part in self.parts]
        rows = Evaluation(
            self.name,
            precision,
            tuple(key for _, each in found for key in each.keys),
            np.concatenate([each.labels for _, each in found]),
            np.concatenate([each.logits for _, each in found]),
            np.concatenate([each.classify_ms for _, each in found]),
        )
        softened = [soften(each.logits, temperature=part.temperature) for part, each in found]
        return rows, np.concatenate(softened)

    def figures(self, precision: Precision, *, good: str | None) -> Figures:
        rows, probabilities = self.pool(precision)
        return measure_figures(rows.labels, probabilities, class_names=self.class_names, good_class=good)

    def accuracies(self, precision: Precision) -> tuple[tuple[str, int, int, Interval | None], ...]:
        """(part, right, n, Wilson interval) of each."""
        told = []
        for part in self.parts:
            each = self.evaluations[part.name, precision]
            right = int((each.called == each.labels).sum())
            told.append((part.name, right, len(each), find_wilson_interval(right, len(each))))
        return tuple(told)


@dataclass(frozen=True, slots=True)
class GroupCount:
    """The same rows, counted by part: variants of one photograph are no independent trials."""

    parts: int
    errors: tuple[tuple[str, int, int], ...]  # (part, wrong, pictures of it), most wrong first
    accuracy_interval: Interval | None  # of the pictures' accuracy: bootstrap over parts, 95 %

    @property
    def parts_with_errors(self) -> int:
        return len(self.errors)


def count_by_group(rows: Evaluation, groups: Mapping[str, str], *, seed: int = 0) -> GroupCount:
    """The percentile bootstrap resamples whole parts (Efron and Tibshirani 1993, chapter 8). A picture that no group names is a
    part of its own."""
    right = (rows.called == rows.labels).astype(np.float64)
    names, place = np.unique([groups.get(key, key) for key in rows.keys], return_inverse=True)
    hits, sizes = np.bincount(place, weights=right), np.bincount(place)
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, len(sizes), (_RESAMPLES, len(sizes)))
    rates = hits[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    wrong = (sizes - hits).astype(int)
    worst = [index for index in np.argsort(-wrong, kind="stable") if wrong[index]]
    errors = tuple((str(names[index]), int(wrong[index]), int(sizes[index])) for index in worst)
    low, high = np.quantile(rates, [0.025, 0.975])
    # without an error every resample is right: the bootstrap is silent there, and no interval is honest
    interval = Interval(float(low), float(high)) if errors else None
    return GroupCount(len(sizes), errors, interval)


def study_path(home: Path, model: str, name: str) -> Path:
    """home: the line's folder of weights."""
    return home / FOLDER / f"{model}.{name}.json"


def write_study(study: Study, home: Path) -> Path:
    """Rows first, facts last: where the facts are, the rows are whole."""
    path = study_path(home, study.model, study.name)
    write_evaluations(list(study.evaluations.values()), path.with_suffix(".parquet"))
    told = {key: value for key, value in asdict_but_rows(study).items()}
    write_atomically(path, (json.dumps(told, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode())
    return path


def asdict_but_rows(study: Study) -> dict[str, Any]:
    return {
        **{name: getattr(study, name) for name in study.__slots__ if name not in ("parts", "evaluations")},
        "class_names": list(study.class_names),
        "parts": [asdict(part) for part in study.parts],
    }


def read_study(path: Path) -> Study:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        parts = tuple(StudyPart(**part) for part in told.pop("parts"))
        names = tuple(told.pop("class_names"))
        study = Study(
            **told, class_names=names, parts=parts, evaluations=read_evaluations(path.with_suffix(".parquet"))
        )
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise DataInvalid(f"Expected a study at {path}: {type(error).__name__} {error}.") from error
    return study


def list_studies(home: Path) -> Sequence[Study]:
    return [read_study(path) for path in sorted((home / FOLDER).glob("*.json"))]
