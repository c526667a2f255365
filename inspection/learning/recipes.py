"""Settings that are known to work, by name: ours for each architecture, and those of the documents."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from inspection.errors import DataInvalid
from inspection.learning.config import TrainConfig

# What a stage of small pictures saves is large and what it costs is little: half of the epochs at 57 % of the side,
# a third at 71 %, the last sixth at full size (Touvron et al. 2019, Howard's progressive resizing).
STAGES = ((0.5, 128 / 224), (0.33, 160 / 224), (0.17, 1.0))
# These take one input size only: position embeddings, token mixing and flattened maps are as long as the map.
FIXED_SIZE = frozenset({"vit_small", "mlp_mixer", "plain_cnn"})
# Every network here halves its input five times; one cuts the smallest map into patches of two by two as well.
SIDE_STEP, SIDE_STEPS = 32, {"mobilevit_xxs": 64}


@dataclass(frozen=True, slots=True)
class Fit:
    """What suits an architecture. `bf16`: it learns as well in bfloat16 and may be faster; `settle_precision` asks."""

    learning_rate: float
    bf16: bool
    weight_decay: float = 0.05


FITS: dict[str, Fit] = {
    "resnet50": Fit(1e-3, bf16=True),
    "resnet50v2": Fit(1e-3, bf16=True),
    "resnet18_cbam": Fit(1.5e-3, bf16=True),
    "mobilenetv2": Fit(3e-3, bf16=True, weight_decay=0.02),
    "mobilenetv3_large": Fit(3e-3, bf16=False, weight_decay=0.02),
    "efficientnet_b0": Fit(3e-3, bf16=True, weight_decay=0.02),
    "densenet121": Fit(2e-3, bf16=True),
    "nasnet_mobile": Fit(2e-3, bf16=False, weight_decay=0.02),
    "mlp_mixer": Fit(1e-3, bf16=True, weight_decay=0.1),
    "convnext_tiny": Fit(1e-3, bf16=True, weight_decay=0.1),
    "mobilevit_xxs": Fit(2e-3, bf16=False),
    "vit_small": Fit(5e-4, bf16=True, weight_decay=0.1),
    "plain_cnn": Fit(2e-3, bf16=True, weight_decay=0.02),
    "compact_cnn": Fit(1e-2, bf16=False, weight_decay=0.001),
    "yolov5n": Fit(2e-3, bf16=True, weight_decay=0.02),
    "ssdlite320": Fit(2e-3, bf16=False, weight_decay=0.02),
    "nanodet_plus_m": Fit(2e-3, bf16=False, weight_decay=0.05),
}
DEFAULT_FIT = Fit(2e-3, bf16=False)

# The documents' recipes start from ImageNet weights; name some with warm_start, or expect little of them.
DOCUMENTS: dict[str, dict[str, Any]] = {
    "seed000": {
        "augment": "seed000",
        "optimizer": "adam",
        "learning_rate": 1e-5,
        "weight_decay": 1e-5,
        "schedule": "cosine",
        "warmup": 0.0,
        "batch_size": 45,
        "class_balance": "weights",
        "patience": 10,
        "ema_decay": 0.0,
        "label_smoothing": 0.0,
        "gradient_clip": 0.0,
        "epochs": 25,
    },
    "seed002": {
        "augment": "seed002",
        "optimizer": "adam",
        "learning_rate": 1e-3,
        "weight_decay": 0.0,
        "schedule": "constant",
        "ema_decay": 0.0,
        "label_smoothing": 0.0,
        "gradient_clip": 0.0,
        "epochs": 25,
    },
    # ten epochs of the head alone, then the last 50 layers; the rate falls by a tenth an epoch
    "seed004": {
        "augment": "seed004",
        "optimizer": "adam",
        "learning_rate": 1e-3,
        "weight_decay": 1e-4,
        "schedule": "exponential",
        "epoch_decay": 0.9,
        "patience": 5,
        "ema_decay": 0.0,
        "label_smoothing": 0.0,
        "gradient_clip": 0.0,
        "trainable": ((10, 0), (20, 50)),
        "epochs": 30,
    },
}
OURS: dict[str, dict[str, Any]] = {
    "line": {"augment": "line-default"},
    "strip": {"augment": "strip"},
    # where the defects have masks: each cell of the last map is asked as well
    "guided": {"augment": "line-default", "guide": 1.0, "windows": True},
    "gentle": {"augment": "gentle"},
    "rough": {"augment": "line-rough"},
    # a few epochs from the line's own weights, against worse pictures
    "harden": {"augment": "line-rough", "warmup": 0.1, "rate_factor": 0.3, "one_size": True},
    "distill": {"augment": "line-default", "distill_share": 0.7, "label_smoothing": 0.0},
    "detect": {"augment": "detect", "gradient_clip": 10.0, "label_smoothing": 0.0},
    "detect-whole": {"augment": "detect-whole", "gradient_clip": 10.0, "label_smoothing": 0.0},
    "detect-filled": {"augment": "detect-filled", "gradient_clip": 10.0, "label_smoothing": 0.0},
    "detect-round": {"augment": "detect-round", "gradient_clip": 10.0, "label_smoothing": 0.0},
    "detect-strip": {"augment": "detect-strip", "gradient_clip": 10.0, "label_smoothing": 0.0},
    # the last epochs of a detector of defects, from its own weights
    "detect-calm": {
        "augment": "detect-calm",
        "gradient_clip": 10.0,
        "label_smoothing": 0.0,
        "rate_factor": 0.5,
        "one_size": True,
    },
    # a few epochs from weights of the same line or another, when new pictures have come
    "fine-tune": {"augment": "line-default", "warmup": 0.1, "rate_factor": 0.2, "one_size": True},
}
RECIPES = OURS | DOCUMENTS


def make_config(
    line: str,
    model: str,
    class_names: Sequence[str],
    *,
    recipe: str = "line",
    epochs: int = 60,
    **changes: Any,
) -> TrainConfig:
    """A recipe fitted to an architecture; `changes` override it. A document's recipe keeps its own epochs."""
    from models.registry import find_spec

    if recipe not in RECIPES:
        raise DataInvalid(f"Expected a recipe among {', '.join(sorted(RECIPES))}; got '{recipe}'.")
    told = dict(RECIPES[recipe])
    fit = FITS.get(model, DEFAULT_FIT)
    for planned in ("epochs", "one_size"):
        told.pop(planned, None)
    factor = told.pop("rate_factor", 1.0)
    sizes = plan_recipe(recipe, model, epochs, find_spec(model).input_size)
    own = {
        "learning_rate": fit.learning_rate * factor,
        "weight_decay": fit.weight_decay,
        "bf16": fit.bf16 and multiplies_bf16(changes.get("device", "cpu")),
        "sizes": sizes,
        # judged at full size, a stage of small pictures would spend a quarter of its time on validation
        "validate_every": 3 if len(sizes) > 1 else 1,
    }
    return TrainConfig(line=line, model=model, class_names=tuple(class_names), **{**own, **told, **changes})


def plan_sizes(
    epochs: int, final: int, *, one_size: bool = False, step: int = SIDE_STEP
) -> tuple[tuple[int, int], ...]:
    """Stages whose sides are multiples of the step."""
    if one_size or epochs < 6:
        return ((epochs, final),)
    sides = [max(step, round(final * part / step) * step) for _, part in STAGES]
    counts = [round(epochs * share) for share, _ in STAGES[:-1]]
    counts.append(epochs - sum(counts))
    return tuple((count, side) for count, side in zip(counts, sides, strict=True) if count)


def plan_recipe(recipe: str | None, model: str, epochs: int, final: int) -> tuple[tuple[int, int], ...]:
    """The stages that a recipe makes of so many epochs; None: what suits the line, all of which go from small to large."""
    told = {} if recipe is None else RECIPES.get(recipe, {})
    one_size = told.get("one_size", recipe in DOCUMENTS) or model in FIXED_SIZE
    return plan_sizes(told.get("epochs", epochs), final, one_size=one_size, step=find_side_step(model))


def find_side_step(model: str) -> int:
    """What the side of a picture that teaches must be a multiple of."""
    return SIDE_STEPS.get(model, SIDE_STEP)


def check_side(model: str, side: int, named: str) -> None:
    """named: where the side was said, for the refusal."""
    from models.registry import find_spec

    own, step = find_spec(model).input_size, SIDE_STEPS.get(model, 1)  # the others take any side
    if model in FIXED_SIZE and side != own:
        raise DataInvalid(
            f"Expected {named} of {own} px, the only size that {model} takes, got {side}. Say {own}, or name another model."
        )
    if side % step:
        raise DataInvalid(
            f"Expected {named} of {step} px and its multiples, as {model} takes them, got {side}. "
            f"Say {round_side(side, step)}, for example."
        )


def round_side(side: int, step: int) -> int:
    return max(step, round(side / step) * step)


def multiplies_bf16(device: str) -> bool:
    """Without such instructions bfloat16 is emulated and slower than float32."""
    import torch

    if device != "cpu":
        return torch.cuda.is_available() and torch.cuda.is_bf16_supported()
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
