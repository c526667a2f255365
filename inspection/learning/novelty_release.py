"""A trained model → its novelty model: fitted, compared, stored beside the weights and told on the card."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from inspection.config import Settings
from inspection.engines.prepare import Prepared, find_weights, prepare_model
from inspection.errors import DataInvalid, PrecisionUnavailable
from inspection.learning.arrays import ArraySet, load_pixels
from inspection.learning.data import PICTURE_SUFFIXES
from inspection.learning.line_data import LineData, load_line_data, split_line
from inspection.learning.novelty_fit import (
    Seen,
    Trial,
    compare_methods,
    count_alarms,
    fit_rater,
    group_known,
    see,
)
from inspection.learning.splits import hash_split
from inspection.lines import Line
from inspection.novelty import NoveltyModel, Rater, load_novelty, novelty_path, save_novelty
from inspection.types import Precision
from models.card import Card, write_card

MOST_FOREIGN = 300
CAVEAT = "The network was trained with the type that was left out; a defect that nobody has seen may be found less often."
CROP_CAVEAT = "Known parts were cut by their true boxes; on the line a detector cuts them, so false alarms may be more frequent."
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Released:
    told: dict[str, Any]  # what the card says
    trials: tuple[Trial, ...]  # the kept one first
    path: Path


def release_novelty(
    line: Line,
    model: str,
    folder: Path,
    settings: Settings,
    *,
    foreign: Path | None = None,
    tell: Tell = print,
) -> Released:
    """Everything that is told is measured on the file as it is stored."""
    weights, card = find_weights(line.name, model, settings)
    if line.policy.novelty_0_1 <= 0:
        raise DataInvalid(
            f"Line {line.name} sends no part to a person for novelty. Set `novelty` in its policy."
        )
    views = look_at(line, card, folder, settings, foreign=foreign, tell=tell)
    sides = views.of("f32")
    tell("comparing")
    trials = compare_methods(
        sides, class_names=line.classes, good=line.good, threshold_0_1=line.policy.novelty_0_1
    )
    rater = fit_rater(trials[0].method, sides["train"])
    assert rater is not None  # it was tried
    path = novelty_path(weights)
    digest = save_novelty(
        path,
        method=trials[0].method,
        rater=rater,
        known={each: calibrate(rater, views.of(each)["validation"], line) for each in views.precisions},
        about={"line": line.name, "model": model, "weights_sha256": card.weights_sha256},
    )
    stored = {each: open_stored(line, path, digest, card=card, precision=each) for each in views.precisions}
    told = describe(line, trials, views, stored) | {
        "file": path.name,
        "sha256": digest,
        "bytes": path.stat().st_size,
    }
    if foreign is not None:
        told["foreign"] = foreign.name
    write_card(replace(card, data={**card.data, "novelty": told}), weights.with_suffix(".json"))
    return Released(told, tuple(trials), path)


@dataclass(frozen=True, slots=True)
class Views:
    """The sides as the model sees them, by precision; training parts at f32 only."""

    prepared: dict[Precision, Prepared]
    seen: dict[tuple[Precision, str], Seen]
    settings: Settings

    @property
    def precisions(self) -> tuple[Precision, ...]:
        return tuple(self.prepared)

    def of(self, precision: Precision) -> dict[str, Seen]:
        return {side: seen for (each, side), seen in self.seen.items() if each == precision}

    def see(self, precision: Precision, pictures: ArraySet) -> Seen:
        from inspection.pipeline import load_engine

        prepared = self.prepared[precision]
        return see(load_engine(prepared, precision, self.settings), pictures, channels=prepared.channels)


def look_at(
    line: Line, card: Card, folder: Path, settings: Settings, *, foreign: Path | None, tell: Tell
) -> Views:
    prepared: dict[Precision, Prepared] = {"f32": prepare_model(line.name, card.model, "f32", settings)}
    try:
        prepared["int8"] = prepare_model(line.name, card.model, "int8", settings)
    except PrecisionUnavailable as error:
        tell(f"INT8 is left out: {error}")
    sets = load_split_of(card, line, folder, size=prepared["f32"].input_size, settings=settings)
    views = Views(prepared, {}, settings)
    wanted: list[tuple[Precision, str]] = [("f32", "train")]
    wanted += [(each, side) for each in prepared for side in ("validation", "test")]
    for precision, side in wanted:
        pictures: ArraySet = getattr(sets, side)
        tell(f"{len(pictures)} {side} parts at {precision}")
        views.seen[precision, side] = views.see(precision, pictures)
    if foreign is not None:
        views.seen["f32", "foreign"] = views.see("f32", load_foreign(foreign, prepared["f32"].input_size))
    return views


def load_foreign(folder: Path, size: int) -> ArraySet:
    """Things that are no such part at all: the network has never seen them."""
    paths = sorted(each for each in folder.rglob("*") if each.suffix.lower() in PICTURE_SUFFIXES)
    if not paths:
        raise DataInvalid(f"Expected pictures below {folder}, got none. Name another folder.")
    paths = paths[:: -(-len(paths) // MOST_FOREIGN)]
    labels = np.zeros(len(paths), np.int64)
    return ArraySet(load_pixels(paths, size=size), labels, tuple(each.as_posix() for each in paths))


def load_split_of(card: Card, line: Line, folder: Path, *, size: int, settings: Settings) -> LineData:
    """The sides that the card names: a part that taught tells nothing about parts that did not. The line's rules may
    have begun to group since the model was trained."""
    stated = card.data.get("split", {}).get("sha256")
    for rules in (line.data, replace(line.data, groups=None)):
        ruled = replace(line, data=rules)
        if hash_split(split_line(ruled, folder).split) == stated:
            return load_line_data(ruled, folder, size=size, cache_dir=settings.cache_dir / "arrays")
    raise DataInvalid(
        f"Expected in {folder} the pictures and the split that {card.model} was trained on ({str(stated)[:12]}…), "
        "got others. Name the folder it was trained from, or train it again."
    )


def calibrate(rater: Rater, seen: Seen, line: Line) -> dict[str, Any]:
    scores = rater.rate(seen.features, seen.logits)
    return group_known(scores, seen, good_index=find_good(line), threshold_0_1=line.policy.novelty_0_1)


def find_good(line: Line) -> int | None:
    return None if line.good is None else line.classes.index(line.good)


def open_stored(line: Line, path: Path, digest: str, *, card: Card, precision: Precision) -> NoveltyModel:
    """As it will serve: from the file, at half precision."""
    return load_novelty(
        path,
        precision=precision,
        sha256=digest,
        weights_sha256=card.weights_sha256,
        good_index=find_good(line),
    )


def describe(
    line: Line, trials: list[Trial], views: Views, stored: dict[Precision, NoveltyModel]
) -> dict[str, Any]:
    threshold = line.policy.novelty_0_1
    alarms: dict[str, Any] = {}
    for precision, model in stored.items():
        test = views.of(precision)["test"]
        alarms[precision] = {"all": count_alarms(model, test, threshold).to_dict()}
        for label, name in enumerate(line.classes):
            own = count_alarms(model, test.of(label), threshold)
            alarms[precision][name] = [own.count, own.n]
    precision = views.precisions[-1]  # the one that serves, where this machine can
    model = stored[precision]
    return {
        "method": trials[0].method,
        "threshold": threshold,
        "known": {group: len(scores) for group, scores in model.known.items()},
        "false_alarms": alarms,
        "rate_ms": round(time_rating(model, views.of(precision)["test"]), 4),
        "compared": {trial.method: trial.to_dict() for trial in trials},
        "caveats": [CAVEAT] if line.locate.mode == "frame" else [CAVEAT, CROP_CAVEAT],
    }


def time_rating(model: NoveltyModel, seen: Seen) -> float:
    """The median of one part's rating, ms."""
    taken = []
    for features, logits in zip(seen.features[:200], seen.logits[:200], strict=True):
        started = time.perf_counter()
        model.rate(features, logits)
        taken.append((time.perf_counter() - started) * 1e3)
    return float(np.median(taken))
