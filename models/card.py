"""The JSON card beside each weights file: what it is, how it was made, how good it was found to be."""

import json
import math
import os
import threading
import types
from dataclasses import MISSING, asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, get_args, get_origin

from models.errors import ModelsError

MOST_TURNS = 4  # quarters; then a part lies as it did


class CardInvalid(ModelsError, ValueError):
    """The card is not one that can be believed."""


@dataclass(frozen=True, slots=True)
class Card:
    line: str
    model: str  # a row of the registry
    class_names: tuple[str, ...]  # in the order of the logits
    input_size: int
    parameters: int
    weights_sha256: str
    weights_bytes: int
    temperature: float  # probabilities = softmax(logits / temperature)
    heat_scale: float | None  # the heat that is drawn as 1; None where the model draws no map
    data: dict[str, Any]  # where the pictures came from, the split and its hash
    recipe: dict[str, Any]  # everything needed to train it again
    curves: list[dict[str, Any]]  # one entry an epoch
    figures: dict[str, Any]  # what the evaluation found
    precisions: dict[str, Any]  # per precision: agreement with f32, latency
    licence: str
    commit: str
    created: str  # ISO 8601, UTC
    notes: list[str]
    # name → SHA-256 of what lies beside it and belongs to it; a card that was written before names nothing
    files: dict[str, str] = field(default_factory=dict)
    turns: int = 1  # looks at each part, turned by a quarter from one to the next; the answer is their mean

    @property
    def withheld(self) -> str | None:
        """Why INT8 does not run, where the release found that it judges too differently."""
        told = self.precisions.get("int8", {}).get("withheld")
        return str(told) if told else None

    @property
    def served_test(self) -> dict[str, Any]:
        """The figures of the test pictures at the precision that runs; empty where there are none."""
        test = self.figures.get("test", {})
        return (None if self.withheld else test.get("int8")) or test.get("f32") or {}


def write_card(card: Card, path: Path) -> None:
    check_card(asdict(card), source=path.name)
    text = json.dumps(asdict(card), indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    # readers see the old card or the new one
    partial = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    with partial.open("w", encoding="utf-8") as stream:
        stream.write(text + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(partial, path)


def read_card(path: Path) -> Card:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CardInvalid(
            f"Expected a card at {path}, found none. Train the model, or fetch its card."
        ) from error
    except (ValueError, RecursionError) as error:  # not JSON, not UTF-8, or lists in lists in lists
        raise CardInvalid(f"Expected JSON in {path.name}, got: {error}. Write the card again.") from error
    if not isinstance(values, dict):
        raise CardInvalid(f"Expected one JSON object in {path.name}, got {type(values).__name__}.")
    check_card(values, source=path.name)
    values["class_names"] = tuple(values["class_names"])
    return Card(**values)


def check_card(values: dict[str, Any], *, source: str) -> None:
    """Refuse unknown and missing keys, wrong types and impossible values."""
    expected = {field.name: field.type for field in fields(Card)}
    needed = {field.name for field in fields(Card) if field.default is field.default_factory is MISSING}
    unknown, missing = sorted(set(values) - set(expected)), sorted(needed - set(values))
    if unknown or missing:
        raise CardInvalid(
            f"{source}: expected the keys of a card; unknown: {', '.join(unknown) or 'none'}, "
            f"missing: {', '.join(missing) or 'none'}. Correct the card, or train the model again."
        )
    for name, kind in expected.items():
        if name in values and not fits(values[name], kind):
            got = f"{type(values[name]).__name__} {str(values[name])[:60]!r}"
            raise CardInvalid(
                f"{source}: expected {name} to be {describe_type(kind)}, got {got}. Correct the card."
            )
    for problem in find_impossible(values):
        raise CardInvalid(f"{source}: expected {problem}. Correct the card.")


def find_impossible(values: dict[str, Any]) -> list[str]:
    names, digest = values["class_names"], values["weights_sha256"]
    rules = {
        f"at least one class name, each once, got {list(names)}": 0 < len(names) == len(set(names)),
        f"a positive input_size, got {values['input_size']}": values["input_size"] > 0,
        f"a part looked at 1 to {MOST_TURNS} times, got {values.get('turns', 1)}": 1
        <= values.get("turns", 1)
        <= MOST_TURNS,
        f"a temperature above 0, got {values['temperature']}": 0 < values["temperature"] < math.inf,
        f"a heat_scale above 0 or null, got {values['heat_scale']}": values["heat_scale"] is None
        or 0 < values["heat_scale"] < math.inf,
        f"64 lower-case hexadecimal digits as weights_sha256, got '{digest}'": len(digest) == 64
        and set(digest) <= set("0123456789abcdef"),
    }
    return [problem for problem, holds in rules.items() if not holds]


def fits(value: object, kind: Any) -> bool:
    """Whether a JSON value has the field's type; an int may stand for a float, true never for a number."""
    if isinstance(kind, types.UnionType):
        return any(fits(value, option) for option in get_args(kind))
    origin, arguments = get_origin(kind) or kind, get_args(kind)
    if origin is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if origin is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if origin in (tuple, list):
        return isinstance(value, tuple | list) and all(fits(item, arguments[0]) for item in value)
    return isinstance(value, origin)


def describe_type(kind: Any) -> str:
    return kind.__name__ if isinstance(kind, type) and not get_args(kind) else str(kind)
