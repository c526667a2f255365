"""Which of our weights a new line starts from: those of an architecture, of another line, that learnt much."""

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from inspection.config import Settings
from inspection.errors import DataInvalid
from inspection.learning.checkpoint import CONFIG
from inspection.learning.config import TrainConfig
from inspection.learning.split_store import load_stored_split, split_path

AUTOMATIC = "automatic"
# What carries over to parts that it never saw is no matter of how well a start serves its own line: of impellers, after a
# short training, a ResNet18 from aluminium (81 % there) named 93 % right, from strip steel (98 % there) 47, from random
# weights 50, and the aluminium line's ResNet50 did better still (LOG.md).
PREFERRED = ("aluminium/resnet50", "aluminium/resnet18_cbam")
LEAST_PREFERRED = 0.6  # accuracy: below, they have hardly learnt
CHAMPIONS = ("mobilenetv2", "resnet18_cbam")  # without those: small, quick to train
LEAST_START = 0.9  # accuracy of other weights that are worth starting from
SAME_NAMES = 0.5  # of the pictures


def list_starts(model: str, settings: Settings) -> list[Path]:
    """Weights of the architecture, those of the line that it serves best first: a network that learnt little
    teaches little."""
    found = settings.weights_dir.glob(f"*/{model}.safetensors")
    rated = {path: rate_start(path.with_suffix(".json")) for path in found}
    return sorted((path for path in rated if rated[path] > 0), key=lambda path: (-rated[path], path))


def rate_start(card: Path) -> float:
    """The accuracy on the pictures that its epoch was chosen by; 0 where it was never measured."""
    figures = read_document(card).get("figures", {}).get("validation", {})
    return float(figures.get("f32", {}).get("accuracy", 0.0))


def find_start(
    model: str, wanted: str | None, settings: Settings, *, pictures: Collection[str] = ()
) -> Path | None:
    """wanted: "line/model", AUTOMATIC, or None for random weights. pictures: the new line's file names."""
    if wanted is None:
        return None
    starts = list_starts(model, settings)
    if wanted == AUTOMATIC:
        good = (path for path in order_starts(starts) if not was_taught(path, pictures))
        return next(good, None)
    for path in starts:
        if name_start(path) == wanted:
            refuse_taught(path, pictures)
            return path
    known = ", ".join(map(name_start, starts))
    raise DataInvalid(
        f"Expected weights of {model} to start from, got {wanted!r}. There are: {known or 'none'}."
    )


def read_begun(run_dir: Path) -> TrainConfig | None:
    """What the run in that folder began with. It goes on with the same: what is found today may be another start."""
    path = run_dir / CONFIG
    return TrainConfig.from_dict(read_document(path)) if path.is_file() else None


def refuse_taught(start: Path, pictures: Collection[str]) -> None:
    if was_taught(start, pictures):
        raise DataInvalid(
            f"Expected a start that these pictures have not taught, got {name_start(start)}, which knows at least half of them by "
            f"name: the sides are drawn anew, and what taught it would judge. Name another start, {AUTOMATIC}, or none."
        )


def order_starts(starts: Sequence[Path]) -> list[Path]:
    """Those worth starting from, the preferred first."""
    preferred, others = [], []
    for path in starts:
        rated = rate_start(path.with_suffix(".json"))
        if name_start(path) in PREFERRED and rated >= LEAST_PREFERRED:
            preferred.append(path)
        elif rated >= LEAST_START:
            others.append(path)
    return [*preferred, *others]


def name_start(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def was_taught(start: Path, pictures: Collection[str]) -> bool:
    """Whether it knows half of the pictures by name. The sides of a new line are drawn anew: what taught it would judge."""
    digest = read_document(start.with_suffix(".json")).get("data", {}).get("split", {}).get("sha256")
    if not pictures or not digest or not split_path(start.parent, digest).is_file():
        return False
    split = load_stored_split(start.parent, digest)
    known = {PurePosixPath(key).name for key in (*split.train, *split.validation, *split.test)}
    return len(known & set(pictures)) >= SAME_NAMES * len(set(pictures))


def pick_model(settings: Settings) -> str:
    """The first that can start from weights of ours: on a small folder that is worth more than the architecture."""
    for preferred in PREFERRED:
        model = preferred.partition("/")[2]
        start = find_start(model, AUTOMATIC, settings)
        if start is not None and name_start(start) == preferred:
            return model
    return next((model for model in CHAMPIONS if find_start(model, AUTOMATIC, settings)), CHAMPIONS[0])


def read_document(path: Path) -> Mapping[str, Any]:
    """A card as it is written, of any version; nothing where there is none."""
    told: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return told
