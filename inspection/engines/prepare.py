"""Weights → what an engine reads, made once a machine and kept under var/cache.

The first use of a model converts it (torch and, for INT8, NNCF are imported: seconds). Every later start reads the
finished files and imports neither. Where there is no room for them the model runs from memory and is converted again at
the next start: a full disk makes a start slow, it does not stop a line.
"""

import fcntl
import hashlib
import json
import logging
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from inspection.cache_bound import note_use, trim_cache
from inspection.config import Settings
from inspection.engines.machine import name_instructions
from inspection.errors import PrecisionUnavailable, WeightsMissing, WeightsRefused
from inspection.hashing import hash_file
from inspection.placing import finish_placing, sync_path
from inspection.types import Precision
from models.card import Card, CardInvalid, read_card
from models.heads import FlattenMlpHead, Head, LinearHead, MlpHead, NormLinearHead

if TYPE_CHECKING:
    import openvino as ov

    from models.spec import ModelSpec

_log = logging.getLogger("assay.cache")
REVISION = 2  # raise it when export or quantisation changes what is in the cache
HEADS = {kind.__name__: kind for kind in (LinearHead, NormLinearHead, MlpHead, FlattenMlpHead)}


@dataclass(frozen=True, slots=True)
class Prepared:
    card: Card
    input_size: int
    channels: int
    graph: "Path | ov.Model"  # the OpenVINO model of batch 1: where it lies, or itself where it could not be written
    head: Head | None  # None for a detector

    def read_graph(self) -> "ov.Model":
        from inspection.engines.openvino import open_core

        if isinstance(self.graph, Path):
            return open_core().read_model(self.graph)
        return self.graph.clone()


@dataclass(frozen=True, slots=True)
class Converted:
    """As it came out of the weights, before it is written."""

    spec: "ModelSpec"
    model: "ov.Model"
    head: Head | None


class CacheUnwritable(Exception):
    """No room, or no right: nothing of it is there."""


def find_weights(line: str, model: str, settings: Settings) -> tuple[Path, Card]:
    folder = settings.weights_dir / line
    finish_placing(folder)
    if not (folder / f"{model}.json").is_file():
        raise WeightsMissing(
            f"Expected weights of {model} for line {line}, found none. Choose a trained model "
            f"(`python -m inspection lines` tells which), or train it: python -m inspection train {line} --model {model}."
        )
    try:
        card = read_card(folder / f"{model}.json")
    except CardInvalid as error:
        raise WeightsRefused(str(error)) from error
    return folder / f"{model}.safetensors", card


def calibration_path(weights: Path) -> Path:
    return weights.with_suffix(".int8.safetensors")


def prepare_model(line: str, model: str, precision: Precision, settings: Settings) -> Prepared:
    weights, card = find_weights(line, model, settings)
    folder = settings.cache_dir / "engines" / name_cache(weights, card)
    graph = "int8" if precision == "int8" else "f32"  # bf16 is f32 rounded by the engine
    made, converted = folder / f"{graph}.json", None
    try:
        with lock_folder(folder):
            if not made.is_file():
                converted = convert_weights(weights, card, graph=graph)
                write_cache(converted, graph=graph, folder=folder)
                trim_cache(settings.cache_dir, most_bytes=settings.max_cache_bytes)
    except CacheUnwritable as error:
        if not made.is_file():
            _log.warning("%s of %s runs from memory, and its next start is slow: %s", model, line, error)
            found = converted or convert_weights(weights, card, graph=graph)
            return Prepared(card, found.spec.input_size, found.spec.channels, found.model, found.head)
    note_use(folder)
    return read_cache(folder, graph=graph, card=card)


def name_cache(weights: Path, card: Card) -> str:
    """Whatever changes the files changes the name, so that nothing stale is ever read. The processor is part of it:
    INT8 is probed when it is built, and a cache that came along to a lesser one must not spare it the probe."""
    parts = [card.weights_sha256, str(REVISION), version("openvino"), version("nncf"), name_instructions()]
    calibration = calibration_path(weights)
    if calibration.is_file():
        parts.append(hashlib.sha256(calibration.read_bytes()).hexdigest())
    return f"{card.line}-{card.model}-{hashlib.sha256(' '.join(parts).encode()).hexdigest()[:16]}"


@contextmanager
def lock_folder(folder: Path) -> Iterator[None]:
    """One process builds, the others wait; a killed one leaves its lock to the system, which frees it."""
    with name_unwritable(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        handle = (folder.parent / f"{folder.name}.lock").open("w")
    with handle:
        with name_unwritable(folder):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def name_unwritable(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CacheUnwritable(f"{folder.parent} cannot be written ({error.strerror or error}).") from error


def convert_weights(weights: Path, card: Card, *, graph: str) -> Converted:
    from inspection.engines.export import export_network
    from models.heads import describe_head
    from models.loading import WeightsError, load_network, spec_of
    from models.spec import Classifier

    try:
        network = load_network(card.model, weights, card)
    except WeightsError as error:
        raise WeightsRefused(str(error)) from error
    spec = spec_of(card)
    model = export_network(network, spec)
    if graph == "int8":
        model = apply_calibration(model, weights, card)
    return Converted(spec, model, describe_head(network) if isinstance(network, Classifier) else None)


def write_cache(converted: Converted, *, graph: str, folder: Path) -> None:
    """Everything is written beside and moved into place, the manifest last: what is there is whole. Each is on the disk
    before it is moved: after a power cut a graph full of zeros would judge by other weights, and nobody would know."""
    spec = converted.spec
    manifest: dict[str, Any] = {"input_size": spec.input_size, "channels": spec.channels, "head": None}
    with name_unwritable(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            save_graph(converted.model, Path(scratch) / f"{graph}.xml")
            if converted.head is not None:
                manifest["head"] = write_head(converted.head, Path(scratch) / f"{graph}.npz")
            (Path(scratch) / f"{graph}.json").write_text(json.dumps(manifest))
            for suffix in ("bin", "xml", "npz", "json"):
                made = Path(scratch) / f"{graph}.{suffix}"
                if made.is_file():
                    sync_path(made)
                    shutil.move(made, folder / made.name)
                    sync_path(folder)


def save_graph(model: "ov.Model", path: Path) -> None:
    """OpenVINO does not say what the system said: a write that failed is a RuntimeError of its stream."""
    import openvino as ov

    try:
        ov.save_model(model, path, compress_to_fp16=False)
    except RuntimeError as error:
        raise OSError(f"OpenVINO could not write {path.name}: is there room? It says: {error}") from error


def apply_calibration(model: "ov.Model", weights: Path, card: Card) -> "ov.Model":
    from safetensors.numpy import load_file

    from inspection.engines.quantize import replay_calibration

    path = calibration_path(weights)
    if not path.is_file():
        raise PrecisionUnavailable(
            f"Expected an INT8 calibration at {path.name}, found none. Use f32 or bf16, or calibrate the model."
        )
    stated = card.precisions.get("int8", {}).get("calibration_sha256")
    if hash_file(path) != stated:
        raise WeightsRefused(
            f"Expected {path.name} to have the SHA-256 {str(stated)[:12]}… of its card, got another. "
            "The file was changed or cut short: fetch it again, or calibrate the model again."
        )
    return replay_calibration(model, load_file(path))


def write_head(head: Head, path: Path) -> dict[str, Any]:
    """Arrays go into the file; the name of the kind and the plain values are returned for the manifest."""
    values = {field.name: getattr(head, field.name) for field in fields(head)}  # type: ignore[arg-type]
    arrays = {name: value for name, value in values.items() if isinstance(value, np.ndarray)}
    np.savez(path, allow_pickle=False, **arrays)
    plain = {name: value for name, value in values.items() if name not in arrays}
    return {"kind": type(head).__name__, "values": plain}


def read_cache(folder: Path, *, graph: str, card: Card) -> Prepared:
    manifest = json.loads((folder / f"{graph}.json").read_text())
    head: Head | None = None
    if manifest["head"] is not None:
        with np.load(folder / f"{graph}.npz", allow_pickle=False) as arrays:
            head = HEADS[manifest["head"]["kind"]](**dict(arrays), **manifest["head"]["values"])
    return Prepared(card, manifest["input_size"], manifest["channels"], folder / f"{graph}.xml", head)
