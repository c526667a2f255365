"""What every release shares: small weights, the first facts of the card, the INT8 calibration."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from inspection.engines.openvino import OpenVinoEngine
from inspection.engines.prepare import calibration_path
from inspection.engines.quantize import Ranges, quantize_model, record_calibration, vary_exposure
from inspection.errors import DataInvalid
from inspection.hashing import hash_file
from inspection.learning.checkpoint import BEST, EPOCHS
from inspection.learning.config import TrainConfig
from inspection.learning.looks import ONE_LOOK, Looks
from inspection.learning.origin import read_origin, tell_recipe
from inspection.records.shelf import list_files
from inspection.types import U8
from models.card import Card, write_card
from models.loading import load_matching, save_weights
from models.registry import build_network, find_spec

if TYPE_CHECKING:
    import openvino as ov
    from torch import nn

CALIBRATION_PICTURES = 300
Quantized = TypeVar("Quantized")


def store_weights(
    line: str,
    config: TrainConfig,
    run_dir: Path,
    facts: dict[str, Any],
    weights: Path,
    int8_a_channel: bool,
    licence: str,
    *,
    looks: Looks = ONE_LOOK,
) -> Card:
    network = build_network(config.model, len(config.class_names))
    missing = load_matching(network, run_dir / BEST)
    if missing:
        raise DataInvalid(
            f"Expected in {run_dir / BEST} the weights of {config.model}, got a file that lacks {len(missing)} of its tensors, for "
            f"example {missing[0]}. Train it again."
        )
    own = find_spec(config.model).input_size
    side = looks.side or own
    digest = save_weights(
        network,
        weights,
        class_names=config.class_names,
        int8_a_channel=int8_a_channel,
        turns=looks.turns,
        side=None if side == own else side,
    )
    return Card(
        line=line,
        model=config.model,
        class_names=config.class_names,
        input_size=side,
        parameters=count_parameters(network),
        weights_sha256=digest,
        weights_bytes=weights.stat().st_size,
        temperature=1.0,
        heat_scale=None,
        data=facts,
        recipe={**tell_recipe(config, run_dir), "stored": "int8 a channel" if int8_a_channel else "fp16"},
        curves=read_curves(run_dir),
        figures={},
        precisions={},
        licence=licence,
        commit=read_origin(config, run_dir)["commit"],
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        notes=[],
        turns=looks.turns,
    )


def open_engines(graph: "ov.Model", quantized: "ov.Model", *, threads: int) -> dict[str, OpenVinoEngine]:
    """The two that every release is measured at, from one graph and its quantised copy."""
    return {
        "f32": OpenVinoEngine(graph.clone, precision="f32", threads=threads),
        "int8": OpenVinoEngine(quantized.clone, precision="int8", threads=threads),
    }


def close_release(card: Card, weights: Path) -> Card:
    """The last step: once the card is written, what lies beside it is what it speaks of."""
    card = name_files(card, weights.parent)
    write_card(card, weights.with_suffix(".json"))
    return card


def name_files(card: Card, folder: Path) -> Card:
    """The card speaks of these files and no others: what was put beside it from another training is refused."""
    files = {path.name: hash_file(path) for path in list_files(folder, card.model) if path.suffix != ".json"}
    return replace(card, files=files)


def count_parameters(network: "nn.Module") -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def read_curves(run_dir: Path) -> list[dict[str, Any]]:
    path = run_dir / EPOCHS
    return [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []


def calibrate(
    graph: "ov.Model",
    pictures: Sequence[U8],
    weights: Path,
    *,
    complain: Callable[["ov.Model"], str | None] = lambda _model: None,
    tell: Callable[[str], None] = print,
) -> tuple["ov.Model", Ranges]:
    """complain: why a quantised network would be withheld, by the validation pictures."""
    from safetensors.numpy import save_file

    varied = vary_exposure(pictures)
    quantized, ranges = choose_ranges(lambda each: quantize_model(graph, varied, ranges=each), complain, tell)
    save_file(record_calibration(graph, quantized), calibration_path(weights))
    return quantized, ranges


def choose_ranges(
    quantize: Callable[[Ranges], Quantized],
    complain: Callable[[Quantized], str | None],
    tell: Callable[[str], None],
) -> tuple[Quantized, Ranges]:
    """Those over all pictures, or, only where INT8 would be withheld for them, those without the rarest values: a value
    that hardly ever comes makes eight bits coarse for all others."""
    first = quantize("all")
    complaint = complain(first)
    if complaint is None:
        return first, "all"
    tell(f"{complaint}: calibrating once more, without the rarest values")
    second = quantize("common")
    return (second, "common") if complain(second) is None else (first, "all")
