"""What ships of each line, read once: cards, rows, studies, groups."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from inspection.classify import soften
from inspection.config import Settings
from inspection.learning.calibration import ChanceError, measure_chance_error
from inspection.learning.evaluate import MEASURED, Evaluation, read_released
from inspection.learning.line_sides import read_line_groups
from inspection.learning.metrics import Figures
from inspection.learning.study import Study, list_studies
from inspection.learning.trial import Trial, read_trial, trial_path
from inspection.lines import Line, load_line
from inspection.types import Precision
from models.card import Card, read_card
from models.registry import REGISTRY

# What a line should have beside the models that its file names.
WANTED: Mapping[str, tuple[str, ...]] = {
    "aluminium": ("yolov5n", "ssdlite320", "nanodet_plus_m"),
    "casting": ("yolov5n",),
    "steel": ("yolov5n",),
}
ORDER = tuple(WANTED)  # the lines that come with the project; others are a user's own


@dataclass(frozen=True)
class Shipped:
    """A model of a line. Without a card it is not trained."""

    model: str
    good: str | None
    card: Card | None
    rows: Mapping[tuple[str, Precision], Evaluation]
    trials: tuple[Trial, ...] = ()  # of the whole line, a precision each

    @property
    def title(self) -> str:
        return REGISTRY[self.model].title

    @property
    def detects(self) -> bool:
        return REGISTRY[self.model].task == "detect"

    @cached_property
    def measured(self) -> dict[tuple[str, Precision], Figures]:
        """(split, precision) → figures, from the rows."""
        if self.card is None:
            return {}
        names, temperature = self.card.class_names, self.card.temperature
        return {
            place: each.figures(names, good=self.good, temperature=temperature)
            for place, each in self.rows.items()
        }

    def figures(self, precision: Precision, split: str = "test") -> Figures | None:
        return self.measured.get((split, precision))

    def boxes(self, precision: Precision, split: str = "test") -> Mapping[str, Any] | None:
        """A detector's figures, from its card."""
        found = {} if self.card is None else self.card.figures.get(split, {})
        boxes = found.get(precision)
        return boxes if isinstance(boxes, Mapping) and "map_50" in boxes else None

    def accuracy(self, precision: Precision, split: str = "test") -> float | None:
        found = self.figures(precision, split)
        return None if found is None else found.accuracy

    def chance(self, precision: Precision, split: str = "test") -> ChanceError | None:
        """The calibration error that so few pictures show of a model without any."""
        rows = self.rows.get((split, precision))
        if rows is None or self.card is None:
            return None
        return measure_chance_error(soften(rows.logits, temperature=self.card.temperature))

    @property
    def withheld(self) -> str | None:
        return None if self.card is None else self.card.withheld


@dataclass(frozen=True)
class LineResults:
    line: Line
    models: tuple[Shipped, ...]
    studies: tuple[Study, ...]
    groups: Mapping[str, str] | None

    def find(self, model: str) -> Shipped | None:
        return next((each for each in self.models if each.model == model), None)

    @property
    def classifiers(self) -> tuple[Shipped, ...]:
        """The trained ones, with rows."""
        return tuple(each for each in self.models if each.measured)

    def choose_best(self, candidates: tuple[Shipped, ...] | None = None) -> Shipped | None:
        """By validation, at f32: the test pictures have no say in the choice."""
        pool = self.classifiers if candidates is None else candidates
        return max(pool, key=lambda each: each.accuracy("f32", "validation") or 0.0, default=None)

    def find_studies(self, name: str) -> tuple[Study, ...]:
        return tuple(each for each in self.studies if each.name == name)


def gather_lines(settings: Settings) -> dict[str, LineResults]:
    """A user's own lines lie beside them. No document speaks of those, so none may be the worst line here or stop the page."""
    return {name: gather_line(load_line(name, settings), settings) for name in ORDER}


def gather_line(line: Line, settings: Settings) -> LineResults:
    home = settings.weights_dir / line.name
    named = [*line.models, line.locate.model, line.defect_detector, *WANTED.get(line.name, ())]
    found = [path.stem for path in sorted(home.glob("*.json"))]
    models = tuple(dict.fromkeys(name for name in (*named, *found) if name is not None))
    return LineResults(
        line,
        tuple(gather_model(line, model, settings) for model in models),
        tuple(list_studies(home)),
        read_line_groups(line),
    )


def gather_model(line: Line, model: str, settings: Settings) -> Shipped:
    path = settings.weights_dir / line.name / f"{model}.json"
    card = read_card(path) if path.is_file() else None
    rows = path.with_suffix(".parquet")
    measured = dict(read_released(card, rows)) if card is not None and rows.is_file() else {}
    return Shipped(model, line.good, card, measured, read_trials(path.parent, card))


def read_trials(home: Path, card: Card | None) -> tuple[Trial, ...]:
    if card is None:
        return ()
    paths = [trial_path(home, card.model, precision) for precision in MEASURED]
    return tuple(read_trial(path, weights_sha256=card.weights_sha256) for path in paths if path.is_file())
