"""Fits a novelty model to a trained network: each method tried by leaving one defect type out, the best kept.

To leave a type out is to fit and to calibrate without its parts and without its logit, and to ask whether its test
parts then look unlike the rest. The network itself was trained with that type, so its features may set it apart better
than they would a defect that nobody has ever seen: the figures are an upper bound. They flatter the energy most: the
network was taught to keep its other logits low on just these parts. So pictures of other things, which the network has
never seen, count as much, where there are any. The choice is made on validation parts and on one half of the foreign
pictures; what is reported is measured on test parts and on the other half.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inspection.classify import prepare_batch
from inspection.errors import DataInvalid
from inspection.learning.arrays import ArraySet
from inspection.learning.intervals import find_exact_interval
from inspection.novelty import (
    ANY,
    DEFECT,
    GOOD,
    RATERS,
    Energy,
    Mahalanobis,
    Neighbours,
    NoveltyModel,
    Rater,
    Surprise,
    point,
)
from inspection.types import F32, Engine

MOST_BYTES = 1_200_000  # of rows or axes, at half precision: it ships beside the weights
NEAREST = 3  # the third nearest: one odd training part vouches for nothing
FOREIGN, FOREIGN_TEST = "foreign", "foreign test"  # the half that chooses, and the half that reports
ALIKE = 0.01  # in the share that is found: less is no reason to prefer a method


@dataclass(frozen=True, slots=True)
class Seen:
    """One side of the split as the network sees it."""

    features: F32  # (n, C)
    logits: F32  # (n, classes)
    labels: NDArray[np.int64]  # (n,)

    def __len__(self) -> int:
        return len(self.labels)

    def of(self, label: int) -> "Seen":
        keep = self.labels == label
        return Seen(self.features[keep], self.logits[keep], self.labels[keep])

    def without(self, label: int) -> "Seen":
        """As if the class did not exist: its parts, its logit and its number are gone."""
        keep = self.labels != label
        labels = self.labels[keep]
        logits = np.delete(self.logits[keep], label, axis=1)
        return Seen(self.features[keep], logits, labels - (labels > label))

    def beside(self, other: "Seen") -> "Seen":
        return Seen(
            np.concatenate([self.features, other.features]),
            np.concatenate([self.logits, other.logits]),
            np.concatenate([self.labels, other.labels]),
        )

    def only(self, label: int) -> "Seen":
        """The parts of one class, with its logit gone."""
        own = self.of(label)
        return Seen(own.features, np.delete(own.logits, label, axis=1), own.labels)


@dataclass(frozen=True, slots=True)
class Rate:
    """A count with its exact 95 % interval."""

    count: int
    n: int

    @property
    def share(self) -> float:
        return self.count / self.n if self.n else 0.0

    def to_dict(self) -> dict[str, Any]:
        interval = find_exact_interval(self.count, self.n)
        share = None if self.n == 0 else self.count / self.n
        return {
            "count": self.count,
            "n": self.n,
            "share": share,
            "interval": None if interval is None else interval.as_list(),
        }

    @property
    def words(self) -> str:
        interval = find_exact_interval(self.count, self.n)
        if interval is None:
            return "none"
        low, high = interval.low, interval.high
        return f"{self.count} of {self.n} = {self.count / self.n:.1%} (95 %: {low:.1%} to {high:.1%})"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One method, one defect type that it was not shown."""

    class_name: str
    validation_found: Rate  # chooses the method
    auroc: float | None  # on test parts; None where none is of the type
    found: Rate  # test parts of the type that go to a person
    false_alarms: Rate  # test parts of the other types that do


@dataclass(frozen=True, slots=True)
class Trial:
    method: str
    left_out: tuple[LeftOut, ...]
    # pictures of other things that go to a person, when no type is left out
    foreign_chose: Rate | None = None
    foreign: Rate | None = None  # those that chose nothing

    @property
    def aurocs(self) -> dict[str, float]:
        """By type, of those that test parts show."""
        return {each.class_name: each.auroc for each in self.left_out if each.auroc is not None}

    @property
    def mean_auroc(self) -> float | None:
        return float(np.mean(list(self.aurocs.values()))) if self.aurocs else None

    @property
    def worth(self) -> float:
        """The share that is found of types left out (validation parts), and of foreign pictures, weighed alike; of none
        that reports."""
        shares = [each.validation_found.share for each in self.left_out if each.validation_found.n]
        found = float(np.mean(shares)) if shares else 0.0
        return found if self.foreign_chose is None else (found + self.foreign_chose.share) / 2

    def to_dict(self) -> dict[str, Any]:
        return {
            "worth": self.worth,
            "auroc_mean": self.mean_auroc,
            "auroc_worst": min(self.aurocs.values(), default=None),
            "foreign": None if self.foreign is None else self.foreign.to_dict(),
            "foreign_chose": None if self.foreign_chose is None else self.foreign_chose.to_dict(),
            "auroc_by_type": {each.class_name: each.auroc for each in self.left_out},
            "found_by_type": {each.class_name: [each.found.count, each.found.n] for each in self.left_out},
            "false_alarms_by_type": {
                each.class_name: [each.false_alarms.count, each.false_alarms.n] for each in self.left_out
            },
        }


def see(engine: Engine, pictures: ArraySet, *, channels: int) -> Seen:
    """One picture at a time, as on the line."""
    features, logits = [], []
    for index in range(len(pictures)):
        outputs = engine.run(prepare_batch([pictures.pixels[index]], channels)).outputs
        logits.append(outputs[0][0])
        features.append(outputs[1][0].mean(axis=(1, 2)))
    return Seen(np.stack(features), np.stack(logits), pictures.labels.copy())


def fit_rater(method: str, train: Seen) -> Rater | None:
    """None where the method has nothing to say: surprise needs two classes."""
    most = max(64, MOST_BYTES // (2 * train.features.shape[1]))
    if method == "knn":
        rows = point(train.features)
        return Neighbours(rows[spread_rows(rows, most)], NEAREST)
    if method == "mahalanobis":
        return fit_mahalanobis(train.features, np.zeros(len(train), np.int64), most)
    if method == "mahalanobis_by_class":
        return fit_mahalanobis(train.features, train.labels, most)
    if method == "surprise":
        return fit_surprise(train, most)
    return Energy()


def spread_rows(rows: F32, most: int) -> NDArray[np.int64]:
    """At most `most` of them, such that none of the others is far from all that were taken (farthest first,
    Gonzalez 1985)."""
    if len(rows) <= most:
        return np.arange(len(rows))
    chosen = [int(np.linalg.norm(rows - rows.mean(axis=0), axis=1).argmin())]
    distance = np.linalg.norm(rows - rows[chosen[0]], axis=1)
    while len(chosen) < most:
        chosen.append(int(distance.argmax()))
        distance = np.minimum(distance, np.linalg.norm(rows - rows[chosen[-1]], axis=1))
    return np.array(chosen)


def fit_mahalanobis(features: F32, labels: NDArray[np.int64], most: int) -> Mahalanobis:
    """One covariance for all classes, shrunk towards the sphere (Ledoit and Wolf 2004; Lee et al. 2018)."""
    from sklearn.covariance import ledoit_wolf

    groups = np.unique(labels)
    means = np.stack([features[labels == group].mean(axis=0) for group in groups])
    centred = features - means[np.searchsorted(groups, labels)]
    covariance, _ = ledoit_wolf(centred.astype(np.float64), assume_centered=True)
    variance, vectors = np.linalg.eigh(covariance)  # ascending
    kept = min(most, len(variance) - 1)
    return Mahalanobis(
        means=means.astype(np.float32),
        axes=np.ascontiguousarray(vectors[:, ::-1][:, :kept].T, np.float32),
        scales=np.maximum(variance[::-1][:kept], 1e-9).astype(np.float32),
        rest=max(float(variance[: len(variance) - kept].mean()), 1e-9),
    )


def fit_surprise(train: Seen, most: int) -> Surprise | None:
    if len(np.unique(train.labels)) < 2:
        return None
    chosen = spread_rows(train.features, most)
    rows, labels = train.features[chosen], train.labels[chosen]
    apart = np.empty(len(rows), np.float32)
    for index, (row, label) in enumerate(zip(rows, labels, strict=True)):
        others = train.features[train.labels != label]
        apart[index] = max(float(np.linalg.norm(others - row, axis=1).min()), 1e-9)
    return Surprise(rows, labels, apart)


def group_known(scores: F32, seen: Seen, *, good_index: int | None, threshold_0_1: float) -> dict[str, F32]:
    """Good with good and defect with defect, by what was called, where both are enough for the threshold."""
    enough = 1.0 / threshold_0_1
    if good_index is not None:
        good = seen.logits.argmax(axis=1) == good_index
        if min(good.sum(), (~good).sum()) >= enough:
            return {GOOD: np.sort(scores[good]), DEFECT: np.sort(scores[~good])}
    if len(scores) < enough:
        raise DataInvalid(
            f"Expected at least {int(enough)} validation parts for a threshold of {threshold_0_1:.2%}, got "
            f"{len(scores)}: p could never be below it. Raise the line's `novelty`, or bring more parts."
        )
    return {ANY: np.sort(scores)}


def count_alarms(model: NoveltyModel, seen: Seen, threshold_0_1: float) -> Rate:
    values = [model.rate(one, two).p for one, two in zip(seen.features, seen.logits, strict=True)]
    return Rate(int((np.array(values) < threshold_0_1).sum()), len(seen))


def measure_auroc(novel: F32, familiar: F32) -> float | None:
    """How often a novel part scores above a familiar one; a tie is half (Mann and Whitney 1947). None without a pair."""
    if not len(novel) or not len(familiar):
        return None
    below = np.searchsorted(np.sort(familiar), novel, side="left")
    not_above = np.searchsorted(np.sort(familiar), novel, side="right")
    return float((below + not_above).mean() / 2 / len(familiar))


def try_method(
    method: str,
    sides: Mapping[str, Seen],
    *,
    class_names: Sequence[str],
    good: str | None,
    threshold_0_1: float,
) -> Trial | None:
    found = []
    for label, name in enumerate(class_names):
        if name == good:
            continue
        left = leave_out(
            method, sides, label, class_names=class_names, good=good, threshold_0_1=threshold_0_1
        )
        if left is None:
            return None
        found.append(left)
    if FOREIGN not in sides:
        return Trial(method, tuple(found))
    good_index = None if good is None else list(class_names).index(good)
    model = fit_model(method, sides, good_index=good_index, threshold_0_1=threshold_0_1)
    assert model is not None  # with a type left out there was one
    rates = (count_alarms(model, sides[half], threshold_0_1) for half in (FOREIGN, FOREIGN_TEST))
    return Trial(method, tuple(found), *rates)


def fit_model(
    method: str, sides: Mapping[str, Seen], *, good_index: int | None, threshold_0_1: float
) -> NoveltyModel | None:
    rater, seen = fit_rater(method, sides["train"]), sides["validation"]
    if rater is None:
        return None
    scores = rater.rate(seen.features, seen.logits)
    known = group_known(scores, seen, good_index=good_index, threshold_0_1=threshold_0_1)
    return NoveltyModel(method, rater, known, good_index)


def leave_out(
    method: str,
    sides: Mapping[str, Seen],
    label: int,
    *,
    class_names: Sequence[str],
    good: str | None,
    threshold_0_1: float,
) -> LeftOut | None:
    name = class_names[label]
    rest = {side: seen.without(label) for side, seen in sides.items() if side not in (FOREIGN, FOREIGN_TEST)}
    good_index = None if good is None else [each for each in class_names if each != name].index(good)
    model = fit_model(method, rest, good_index=good_index, threshold_0_1=threshold_0_1)
    if model is None:
        return None
    novel = {side: sides[side].only(label) for side in ("validation", "test")}
    scores = [model.rater.rate(seen.features, seen.logits) for seen in (novel["test"], rest["test"])]
    return LeftOut(
        name,
        count_alarms(model, novel["validation"], threshold_0_1),
        measure_auroc(*scores),
        count_alarms(model, novel["test"], threshold_0_1),
        count_alarms(model, rest["test"], threshold_0_1),
    )


def compare_methods(
    sides: Mapping[str, Seen], *, class_names: Sequence[str], good: str | None, threshold_0_1: float
) -> list[Trial]:
    """sides: train, validation, test and, where there are any, both halves of the foreign pictures. The one to keep
    first, the rest by worth."""
    tried = [
        try_method(method, sides, class_names=class_names, good=good, threshold_0_1=threshold_0_1)
        for method in RATERS
    ]
    trials = sorted((each for each in tried if each is not None), key=lambda each: -each.worth)
    order = list(RATERS)
    alike = [each for each in trials if each.worth >= trials[0].worth - ALIKE]
    kept = min(alike, key=lambda each: order.index(each.method))
    return [kept, *(each for each in trials if each is not kept)]
