"""The caches of the Metrics and Compare pages: what was measured of each model, and the pictures it was measured on.

Files are looked at on every run and read again when they changed, so a finished training shows at once. What was read
and measured is used by reference, by every session, and never changed: its arrays refuse it.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from inspection.classify import soften
from inspection.config import load_settings, read_place
from inspection.errors import PictureRefused
from inspection.learning.calibration import F64
from inspection.learning.comparison import Contender
from inspection.learning.evaluate import CALIBRATION_PARTS, MORE_PARTS, Evaluation, name_more, read_released
from inspection.learning.metrics import Figures, measure_figures
from inspection.learning.thresholds import (
    Routing,
    count_confusion_with_review,
    find_decided,
    list_thresholds,
    route,
    sweep,
)
from inspection.lines import Line
from inspection.types import PRECISIONS, Precision
from inspection.ui import inspectors, resources
from inspection.ui.overlays import draw_evidence, encode_jpeg, fit, shrink_evidence

if TYPE_CHECKING:
    from inspection.pipeline import Inspector
    from models.card import Card

SPLITS = (
    "test",
    "validation",
    MORE_PARTS,
    CALIBRATION_PARTS,
)  # the order in which they are offered; others follow
THUMBNAIL_SIDE = 320
# Weights are released by measuring them on OpenVINO's CPU engine (inspection/learning/release.py); a card may say otherwise.
DEVICE = "CPU"


@dataclass(frozen=True, slots=True)
class Measured:
    """A trained model with the rows of its evaluations."""

    card: "Card"
    evaluations: dict[tuple[str, Precision], Evaluation]

    @property
    def splits(self) -> tuple[str, ...]:
        found = {split for split, _ in self.evaluations}
        known = [split for split in SPLITS if split in found]
        return (*known, *sorted(found - set(known)))

    def precisions(self, split: str) -> tuple[Precision, ...]:
        return tuple(each for each in PRECISIONS if (split, each) in self.evaluations)


@dataclass(frozen=True, slots=True)
class Report:
    """One evaluation at one threshold. `figures` are of the decided pictures; all of them where the threshold is 0."""

    evaluation: Evaluation
    probabilities: F64  # (n, classes)
    decided: "np.ndarray[tuple[int], np.dtype[np.bool_]]"  # (n,)
    figures: Figures
    routing: Routing
    confusion: tuple[tuple[int, ...], ...]  # rows true · columns called, the last one: a person looks


def list_measured(line: Line) -> tuple[str, ...]:
    """The line's models that have both a card that can be read and evaluations, the champion first."""
    found = (model for model in line.models if stamp(line.name, model) is not None)
    return tuple(model for model in found if resources.get_sound_card(line.name, model) is not None)


Stamp = tuple[Path, int, int]  # where it lies, and when its card and its evaluations were written


def stamp(line: str, model: str) -> Stamp | None:
    """Changes when the model is trained anew or another one is promoted; None where it is not measured."""
    path = resources.find_weights_dir(line, model) / line / model
    files = (path.with_suffix(suffix) for suffix in (".json", ".parquet"))
    try:
        card_ns, rows_ns = (file.stat().st_mtime_ns for file in files)
    except FileNotFoundError:
        return None
    return path, card_ns, rows_ns


def get_measured(line: str, model: str) -> Measured | None:
    made = stamp(line, model)
    return None if made is None else _read_measured(made)


@st.cache_resource(max_entries=48, show_spinner=False)
def _read_measured(made: Stamp) -> Measured:
    from models.card import read_card

    path = made[0]
    card = read_card(path.with_suffix(".json"))
    evaluations = dict(read_released(card, path.with_suffix(".parquet")))
    for each in evaluations.values():
        for array in (each.labels, each.logits, each.classify_ms):
            array.flags.writeable = False
    return Measured(card, evaluations)


def get_report(
    line: Line, model: str, *, split: str, precision: Precision, threshold_0_1: float = 0.0
) -> Report:
    made = stamp(line.name, model)
    assert made is not None  # offered only where it is there
    return _measure(
        line.name, model, made, good=line.good, split=split, precision=precision, threshold=threshold_0_1
    )


@st.cache_resource(max_entries=192, show_spinner=False)
def _measure(
    line: str,
    model: str,
    made: Stamp,
    *,
    good: str | None,
    split: str,
    precision: Precision,
    threshold: float,
) -> Report:
    measured = _read_measured(made)
    evaluation, card = measured.evaluations[split, precision], measured.card
    probabilities = soften(evaluation.logits, temperature=card.temperature)
    decided = find_decided(probabilities, threshold)
    probabilities.flags.writeable = decided.flags.writeable = False
    figures = measure_figures(
        evaluation.labels[decided],
        probabilities[decided],
        class_names=card.class_names,
        good_class=good,
    )
    place = None if good is None else card.class_names.index(good)
    counts = count_confusion_with_review(evaluation.labels, probabilities, threshold)
    return Report(
        evaluation=evaluation,
        probabilities=probabilities,
        decided=decided,
        figures=figures,
        routing=route(evaluation.labels, probabilities, threshold_0_1=threshold, good=place),
        confusion=tuple(tuple(int(value) for value in row) for row in counts),
    )


def get_sweep(line: Line, model: str, *, split: str, precision: Precision) -> tuple[Routing, ...]:
    made = stamp(line.name, model)
    assert made is not None  # offered only where it is there
    report = get_report(line, model, split=split, precision=precision)
    return _sweep(made, split, precision, line.good, report)


@st.cache_resource(max_entries=48, show_spinner=False)
def _sweep(
    made: Stamp, split: str, precision: Precision, good: str | None, _report: Report
) -> tuple[Routing, ...]:
    return sweep(
        _report.evaluation.labels,
        _report.probabilities,
        thresholds_0_1=list_thresholds(_report.probabilities),
        good=None if good is None else _report.figures.class_names.index(good),
    )


def place_good(line: Line, figures: Figures) -> int | None:
    return None if line.good is None else figures.class_names.index(line.good)


def get_contender(line: Line, model: str, *, split: str, precision: Precision, title: str) -> Contender:
    measured = get_measured(line.name, model)
    assert measured is not None  # offered only where it is there
    report = get_report(line, model, split=split, precision=precision)
    told = measured.card.precisions.get(precision, {})
    return Contender(
        model=model,
        title=title,
        evaluation=report.evaluation,
        figures=report.figures,
        parameters=measured.card.parameters,
        weights_bytes=measured.card.weights_bytes,
        device=str(told.get("device", DEVICE)) if isinstance(told, dict) else DEVICE,
    )


def describe_origin(card: "Card") -> str:
    """Made or photographed: results on one never stand in one number with results on the other."""
    licence = str(card.data.get("licence") or card.licence)
    return "synthetic pictures" if "synthetic" in licence.lower() else "real pictures"


def find_data_dirs(line: str, card: "Card") -> tuple[Path, ...]:
    """Where the line's own pictures may lie on this machine; those of the folders that exist."""
    own = load_settings().var_dir / "data"
    homes = dict.fromkeys((read_place("ASSAY_DATA", own), own))
    names = dict.fromkeys([line, Path(str(card.data.get("folder", line))).name, name_more(line)])
    # keys are relative to the pictures' own folder, which is `images` where annotations lie beside it
    folders = [home / name / below for home in homes for name in names for below in ("", "images")]
    return tuple(folder for folder in folders if folder.is_dir())


def find_picture(key: str, folders: tuple[Path, ...]) -> Path | None:
    """A key comes from a file: it must stay below the folder."""
    for folder in folders:
        path = folder / key
        if path.resolve().is_relative_to(folder.resolve()) and path.is_file():
            return path
    return None


@st.cache_data(max_entries=512, show_spinner=False)
def get_thumbnail(path: str) -> bytes | None:
    """JPEG; None where the file is no picture any more. The line's own pictures only, never an upload."""
    from inspection.images import read_picture

    try:
        return encode_jpeg(fit(read_picture(Path(path)).pixels, THUMBNAIL_SIDE), quality=82)
    except PictureRefused:
        return None


def get_evidence(path: str, line: str, model: str, precision: Precision) -> tuple[bytes, str] | None:
    """(JPEG with box and heat map, the verdict in words), inspected here, by what judges now."""
    inspector = inspectors.get_able_inspector(resources.get_line(line), model, precision)
    return _inspect(path, line, model, precision, inspectors.name_judge(inspector), inspector)


@st.cache_data(max_entries=256, show_spinner=False)
def _inspect(
    path: str, line: str, model: str, precision: Precision, judge: tuple[object, ...], _inspector: "Inspector"
) -> tuple[bytes, str] | None:
    from inspection.images import read_picture

    try:
        picture = read_picture(Path(path))
    except PictureRefused:
        return None
    found = _inspector.inspect(picture)
    pixels, shrunk = shrink_evidence(picture.pixels, found, THUMBNAIL_SIDE)
    return encode_jpeg(draw_evidence(pixels, shrunk), quality=82), found.verdict.words
