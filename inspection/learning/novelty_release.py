"""A trained model → its novelty model: fitted, compared, stored beside the weights and told on the card."""

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from inspection.config import Settings
from inspection.engines.prepare import Prepared, find_weights, prepare_model
from inspection.errors import DataInvalid, PrecisionUnavailable
from inspection.hashing import hash_file
from inspection.learning.arrays import ArraySet, load_pixels
from inspection.learning.data import PICTURE_SUFFIXES
from inspection.learning.known_split import find_known_split
from inspection.learning.line_data import load_line_data
from inspection.learning.novelty_fit import (
    FOREIGN,
    FOREIGN_TEST,
    Seen,
    Trial,
    compare_methods,
    count_alarms,
    fit_rater,
    group_known,
    see,
)
from inspection.lines import Line
from inspection.novelty import NoveltyModel, Rater, load_novelty, novelty_path, save_novelty
from inspection.placing import stage_release
from inspection.types import Precision
from models.card import Card, read_card, write_card
from models.registry import find_spec

MOST_TAUGHT = 6000  # of the line's training parts, evenly spread: all of a large line would take hours
MOST_FOREIGN = 600  # in both halves
FOREIGN_SEED = 0
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
    taught: ArraySet | None = None,
    tell: Tell = print,
) -> Released:
    """Everything that is told is measured on the file as it is stored.

    taught: parts that taught the model beside those of the folder, at its input size.
    """
    if find_spec(model).task != "classify":
        raise DataInvalid(f"Expected a classifier, got {model}, which finds boxes. Name a classifier.")
    weights, card = find_weights(line.name, model, settings)
    if line.policy.novelty_0_1 <= 0:
        raise DataInvalid(
            f"Line {line.name} sends no part to a person for novelty. Set `novelty` in its policy."
        )
    views = look_at(line, card, folder, settings, foreign=foreign, taught=taught, tell=tell)
    sides = views.of("f32")
    tell("comparing")
    trials = compare_methods(
        sides, class_names=line.classes, good=line.good, threshold_0_1=line.policy.novelty_0_1
    )
    rater = fit_rater(trials[0].method, sides["train"])
    assert rater is not None  # it was tried
    with stage_release(weights.parent, model, whole=False) as scratch:
        path = novelty_path(scratch / weights.name)
        digest = save_novelty(
            path,
            method=trials[0].method,
            rater=rater,
            known={each: calibrate(rater, views.of(each)["validation"], line) for each in views.precisions},
            about={"line": line.name, "model": model, "weights_sha256": card.weights_sha256},
        )
        stored = {
            each: open_stored(line, path, digest, card=card, precision=each) for each in views.precisions
        }
        told = describe(line, trials, views, stored) | {
            "file": path.name,
            "sha256": digest,
            "bytes": path.stat().st_size,
        }
        told |= describe_foreign(foreign, sides)
        write_card(name_novelty(weights, card, told), scratch / f"{model}.json")
    return Released(told, tuple(trials), novelty_path(weights))


def describe_foreign(folder: Path | None, sides: Mapping[str, Seen]) -> dict[str, Any]:
    if folder is None:
        return {}
    halves = {name: len(sides[half]) for name, half in (("chose", FOREIGN), ("reports", FOREIGN_TEST))}
    return {"foreign": {"folder": folder.name, "seed": FOREIGN_SEED, **halves}}


def name_novelty(weights: Path, fitted: Card, told: dict[str, Any]) -> Card:
    """The card as it is by now, with the novelty model on it; refused where the weights were replaced meanwhile."""
    card = read_card(weights.with_suffix(".json"))
    if card.weights_sha256 != fitted.weights_sha256:
        raise DataInvalid(
            f"Expected {weights.name} to be what novelty was fitted to ({fitted.weights_sha256[:12]}…), got "
            f"{card.weights_sha256[:12]}…: the model was trained anew meanwhile. Fit it again."
        )
    files = card.files | {told["file"]: told["sha256"]} if card.files else {}
    return replace(card, data={**card.data, "novelty": told}, files=files)


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
        from inspection.loading import load_engine

        prepared = self.prepared[precision]
        return see(load_engine(prepared, precision, self.settings), pictures, channels=prepared.channels)


def look_at(
    line: Line,
    card: Card,
    folder: Path,
    settings: Settings,
    *,
    foreign: Path | None,
    taught: ArraySet | None,
    tell: Tell,
) -> Views:
    prepared: dict[Precision, Prepared] = {"f32": prepare_model(line.name, card.model, "f32", settings)}
    try:
        prepared["int8"] = prepare_model(line.name, card.model, "int8", settings)
    except PrecisionUnavailable as error:
        tell(f"INT8 is left out: {error}")
    ruled, _ = find_known_split(card, line, folder)
    sets = load_line_data(
        ruled, folder, size=prepared["f32"].input_size, cache_dir=settings.cache_dir / "arrays"
    )
    views = Views(prepared, {}, settings)
    wanted: list[tuple[Precision, str]] = [("f32", "train")]
    wanted += [(each, side) for each in prepared for side in ("validation", "test")]
    for precision, side in wanted:
        whole: ArraySet = getattr(sets, side)
        pictures = spread_evenly(whole, MOST_TAUGHT) if side == "train" else whole
        of = "" if pictures is whole else f" of {len(whole)}"
        tell(f"{len(pictures)}{of} {side} parts at {precision}")
        views.seen[precision, side] = views.see(precision, pictures)
    if taught is not None:
        tell(f"{len(taught)} parts that taught beside them")
        views.seen["f32", "train"] = views.seen["f32", "train"].beside(views.see("f32", taught))
    if foreign is not None:
        for half, paths in divide_foreign(foreign).items():
            tell(f"{len(paths)} foreign pictures {'choose' if half == FOREIGN else 'report'}")
            pictures = load_foreign(paths, size=prepared["f32"].input_size)
            views.seen["f32", half] = views.see("f32", pictures)
    return views


def spread_evenly(pictures: ArraySet, most: int) -> ArraySet:
    """So many of them, evenly over their order, which goes by class."""
    if len(pictures) <= most:
        return pictures
    chosen = np.linspace(0, len(pictures) - 1, most).astype(int)
    keys = tuple(pictures.keys[index] for index in chosen)
    return ArraySet(pictures.pixels[chosen], pictures.labels[chosen], keys)


def divide_foreign(folder: Path, *, seed: int = FOREIGN_SEED) -> dict[str, list[Path]]:
    """Two halves, by the content of each picture: the same picture under two names never lies in both."""
    paths = sorted(each for each in folder.rglob("*") if each.suffix.lower() in PICTURE_SUFFIXES)
    chosen = paths[:: -(-len(paths) // MOST_FOREIGN)] if paths else []
    halves: dict[str, list[Path]] = {FOREIGN: [], FOREIGN_TEST: []}
    for path in chosen:
        digest = hashlib.sha256(f"{seed} {hash_file(path)}".encode()).digest()
        halves[FOREIGN if digest[0] % 2 == 0 else FOREIGN_TEST].append(path)
    if not all(halves.values()):
        raise DataInvalid(
            f"Expected foreign pictures below {folder} to choose by and others to report on, got {len(chosen)}. "
            "Bring some dozens, or name another folder."
        )
    return halves


def load_foreign(paths: Sequence[Path], *, size: int) -> ArraySet:
    """Things that are no such part at all: the network has never seen them."""
    labels = np.zeros(len(paths), np.int64)
    return ArraySet(load_pixels(paths, size=size), labels, tuple(each.as_posix() for each in paths))


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
        "taught": len(views.of("f32")["train"]),
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
