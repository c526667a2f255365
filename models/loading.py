"""Weights as safetensors: half precision, or eight bits a channel. Nothing is unpickled, and nothing is taken on trust.

The file's header keeps the class names in the order of the logits, so that a card cannot quietly rename them, how
often the network looks and at how large a picture, so that weights which answer differently have another hash.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from models.card import MOST_TURNS, Card, CardInvalid, read_card, write_card
from models.errors import ModelsError
from models.hashing import hash_file
from models.registry import build_network, find_spec
from models.spec import Classifier, ModelSpec
from models.turned import Turned

__all__ = [
    "Card",
    "CardInvalid",
    "WeightsAbsent",
    "WeightsClassesWrong",
    "WeightsError",
    "WeightsHashWrong",
    "WeightsModelWrong",
    "WeightsSideWrong",
    "WeightsTensorsWrong",
    "WeightsTurnsWrong",
    "WeightsUnreadable",
    "hash_file",
    "load_matching",
    "load_network",
    "read_card",
    "save_weights",
    "spec_of",
    "write_card",
]

FORMAT = "assay-1"
SCALE = "/scale"  # the tensor beside an eight-bit one; no module's name holds a slash


class WeightsError(ModelsError, ValueError):
    """The weights cannot be used."""


class WeightsAbsent(WeightsError): ...


class WeightsHashWrong(WeightsError): ...


class WeightsUnreadable(WeightsError): ...


class WeightsModelWrong(WeightsError): ...


class WeightsClassesWrong(WeightsError): ...


class WeightsTensorsWrong(WeightsError): ...


class WeightsTurnsWrong(WeightsError): ...


class WeightsSideWrong(WeightsError): ...


@dataclass(frozen=True, slots=True)
class Stored:
    """What a weights file holds."""

    tensors: dict[str, Tensor]  # as the network wants them: float32
    class_names: tuple[str, ...]
    turns: int
    side: int | None  # pixels of the pictures that it judges; none: those of its row in the registry


def save_weights(
    network: nn.Module,
    path: Path,
    *,
    class_names: Sequence[str],
    int8_a_channel: bool = False,
    turns: int = 1,
    side: int | None = None,
) -> str:
    """Write the tensors of a network that looks once, and return the file's SHA-256. side: where it is not the registry's."""
    dense = {f"{name}.weight" for name, module in network.named_modules() if is_dense(module)}
    tensors: dict[str, Tensor] = {}
    for name, tensor in network.state_dict().items():
        tensor = tensor.detach().cpu().contiguous()
        if int8_a_channel and name in dense:
            tensors[name], tensors[name + SCALE] = quantise(tensor)
        elif tensor.is_floating_point() and tensor.ndim >= 2:
            tensors[name] = tensor.half()
        else:  # biases, norms and their running statistics: next to nothing in size, and variances overflow half
            tensors[name] = tensor.clone()
    for name, tensor in tensors.items():
        if not tensor.isfinite().all():
            raise WeightsUnreadable(
                f"Expected finite weights that half precision can hold, got others in '{name}'. Train it again."
            )
    path.parent.mkdir(parents=True, exist_ok=True)
    header = {"format": FORMAT, "class_names": json.dumps(list(class_names), ensure_ascii=False)}
    if turns != 1:  # who looks once need not say so
        header["turns"] = str(turns)
    if side is not None:
        header["side"] = str(side)
    path.write_bytes(sort_header(save(tensors, metadata=header)))
    return hash_file(path)


def sort_header(content: bytes) -> bytes:
    """safetensors writes its metadata in a random order; the same network shall give the same SHA-256."""
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # the tensors begin at a multiple of eight
    return len(text).to_bytes(8, "little") + text + content[start:]


def is_dense(module: nn.Module) -> bool:
    return isinstance(module, nn.Conv2d | nn.Linear)


def quantise(weight: Tensor) -> tuple[Tensor, Tensor]:
    """(out, …) → int8 of the same shape and a float32 scale an output channel; symmetric, so zero stays zero."""
    scale = weight.float().abs().amax(dim=tuple(range(1, weight.ndim)), keepdim=True) / 127
    scale = scale.clamp(min=torch.finfo(torch.float32).tiny)
    return (weight / scale).round().to(torch.int8), scale


def load_network(spec_name: str, weights_path: Path, card: Card) -> nn.Module:
    """The network with its weights, ready to infer; refused unless hash, classes, names and shapes all agree."""
    check_file(weights_path, card)
    if card.model != spec_name:
        raise WeightsModelWrong(
            f"Expected a card of '{spec_name}', got one of '{card.model}'. Choose the card beside the weights."
        )
    stored = read_stored(weights_path)
    if stored.class_names != card.class_names:
        raise WeightsClassesWrong(
            f"Expected the card's {len(card.class_names)} classes ({', '.join(card.class_names)}), got "
            f"{len(stored.class_names)} in {weights_path.name} ({', '.join(stored.class_names)}). "
            "Use the card written with it."
        )
    if stored.turns != card.turns:
        raise WeightsTurnsWrong(
            f"Expected {weights_path.name} to look {card.turns} times, as its card says, got {stored.turns}. "
            "Use the card written with it."
        )
    spec = find_spec(spec_name)
    if (stored.side or spec.input_size) != card.input_size:
        raise WeightsSideWrong(
            f"Expected {weights_path.name} to judge pictures of {card.input_size} px, as its card says, got "
            f"{stored.side or spec.input_size}. Use the card written with it."
        )
    network = build_network(spec_name, len(stored.class_names))
    check_tensors(stored.tensors, network.state_dict(), source=weights_path.name)
    network.load_state_dict(stored.tensors)
    return turn(network, stored.turns).eval()


def spec_of(card: Card) -> ModelSpec:
    """The row of the registry, with the size of picture that these weights judge."""
    return replace(find_spec(card.model), input_size=card.input_size)


def turn(network: nn.Module, turns: int) -> nn.Module:
    if turns == 1:
        return network
    if not isinstance(network, Classifier) or not 1 <= turns <= MOST_TURNS:
        raise WeightsTurnsWrong(
            f"Expected a classifier that looks 1 to {MOST_TURNS} times, got {type(network).__name__}, {turns} times. "
            "Train it again."
        )
    return Turned(network, turns)


def check_file(path: Path, card: Card) -> None:
    if not path.is_file():
        raise WeightsAbsent(f"Expected weights at {path}, found none. Train the model, or fetch its weights.")
    digest = hash_file(path)
    if digest != card.weights_sha256:
        raise WeightsHashWrong(
            f"Expected {path.name} to have the SHA-256 {card.weights_sha256[:12]}… of its card, got {digest[:12]}…. "
            "The file was changed or cut short: fetch it again, or train the model again."
        )


def read_stored(path: Path) -> Stored:
    try:
        with safe_open(path, framework="pt") as file:
            header: dict[str, str] = file.metadata() or {}
            stored = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    except SafetensorError as error:
        raise WeightsUnreadable(
            f"Expected safetensors in {path.name}, got: {error}. Fetch the file again."
        ) from error
    if header.get("format") != FORMAT:
        raise WeightsUnreadable(
            f"Expected the format {FORMAT} in {path.name}, got {header.get('format')}. Save it with save_weights."
        )
    try:
        class_names, turns = tuple(json.loads(header["class_names"])), int(header.get("turns", "1"))
        side = int(header["side"]) if "side" in header else None
        if side is not None and side < 1:
            raise ValueError(f"a side of {side} px")
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise WeightsUnreadable(
            f"Expected class names, a number of looks and a side in the header of {path.name}, got: {error}. Fetch the file again."
        ) from error
    tensors = {
        name: expand(name, tensor, stored) for name, tensor in stored.items() if not name.endswith(SCALE)
    }
    return Stored(tensors, class_names, turns, side)


def expand(name: str, tensor: Tensor, stored: dict[str, Tensor]) -> Tensor:
    if tensor.dtype == torch.int8:
        return tensor.float() * stored[name + SCALE]
    return tensor.float() if tensor.is_floating_point() else tensor


def check_tensors(got: dict[str, Tensor], expected: dict[str, Any], *, source: str) -> None:
    missing, unknown = sorted(set(expected) - set(got)), sorted(set(got) - set(expected))
    wrong = [
        f"{name} is {tuple(got[name].shape)}, not {tuple(tensor.shape)}"
        for name, tensor in expected.items()
        if name in got and got[name].shape != tensor.shape
    ]
    problems = [f"{name} is missing" for name in missing] + [f"{name} is unknown" for name in unknown] + wrong
    if problems:
        more = f" and {len(problems) - 3} more" if len(problems) > 3 else ""
        raise WeightsTensorsWrong(
            f"Expected {source} to hold the network's {len(expected)} tensors; {'; '.join(problems[:3])}{more}. "
            "The architecture changed since: train it again, or use the commit that its card names."
        )


def load_matching(network: nn.Module, path: Path) -> tuple[str, ...]:
    """A warm start: take over what fits; the names of the network's tensors that did not."""
    if not path.is_file():
        raise WeightsAbsent(f"Expected weights to start from at {path}, found none. Start without them.")
    tensors = read_stored(path).tensors
    expected = network.state_dict()
    fitting = {
        name: tensor
        for name, tensor in tensors.items()
        if name in expected and tensor.shape == expected[name].shape
    }
    network.load_state_dict(fitting, strict=False)
    return tuple(name for name in expected if name not in fitting)
