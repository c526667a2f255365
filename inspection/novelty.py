"""How unlike the training parts a part is: a conformal p-value from the features of its one inspection.

A rater turns features into a score, larger for what is less like the training parts. The score is held against those of
known parts that taught nothing: p = (1 + how many of them score at least as much) / (1 + how many there are). Over known
parts p is uniform, so a line that sends p < 1 % to a person sends at most one known part in a hundred there for nothing
(Vovk, Gammerman and Shafer 2005). Good parts are compared with good ones and defects with defects, by what the classifier
calls them at its first look, the known parts too: the rate then holds whatever the mix on the line. What a second look calls
a part does not count here, or it would be held against parts that were sorted by another rule.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from inspection.errors import WeightsRefused
from inspection.types import F32, Novelty, Precision

FORMAT = "assay-novelty-1"
GOOD, DEFECT, ANY = "good", "defect", "any"  # what known parts are compared by
I64 = NDArray[np.int64]


class Rater(Protocol):
    """features: (n, C), the spatial means of the last maps · logits: (n, classes) · returns (n,)."""

    def rate(self, features: F32, logits: F32) -> F32: ...

    def arrays(self) -> dict[str, F32]:
        """All of it, by name; what `RATERS` builds it from again."""
        ...


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Distance to the nearest training parts, directions only (Sun et al. 2022, "deep nearest neighbours")."""

    rows: F32  # (m, C), unit length
    nearest: int = 1  # which neighbour counts

    def rate(self, features: F32, logits: F32) -> F32:
        likeness = point(features) @ self.rows.T
        kept = np.partition(likeness, -self.nearest, axis=1)[:, -self.nearest]
        return np.asarray(np.sqrt(np.maximum(2.0 - 2.0 * kept, 0.0)), np.float32)

    def arrays(self) -> dict[str, F32]:
        return {"rows": self.rows, "nearest": np.array([self.nearest], np.float32)}

    @classmethod
    def of(cls, arrays: Mapping[str, F32]) -> "Neighbours":
        return cls(point(arrays["rows"]), int(arrays["nearest"][0]))


@dataclass(frozen=True, slots=True)
class Mahalanobis:
    """Distance in units of the training parts' spread: to the nearest of several means, or to the only one.

    The covariance is V diag(scales) Vᵀ + rest·(I − V Vᵀ): the widest directions one by one, all others alike.
    """

    means: F32  # (g, C)
    axes: F32  # (r, C), orthonormal
    scales: F32  # (r,), variance along each axis
    rest: float  # variance across them

    def rate(self, features: F32, logits: F32) -> F32:
        away = features[:, None, :] - self.means[None]  # (n, g, C)
        along = away @ self.axes.T
        across = np.maximum((away**2).sum(axis=2) - (along**2).sum(axis=2), 0.0)
        squared = (along**2 / self.scales).sum(axis=2) + across / self.rest
        return np.asarray(np.sqrt(squared.min(axis=1)), np.float32)

    def arrays(self) -> dict[str, F32]:
        rest = np.array([self.rest], np.float32)
        return {"means": self.means, "axes": self.axes, "scales": self.scales, "rest": rest}

    @classmethod
    def of(cls, arrays: Mapping[str, F32]) -> "Mahalanobis":
        return cls(arrays["means"], arrays["axes"], arrays["scales"], float(arrays["rest"][0]))


@dataclass(frozen=True, slots=True)
class Surprise:
    """‖z − a‖ / ‖a − b‖: a is the nearest training part of the called class, b the nearest to a of any other
    (distance-based surprise adequacy, Kim, Feldt and Yoo 2019)."""

    rows: F32  # (m, C)
    labels: I64  # (m,)
    apart: F32  # (m,): ‖a − b‖ of each row

    def rate(self, features: F32, logits: F32) -> F32:
        called = logits.argmax(axis=1)
        scores = np.empty(len(features), np.float32)
        for index, (feature, label) in enumerate(zip(features, called, strict=True)):
            own = np.flatnonzero(self.labels == label)
            if len(own) == 0:  # a class of which nothing was learnt: nothing is like it
                scores[index] = np.inf
                continue
            distance = np.linalg.norm(self.rows[own] - feature, axis=1)
            nearest = int(distance.argmin())
            scores[index] = distance[nearest] / self.apart[own[nearest]]
        return scores

    def arrays(self) -> dict[str, F32]:
        return {"rows": self.rows, "labels": self.labels.astype(np.float32), "apart": self.apart}

    @classmethod
    def of(cls, arrays: Mapping[str, F32]) -> "Surprise":
        return cls(arrays["rows"], arrays["labels"].astype(np.int64), arrays["apart"])


@dataclass(frozen=True, slots=True)
class Energy:
    """−log Σ exp(logit): low where some class answers loudly (Liu et al. 2020). Needs no training parts."""

    def rate(self, features: F32, logits: F32) -> F32:
        top = logits.max(axis=1, keepdims=True)
        loudness = top[:, 0] + np.log(np.exp(logits - top).sum(axis=1))
        return np.asarray(-loudness, np.float32)

    def arrays(self) -> dict[str, F32]:
        return {}

    @classmethod
    def of(cls, arrays: Mapping[str, F32]) -> "Energy":
        return cls()


RATERS: dict[str, Callable[[Mapping[str, F32]], Rater]] = {
    "knn": Neighbours.of,
    "mahalanobis": Mahalanobis.of,
    "mahalanobis_by_class": Mahalanobis.of,
    "surprise": Surprise.of,
    "energy": Energy.of,
}
TITLES = {
    "knn": "distance to the nearest training part",
    "mahalanobis": "Mahalanobis distance, one mean",
    "mahalanobis_by_class": "Mahalanobis distance, a mean a class",
    "surprise": "surprise adequacy",
    "energy": "energy of the logits",
}


def point(features: F32) -> F32:
    """Unit length; a row of zeros stays what it is."""
    length = np.linalg.norm(features, axis=-1, keepdims=True)
    return np.asarray(features / np.maximum(length, 1e-12), np.float32)


def find_p(score: float, known: F32) -> float:
    """known: scores of known parts, ascending. A tie counts against the part: p is never too small."""
    at_least = len(known) - int(np.searchsorted(known, score, side="left"))
    return (1 + at_least) / (1 + len(known))


@dataclass(frozen=True, slots=True)
class NoveltyModel:
    method: str
    rater: Rater
    known: Mapping[str, F32]  # GOOD and DEFECT, or ANY → scores of known parts, ascending
    good_index: int | None  # among the classes of the line
    sha256: str | None = None  # of its file; None: it was fitted and not stored

    def rate(self, features: F32, logits: F32) -> Novelty:
        """features: (C,) · logits: (classes,), as the first look gave them."""
        score = float(self.rater.rate(features[None], logits[None])[0])
        known = self.known[self.find_group(int(logits.argmax()))]
        return Novelty(p=find_p(score, known), score=score, method=self.method, known=len(known))

    def find_group(self, called: int) -> str:
        if ANY in self.known:
            return ANY
        return GOOD if called == self.good_index else DEFECT


def novelty_path(weights: Path) -> Path:
    return weights.with_suffix(".novelty.safetensors")


def save_novelty(
    path: Path, *, method: str, rater: Rater, known: Mapping[str, Mapping[str, F32]], about: Mapping[str, Any]
) -> str:
    """known: precision → group → scores. Half precision for the large arrays: a distance survives it.
    Returns the file's SHA-256, for the card."""
    from safetensors.numpy import save_file

    arrays: dict[str, Any] = {}
    for name, array in rater.arrays().items():
        arrays[f"rater/{name}"] = array.astype(np.float16 if array.ndim > 1 else np.float32)
    for precision, groups in known.items():
        for group, scores in groups.items():
            arrays[f"known/{precision}/{group}"] = np.sort(scores).astype(np.float32)
    # one key: safetensors writes several in a random order, and the same model shall give the same SHA-256
    words = json.dumps({**about, "format": FORMAT, "method": method}, sort_keys=True)
    save_file(arrays, path, metadata={"about": words})
    return hashlib.sha256(path.read_bytes()).hexdigest()


def load_novelty(
    path: Path, *, precision: Precision, sha256: str, weights_sha256: str, good_index: int | None
) -> NoveltyModel:
    """sha256: as the card states it. bf16 is f32 rounded: it shares the known parts of f32."""
    check_file(path, sha256)
    about, arrays = read_arrays(path)
    if about.get("weights_sha256") != weights_sha256:
        raise WeightsRefused(
            f"Expected {path.name} to be fitted to the weights {weights_sha256[:12]}…, got "
            f"{str(about.get('weights_sha256'))[:12]}…. Fit it again: python -m inspection novelty."
        )
    parts = {
        name.removeprefix("rater/"): array.astype(np.float32)
        for name, array in arrays.items()
        if name.startswith("rater/")
    }
    wanted = f"known/{'int8' if precision == 'int8' else 'f32'}/"
    known = {name.removeprefix(wanted): array for name, array in arrays.items() if name.startswith(wanted)}
    return NoveltyModel(about["method"], RATERS[about["method"]](parts), known, good_index, sha256)


def check_file(path: Path, sha256: str) -> None:
    found = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "none"
    if found != sha256:
        raise WeightsRefused(
            f"Expected {path.name} with the SHA-256 {sha256[:12]}… of the card, got {found[:12]}. "
            "Fetch it again, or fit it again: python -m inspection novelty."
        )


def read_arrays(path: Path) -> tuple[dict[str, Any], dict[str, F32]]:
    """What the file says of itself, and its arrays."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as stored:
            about = json.loads((stored.metadata() or {}).get("about", "{}"))
            arrays = {name: stored.get_tensor(name) for name in stored.keys()}
    except (SafetensorError, ValueError) as error:
        raise WeightsRefused(
            f"Expected a novelty model in {path.name}, got: {error}. Fit it again."
        ) from error
    if about.get("format") != FORMAT or about.get("method") not in RATERS:
        raise WeightsRefused(f"Expected {FORMAT} in {path.name}, got {about.get('format')!r}. Fit it again.")
    return about, arrays
