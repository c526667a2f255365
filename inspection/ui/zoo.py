"""The tables of the Models page: what the registry knows, what the cards say. No Streamlit here."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from inspection.lines import Line

if TYPE_CHECKING:
    from models.card import Card
    from models.spec import ModelSpec


@dataclass(frozen=True, slots=True)
class Trained:
    """A model of a line; without a card it has not been trained yet."""

    line: Line
    model: str
    role: str  # "champion", "rival", "locates the part", "boxes the defects"
    card: "Card | None"


def list_roles(line: Line) -> dict[str, str]:
    """Every model that a line names, and what for."""
    roles = {line.champion: "champion"} | {model: "rival" for model in line.rivals}
    if line.locate.model is not None:
        roles[line.locate.model] = "locates the part"
    if line.defect_detector is not None:
        roles[line.defect_detector] = "boxes the defects"
    return roles


def tabulate_trained(rows: Iterable[Trained], titles: Mapping[str, str]) -> list[dict[str, Any]]:
    table = []
    for row in rows:
        card = row.card
        table.append(
            {
                "Line": row.line.title,
                "Model": titles.get(row.model, row.model),
                "Role": row.role,
                "Weights": "shipped" if card else "not trained yet",
                "Parameters": card.parameters if card else None,
                "MB": card.weights_bytes / 1e6 if card else None,
                "Input": card.input_size if card else None,
                "Precisions": sorted(card.precisions) if card else [],
                "Data licence": card.licence if card else row.line.licence,
            }
        )
    return table


def tabulate_registry(
    specs: Iterable["ModelSpec"], used_by: Mapping[str, Sequence[str]]
) -> list[dict[str, Any]]:
    return [
        {
            "Model": spec.title,
            "Task": "classifies" if spec.task == "classify" else "detects",
            "Parameters": spec.parameters,
            "Input": f"{spec.input_size} × {spec.input_size} × {spec.channels}",
            "Source": spec.source,
            "Lines": list(used_by.get(spec.name, ())),
            "Named in": spec.seed,
        }
        for spec in specs
    ]


def tabulate_figures(figures: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A row a split, a column a figure. A card may keep its figures a split, or those of its one split flat."""
    flat = {name: value for name, value in figures.items() if is_plain(value)}
    rows = [{"Split": "validation", **flat}] if flat else []
    for split, values in figures.items():
        if isinstance(values, Mapping):
            plain = {name: value for name, value in values.items() if is_plain(value)}
            if plain:
                rows.append({"Split": split, **plain})
    return rows


def is_plain(value: object) -> bool:
    return isinstance(value, int | float | str) and not isinstance(value, bool)


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """ "warmup": {"epochs": 2} → "warmup.epochs": "2"; long lists by their length."""
    flat: dict[str, str] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{name}.")
        elif isinstance(value, list | tuple) and len(value) > 8:
            flat[f"{prefix}{name}"] = f"{len(value)} values"
        else:
            flat[f"{prefix}{name}"] = (
                ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
            )
    return flat
